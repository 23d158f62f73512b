"""Shows on a terminal how far a run is: the running cases, what each does now, a bar, and the time left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tf_equivalence.report.console import make_console
from tf_equivalence.report.durations import PROCESSES, Durations, Recorded
from tf_equivalence.report.escape import clean, encodable, one_line
from tf_equivalence.report.estimate import Pending, expected_seconds, seconds_left
from tf_equivalence.report.labels import FAILED, STYLES, duration, plural, symbols_for
from tf_equivalence.report.progress import NullProgress, PlainProgress, Progress, case_line
from tf_equivalence.report.screen import Screen
from tf_equivalence.result import CaseResult, Outcome
from tf_equivalence.steps import Build

_MOST_RUNNING = 8
_REFRESHES_PER_SECOND = 8.0
_BAR = 24  # columns, where there are three times as many
_NO_RECORDS = Durations(None, "")


def make_progress(stream: TextIO, screen: Screen, durations: Durations = _NO_RECORDS) -> Progress:
    """Return live progress for a terminal, else one line for each finished case.

    Args:
        stream: Where to; standard error keeps standard output for the report.
        screen: What it can show.
        durations: How long cases took before; read and written for a terminal only.
    """
    if not screen.is_terminal:
        return PlainProgress(stream)
    return LiveProgress(stream, screen.color, screen.width, durations=durations)


@dataclass
class _Running:
    """A case that runs."""

    since: float
    outcomes: list[Outcome] = field(default_factory=list)
    builds: dict[Build, tuple[str, float]] = field(default_factory=dict)  # the pass that each is of, and since when
    ended_s: float = 0.0  # of the processes that have ended

    def spent(self, now: float) -> float:
        """Return what its processes took together so far, in seconds."""
        return self.ended_s + sum(now - since for _, since in self.builds.values())


class LiveProgress(NullProgress):
    """Keeps the running cases and a bar at the bottom of a terminal; finished cases scroll up.

    Nothing it shows live is left behind when it ends.
    """

    def __init__(
        self,
        stream: TextIO,
        color: bool = True,
        width: int | None = None,
        auto_refresh: bool = True,
        durations: Durations = _NO_RECORDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = make_console(stream, color, width)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._symbols = symbols_for(self._encoding)
        self._lock = threading.Lock()
        self._clock, self._durations = clock, durations
        self._began = clock()
        self._running: dict[str, _Running] = {}
        self._spinner = Spinner("dots" if self._symbols[Outcome.PASSED] == "✓" else "line")
        self._totals = (0, 0)
        self._done = (0, 0)
        self._failed = 0
        self._jobs = 1
        self._expected: dict[str, float | None] = {}  # of the cases that are not finished
        self._finished: dict[str, Recorded] = {}
        self._stopping = False
        self._live = Live(
            console=self._console,
            get_renderable=self.render,
            auto_refresh=auto_refresh,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        self._durations.add(self._finished)

    def started(self, total_cases: int, total_steps: int) -> None:
        """Give the bar its length."""
        with self._lock:
            self._totals = (total_cases, total_steps)

    def planned(self, case_ids: Sequence[str], step_ids: Sequence[str], jobs: int) -> None:
        """Look up how long the cases took before."""
        known = self._durations.read()
        with self._lock:
            self._jobs = jobs
            self._expected = {each: expected_seconds(known.get(each, {}), step_ids, PROCESSES) for each in case_ids}

    def said(self, message: str) -> None:
        """Print the message above the bar for good."""
        self._console.print(Text(self._shown(one_line(message)), "dim"), overflow="fold")

    def case_started(self, case_id: str) -> None:
        """Show the case among the running ones."""
        with self._lock:
            self._running.setdefault(case_id, _Running(self._clock()))

    def build_started(self, case_id: str, phase: str, build: Build) -> None:
        """Show the worker beside its case."""
        with self._lock:
            now = self._clock()
            self._running.setdefault(case_id, _Running(now)).builds[build] = (phase, now)

    def build_ended(self, case_id: str, build: Build) -> None:
        """Show the worker no longer."""
        with self._lock:
            running = self._running.get(case_id)
            if running and build in running.builds:
                running.ended_s += self._clock() - running.builds.pop(build)[1]

    def step_finished(self, case_id: str, step_id: str, outcome: Outcome, duration_s: float) -> None:  # noqa: ARG002
        """Show the step's outcome beside its case."""
        with self._lock:
            self._running.setdefault(case_id, _Running(self._clock())).outcomes.append(outcome)
            self._done = (self._done[0], self._done[1] + 1)

    def case_finished(self, case: CaseResult) -> None:
        """Print the case above the bar for good."""
        with self._lock:
            # A case that could not be loaded ends without a call for each of its steps.
            running = self._running.pop(case.id, None)
            missing = len(case.steps) - (len(running.outcomes) if running else 0)
            self._done = (self._done[0] + 1, self._done[1] + max(missing, 0))
            self._failed += case.outcome in FAILED
            self._expected.pop(case.id, None)
            if running and running.outcomes and not self._stopping:
                steps = {step.id: step.duration_s for step in case.steps}
                self._finished[case.id] = {**steps, PROCESSES: running.spent(self._clock())}
        if self._live.is_started:
            self._live.refresh()  # or the case would be seen twice until the next refresh
        mark = Text.assemble((self._symbols[case.outcome], STYLES[case.outcome]))
        self._console.print(mark.append(f" {self._shown(case_line(case))}"), overflow="fold")

    def stopped(self) -> None:
        """Say that the run is being stopped."""
        with self._lock:
            self._stopping = True

    def render(self) -> RenderableType:
        """Return what is shown at the moment: the running cases and the bar."""
        with self._lock:
            rows: list[RenderableType] = [
                _Row(self._spinner, self._shown(one_line(case_id)), self._marks(running), *self._doing(running))
                for case_id, running in list(self._running.items())[:_MOST_RUNNING]
            ]
            more = len(self._running) - len(rows)
            bar = self._bar()
        if more > 0:
            rows.append(Text(f"  ... and {more} more running", "dim", no_wrap=True))
        if self._stopping:
            rows.append(Text("stopping: waiting for workers to end", "yellow", no_wrap=True))
        return Group(*rows, bar)

    def _marks(self, running: _Running) -> Text:
        return Text.assemble(*((self._symbols[outcome], STYLES[outcome]) for outcome in running.outcomes))

    def _doing(self, running: _Running) -> tuple[str, str]:
        """Return which builds run for which pass, and for how long the case has run."""
        passes: dict[str, list[str]] = {}
        for build, (phase, _) in running.builds.items():
            passes.setdefault(phase, []).append(_title(build))
        doing = "; ".join(f"{phase}: {', '.join(builds)}" for phase, builds in passes.items())
        return self._shown(doing or "waiting for a free process"), _rough(self._clock() - running.since)

    def _bar(self) -> RenderableType:
        (cases, steps), (all_cases, all_steps) = self._done, self._totals
        if not all_steps:
            grid = Table.grid(padding=(0, 1))
            grid.add_row(self._spinner, Text("looking for cases"))
            return grid
        figures = [f"{cases}/{plural(all_cases, 'case')}", f"{steps}/{plural(all_steps, 'step')}"]
        times = [_rough(self._clock() - self._began)]
        left = self._seconds_left() if self._expected and not self._stopping else None
        if left is not None:
            times.append("nearly done" if left < 1 else f"about {_rough(left)} left")
        return _Bar(steps, all_steps, figures, self._failed, times)

    def _seconds_left(self) -> float | None:
        now = self._clock()
        pending = [
            Pending(expected, self._running[case_id].spent(now) if case_id in self._running else 0.0)
            for case_id, expected in self._expected.items()
        ]
        return seconds_left(pending, [each[PROCESSES] for each in self._finished.values()], self._jobs)

    def _shown(self, text: str) -> str:
        return encodable(clean(text), self._encoding)


@dataclass(frozen=True)
class _Row:
    """A running case: one line where it fits, else two."""

    spinner: Spinner
    case_id: str
    marks: Text
    doing: str
    elapsed: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = Table.grid(padding=(0, 1))
        room = options.max_width - 3
        parts = [self.case_id, self.elapsed, self.marks.plain, self.doing]
        if sum(len(part) + 1 for part in parts if part) <= room:
            text = Text.assemble(self.case_id, "  ", self.marks, "  " if self.marks else "", (self.doing, "dim"))
            line.add_row(self.spinner, Text.assemble(text, (f"  {self.elapsed}", "dim"), no_wrap=True))
            yield line
            return
        name = _tail(self.case_id, room - len(self.elapsed) - 1)
        line.add_row(self.spinner, Text.assemble(name, (f" {self.elapsed}", "dim"), no_wrap=True))
        yield line
        yield Text.assemble("  ", self.marks, " " if self.marks else "", (self.doing, "dim"), no_wrap=True)


@dataclass(frozen=True)
class _Bar:
    """The bar with as many figures as there is room for, the time left before all others."""

    done: int
    total: int
    figures: list[str]
    failed: int
    times: list[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(_BAR, options.max_width // 4)
        room = options.max_width - width - 1
        failed = [f"{self.failed} failed"] if self.failed else []
        every = [(each, "") for each in self.figures]
        every += [(each, "red") for each in failed] + [(each, "dim") for each in self.times]
        # What is left out first, where there is little room: elapsed, steps, failures.
        for spare in (self.times[:-1], self.figures[1:], failed, self.figures):
            if sum(len(text) + 2 for text, _ in every) - 2 <= room:
                break
            every = [part for part in every if part[0] not in spare]
        grid = Table.grid(padding=(0, 1))
        bar = ProgressBar(self.total, self.done, width, complete_style="cyan", finished_style="cyan")
        grid.add_row(bar, Text("  ").join([Text(text, style) for text, style in every]))
        yield grid


def _tail(text: str, room: int) -> str:
    """Return the end of a text, for the class says more than the folders."""
    return text if len(text) <= room else f"..{text[len(text) - max(room - 2, 1) :]}"


def _title(build: Build) -> str:
    kind = "training" if build.training else "inference"
    return f"{build.side.upper()} {kind}{'' if build.form == 'direct' else f' ({build.form})'}"


def _rough(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 59.5 else duration(seconds)
