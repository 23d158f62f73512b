"""What was traced and isolated of a case: the processes, and the reading of what they left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.pinpoint.align import Alignment
from tf_equivalence.pinpoint.values import Array
from tf_equivalence.plan import PlannedBuild
from tf_equivalence.recording import read_arrays, read_record
from tf_equivalence.trace import Trace


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
class Isolated:
    """One traced pair, and the process that isolates its operations.

    Attributes:
        traced: The pair.
        alignment: Which operations correspond; None where a trace is missing.
        build: The process to run; None where there is nothing to isolate.
        complete: Whether every operation of TF2 is given TF1's values.
        problem: What went wrong so far, in a sentence.
    """

    traced: Traced
    alignment: Alignment | None = None
    build: PlannedBuild | None = None
    complete: bool = False
    problem: str = ""


def read_trace(directory: Path) -> tuple[Trace | None, Mapping[str, Array]]:
    """Return what a process traced; None and no arrays where it did not get that far."""
    trace = read_record(Trace, str(directory), "trace")
    return trace, read_arrays(str(directory), "trace") if trace is not None else {}
