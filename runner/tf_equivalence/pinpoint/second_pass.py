"""The second, traced pass over a case whose numbers diverged, and what it adds to the findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from tf_equivalence.discover import CaseRef
from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.pinpoint.explain import describe
from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.pinpoint.locate import locate
from tf_equivalence.pinpoint.non_finite import first_non_finite
from tf_equivalence.plan import PlannedBuild
from tf_equivalence.recording import read_arrays, read_record
from tf_equivalence.result import Finding, Outcome, StepResult
from tf_equivalence.steps import STEPS, TF1_INFERENCE, TF1_TRAINING, TF2_INFERENCE, TF2_TRAINING, Build
from tf_equivalence.trace import Trace, TracedOp

# The conditions that can be traced, the sharpest first, and the two builds of each.
_TRACEABLE = (
    ("named-weights", "named", TF1_INFERENCE, TF2_INFERENCE),
    ("constant-weights", "constant", TF1_INFERENCE, TF2_INFERENCE),
    ("random-inference", "random", TF1_INFERENCE, TF2_INFERENCE),
    ("random-training", "random", TF1_TRAINING, TF2_TRAINING),
)


@dataclass(frozen=True)
class SecondPass:
    """Both sides traced under one condition.

    Attributes:
        step_id: The step whose divergence is looked into.
        builds: The two processes to run.
    """

    step_id: str
    builds: tuple[PlannedBuild, PlannedBuild]

    @classmethod
    def plan(cls, case: CaseRef, evidence: Evidence, steps: Mapping[str, StepResult]) -> Self | None:
        """Return the pass for the sharpest step whose outputs diverged without a known cause, if any."""
        for step_id, condition, tf1, tf2 in _TRACEABLE:
            step = steps.get(step_id)
            if step is None or not _is_unexplained(step):
                continue
            planned = tuple(_planned(case, evidence, build, condition) for build in (tf1, tf2))
            return cls(step_id, (planned[0], planned[1]))
        return None

    def improve(self, evidence: Evidence, steps: Mapping[str, StepResult]) -> dict[str, StepResult]:
        """Return the steps that the first diverging operation explains, with it as their first finding."""
        try:
            finding = self._find(evidence)
        except Exception as error:  # noqa: BLE001 - the verdict stands without its explanation
            note = f"pinpointing failed, which is a bug in tf-equivalence: {type(error).__name__}: {error}"
            step = steps[self.step_id]
            return {step.id: replace(step, notes=(*step.notes, note))}
        if finding is None:
            return {}
        training = STEPS[self.step_id].pairs[0][0].build.training
        return {
            step.id: _with_cause(step, finding)
            for step in steps.values()
            if _is_unexplained(step) and (step.id == self.step_id or not training)
        }

    def _find(self, evidence: Evidence) -> Finding | None:
        directories = [str(planned.directory) for planned in self.builds]
        traces = [read_record(Trace, directory, "trace") for directory in directories]
        if traces[0] is None or traces[1] is None:
            return None
        arrays = [read_arrays(directory, "trace") for directory in directories]
        divergence = locate(traces[0], arrays[0], traces[1], arrays[1], evidence.tf2_name)
        if divergence is not None:
            return _finding(evidence, divergence)
        # Where both sides have the same NaN, nothing differs, and still nothing is known to be right.
        bad = first_non_finite(traces[1], arrays[1])
        return _non_finite_finding(evidence, bad) if bad is not None else None


def _planned(case: CaseRef, evidence: Evidence, build: Build, condition: str) -> PlannedBuild:
    directory = evidence.directory / f"{build.directory}-trace"
    directory.mkdir(exist_ok=True)
    return PlannedBuild(case, build, (), directory, condition)


def _is_unexplained(step: StepResult) -> bool:
    """Tell whether a step diverged in its outputs and no finding says why."""
    return (
        step.outcome is Outcome.DIVERGED
        and bool(step.findings)
        and step.findings[0].kind in ("output-value", "output-non-finite", "output-dtype", "output-shape")
    )


def _finding(evidence: Evidence, divergence: Divergence) -> Finding:
    message, fix = describe(divergence, evidence.places.relative)
    names = [name for side in reversed(divergence.variables) for name in side]
    operation = divergence.tf2 or divergence.tf1
    return Finding(
        kind=divergence.kind,
        name=f"{names[0]}:0"
        if names and divergence.kind.startswith(("variable", "reads"))
        else (operation.name if operation else ""),
        message=f"{message} {fix}".strip(),
        location=evidence.places.location(divergence.stack),
        stack=evidence.places.lines(divergence.stack),
        metrics=_metrics(evidence, divergence),
    )


def _non_finite_finding(evidence: Evidence, op: TracedOp) -> Finding:
    place = evidence.places.location(op.stack)
    return Finding(
        kind="operation-non-finite",
        name=op.name,
        message=f"{op.type} `{op.name}` at {place} is the first operation with a value that is not finite, on both "
        "sides. NaN is not equal to NaN, so nothing is known about what follows. Guard the operation, as with "
        "tf.math.divide_no_nan, or give inputs for which it is finite.",
        location=place,
        stack=evidence.places.lines(op.stack),
        metrics={"tf2_operation": op.type},
    )


def _metrics(evidence: Evidence, divergence: Divergence) -> dict[str, object]:
    sides = {"tf1": divergence.tf1, "tf2": divergence.tf2}
    metrics: dict[str, object] = {}
    for side, operation in sides.items():
        if operation is not None:
            metrics[f"{side}_operation"] = operation.type
            metrics[f"{side}_variables"] = list(operation.variables)
            place = evidence.places.location(operation.stack)
            metrics[f"{side}_line"] = str(place) if place else ""
    metrics["differences"] = [
        {"name": item.name, "tf1": item.tf1, "tf2": item.tf2, "source": item.source} for item in divergence.differences
    ]
    metrics["relative_input_difference"] = divergence.relative_input_difference
    metrics["relative_output_difference"] = divergence.relative_output_difference
    return metrics


def _with_cause(step: StepResult, finding: Finding) -> StepResult:
    location = finding.location or step.location
    message = f"{finding.message.split('. ')[0].rstrip('.')[:300]}"
    rest = tuple(replace(other, follows=True) for other in step.findings)
    return replace(step, message=message, location=location, findings=(finding, *rest))
