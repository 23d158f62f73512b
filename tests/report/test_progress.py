"""Progress is shown live on a terminal and line by line elsewhere."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from tf_equivalence.report.progress import LiveProgress, NullProgress, PlainProgress, Progress, make_progress
from tf_equivalence.result import CaseResult, Outcome, RunResult, StepResult


def _case(name: str, outcome: Outcome) -> CaseResult:
    return CaseResult(f"a.py::{name}", "a.py", 1, 1.5, (StepResult("named-weights", outcome, 1.0, ""),))


def _drive(progress: Progress) -> None:
    with progress:
        progress.started(2, 2)
        progress.said("installing requirements.txt")
        progress.case_started("a.py::A")
        progress.step_finished("a.py::A", "named-weights", Outcome.PASSED, 1.0)
        progress.case_finished(_case("A", Outcome.PASSED))
        progress.case_finished(_case("B", Outcome.DIVERGED))
        progress.stopped()


def _shown(progress: LiveProgress, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, _environ={})
    with console.capture() as capture:
        console.print(progress.render())
    return capture.get()


def _live(encoding: str = "utf-8") -> LiveProgress:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return LiveProgress(stream, color=False, width=80, auto_refresh=False)


def test_plain_progress_writes_a_line_for_each_case() -> None:
    """A log shows what runs, each case with what failed in it, and that the run is being stopped."""
    stream = io.StringIO()
    _drive(PlainProgress(stream))
    assert stream.getvalue().splitlines() == [
        "running 2 cases, 2 steps",
        "installing requirements.txt",
        "[1/2] a.py::A passed in 1.5 s",
        "[2/2] a.py::B diverged in 1.5 s: named-weights",
        "stopping: waiting for workers to end",
    ]


def test_plain_progress_holds_no_command(full_result: RunResult, read_log: Callable[[str], list[Any]]) -> None:
    """A case's name cannot become a command."""
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.said("::error::pwned\n::error::again")
    for case in full_result.cases:
        progress.case_finished(case)
    assert "pwned" in stream.getvalue()
    assert read_log(stream.getvalue()) == []


def test_live_progress_keeps_finished_cases() -> None:
    """Finished cases stay on the screen when the live part is cleared."""
    stream = io.StringIO()
    _drive(LiveProgress(stream, color=False, width=80, auto_refresh=False))
    assert "✓ a.py::A passed in 1.5 s" in stream.getvalue()
    assert "✗ a.py::B diverged in 1.5 s: named-weights" in stream.getvalue()


def test_live_progress_shows_running_cases_and_counts() -> None:
    """The live part names the running cases with their steps so far, and counts cases and steps."""
    progress = _live()
    progress.started(3, 7)
    progress.case_started("a.py::A")
    progress.case_started("a.py::B")
    progress.step_finished("a.py::B", "variables-once", Outcome.PASSED, 1.0)
    progress.step_finished("a.py::B", "named-weights", Outcome.DIVERGED, 0.25)
    first, second, bar = _shown(progress).splitlines()
    assert first.rstrip().endswith("a.py::A")
    assert second.rstrip().endswith("a.py::B ✓ ✗ named-weights 0.2 s")
    assert bar.rstrip().endswith("0/3 cases  2/7 steps")
    progress.case_finished(CaseResult("a.py::A", "a.py", 1, 0.1, (StepResult("load", Outcome.ERROR, 0.0, ""),)))
    assert "1/3 cases  3/7 steps" in _shown(progress)


def test_live_progress_before_the_plan() -> None:
    """Until it is known what runs, no counts are shown."""
    assert _shown(_live()).rstrip().endswith("looking for cases")


def test_live_progress_says_that_it_stops() -> None:
    """After the first interrupt a person sees that it was understood."""
    progress = _live()
    progress.started(1, 1)
    progress.stopped()
    assert "stopping: waiting for workers to end" in _shown(progress)


def test_live_progress_is_bounded() -> None:
    """Many running cases do not fill the screen."""
    progress = _live()
    for number in range(50):
        progress.case_started(f"a.py::A{number}")
    lines = _shown(progress).splitlines()
    assert len(lines) == 10
    assert "42 more running" in lines[-2]


def test_live_progress_cuts_long_names(full_result: RunResult) -> None:
    """A running case takes one line, however long and strange its name."""
    progress = _live()
    progress.case_started(full_result.cases[3].id)
    lines = _shown(progress, width=50).splitlines()
    assert len(lines) == 2
    assert all(len(line) <= 50 for line in lines)
    assert "\x1b" not in "".join(lines)


def test_live_progress_in_ascii(full_result: RunResult) -> None:
    """A terminal without Unicode gets ASCII."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    progress = LiveProgress(stream, color=False, width=60, auto_refresh=False)
    with progress:
        progress.started(4, 12)
        for case in full_result.cases:
            progress.case_started(case.id)
            progress.step_finished(case.id, "named-weights", Outcome.PASSED, 1.0)
            progress.case_finished(case)
    stream.seek(0)
    assert "x nets/equivalence_stem.py::Stem diverged" in stream.read()


def test_live_progress_ends_with_an_exception() -> None:
    """The terminal is given back when the run fails, and the exception goes on."""
    stream = io.StringIO()
    progress = LiveProgress(stream, color=False, width=80, auto_refresh=False)
    with pytest.raises(KeyboardInterrupt), progress:
        raise KeyboardInterrupt
    hidden, shown = (stream.getvalue().rfind(f"\x1b[?25{code}") for code in "lh")
    assert shown > hidden >= 0


@pytest.mark.parametrize(("is_terminal", "kind"), [(True, LiveProgress), (False, PlainProgress)])
def test_make_progress(is_terminal: bool, kind: type) -> None:
    """The stream decides the form."""
    assert type(make_progress(io.StringIO(), is_terminal)) is kind


def test_null_progress_takes_every_call() -> None:
    """A quiet run needs no special case."""
    progress: Progress = NullProgress()
    _drive(progress)
    with pytest.raises(KeyboardInterrupt), progress:
        raise KeyboardInterrupt
