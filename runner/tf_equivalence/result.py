"""What a run found out: frozen values that every report reads and none changes."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

SCHEMA_VERSION = 1


class Outcome(enum.StrEnum):
    """The outcome of a step, a case or a run."""

    PASSED = "passed"
    DIVERGED = "diverged"
    ERROR = "error"
    SKIPPED = "skipped"


class ExitCode(enum.IntEnum):
    """The exit codes of the command."""

    PASSED = 0
    DIVERGED = 1
    USAGE = 2
    ERROR = 3
    NOTHING_FOUND = 5
    INTERRUPTED = 130


_SEVERITY = (Outcome.SKIPPED, Outcome.PASSED, Outcome.DIVERGED, Outcome.ERROR)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome that decides: error, then diverged, then passed, then skipped.

    Nothing to decide on is an error, never a pass.
    """
    return max(outcomes, key=severity, default=Outcome.ERROR)


def severity(outcome: Outcome) -> int:
    """Return a number that is larger for a worse outcome."""
    return _SEVERITY.index(outcome)


@dataclass(frozen=True)
class Location:
    """A line of the user's code.

    Attributes:
        path: Relative to the workspace, with forward slashes; absolute where the file is outside it.
        line: Counted from 1.
    """

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold, and the evidence for it.

    Attributes:
        kind: A stable word for the class of finding, such as `variable-created`.
        name: The variable, output, operation or key it is about; empty where there is none.
        message: What, by how much, allowed how much, and what to try: for a person, one paragraph.
        location: The line a person should look at first.
        stack: User frames innermost first, library frames folded, one string each.
        metrics: Figures and texts behind the message, JSON values only.
        follows: Whether an earlier finding of the same step explains it, so that it gets no annotation.
    """

    kind: str
    name: str
    message: str
    location: Location | None = None
    stack: tuple[str, ...] = ()
    metrics: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    follows: bool = False


@dataclass(frozen=True)
class Power:
    """How much a passed step would have caught.

    Attributes:
        probes: Perturbations tried.
        caught: Perturbations that the step told apart from the reference.
        blind_spots: What no perturbation could show, by name.
    """

    probes: int
    caught: int
    blind_spots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """How far apart the floating values were that a step compared, within the bound or not.

    Attributes:
        max_abs: The largest absolute difference, in the unit of its output.
        max_rel: The largest difference relative to the largest TF1 magnitude of its array; dimensionless.
    """

    max_abs: float
    max_rel: float


@dataclass(frozen=True)
class Pinpointed:
    """What it took to look for the cause of a divergence.

    Attributes:
        duration_s: Wall time of the traced and the isolated calls, the building of the model included, in seconds.
        first_run_s: Wall time of the slowest recording that the step was judged by, in seconds.
    """

    duration_s: float
    first_run_s: float


@dataclass(frozen=True)
class TracedSide:
    """An operation of one side, for a person to read.

    Attributes:
        type: Such as `Conv2D`.
        name: In the graph; in eager execution scope and type.
        location: The user's line that it comes from; None without any.
    """

    type: str
    name: str
    location: Location | None = None


@dataclass(frozen=True)
class TracedPair:
    """A row of an aligned trace.

    Attributes:
        tf1: None for an operation that only TF2 has.
        tf2: None for one that only TF1 has.
        difference: Of the outputs in the run as it was, relative to the largest TF1 magnitude; None where not known.
        alone: The same when TF2's operation was given TF1's values; None where it was not isolated.
    """

    tf1: TracedSide | None
    tf2: TracedSide | None
    difference: float | None = None
    alone: float | None = None


@dataclass(frozen=True)
class StepResult:
    """The outcome of one step of one case.

    Attributes:
        id: The step's id, or `load` for a module that cannot be loaded.
        outcome: What was decided.
        duration_s: Seconds spent on recordings that only this step needed, and on judging it.
        message: One line.
        location: The line of the first finding; None where no user line exists.
        findings: Every failure, worst first. Empty when passed or skipped.
        power: None where the step compares no numbers, or power was not measured.
        notes: What a reader of a green should know: what was compared and what was left out.
        difference: None where the step compares no numbers.
        pinpointed: None where nothing was traced.
        trace: Both sides' operations, aligned, in TF1's order; empty unless asked for.
    """

    id: str
    outcome: Outcome
    duration_s: float
    message: str
    location: Location | None = None
    findings: tuple[Finding, ...] = ()
    power: Power | None = None
    notes: tuple[str, ...] = ()
    difference: Difference | None = None
    pinpointed: Pinpointed | None = None
    trace: tuple[TracedPair, ...] = ()


@dataclass(frozen=True)
class CaseResult:
    """All steps of one case, in the order they are described.

    Attributes:
        id: `path/equivalence_x.py::ClassName`, or the module's path where it could not be loaded.
        path: The module, relative to the workspace.
        line: The line of the class, or of the fault that kept the module from loading.
        duration_s: Wall time from the first recording to the last judgement, in seconds.
        steps: At least one, or the case is an error.
        output: The last lines that the case's own code printed.
        log: The last lines of TensorFlow's own log.
    """

    id: str
    path: str
    line: int
    duration_s: float
    steps: tuple[StepResult, ...]
    output: str = ""
    log: str = ""

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of the steps."""
        return worst(step.outcome for step in self.steps)


@dataclass(frozen=True)
class RunResult:
    """A whole run: the only thing that reports read.

    Attributes:
        cases: Sorted by id.
        duration_s: Wall time in seconds.
        environment: Versions: `tensorflow`, `python`, `reference` and more.
        message: Why there is nothing to report on, where that is so; else empty.
        interrupted: Whether the run was stopped before every step was judged.
    """

    cases: tuple[CaseResult, ...]
    duration_s: float
    environment: Mapping[str, str]
    message: str = ""
    interrupted: bool = False

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of the cases; an error where there is none or the run was cut short."""
        if self.interrupted:
            return Outcome.ERROR
        return worst(case.outcome for case in self.cases)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that this result stands for; no report has a say in it.

        A run in which every step was skipped compared nothing, so it found nothing.
        """
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if not self.cases:
            return ExitCode.NOTHING_FOUND
        return {
            Outcome.PASSED: ExitCode.PASSED,
            Outcome.DIVERGED: ExitCode.DIVERGED,
            Outcome.ERROR: ExitCode.ERROR,
            Outcome.SKIPPED: ExitCode.NOTHING_FOUND,
        }[self.outcome]

    def count(self, outcome: Outcome) -> int:
        """Return how many steps of all cases have this outcome."""
        return sum(step.outcome is outcome for case in self.cases for step in case.steps)


def prefixed(result: RunResult, prefix: str) -> RunResult:
    """Return the result with the prefix before every relative path that a report links to; ids stay."""

    def move(location: Location | None) -> Location | None:
        relative = location is not None and not location.path.startswith("/")
        return replace(location, path=prefix + location.path) if location and relative else location

    def move_step(step: StepResult) -> StepResult:
        findings = tuple(replace(finding, location=move(finding.location)) for finding in step.findings)
        return replace(step, location=move(step.location), findings=findings)

    if not prefix:
        return result
    cases = tuple(
        replace(case, path=prefix + case.path, steps=tuple(map(move_step, case.steps))) for case in result.cases
    )
    return replace(result, cases=cases)
