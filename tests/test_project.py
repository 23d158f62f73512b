"""The project's own files agree with each other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import tf_equivalence
from tf_equivalence.options import OPTIONS

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("full.txt", "cpu.txt", "develop.txt")


def read(name: str) -> str:
    """Return the text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads(read("pyproject.toml"))


def pins(lock: str) -> dict[str, set[str]]:
    """Return the versions that a lock pins, by name; more than one where they depend on the platform."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", read(f"locks/{lock}"), re.MULTILINE):
        found.setdefault(normal(name), set()).add(version)
    return found


def normal(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def targets() -> set[str]:
    """Return the targets of the Makefile that are commands."""
    return set(re.findall(r"^\.PHONY: (\S+)$", read("Makefile"), re.MULTILINE))


def commands(document: str) -> set[str]:
    """Return the targets of all `make` commands in a document's code."""
    code = re.findall(r"^```.*?^```|`[^`\n]+`", read(document), re.MULTILINE | re.DOTALL)
    return {name for text in code for name in re.findall(r"(?:^|[`\s&;])make ([a-z][a-z-]*)", text)}


def documents() -> list[str]:
    """Return the documents that tell readers what to type."""
    return [name for name in ("README.md", "CONTRIBUTING.md") if (ROOT / name).exists()]


@pytest.mark.parametrize("document", documents())
def test_documented_commands_exist(document: str) -> None:
    """A `make` command that a document tells to type is a target."""
    found = commands(document)
    assert found, f"{document} names no make command"
    assert found <= targets()


@pytest.mark.skipif("README.md" not in documents(), reason="there is no README yet")
def test_readme_is_short() -> None:
    """The README stays within 150 lines."""
    assert len(read("README.md").splitlines()) <= 150


@pytest.mark.skipif("README.md" not in documents(), reason="there is no README yet")
def test_readme_names_no_unknown_option() -> None:
    """A flag of `tf-equivalence` that the README shows exists."""
    flags = {flag for option in OPTIONS for flag in option.flags} | {"--help", "--version", "--no-fail-on-empty"}
    lines = [line for line in read("README.md").splitlines() if "tf-equivalence " in line]
    shown = {
        flag for line in lines for flag in re.findall(r"(?<!\S)--[a-z][a-z-]*", line.split("tf-equivalence ", 1)[1])
    }
    assert shown <= flags


def test_every_command_of_the_makefile_is_explained() -> None:
    """`make`, without a target, lists every command."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    answer = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True, env=environ)
    assert set(re.findall(r"^make (\S+) +\S", answer.stdout, re.MULTILINE)) == targets()


def test_versions_agree(project: dict[str, Any]) -> None:
    """The package, its metadata and the newest released entry of the changelog have one version."""
    version = project["project"]["version"]
    assert tf_equivalence.__version__ == version
    entries = re.findall(r"^## \[([^\]]+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert entries[0] == "Unreleased"
    assert entries[1:2] in ([], [version])


def test_license(project: dict[str, Any]) -> None:
    """The license is the one that the metadata states, in full."""
    assert project["project"]["license"] == "Apache-2.0"
    text = read("LICENSE")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("lock", LOCKS)
def test_requirements_are_locked(project: dict[str, Any], lock: str) -> None:
    """Every requirement is in the lock, and one with an exact version has that version."""
    requirements = list(project["project"]["dependencies"])
    if lock == "develop.txt":
        requirements += project["project"]["optional-dependencies"]["develop"]
    found = pins(lock)
    if lock == "cpu.txt":  # the same TensorFlow under another name, and of another day
        found["tf-nightly"] = pins("full.txt")["tf-nightly"]
    for requirement in requirements:
        parts = re.fullmatch(r"([\w.-]+)(?:==([^,;]+)|[<>~!].*)?", requirement)
        assert parts is not None, requirement
        name, exact = parts[1], parts[2]
        assert normal(name) in found, f"{name} is not in {lock}; run make lock"
        assert exact is None or found[normal(name)] == {exact}, f"run make lock: {name}"


def test_the_locks_agree() -> None:
    """What the command needs has one version, with development tools or without, on processors alone or not."""
    full, develop, cpu = pins("full.txt"), pins("develop.txt"), pins("cpu.txt")
    assert {name: develop.get(name) for name in full} == full
    assert set(full) - set(cpu) == {"tf-nightly"}
    assert set(cpu) - set(full) == {"tf-nightly-cpu"}
    assert {name: full[name] for name in set(full) & set(cpu)} == {name: cpu[name] for name in set(full) & set(cpu)}


@pytest.mark.parametrize("lock", [*LOCKS, "checkers.txt"])
def test_locks_hold_hashes_and_nothing_else(lock: str) -> None:
    """Each entry is a version with its hashes: no address, no file, no option."""
    entries = read(f"locks/{lock}").replace("\\\n", " ").splitlines()
    assert entries
    for entry in entries:
        assert re.fullmatch(r"[\w.\[\],-]+==[\w.+!]+( ; [^@:/]+?)?( +--hash=sha256:[0-9a-f]{64})+", entry.rstrip()), (
            entry
        )


def test_the_lock_holds_one_tensorflow() -> None:
    """Two distributions of TensorFlow overwrite each other's files."""
    names = {"tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu"}
    for lock in LOCKS:
        assert len(names & set(pins(lock))) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{found}==" + "{version} \\\n    --hash=sha256:0\n", 0),
        ("{found}==1.0\n", 1),
        ("tf-nightly-cpu=={version}\n", 1),
        ("numpy==1.0\n", 1),
    ],
    ids=["the one pinned", "another version", "another distribution", "none pinned"],
)
def test_installed_tensorflow_is_checked(tmp_path: Path, text: str, code: int) -> None:
    """The check after installing tells the pinned TensorFlow from any other."""
    name = next(iter({"tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu"} & set(pins("full.txt"))))
    (version,) = pins("full.txt")[name]
    lock = tmp_path / "lock.txt"
    lock.write_text(text.format(found=name, version=version), encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, ROOT / "scripts" / "check_tensorflow.py", lock], capture_output=True, text=True, check=False
    )
    assert answer.returncode == code, answer.stderr
    assert bool(answer.stderr) is bool(code)


def scripts() -> list[str]:
    """Return the shell scripts: those of the other kind have a suffix."""
    return [".ci/run", *sorted(f"scripts/{path.name}" for path in (ROOT / "scripts").iterdir() if not path.suffix)]


@pytest.mark.parametrize("script", scripts())
def test_scripts_stop_at_the_first_error(script: str) -> None:
    """A script is executable, parses, and does not go on after a failure."""
    assert os.access(ROOT / script, os.X_OK)
    assert read(script).startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in read(script)
    subprocess.run(["bash", "-n", ROOT / script], check=True)
