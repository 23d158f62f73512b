"""Progress is shown live on a terminal and line by line elsewhere."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tf_equivalence.report.durations import Durations
from tf_equivalence.report.live import LiveProgress, make_progress
from tf_equivalence.report.progress import NullProgress, PlainProgress, Progress
from tf_equivalence.report.screen import Screen
from tf_equivalence.result import CaseResult, Outcome, RunResult, StepResult
from tf_equivalence.steps import TF1_TRAINING, TF2_FUNCTIONAL


def _case(name: str, outcome: Outcome) -> CaseResult:
    return CaseResult(f"a.py::{name}", "a.py", 1, 1.5, (StepResult("named-weights", outcome, 1.0, ""),))


def _drive(progress: Progress) -> None:
    with progress:
        progress.started(2, 2)
        progress.planned(["a.py::A", "a.py::B"], ["named-weights"], 2)
        progress.said("installing requirements.txt")
        progress.case_started("a.py::A")
        progress.build_started("a.py::A", "first run", TF1_TRAINING)
        progress.build_ended("a.py::A", TF1_TRAINING)
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
    assert first.rstrip().endswith("a.py::A  waiting for a free process  0 s")
    assert second.rstrip().endswith("a.py::B  ✓✗  waiting for a free process  0 s")
    assert bar.rstrip().endswith("0/3 cases  2/7 steps  0 s")
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
    """A running case takes two lines at most, however long and strange its name."""
    progress = _live()
    progress.case_started(full_result.cases[3].id)
    lines = _shown(progress, width=50).splitlines()
    assert len(lines) == 3
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
    assert type(make_progress(io.StringIO(), Screen(is_terminal))) is kind


def test_null_progress_takes_every_call() -> None:
    """A quiet run needs no special case."""
    progress: Progress = NullProgress()
    _drive(progress)
    with pytest.raises(KeyboardInterrupt), progress:
        raise KeyboardInterrupt


class _Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _timed(durations: Durations) -> tuple[LiveProgress, _Clock]:
    clock = _Clock()
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    progress = LiveProgress(stream, color=False, width=120, auto_refresh=False, durations=durations, clock=clock)
    progress.started(2, 2)
    progress.planned(["a.py::A", "a.py::B"], ["named-weights"], 2)
    return progress, clock


def test_live_progress_tells_what_runs_now() -> None:
    """Beside a case stand its passes, the builds that run for each, and for how long the case has run."""
    progress, clock = _timed(Durations(None, ""))
    progress.case_started("a.py::A")
    progress.build_started("a.py::A", "trace", TF1_TRAINING)
    progress.build_started("a.py::A", "trace", TF2_FUNCTIONAL)
    clock.now += 75
    row = _shown(progress, 120).splitlines()[0]
    assert row.rstrip().endswith("a.py::A  trace: TF1 training, TF2 training (functional)  1 min 15 s")
    progress.build_ended("a.py::A", TF1_TRAINING)
    assert "trace: TF2 training (functional)  1 min 15 s" in _shown(progress, 120)


def test_no_time_is_made_up() -> None:
    """Without records there is the time that has passed; once a case has finished, there is an estimate from it."""
    progress, clock = _timed(Durations(None, ""))
    progress.build_started("a.py::A", "first run", TF1_TRAINING)
    clock.now += 20
    assert _shown(progress, 120).rstrip().endswith("0/2 cases  0/2 steps  20 s")
    progress.step_finished("a.py::A", "named-weights", Outcome.PASSED, 20.0)
    progress.build_ended("a.py::A", TF1_TRAINING)
    progress.case_finished(_case("A", Outcome.PASSED))
    assert _shown(progress, 120).rstrip().endswith("1/2 cases  1/2 steps  20 s  about 10 s left")


def test_time_left_comes_from_earlier_runs(tmp_path: Path) -> None:
    """A second run knows from the first how long it takes, and says so until it is nearly done."""
    durations = Durations(tmp_path / "durations.json", "/work")
    first, clock = _timed(durations)
    with first:
        for name in ("A", "B"):
            first.build_started(f"a.py::{name}", "first run", TF1_TRAINING)
            clock.now += 30
            first.step_finished(f"a.py::{name}", "named-weights", Outcome.PASSED, 30.0)
            first.build_ended(f"a.py::{name}", TF1_TRAINING)
            first.case_finished(_case(name, Outcome.PASSED))
    second, clock = _timed(durations)
    assert _shown(second, 120).rstrip().endswith("0/2 cases  0/2 steps  0 s  about 30 s left")
    second.build_started("a.py::A", "first run", TF1_TRAINING)
    clock.now += 10
    assert "10 s  about 25 s left" in _shown(second, 120)
    second.build_started("a.py::B", "first run", TF1_TRAINING)
    clock.now += 60
    assert "1 min 10 s  nearly done" in _shown(second, 120)


def test_an_interrupted_case_leaves_no_record(tmp_path: Path) -> None:
    """What was cut short says nothing about how long it takes."""
    durations = Durations(tmp_path / "durations.json", "/work")
    progress, _ = _timed(durations)
    with progress:
        progress.case_started("a.py::A")
        progress.step_finished("a.py::A", "named-weights", Outcome.PASSED, 1.0)
        progress.stopped()
        progress.case_finished(_case("A", Outcome.PASSED))
    assert durations.read() == {}


@pytest.mark.parametrize("width", [40, 50, 60, 80, 120, 300])
def test_live_progress_fits_every_width(width: int, tmp_path: Path) -> None:
    """No line is wrapped, and where there is little room the time left outlives the other figures."""
    durations = Durations(tmp_path / "durations.json", "/work")
    durations.add({f"a.py::{name}": {"named-weights": 90.0, "*": 180.0} for name in "AB"})
    progress, clock = _timed(durations)
    progress.case_started("a.py::A")
    for build in (TF1_TRAINING, TF2_FUNCTIONAL):
        progress.build_started("a.py::A", "first run", build)
    clock.now += 3
    lines = _shown(progress, width).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 3
    assert "left" in lines[-1]
