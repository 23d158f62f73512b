"""The later passes over a case whose numbers diverged: both sides traced, then every operation isolated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from tf_equivalence.discover import CaseRef
from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.pinpoint.align import Alignment, align
from tf_equivalence.pinpoint.conclude import cause_of, conclude, trace_rows
from tf_equivalence.pinpoint.traced import Isolated, Traced, read_trace
from tf_equivalence.plan import PlannedBuild
from tf_equivalence.recording import write_record
from tf_equivalence.result import Finding, Outcome, Pinpointed, StepResult
from tf_equivalence.steps import STEPS, TF1_INFERENCE, TF1_TRAINING, TF2_INFERENCE, TF2_TRAINING, Build
from tf_equivalence.trace import IsolationPlan, IsolationTarget, Trace

# The conditions that can be traced, and the two builds of each. Of those with one training flag, the sharpest first.
_TRACEABLE = (
    ("named-weights", "named", TF1_INFERENCE, TF2_INFERENCE),
    ("constant-weights", "constant", TF1_INFERENCE, TF2_INFERENCE),
    ("random-inference", "random", TF1_INFERENCE, TF2_INFERENCE),
    ("random-training", "random", TF1_TRAINING, TF2_TRAINING),
    ("gradients", "gradients", TF1_TRAINING, TF2_TRAINING),
)
_UNEXPLAINED = (
    "output-value",
    "output-non-finite",
    "output-dtype",
    "output-shape",
    "objective-value",
    "objective-non-finite",
    "objective-dtype",
    "gradient-value",
    "gradient-non-finite",
    "gradient-missing",
    "gradient-unexpected",
    "loss-scale",  # a ratio that many causes have
)


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
        cls,
        case: CaseRef,
        evidence: Evidence,
        steps: Mapping[str, StepResult],
        keep: bool = False,
        always: bool = False,
    ) -> Self | None:
        """Return the pass for the sharpest steps whose outputs diverged without a known cause, if any.

        Args:
            case: The case.
            evidence: Its recordings.
            steps: What was judged, by id.
            keep: Whether a report shows the operations of what is traced.
            always: Whether one step is traced in any case.
        """
        chosen: dict[bool, Traced] = {}
        for step_id, condition, tf1, tf2 in _TRACEABLE:
            step = steps.get(step_id)
            if step is None or tf1.training in chosen or not is_unexplained(step):
                continue
            builds = (_planned(case, evidence, build, condition, "trace") for build in (tf1, tf2))
            chosen[tf1.training] = Traced(step_id, *builds)
        for step_id, condition, tf1, tf2 in _TRACEABLE if always and not chosen else ():
            if step_id in steps and steps[step_id].outcome in (Outcome.PASSED, Outcome.DIVERGED) and not chosen:
                builds = (_planned(case, evidence, build, condition, "trace") for build in (tf1, tf2))
                chosen[tf1.training] = Traced(step_id, *builds)
        return cls(tuple(chosen.values()), keep) if chosen else None

    def isolate(self, evidence: Evidence) -> IsolationPass:
        """Return the next pass: TF2 called once more with TF1's values in the place of every operation's outputs."""
        return IsolationPass(tuple(_isolated(traced, evidence) for traced in self.traced), self.keep)


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
            conclusion = conclude(isolated, evidence)
            if self.keep:
                step = replace(step, trace=trace_rows(isolated, evidence))
            if conclusion.note and is_unexplained(step):
                step = replace(step, notes=(*step.notes, conclusion.note))
            better[step.id] = step
            if conclusion.findings:
                found[isolated.traced.training] = conclusion.findings
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
    """Tell whether a step diverged in its outputs and no finding says why; a wrong loss does not."""
    if step.outcome is not Outcome.DIVERGED or not any(finding.kind in _UNEXPLAINED for finding in step.findings):
        return False
    return all(finding.kind in _UNEXPLAINED or finding.kind.startswith("loss-") for finding in step.findings)


def _planned(case: CaseRef, evidence: Evidence, build: Build, condition: str, suffix: str) -> PlannedBuild:
    directory = evidence.directory / f"{build.directory}-{suffix}"
    directory.mkdir(exist_ok=True)
    return PlannedBuild(case, build, (), directory, condition)


def _isolated(traced: Traced, evidence: Evidence) -> Isolated:
    """Align the two traces and write down what to give to each operation of TF2."""
    (tf1, tf1_arrays), (tf2, tf2_arrays) = read_trace(traced.tf1.directory), read_trace(traced.tf2.directory)
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
    complete = len(targets) == len(tf2.ops)
    return Isolated(traced, alignment, planned, complete)


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


def _took(isolated: Isolated, evidence: Evidence, seconds: Mapping[Path, float]) -> Pinpointed:
    traced = isolated.traced
    duration = max(seconds.get(build.directory, 0.0) for build in (traced.tf1, traced.tf2))
    if isolated.build is not None:
        duration += seconds.get(isolated.build.directory, 0.0)
    needs = [need for pair in STEPS[traced.step_id].pairs for need in pair]
    return Pinpointed(duration, max(seconds.get(evidence.directory / need.build.directory, 0.0) for need in needs))


def _told_once(later: tuple[Finding, ...], earlier: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the later findings, with those that have the cause of an earlier one worded as that one is."""
    known = {cause_of(finding): finding for finding in earlier}
    return tuple(known.get(cause_of(finding), finding) for finding in later)


def _with_causes(step: StepResult, causes: tuple[Finding, ...]) -> StepResult:
    first = causes[0]
    more = f" (and {len(causes) - 1} more cause{'s' if len(causes) > 2 else ''})" if len(causes) > 1 else ""
    message = f"{first.message.split('. ')[0].rstrip('.')[:300]}{more}"
    rest = tuple(replace(other, follows=other.kind in _UNEXPLAINED) for other in step.findings)
    return replace(step, message=message, location=first.location or step.location, findings=(*causes, *rest))
