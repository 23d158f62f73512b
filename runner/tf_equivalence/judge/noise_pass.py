"""The pass that measures the reference's own noise, only for a case whose values are further apart than rounding.

The noise can only widen a bound, so a step that passes without it passes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tf_equivalence.discover import CaseRef
from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.plan import PlannedBuild
from tf_equivalence.result import Outcome, StepResult
from tf_equivalence.steps import STEPS, Build, Step

_VALUES = (
    *("output-value", "loss-value", "loss-total", "objective-value", "gradient-value", "state-value"),
    *("trained-value", "slot-value", "training-step"),
)


@dataclass(frozen=True)
class NoisePass:
    """The reference recorded once more without graph optimization.

    Attributes:
        steps: The steps to judge again.
        builds: The processes to run.
    """

    steps: tuple[Step, ...]
    builds: tuple[PlannedBuild, ...]

    @classmethod
    def plan(cls, case: CaseRef, evidence: Evidence, results: Mapping[str, StepResult]) -> Self | None:
        """Return the pass for the steps in which nothing but values differs; None without any."""
        steps = tuple(STEPS[result.id] for result in results.values() if is_wanted(evidence, result))
        conditions: dict[Build, list[str]] = {}
        for step in steps:
            for tf1, _ in step.pairs:
                conditions.setdefault(tf1.build, []).append(tf1.condition)
        builds = []
        for build, wanted in conditions.items():
            directory = evidence.rerun_directory(build)
            directory.mkdir(exist_ok=True)
            builds.append(PlannedBuild(case, build, tuple(wanted), directory, optimized=False))
        return cls(steps, tuple(builds)) if builds else None


def is_wanted(evidence: Evidence, result: StepResult) -> bool:
    """Tell whether a step differs in values alone, and noise has a say in their bounds."""
    if result.outcome is not Outcome.DIVERGED or not result.findings:
        return False
    tolerance = evidence.tolerance()
    measured = tolerance == "measured" or isinstance(tolerance, Mapping)
    return measured and all(finding.kind in _VALUES for finding in result.findings)
