"""Which processes to start, so that every recording is made once and every step has what it reads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.discover import CaseRef
from tf_equivalence.steps import STEPS, TF1_INFERENCE, TF2_CHECKPOINT, Build, Step

CONVERTED = "converted"  # names a condition, and the directory that it is written to


@dataclass(frozen=True)
class PlannedBuild:
    """One process to start.

    Attributes:
        case: What it builds.
        build: Which side, flag and form.
        conditions: The runs to record, in the order of the steps.
        directory: Where its recording goes.
        trace: The condition to trace operation by operation, in a later pass; else empty.
        probes: Changes at most that show how much a step would have caught; on the TF2 side.
        optimized: Whether TF1's graph optimizers run; a later pass without them measures the
            reference's own noise.
        after: The directory of the process that must have ended first; None for none.
    """

    case: CaseRef
    build: Build
    conditions: tuple[str, ...]
    directory: Path
    trace: str = ""
    probes: int = 0
    optimized: bool = True
    after: Path | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that is going to happen.

    Attributes:
        steps: In the order they are reported.
        builds: By case, the two sides of a build next to each other.
    """

    cases: tuple[CaseRef, ...]
    steps: tuple[Step, ...]
    builds: tuple[PlannedBuild, ...]


def case_directory(scratch: Path, case: CaseRef) -> Path:
    """Return where the recordings of a case go."""
    return scratch / hashlib.sha256(case.id.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def make_plan(
    cases: Sequence[CaseRef], step_ids: Sequence[str], scratch: Path, probes: int = 0, convert: bool = False
) -> Plan:
    """Return the plan for these cases and steps.

    Args:
        cases: In the order of their ids.
        step_ids: In any order.
        scratch: Recordings go below it.
        probes: Changes at most, of each condition, that show how much a step would have caught.
        convert: Whether to write each loaded checkpoint as an object-based one, too.
    """
    steps = tuple(STEPS[step_id] for step_id in STEPS if step_id in step_ids)
    conditions: dict[Build, dict[str, None]] = {}
    for step in steps:
        for need in step.needs:
            wanted = conditions.setdefault(need.build, {})
            if need.condition != "build":
                wanted[need.condition] = None
    if convert and TF2_CHECKPOINT in conditions:
        conditions[TF2_CHECKPOINT][CONVERTED] = None
    builds = []
    for case in cases:
        for build in sorted(conditions, key=lambda build: (build.form, build.training, build.side)):
            directory = case_directory(scratch, case) / build.directory
            os.makedirs(directory)
            tried = probes if build.side == "tf2" else 0
            after = directory.with_name(TF1_INFERENCE.directory) if build == TF2_CHECKPOINT else None
            builds.append(PlannedBuild(case, build, tuple(conditions[build]), directory, probes=tried, after=after))
    return Plan(tuple(cases), steps, tuple(builds))
