"""The later passes over a case whose numbers diverged: both sides traced, then every operation isolated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from tf_equivalence.discover import CaseRef
from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.pinpoint.align import Alignment, align
from tf_equivalence.pinpoint.aligned import rows
from tf_equivalence.pinpoint.comparison import Comparison
from tf_equivalence.pinpoint.describe import finding_of, non_finite_finding
from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.pinpoint.locate import locate, locate_all
from tf_equivalence.pinpoint.non_finite import first_non_finite
from tf_equivalence.pinpoint.values import Array
from tf_equivalence.plan import PlannedBuild
from tf_equivalence.recording import Stack, read_arrays, read_record, write_record
from tf_equivalence.result import Finding, Outcome, Pinpointed, StepResult, TracedPair
from tf_equivalence.steps import STEPS, TF1_INFERENCE, TF1_TRAINING, TF2_INFERENCE, TF2_TRAINING, Build
from tf_equivalence.trace import Effects, IsolationPlan, IsolationTarget, Trace, TracedOp

# The conditions that can be traced, and the two builds of each. Of those with one training flag, the sharpest first.
_TRACEABLE = (
    ("named-weights", "named", TF1_INFERENCE, TF2_INFERENCE),
    ("constant-weights", "constant", TF1_INFERENCE, TF2_INFERENCE),
    ("random-inference", "random", TF1_INFERENCE, TF2_INFERENCE),
    ("random-training", "random", TF1_TRAINING, TF2_TRAINING),
)
_UNEXPLAINED = ("output-value", "output-non-finite", "output-dtype", "output-shape")


@dataclass(frozen=True)
class Traced:
    """Both sides traced under one condition.

    Attributes:
        step_id: The step whose divergence is looked into.
        tf1: The process to run for one side.
        tf2: For the other.
    """

    step_id: str
    tf1: PlannedBuild
    tf2: PlannedBuild

    @property
    def training(self) -> bool:
        """The training flag."""
        return self.tf1.build.training


@dataclass(frozen=True)
class TracePass:
    """What is traced of a case: at most one step of inference and one of training.

    Attributes:
        traced: These steps.
        keep: Whether to keep the aligned operations for a report.
    """

    traced: tuple[Traced, ...]
    keep: bool = False

    @property
    def builds(self) -> tuple[PlannedBuild, ...]:
        """The processes to run."""
        return tuple(build for traced in self.traced for build in (traced.tf1, traced.tf2))

    @classmethod
    def plan(
        cls, case: CaseRef, evidence: Evidence, steps: Mapping[str, StepResult], keep: bool = False
    ) -> Self | None:
        """Return the pass for the sharpest steps whose outputs diverged without a known cause, if any.

        Args:
            case: The case.
            evidence: Its recordings.
            steps: What was judged, by id.
            keep: Whether a report of the operations is wanted, so that one step is traced in any case.
        """
        chosen: dict[bool, Traced] = {}
        for step_id, condition, tf1, tf2 in _TRACEABLE:
            step = steps.get(step_id)
            if step is None or tf1.training in chosen or not is_unexplained(step):
                continue
            builds = (_planned(case, evidence, build, condition, "trace") for build in (tf1, tf2))
            chosen[tf1.training] = Traced(step_id, *builds)
        for step_id, condition, tf1, tf2 in _TRACEABLE if keep and not chosen else ():
            if step_id in steps and steps[step_id].outcome in (Outcome.PASSED, Outcome.DIVERGED) and not chosen:
                builds = (_planned(case, evidence, build, condition, "trace") for build in (tf1, tf2))
                chosen[tf1.training] = Traced(step_id, *builds)
        return cls(tuple(chosen.values()), keep) if chosen else None

    def isolate(self, evidence: Evidence) -> IsolationPass:
        """Return the next pass: TF2 called once more with TF1's values in the place of every operation's outputs."""
        return IsolationPass(tuple(_isolated(traced, evidence) for traced in self.traced), self.keep)


@dataclass(frozen=True)
class Isolated:
    """One traced pair, and the process that isolates its operations.

    Attributes:
        traced: The pair.
        alignment: Which operations correspond; None where a trace is missing.
        build: The process to run; None where there is nothing to isolate.
        problem: What went wrong so far, in a sentence.
    """

    traced: Traced
    alignment: Alignment | None = None
    build: PlannedBuild | None = None
    problem: str = ""


@dataclass(frozen=True)
class IsolationPass:
    """What is isolated of a case.

    Attributes:
        isolated: Each traced pair.
        keep: As in `TracePass`.
    """

    isolated: tuple[Isolated, ...]
    keep: bool = False

    @property
    def builds(self) -> tuple[PlannedBuild, ...]:
        """The processes to run."""
        return tuple(isolated.build for isolated in self.isolated if isolated.build is not None)

    def improve(
        self, evidence: Evidence, steps: Mapping[str, StepResult], seconds: Mapping[Path, float]
    ) -> dict[str, StepResult]:
        """Return the steps that were traced or that causes were found for, with these as their first findings.

        Args:
            evidence: The case's recordings.
            steps: By id.
            seconds: The wall time of every process by its directory.
        """
        found: dict[bool, tuple[Finding, ...]] = {}
        better: dict[str, StepResult] = {}
        for isolated in self.isolated:
            step = replace(steps[isolated.traced.step_id], pinpointed=_took(isolated, evidence, seconds))
            findings, problem = _findings(isolated, evidence)
            if self.keep and isolated.alignment is not None and not problem:
                step = replace(step, trace=_rows(isolated, isolated.alignment, evidence))
            better[step.id] = step
            if problem:  # the verdict stands without its explanation
                note = f"pinpointing failed, which is a bug in tf-equivalence: {problem}"
                better[step.id] = replace(step, notes=(*step.notes, note))
            if findings:
                found[isolated.traced.training] = findings
        if False in found and True in found:
            found[True] = _told_once(found[True], found[False])
        for step in steps.values():
            training = STEPS[step.id].pairs[0][0].build.training if step.id in STEPS and STEPS[step.id].pairs else False
            # Inference explains training, too, where that was not traced; training explains nothing else.
            causes = found.get(training) or (found.get(False) if training else None)
            if causes and is_unexplained(step):
                better[step.id] = _with_causes(better.get(step.id, step), causes)
        return better


def is_unexplained(step: StepResult) -> bool:
    """Tell whether a step diverged in its outputs and no finding says why."""
    return step.outcome is Outcome.DIVERGED and bool(step.findings) and step.findings[0].kind in _UNEXPLAINED


def _planned(case: CaseRef, evidence: Evidence, build: Build, condition: str, suffix: str) -> PlannedBuild:
    directory = evidence.directory / f"{build.directory}-{suffix}"
    directory.mkdir(exist_ok=True)
    return PlannedBuild(case, build, (), directory, condition)


def _read(directory: Path) -> tuple[Trace | None, Mapping[str, Array]]:
    trace = read_record(Trace, str(directory), "trace")
    return trace, read_arrays(str(directory), "trace") if trace is not None else {}


def _isolated(traced: Traced, evidence: Evidence) -> Isolated:
    """Align the two traces and write down what to give to each operation of TF2."""
    (tf1, tf1_arrays), (tf2, tf2_arrays) = _read(traced.tf1.directory), _read(traced.tf2.directory)
    if tf1 is None or tf2 is None:
        return Isolated(traced)
    try:
        alignment = align(tf1, tf1_arrays, tf2, tf2_arrays, evidence.tf2_name)
    except Exception as error:  # noqa: BLE001 - the verdict stands without its explanation
        return Isolated(traced, problem=f"{type(error).__name__}: {error}")
    case, build = traced.tf2.case, traced.tf2.build
    planned = _planned(case, evidence, build, traced.tf2.trace, "isolated")
    results = tuple(source.array for source in tf1.results)
    targets = tuple(_targets(tf1, tf2, alignment, tf1_arrays.keys()))
    write_record(str(planned.directory), "plan", IsolationPlan(str(traced.tf1.directory), targets, results))
    return Isolated(traced, alignment, planned)


def _targets(tf1: Trace, tf2: Trace, alignment: Alignment, known: Iterable[str]) -> list[IsolationTarget]:
    """Return the operations of TF2 that have a counterpart with known values outside of loops."""
    keys = set(known)
    pairs = {**alignment.single_substitutions, **alignment.pairs}
    found = []
    for i, j in pairs.items():
        one, other = tf1.ops[i], tf2.ops[j]
        outputs = tuple(key if key in keys else "" for key in one.outputs)
        if any(outputs) and not one.loop and not other.loop and len(outputs) == len(other.outputs):
            found.append(IsolationTarget(other.executed, other.type, outputs))
    return sorted(found, key=lambda target: target.executed)


def _findings(isolated: Isolated, evidence: Evidence) -> tuple[tuple[Finding, ...], str]:
    """Return the causes, worst first, and what went wrong while they were looked for."""
    if isolated.alignment is None:
        return (), isolated.problem
    try:
        causes = _causes(isolated, isolated.alignment, evidence)
        if causes:
            made = _made_in_another_order(evidence, isolated.traced)
            return _merged(finding_of(evidence.places, cause, made) for cause in causes), ""
        # Where both sides have the same NaN, nothing differs, and still nothing is known to be right.
        bad = _first_non_finite(isolated.traced)
        return ((non_finite_finding(evidence.places, bad),) if bad is not None else ()), ""
    except Exception as error:  # noqa: BLE001 - the verdict stands without its explanation
        return (), f"{type(error).__name__}: {error}"


def _rows(isolated: Isolated, alignment: Alignment, evidence: Evidence) -> tuple[TracedPair, ...]:
    (tf1, tf1_arrays), (tf2, tf2_arrays) = _read(isolated.traced.tf1.directory), _read(isolated.traced.tf2.directory)
    if tf1 is None or tf2 is None or isolated.build is None:
        return ()
    free = Comparison(tf1, tf1_arrays, tf2, tf2_arrays, evidence.tf2_name, alignment)
    other, arrays = _read(isolated.build.directory)
    alone = None
    if other is not None and len(other.ops) == len(tf2.ops):
        alone = Comparison(tf1, tf1_arrays, other, arrays, evidence.tf2_name, alignment)
    return rows(evidence.places, free, alone)


def _made_in_another_order(evidence: Evidence, traced: Traced) -> dict[str, Stack]:
    """Return where TF2 creates the variables that are at another place among those of one shape than in TF1."""
    tf1, tf2 = (evidence.built(planned.build).variables for planned in (traced.tf1, traced.tf2))
    shapes = {variable.shape for variable in tf2}
    found: dict[str, Stack] = {}
    for shape in shapes:
        ours = [evidence.tf2_name(variable.name) for variable in tf1 if variable.shape == shape]
        theirs = [variable for variable in tf2 if variable.shape == shape]
        for name, variable in zip(ours, theirs, strict=False):
            if name != variable.name:
                found[variable.name] = variable.stack
    return found


def _causes(isolated: Isolated, alignment: Alignment, evidence: Evidence) -> tuple[Divergence, ...]:
    """Return what differs by itself; where nothing was isolated, the first difference of the free traces."""
    assert isolated.build is not None
    (tf1, tf1_arrays), (free, free_arrays) = _read(isolated.traced.tf1.directory), _read(isolated.traced.tf2.directory)
    assert tf1 is not None
    assert free is not None
    alone, arrays = _read(isolated.build.directory)
    if alone is not None and [op.type for op in alone.ops] == [op.type for op in free.ops]:
        causes = locate_all(Comparison(tf1, tf1_arrays, alone, arrays, evidence.tf2_name, alignment))
        if causes:
            effects = read_record(Effects, str(isolated.build.directory), "effects") or Effects()
            return _ranked(causes, effects)
    first = locate(tf1, tf1_arrays, free, free_arrays, evidence.tf2_name)
    return (first,) if first is not None else ()


def _ranked(causes: tuple[Divergence, ...], effects: Effects) -> tuple[Divergence, ...]:
    """Return the causes with their effects, the largest first; those that explain nothing left out."""
    known = {place: effect.difference for effect in effects.effects for place in effect.executed}
    told = [
        replace(cause, effect=max((known[place] for place in cause.executed if place in known), default=None))
        for cause in causes
    ]
    largest = max((cause.effect for cause in told if cause.effect is not None), default=0.0)
    kept = [cause for cause in told if cause.effect is None or cause.effect > _NEGLIGIBLE * largest or not largest]
    return tuple(sorted(kept, key=lambda cause: -cause.effect if cause.effect is not None else -largest))


_NEGLIGIBLE = 1e-6


def _took(isolated: Isolated, evidence: Evidence, seconds: Mapping[Path, float]) -> Pinpointed:
    traced = isolated.traced
    duration = max(seconds.get(build.directory, 0.0) for build in (traced.tf1, traced.tf2))
    if isolated.build is not None:
        duration += seconds.get(isolated.build.directory, 0.0)
    needs = [need for pair in STEPS[traced.step_id].pairs for need in pair]
    return Pinpointed(duration, max(seconds.get(evidence.directory / need.build.directory, 0.0) for need in needs))


def _told_once(later: tuple[Finding, ...], earlier: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the later findings, with those that have the cause of an earlier one worded as that one is."""
    known = {_cause_of(finding): finding for finding in earlier}
    return tuple(known.get(_cause_of(finding), finding) for finding in later)


def _merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with those of one cause made one, as where an `arg_scope` tells many calls."""
    known: dict[object, Finding] = {}
    for finding in findings:
        first = known.setdefault(_cause_of(finding), finding)
        if first is not finding:
            count = int(str(first.metrics["operations"])) + int(str(finding.metrics["operations"]))
            known[_cause_of(finding)] = replace(first, metrics={**first.metrics, "operations": count})
    return tuple(known.values())


def _cause_of(finding: Finding) -> object:
    return finding.kind, finding.location, str(finding.metrics.get("differences")), finding.metrics.get("tf2_operation")


def _first_non_finite(traced: Traced) -> TracedOp | None:
    trace, arrays = _read(traced.tf2.directory)
    return first_non_finite(trace, arrays) if trace is not None else None


def _with_causes(step: StepResult, causes: tuple[Finding, ...]) -> StepResult:
    first = causes[0]
    more = f" (and {len(causes) - 1} more cause{'s' if len(causes) > 2 else ''})" if len(causes) > 1 else ""
    message = f"{first.message.split('. ')[0].rstrip('.')[:300]}{more}"
    rest = tuple(replace(other, follows=True) for other in step.findings)
    return replace(step, message=message, location=first.location or step.location, findings=(*causes, *rest))
