"""The scripts that the workflows start, and the one that installs tools from their locks."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from load_script import load_script

ROOT = Path(__file__).resolve().parents[1]


renewal = load_script("renew_nightly")
comparison = load_script("compare_reports")
notes = load_script("release_notes")
step = load_script("check_step")

PROJECT = """
[project]
name = "tf-equivalence"
version = "1.2.3"
dependencies = [
    "tf-keras-nightly==2.23.0.dev2026102618",
    "tf-nightly==2.23.0.dev20261026",
]
"""
CPU = "# The build without CUDA.\ntf-nightly-cpu==2.22.0.dev20260905\n"


class Index:
    """Knows which Python can have which nightly.

    Args:
        days: The newest days, by Python; every Python can have the days `common` as well.
        common: See `days`.
    """

    def __init__(self, days: dict[str, list[int]], common: list[int]) -> None:
        self.days, self.common = days, common

    def find(self, name: str, python: str, bound: Version | None) -> Version:
        """Return the newest version within the bound."""
        found = [Version(f"2.24.0.dev{day}") for day in (*self.days.get(python, []), *self.common)]
        return max(version for version in found if bound is None or version <= bound)


@pytest.mark.parametrize(
    ("days", "common", "expected"),
    [
        ({}, [20261101, 20261102], 20261102),
        ({"3.13": [20261109]}, [20261101], 20261101),
        ({"3.11": [9, 7, 5], "3.12": [8, 7, 4], "3.13": [9, 6]}, [3], 3),
        ({"3.11": [9, 7], "3.12": [8, 7], "3.13": [9, 7]}, [3], 7),
    ],
    ids=["the same for all", "one is ahead", "alternating", "agree on an older one"],
)
def test_newest_for_every_python(days: dict[str, list[int]], common: list[int], expected: int) -> None:
    """The version is the newest that no Python lacks."""
    assert renewal.find_common("tf-nightly", Index(days, common).find) == Version(f"2.24.0.dev{expected}")


def _pinning(tmp_path: Path) -> Path:
    (tmp_path / "locks").mkdir()
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "locks" / "cpu.in").write_text(CPU, encoding="utf-8")
    return tmp_path


def test_renew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each pin gets the version of its own name, in its own file, and nothing else changes."""
    root = _pinning(tmp_path)
    days = {"tf-nightly": 20261102, "tf-keras-nightly": 2026110318, "tf-nightly-cpu": 20261104}
    assert renewal.main(lambda name, python, bound: Version(f"2.24.0.dev{days[name]}"), root) == 0
    project = PROJECT.replace("2.23.0.dev2026102618", "2.24.0.dev2026110318")
    project = project.replace("2.23.0.dev20261026", "2.24.0.dev20261102")
    assert (root / "pyproject.toml").read_text("utf-8") == project
    assert (root / "locks" / "cpu.in").read_text("utf-8") == CPU.replace("2.22.0.dev20260905", "2.24.0.dev20261104")
    said = capsys.readouterr().out.splitlines()
    assert "tf-nightly-cpu: 2.22.0.dev20260905 → 2.24.0.dev20261104" in said
    assert len(said) == 3


def test_renew_never_steps_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the index has lost the newest builds, the pins stay."""
    root = _pinning(tmp_path)
    assert renewal.main(lambda name, python, bound: Version("2.20.0.dev20250101"), root) == 0
    assert (root / "pyproject.toml").read_text("utf-8") == PROJECT
    assert capsys.readouterr().out == ""


def test_renew_finds_the_pins_of_this_repository() -> None:
    """Every pin is where the script looks for it, once."""
    for name, file in renewal.PINS.items():
        assert renewal.pinned(name, (ROOT / file).read_text("utf-8")).is_devrelease


def test_renew_without_a_pin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pin that is not there is told, not passed over."""
    root = _pinning(tmp_path)
    (root / "locks" / "cpu.in").write_text("tf-nightly-cpu\n", encoding="utf-8")
    assert renewal.main(lambda name, python, bound: Version("2.24.0.dev20261102"), root) == 1
    assert "0 pins of tf-nightly-cpu" in capsys.readouterr().err


def _report(version: str, **outcomes: Any) -> dict[str, Any]:
    """Return a report of one case: outcome and largest differences of each step."""
    steps = [
        {"id": name, "outcome": outcome, "difference": {"max_abs": size, "max_rel": size} if size is not None else None}
        for name, (outcome, size) in outcomes.items()
    ]
    cases = [{"id": "nets/equivalence_a.py::A", "outcome": "passed", "steps": steps}]
    return {"environment": {"tensorflow": version, "keras": "3", "numpy": "2"}, "cases": cases}


def test_compare() -> None:
    """Outcomes that changed come first, then numbers; what is the same is left out."""
    before = _report(
        "2.23", same=("passed", 1e-8), numbers=("passed", 1e-8), worse=("passed", None), gone=("passed", 0.0)
    )
    after = _report(
        "2.24", same=("passed", 1e-8), numbers=("passed", 2e-8), worse=("diverged", "NaN"), new=("error", None)
    )
    text = comparison.to_markdown(before, after)
    case = "nets/equivalence\\_a.py::A"
    assert text.splitlines() == [
        "- tensorflow: 2.23 → 2.24",
        "- keras: 3",
        "- numpy: 2",
        "",
        "Of 5 steps, 3 have another outcome, and 1 other numbers alone.",
        "",
        "| case | step | outcome | max abs difference | max rel difference |",
        "| --- | --- | --- | --- | --- |",
        f"| {case} | worse | passed → diverged | — → NaN | — → NaN |",
        f"| {case} | gone | passed → — | 0 → — | 0 → — |",
        f"| {case} | new | — → error | — | — |",
        f"| {case} | numbers | passed | 1e-08 → 2e-08 | 1e-08 → 2e-08 |",
    ]


def test_compare_equal_reports() -> None:
    """Without a change there is no table."""
    report = _report("2.23", same=("passed", 1e-8))
    assert "Of 1 steps, 0 have another outcome" in comparison.to_markdown(report, report)
    assert "|" not in comparison.to_markdown(report, report)


def test_compare_a_case_that_did_not_load() -> None:
    """A case without a step that turns up as an error is a change."""
    after = _report("2.23")
    after["cases"][0]["outcome"] = "error"
    (change,) = comparison.find_changes(_report("2.23", a=("passed", 0.0)) | {"cases": []}, after)
    assert (change.before.outcome, change.after.outcome) == ("—", "error")


def test_compare_names_start_no_markup() -> None:
    """What a case is called cannot end a cell, mention a person or hide the rest."""
    before, after = _report("2.23"), _report("2.23", a=("passed", 0.0))
    after["cases"][0]["id"] = "a|b @octocat <!-- `c`\n| d"
    line = comparison.to_markdown(before, after).splitlines()[-1]
    assert line.startswith("| a\\|b &#64;octocat &lt;!-- \\`c\\` \\| d | a |")


def test_compare_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An old report may be missing; a new one without cases is an error, for nothing was compared."""
    absent, after = tmp_path / "before.json", tmp_path / "after.json"
    after.write_text(json.dumps(_report("2.24", a=("passed", 0.0))), encoding="utf-8")
    assert comparison.main([str(absent), str(after)]) == 0
    assert "— → passed" in capsys.readouterr().out
    assert comparison.main([str(after), str(absent)]) == 1
    assert "nothing was compared" in capsys.readouterr().err


CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.3] - 2026-11-23

### Fixed

- A thing.

## [1.2.2] - 2026-11-01

## [1.2.1] - 2026-10-01

- Another.

[1.2.1]: https://example.com
"""


def test_release_notes() -> None:
    """The notes are the section of the version, and nothing of its neighbours."""
    assert notes.release_notes("1.2.3", PROJECT, CHANGELOG) == "### Fixed\n\n- A thing."
    assert notes.release_notes("1.2.1", PROJECT.replace("1.2.3", "1.2.1"), CHANGELOG) == "- Another."


@pytest.mark.parametrize(
    ("version", "project", "message"),
    [
        ("1.2", "1.2", "not a version"),
        ("1.2.3-rc.1", "1.2.3-rc.1", "not a version"),
        ("01.2.3", "01.2.3", "not a version"),
        ("1.2.3\n", "1.2.3", "not a version"),
        ("1.2.3", "1.2.4", "pyproject.toml has version 1.2.4"),
        ("1.2.4", "1.2.4", "no section"),
        ("1x2.3", "1x2.3", "not a version"),
        ("1.2.2", "1.2.2", "says nothing"),
    ],
)
def test_release_not_ready(version: str, project: str, message: str) -> None:
    """A release that its files do not state, or tell nothing of, is refused."""
    with pytest.raises(notes.NotReadyError, match=message):
        notes.release_notes(version, PROJECT.replace('"1.2.3"', f'"{project}"'), CHANGELOG)


def test_step_as_expected() -> None:
    """Each value has to match all of its pattern, and every value needs one."""
    expected = {"outcome": "success", "total": "7", "duration": r"\d+\.\d"}
    assert step.find_problems(expected, "success", {"total": "7", "duration": "3.5"}) == []
    assert step.find_problems(expected, "success", {"total": "17", "duration": "3.5"}) == [
        "total: '17' does not match '7'"
    ]
    assert step.find_problems(expected, "success", {"total": "7"}) == [r"duration: missing, should match '\\d+\\.\\d'"]
    problems = step.find_problems(expected, "failure", {"total": "7", "duration": "3.5", "new": "1"})
    assert problems == ["new: not expected, is '1'", "outcome: 'failure' does not match 'success'"]


def test_step_problems_become_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a step put into its outputs, it cannot write commands."""
    environ = {"OUTCOME": "success", "OUTPUTS": json.dumps({"a": "1%\n::warning::x"})}
    assert step.main(["passing", '{"outcome": "success", "a": "1"}'], environ) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == r"::error::passing: a: '1%25\n::warning::x' does not match '1'"
    assert second == "passing: 1 problems"
    assert step.main(["passing", '{"outcome": "success", "a": "(?s).*"}'], environ) == 0


# Python as far as the script uses it: it makes an environment with itself inside, and has a pip that may fail.
PYTHON = """#!/bin/sh
case "$*" in
"-m venv "*)
    mkdir -p "$3/bin" "$3/lib"
    [ -L "$3/bin/python" ] || cp "$0" "$3/bin/python" ;;
*" install "*)
    echo "$*" >> pip.log
    [ ! -e broken ] && cp locks/tools.txt "${0%/bin/python}/lib/$(wc -l < pip.log)" ;;
esac
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a repository with a lock of tools and a Python."""
    for folder in ("scripts", "locks", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "install_lock", tmp_path / "scripts")
    (tmp_path / "locks" / "tools.txt").write_text("a==1\n")
    (tmp_path / ".venv" / "bin" / "python").write_text(PYTHON)
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    return tmp_path


def _install(root: Path, *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([root / "scripts" / "install_lock", *names], capture_output=True, text=True, check=False)


def _installed(root: Path) -> list[str]:
    """Return by which of pip's runs something that is in the environment was installed."""
    return sorted(path.name for path in (root / "build" / "tools" / "lib").iterdir())


def test_a_lock_is_installed_once(tools: Path) -> None:
    """Again only after a change; then nothing of the old lock stays, and what others put beside it does."""
    assert _install(tools, "tools").returncode == _install(tools, "tools").returncode == 0
    assert _installed(tools) == ["1"]
    assert "--no-deps --only-binary :all: --require-hashes" in (tools / "pip.log").read_text()
    (tools / "build" / "tools" / "bin" / "act").touch()
    (tools / "locks" / "tools.txt").write_text("a==2\n")
    assert _install(tools, "tools").returncode == 0
    assert _installed(tools) == ["2"]
    assert (tools / "build" / "tools" / "bin" / "act").exists()


def test_a_lock_is_installed_where_its_interpreter_has_gone(tools: Path) -> None:
    """The environment is made for another one."""
    _install(tools, "tools")
    python = tools / "build" / "tools" / "bin" / "python"
    python.unlink()
    python.symlink_to("gone")
    assert _install(tools, "tools").returncode == 0
    assert _installed(tools) == ["2"]


def test_half_an_installation_is_none(tools: Path) -> None:
    """A failure is told by the exit code, and the next run tries again, also with the lock that was there before."""
    _install(tools, "tools")
    (tools / "locks" / "tools.txt").write_text("a==2\n")
    (tools / "broken").touch()
    assert _install(tools, "tools").returncode != 0
    (tools / "broken").unlink()
    (tools / "locks" / "tools.txt").write_text("a==1\n")
    assert _install(tools, "tools").returncode == 0
    assert _installed(tools) == ["3"]


@pytest.mark.parametrize("names", [(), ("unknown",), ("",)])
def test_there_must_be_a_lock_to_install(tools: Path, names: tuple[str, ...]) -> None:
    """Nothing is removed for a name that is none."""
    (tools / "build" / "lib").mkdir(parents=True)
    answer = _install(tools, *names)
    assert (answer.returncode, answer.stderr.split(" NAME")[0]) == (2, "usage: scripts/install_lock")
    assert (tools / "build" / "lib").exists()


@pytest.mark.parametrize("name", ["checkers", "peers"])
def test_every_lock_of_tools_is_installed(name: str) -> None:
    """The script for a place installs the lock that is named after it."""
    assert f"\nscripts/install_lock {name}" in (ROOT / "scripts" / f"install_{name}").read_text("utf-8")
    assert (ROOT / "locks" / f"{name}.txt").is_file()
