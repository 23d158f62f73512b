"""What a run tells while it goes on, and two who listen: one writes line by line in a log, one shows nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, TextIO

from tf_equivalence.report.escape import encodable, neutralize, one_line
from tf_equivalence.report.explain import steps_of
from tf_equivalence.report.labels import FAILED, duration, plural
from tf_equivalence.result import CaseResult, Outcome
from tf_equivalence.steps import Build


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

    def planned(self, case_ids: Sequence[str], step_ids: Sequence[str], jobs: int) -> None:
        """These steps run on each of these cases, in so many processes at a time; `started` was told before."""

    def said(self, message: str) -> None:
        """Something happens that a reader should know of; one line."""

    def case_started(self, case_id: str) -> None:
        """The first worker of the case is running."""

    def build_started(self, case_id: str, phase: str, build: Build) -> None:
        """A worker of the case is running, for a pass over it such as `first run` or `trace`."""

    def build_ended(self, case_id: str, build: Build) -> None:
        """That worker has ended."""

    def step_finished(self, case_id: str, step_id: str, outcome: Outcome, duration_s: float) -> None:
        """A step was judged."""

    def case_finished(self, case: CaseResult) -> None:
        """All steps of the case were judged."""

    def stopped(self) -> None:
        """The run is being interrupted: workers are stopped, and results so far are kept."""


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

    def planned(self, case_ids: Sequence[str], step_ids: Sequence[str], jobs: int) -> None:
        """Ignore the plan."""

    def said(self, message: str) -> None:
        """Ignore the message."""

    def case_started(self, case_id: str) -> None:
        """Ignore the case."""

    def build_started(self, case_id: str, phase: str, build: Build) -> None:
        """Ignore the worker."""

    def build_ended(self, case_id: str, build: Build) -> None:
        """Ignore the worker."""

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
            self._write(f"[{self._done:>{width}}/{self._total}] {case_line(case)}")

    def stopped(self) -> None:
        """Write that the run is being stopped."""
        with self._lock:
            self._write("stopping: waiting for workers to end")

    def _write(self, line: str) -> None:
        self._stream.write(encodable(neutralize(line), getattr(self._stream, "encoding", None)) + "\n")
        self._stream.flush()


def case_line(case: CaseResult) -> str:
    """Return id, outcome, time and the steps that failed."""
    failed = [one_line(step.id) for step in steps_of(case) if step.outcome in FAILED]
    steps = f": {', '.join(failed)}" if failed else ""
    return f"{one_line(case.id)} {case.outcome.value} in {duration(case.duration_s)}{steps}"
