"""Shows how far a run is while it goes on: live on a terminal, line by line in a log, or not at all."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tf_equivalence.report.escape import clean, encodable, neutralize, one_line
from tf_equivalence.report.explain import steps_of
from tf_equivalence.report.labels import FAILED, STYLES, duration, plural, symbols_for
from tf_equivalence.report.terminal import make_console
from tf_equivalence.result import CaseResult, Outcome

_Judged = tuple[str, Outcome, float]  # step, outcome, seconds

_MOST_RUNNING = 8
_REFRESHES_PER_SECOND = 8.0


class Progress(Protocol):
    """What the pipeline tells while it runs. Calls may come from any thread."""

    def __enter__(self) -> Self:
        """Start to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear what is live, also when the run ends by an exception."""

    def started(self, total_cases: int, total_steps: int) -> None:
        """The plan is made."""

    def said(self, message: str) -> None:
        """Something happens that a reader should know of; one line."""

    def case_started(self, case_id: str) -> None:
        """The first worker of the case is running."""

    def step_finished(self, case_id: str, step_id: str, outcome: Outcome, duration_s: float) -> None:
        """A step was judged."""

    def case_finished(self, case: CaseResult) -> None:
        """All steps of the case were judged."""

    def stopped(self) -> None:
        """The run is being interrupted: workers are stopped, and results so far are kept."""


def make_progress(stream: TextIO, is_terminal: bool, color: bool = True, width: int | None = None) -> Progress:
    """Return live progress for a terminal, else one line for each finished case.

    Args:
        stream: Where to; standard error keeps standard output for the report.
        is_terminal: Whether cursor movements are understood.
        color: Whether to colour, on a terminal.
        width: Columns; None asks the terminal.
    """
    return LiveProgress(stream, color, width) if is_terminal else PlainProgress(stream)


class NullProgress:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def started(self, total_cases: int, total_steps: int) -> None:
        """Ignore the plan."""

    def said(self, message: str) -> None:
        """Ignore the message."""

    def case_started(self, case_id: str) -> None:
        """Ignore the case."""

    def step_finished(self, case_id: str, step_id: str, outcome: Outcome, duration_s: float) -> None:
        """Ignore the step."""

    def case_finished(self, case: CaseResult) -> None:
        """Ignore the case."""

    def stopped(self) -> None:
        """Ignore the stop."""


class PlainProgress(NullProgress):
    """Writes one line for each finished case, flushed at once, and never a workflow command."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._total = 0
        self._done = 0

    def started(self, total_cases: int, total_steps: int) -> None:
        """Write what is going to run."""
        with self._lock:
            self._total = total_cases
            self._write(f"running {plural(total_cases, 'case')}, {plural(total_steps, 'step')}")

    def said(self, message: str) -> None:
        """Write the message."""
        with self._lock:
            self._write(one_line(message))

    def case_finished(self, case: CaseResult) -> None:
        """Write the case with its outcome and the steps that failed."""
        with self._lock:
            self._done += 1
            width = len(str(self._total))
            self._write(f"[{self._done:>{width}}/{self._total}] {_case_line(case)}")

    def stopped(self) -> None:
        """Write that the run is being stopped."""
        with self._lock:
            self._write("stopping: waiting for workers to end")

    def _write(self, line: str) -> None:
        self._stream.write(encodable(neutralize(line), getattr(self._stream, "encoding", None)) + "\n")
        self._stream.flush()


class LiveProgress(NullProgress):
    """Keeps the running cases and a bar at the bottom of a terminal; finished cases scroll up.

    Nothing it shows live is left behind when it ends.
    """

    def __init__(self, stream: TextIO, color: bool = True, width: int | None = None, auto_refresh: bool = True) -> None:
        self._console = make_console(stream, color, width)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._symbols = symbols_for(self._encoding)
        self._lock = threading.Lock()
        self._running: dict[str, list[_Judged]] = {}
        self._spinner = Spinner("dots" if self._symbols[Outcome.PASSED] == "✓" else "line")
        self._totals = (0, 0)
        self._done = (0, 0)
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

    def started(self, total_cases: int, total_steps: int) -> None:
        """Give the bar its length."""
        with self._lock:
            self._totals = (total_cases, total_steps)

    def said(self, message: str) -> None:
        """Print the message above the bar for good."""
        self._console.print(Text(self._shown(one_line(message)), "dim"), overflow="fold")

    def case_started(self, case_id: str) -> None:
        """Show the case among the running ones."""
        with self._lock:
            self._running.setdefault(case_id, [])

    def step_finished(self, case_id: str, step_id: str, outcome: Outcome, duration_s: float) -> None:
        """Show the step's outcome beside its case."""
        with self._lock:
            self._running.setdefault(case_id, []).append((step_id, outcome, duration_s))
            self._done = (self._done[0], self._done[1] + 1)

    def case_finished(self, case: CaseResult) -> None:
        """Print the case above the bar for good."""
        with self._lock:
            # A case that could not be loaded ends without a call for each of its steps.
            missing = len(case.steps) - len(self._running.pop(case.id, []))
            self._done = (self._done[0] + 1, self._done[1] + max(missing, 0))
        if self._live.is_started:
            self._live.refresh()  # or the case would be seen twice until the next refresh
        mark = Text.assemble((self._symbols[case.outcome], STYLES[case.outcome]))
        self._console.print(mark.append(f" {self._shown(_case_line(case))}"), overflow="fold")

    def stopped(self) -> None:
        """Say that the run is being stopped."""
        with self._lock:
            self._stopping = True

    def render(self) -> RenderableType:
        """Return what is shown at the moment: the running cases and the bar."""
        with self._lock:
            rows = [self._case(case_id, steps) for case_id, steps in list(self._running.items())[:_MOST_RUNNING]]
            more = len(self._running) - len(rows)
            bar = self._bar()
        if more > 0:
            rows.append(Text(f"  ... and {more} more running", "dim", no_wrap=True))
        if self._stopping:
            rows.append(Text("stopping: waiting for workers to end", "yellow", no_wrap=True))
        return Group(*rows, bar)

    def _case(self, case_id: str, steps: list[_Judged]) -> RenderableType:
        text = Text(self._shown(one_line(case_id)), no_wrap=True, overflow="crop")
        for _, outcome, _ in steps:
            text.append(f" {self._symbols[outcome]}", STYLES[outcome])
        if steps:
            step_id, _, seconds = steps[-1]
            text.append(f" {self._shown(one_line(step_id))} {duration(seconds)}", "dim")
        grid = Table.grid(padding=(0, 1))
        grid.add_row(self._spinner, text)
        return grid

    def _bar(self) -> RenderableType:
        (cases, steps), (all_cases, all_steps) = self._done, self._totals
        grid = Table.grid(padding=(0, 1))
        if not all_steps:
            grid.add_row(self._spinner, Text("looking for cases"))
            return grid
        figures = f"{cases}/{plural(all_cases, 'case')}  {steps}/{plural(all_steps, 'step')}"
        grid.add_row(
            ProgressBar(total=all_steps, completed=steps, width=24, complete_style="cyan", finished_style="cyan"),
            Text(figures, no_wrap=True),
        )
        return grid

    def _shown(self, text: str) -> str:
        return encodable(clean(text), self._encoding)


def _case_line(case: CaseResult) -> str:
    """Return id, outcome, time and the steps that failed."""
    failed = [one_line(step.id) for step in steps_of(case) if step.outcome in FAILED]
    steps = f": {', '.join(failed)}" if failed else ""
    return f"{one_line(case.id)} {case.outcome.value} in {duration(case.duration_s)}{steps}"
