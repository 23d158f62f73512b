"""Runs cases through the product itself, and keeps the arrays that its steps compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from benchmarks.product import ROOT, recordings_of, run_product, scratch_directory
from tf_equivalence.discover import CaseRef
from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.judge.places import Places
from tf_equivalence.plan import case_directory
from tf_equivalence.recording import RunRecord, read_arrays, read_record
from tf_equivalence.report.progress import NullProgress
from tf_equivalence.result import CaseResult, Outcome
from tf_equivalence.steps import STEPS, Need

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Compared:
    """The arrays of both sides that a step compares, by the names of the outputs, in their order.

    Attributes:
        step: The step's id.
        condition: Which of its runs.
        tf1: By output name; a composite's components by `name.number`, the sum of losses by `loss`.
        tf2: The same of the other side.
    """

    step: str
    condition: str
    tf1: Arrays
    tf2: Arrays


@dataclass(frozen=True)
class CaseRun:
    """One case, judged, and what it was judged by.

    Attributes:
        result: The product's own.
        compared: For each numeric step that could be recorded, its pairs of runs.
    """

    result: CaseResult
    compared: tuple[Compared, ...]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcome of each step, by its id."""
        return {step.id: step.outcome for step in self.result.steps}


@dataclass(frozen=True)
class Runs:
    """The cases of one run of the product, and its wall time in seconds."""

    cases: dict[str, CaseRun]
    seconds: float


class _Keeper(NullProgress):
    """Reads a case's recordings when its last step is judged: right afterwards they are removed."""

    def __init__(self, scratch: Path) -> None:
        self.cases: dict[str, CaseRun] = {}
        self._scratch = scratch

    def case_finished(self, case: CaseResult) -> None:
        """Keep the case."""
        where = recordings_of(self._scratch)
        reference = CaseRef(case.id, case.path, case.line, case.id.rpartition("::")[2], Path(case.path))
        evidence = Evidence(case_directory(where, reference), Places(ROOT), "measured")
        self.cases[case.id] = CaseRun(case, tuple(_compared(evidence)))


def _compared(evidence: Evidence) -> list[Compared]:
    found = []
    for step in STEPS.values():
        for tf1, tf2 in step.pairs:
            if evidence.fault(tf1) is None and evidence.fault(tf2) is None:
                found.append(Compared(step.id, tf1.condition, _arrays(evidence, tf1), _arrays(evidence, tf2)))
    return found


def _arrays(evidence: Evidence, need: Need) -> Arrays:
    directory = str(evidence.directory / need.build.directory)
    record, stored = read_record(RunRecord, directory, need.condition), read_arrays(directory, need.condition)
    assert record is not None
    arrays = {}
    for leaf in record.outputs:
        for number, key in enumerate(leaf.arrays):
            arrays[f"{leaf.name}.{number}" if number else leaf.name] = stored[key]
    if record.total_loss:
        arrays["loss"] = stored[record.total_loss]
    return arrays


def run_cases(paths: Sequence[Path], options: Sequence[str] = (), workspace: Path = ROOT) -> Runs:
    """Run every step on the cases below these paths.

    Args:
        paths: Modules or directories.
        options: Of the command `run`, such as a tolerance.
        workspace: What case ids are relative to; also where user modules import from.
    """
    with scratch_directory("verdicts-") as scratch:
        keeper = _Keeper(scratch)
        seconds = run_product(paths, options, workspace, keeper)
    return Runs(keeper.cases, seconds)
