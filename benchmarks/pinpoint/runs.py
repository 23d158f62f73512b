"""Runs generated cases through the product, and sees whether a second pass was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.product import recordings_of, run_product, scratch_directory
from tf_equivalence.discover import CaseRef
from tf_equivalence.plan import case_directory
from tf_equivalence.report.progress import NullProgress
from tf_equivalence.result import CaseResult


@dataclass(frozen=True)
class Judged:
    """What the product said of a case, and whether it traced anything for it."""

    result: CaseResult
    traced: bool


@dataclass(frozen=True)
class Runs:
    """The cases of one run by id, and its wall time in seconds."""

    cases: dict[str, Judged]
    seconds: float


class _Keeper(NullProgress):
    """Looks for traces when a case's last step is judged: right afterwards they are removed."""

    def __init__(self, scratch: Path) -> None:
        self.cases: dict[str, Judged] = {}
        self._scratch = scratch

    def case_finished(self, case: CaseResult) -> None:
        """Keep the case."""
        reference = CaseRef(case.id, case.path, case.line, case.id.rpartition("::")[2], Path(case.path))
        where = case_directory(recordings_of(self._scratch), reference)
        self.cases[case.id] = Judged(case, any(where.glob("*-trace")))


def run_judged(paths: Sequence[Path], names: Sequence[str], options: Sequence[str], workspace: Path) -> Runs:
    """Run every step on the cases of these names below these paths.

    Args:
        paths: Modules or directories.
        names: Globs of class names.
        options: Of the command `run`.
        workspace: What case ids are relative to.
    """
    chosen = [argument for name in names for argument in ("--case", name)]
    with scratch_directory("pinpoint-") as scratch:
        keeper = _Keeper(scratch)
        seconds = run_product(paths, [*options, *chosen], workspace, keeper)
    return Runs(keeper.cases, seconds)
