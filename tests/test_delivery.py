"""Reports reach their places, and belong to those who have to deal with them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tf_equivalence.delivery import deliver, deliver_failure
from tf_equivalence.result import (
    CaseResult,
    Difference,
    ExitCode,
    Finding,
    Location,
    Outcome,
    RunResult,
    StepResult,
    prefixed,
)
from tf_equivalence.settings import Settings, read_settings

OWNER = 12345
HERE = Location("nets/a.py", 3)
FINDING = Finding("output-differs", "0", "0 differs by 0.5.", HERE)
STEP = StepResult(
    "named-weights", Outcome.DIVERGED, 1.0, "0 differs", HERE, (FINDING,), difference=Difference(0.5, 0.1)
)
CASE = CaseResult("equivalence_a.py::A", "equivalence_a.py", 7, 2.0, (STEP,), "hello\n::error::pwned\n##[error]x")
RESULT = RunResult((CASE,), 2.5, {"tensorflow": "2.23"})


def settings(workspace: Path, *argv: str, **environ: str) -> Settings:
    """Return settings of a run in this workspace."""
    return read_settings(("run", *argv), {"GITHUB_WORKSPACE": str(workspace), **environ}, workspace, ("named-weights",))


def outputs(path: Path) -> dict[str, str]:
    """Return the outputs of a step."""
    found = re.findall(r"^([a-z-]+)<<(\S+)\n(.*)\n\2\n", path.read_text(), re.MULTILINE)
    return {name: value for name, _, value in found}


def test_step_outputs_name_the_files_that_were_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report that could not be written is no output, and does not keep the others from being written."""
    (tmp_path / "file").touch()
    given = settings(tmp_path, "--json-file", "out/r.json", "--junit-file", "file/j.xml")
    deliver(RESULT, given, {"GITHUB_OUTPUT": str(tmp_path / "outputs")}, 1)
    found = outputs(tmp_path / "outputs")
    assert (found["json-file"], found["junit-file"], found["conclusion"]) == ("out/r.json", "", "failure")
    assert json.loads((tmp_path / "out/r.json").read_text())["outcome"] == "diverged"
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_new_files_belong_to_the_owner_of_the_workspace(tmp_path: Path) -> None:
    """Root's files, and folders made for them, would be in the way of whoever cleans up; others keep their owner."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "mine").mkdir()
    (workspace / "mine" / "old.xml").touch()
    os.chown(workspace, OWNER, OWNER + 1)
    given = settings(workspace, "--json-file", "out/deep/r.json", "--junit-file", "mine/old.xml")
    deliver(RESULT, given, {}, 1)
    for name in ("out", "out/deep", "out/deep/r.json"):
        found = (workspace / name).stat()
        assert (found.st_uid, found.st_gid) == (OWNER, OWNER + 1), name
    assert (workspace / "mine" / "old.xml").stat().st_uid == 0
    deliver(RESULT, settings(workspace, "--json-file", str(tmp_path / "elsewhere.json")), {}, 1)
    assert (tmp_path / "elsewhere.json").stat().st_uid == 0


def test_a_report_that_cannot_be_handed_over_is_an_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was written, and whose it is gets told for each file and folder."""

    def refuse(path: Path, workspace: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("tf_equivalence.delivery.hand_over", refuse)
    deliver(RESULT, settings(tmp_path, "--json-file", "out/r.json"), {"GITHUB_OUTPUT": str(tmp_path / "outputs")}, 1)
    assert outputs(tmp_path / "outputs")["json-file"] == "out/r.json"
    assert capsys.readouterr().err.splitlines() == [
        f"tf-equivalence: cannot give {path} to the workspace's owner: Operation not permitted"
        for path in (tmp_path / "out" / "r.json", tmp_path / "out")
    ]


def test_foreign_output_is_fenced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a workflow, what user code printed is folded between stop-commands, on the stream of the annotations."""
    deliver(RESULT, settings(tmp_path, "--log-level", "info", GITHUB_ACTIONS="true"), {}, 1)
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("::stop-commands::"))
    end = lines.index(f"::{lines[start].removeprefix('::stop-commands::')}::")
    assert "hello" in lines[start:end]
    assert "hello" not in captured.err
    assert lines[start - 1] == "::group::output of equivalence_a.py::A"
    assert lines[end + 1] == "::endgroup::"
    assert [line for line in lines if line.startswith("::error ")] == lines[end + 2 :]
    assert not any("##[error]" in line for line in lines)


def test_fences_are_never_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Code that has seen one fence cannot end the next."""
    marks: list[str] = []
    for _ in range(2):
        deliver(RESULT, settings(tmp_path, "--log-level", "info", GITHUB_ACTIONS="true"), {}, 1)
        marks += re.findall("^::stop-commands::(.*)$", capsys.readouterr().out, re.MULTILINE)
    assert len(set(marks)) == 2


def test_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that never came about is an annotation and outputs that say failure."""
    environ: Mapping[str, str] = {"GITHUB_OUTPUT": str(tmp_path / "outputs")}
    deliver_failure("INPUT_JOBS: must be a number\nof cores, got 'x%'", ExitCode.USAGE, environ)
    said = capsys.readouterr().out
    assert said == "::error title=tf-equivalence::INPUT_JOBS: must be a number%0Aof cores, got 'x%25'\n"
    assert outputs(tmp_path / "outputs")["conclusion"] == "failure"
    assert outputs(tmp_path / "outputs")["total"] == "0"


def test_prefix() -> None:
    """Every relative path that a report links to gets the prefix; ids and paths outside do not."""
    outside = Location("/elsewhere/b.py", 1)
    step = StepResult("load", Outcome.ERROR, 0.0, "", outside, (Finding("load", "", "", outside),))
    (case,) = prefixed(RunResult((CaseResult("i", "p.py", 1, 0.0, (STEP, step)),), 0.0, {}), "ml/").cases
    assert (case.id, case.path) == ("i", "ml/p.py")
    moved, left = case.steps
    assert moved.location == moved.findings[0].location == Location("ml/nets/a.py", 3)
    assert left.location == left.findings[0].location == outside
    assert prefixed(RESULT, "") is RESULT


def test_the_command_that_repeats_a_step_compares_as_this_run_did(tmp_path: Path) -> None:
    """A bound that was given on the command line is part of it; what is the default is not."""
    page = tmp_path / "page.html"
    for argv, expected in (((), "--step named-weights<"), (("--rtol", "0.5", "--atol", "0"), "--rtol 0.5 --atol 0.0<")):
        deliver(RESULT, settings(tmp_path, "--html-file", str(page), *argv), {}, ExitCode.DIVERGED)
        assert expected in page.read_text("utf-8")
