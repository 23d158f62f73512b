"""Paths and options that make no sense end the run at once, or at least harm nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .workspace import HEALTHY, Run, run_command, write_files

CASE = "from tiny import _Tiny\n\n\nclass Case(_Tiny):\n    pass\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one healthy case."""
    path = tmp_path / "work"
    write_files(path, {})
    return path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["nowhere"], ["'nowhere' does not exist", "the workspace is"], id="missing"),
        pytest.param(["equivalence_helthy.py"], [f"did you mean '{HEALTHY}'?"], id="misspelt"),
        pytest.param(["tiny.py"], ["'tiny.py' is not a directory", "equivalence_*.py"], id="other name"),
        pytest.param(["dangling"], ["'dangling'", "leads nowhere"], id="dangling link"),
        pytest.param(["loop"], ["'loop'", "leads nowhere"], id="link to itself"),
        pytest.param(
            ["--step", "constant-wieghts"], ["'constant-wieghts'", "did you mean 'constant-weights'?"], id="step"
        ),
        pytest.param(["--case", "Kase"], ["'Kase' matches none of 1 cases", "did you mean 'Case'?"], id="case"),
        pytest.param(["--timeout", "0"], ["timeout", "above 0"], id="timeout"),
        pytest.param(["--tolerance", "loose"], ["tolerance", "measured, guide"], id="tolerance"),
    ],
)
def test_usage_error_says_what_to_write_instead(workspace: Path, arguments: list[str], says: list[str]) -> None:
    """A wrong path or option is one line on standard error and exit code 2, and nothing runs."""
    (workspace / "dangling").symlink_to("gone")
    (workspace / "loop").symlink_to("loop")
    run = run_command(workspace, *arguments)
    assert run.exit_code == 2
    assert run.stdout == ""
    lines = run.stderr.splitlines()
    assert len(lines) == 1, run.stderr
    assert [words for words in says if words not in lines[0]] == [], lines[0]


def test_nothing_to_find_is_no_success(tmp_path: Path) -> None:
    """A directory without modules ends with exit code 5, and every report says why."""
    workspace = tmp_path / "work"
    workspace.mkdir()
    run = run_command(workspace, ".")
    assert run.exit_code == 5
    said = "No equivalence cases in modules named equivalence_*.py"
    for text in (run.stdout, run.report["message"], run.junit, run.summary.replace("\\", "")):
        assert said in text
    assert [line for line in run.annotations() if said in line]


@pytest.fixture(scope="module")
def odd_tree(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run over a tree with loops, links, a pipe and a link to nothing among its modules."""
    workspace = tmp_path_factory.mktemp("odd") / "work"
    write_files(workspace, {"deep/equivalence_deep.py": CASE})
    (workspace / "deep" / "up").symlink_to(workspace, target_is_directory=True)
    (workspace / "deep" / "again").symlink_to("../deep", target_is_directory=True)
    (workspace / "equivalence_loop.py").symlink_to("equivalence_loop.py")
    (workspace / "equivalence_dangling.py").symlink_to("gone.py")
    (workspace / "equivalence_other_name.py").symlink_to(HEALTHY)
    os.mkfifo(workspace / "equivalence_pipe.py")
    (workspace / "equivalence_directory.py").mkdir()
    return run_command(workspace, ".", "--step", "constant-weights")


def test_link_loops_end(odd_tree: Run) -> None:
    """A case is found once, however many links lead to it, under its own path."""
    passed = [case["id"] for case in odd_tree.report["cases"] if case["outcome"] == "passed"]
    assert passed == ["deep/equivalence_deep.py::Case", f"{HEALTHY}::Case"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("loop", "is a link to a file that does not exist"),
        ("dangling", "is a link to a file that does not exist"),
        ("pipe", "is not a regular file"),
    ],
)
def test_module_that_is_no_file_is_an_error(odd_tree: Run, name: str, says: str) -> None:
    """A module that cannot be read is a case with the one step `load`, and is not waited for."""
    case = odd_tree.case(f"equivalence_{name}.py")
    assert odd_tree.exit_code == 3
    assert [step["id"] for step in case["steps"]] == ["load"]
    assert says in case["steps"][0]["message"]
    assert f"::error file=equivalence_{name}.py,line=1," in odd_tree.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_unreadable_module_is_an_error(workspace: Path) -> None:
    """A module and a directory without permission are errors that name the path."""
    (workspace / "equivalence_secret.py").touch(0)
    (workspace / "closed").mkdir(0)
    run = run_command(workspace, ".", "--step", "constant-weights")
    assert run.exit_code == 3
    assert "cannot be read: Permission denied" in run.case("equivalence_secret.py")["steps"][0]["message"]
    assert "cannot be searched: Permission denied" in run.case("closed")["steps"][0]["message"]
    assert run.case(f"{HEALTHY}::Case")["outcome"] == "passed"


def test_skipping_everything_is_no_success(tmp_path: Path) -> None:
    """A case that skips the only step compared nothing."""
    workspace = tmp_path / "work"
    skip = "from tiny import _Tiny\n\n\nclass Case(_Tiny):\n    skip = {'constant-weights': 'too slow'}\n"
    write_files(workspace, {HEALTHY: skip})
    run = run_command(workspace, ".", "--step", "constant-weights")
    assert run.exit_code == 5
    assert run.case(f"{HEALTHY}::Case")["steps"][0]["message"] == "too slow"
