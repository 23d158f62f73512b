"""What must not pass: hazards known from other tools, and every seeded migration bug.

A hazard is a pair of runs and is given to all comparators alike. A seeded bug is a migration: ours runs
all steps on it. The peers judge what the guide's own steps record of it, with the guide's input of ones:
weights of 0.001, aligned random seeds in inference and in training, and a functional model. A second set
of their columns gives them what our steps recorded instead: our inputs, and `named-weights`.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.verdicts.hazards import HAZARDS
from benchmarks.verdicts.peers import PEERS, Pair, Verdict, ask_peers, missing_peers
from benchmarks.verdicts.runs import ROOT, CaseRun, Runs, run_cases
from tf_equivalence.case import Tolerance
from tf_equivalence.judge.evidence import Preset
from tf_equivalence.result import Outcome

BUGS = ROOT / "tests" / "bugs"
CAUGHT, FALSE_PASS, NOT_APPLICABLE, NOT_INSTALLED = "caught", "FALSE PASS", "n/a", "not installed"
SILENT = "a child that exits with 0 without a report"
GUIDE_CONDITIONS = ("constant", "random", "functional")  # and of two calls, only the first
# Steps that compare no arrays: a comparator has nothing to say on them.
NO_ARRAYS = ("variables-once", "variable-inventory")

_ONES = '''

class GuideInputs(Wrong):
    """The same with the guide's input of ones."""

    def inputs(self, rng):
        import numpy

        given = super().inputs
        given = given(rng) if callable(given) else given
        ones = lambda leaf: numpy.ones(leaf.shape, leaf.dtype) if leaf.dtype.kind in "fc" else leaf
        return tf.nest.map_structure(lambda leaf: ones(leaf) if hasattr(leaf, "dtype") else leaf, given)
'''
_SILENT_CHILD = '''"""A process that ends well and has recorded nothing."""

import os

from tf_equivalence import ArraySpec, EquivalenceCase


class SilentChild(EquivalenceCase):
    """Exits with 0 before anything is recorded."""

    inputs = ArraySpec((2, 2))

    def tf1(self, inputs, training):
        os._exit(0)

    def tf2(self):
        os._exit(0)
'''


@dataclass(frozen=True)
class Row:
    """What each comparator said of something that is wrong.

    Attributes:
        group: `array` or `bug`.
        name: The hazard or the bug.
        ours: Whether ours found it; and, for a bug, in the steps of `steps`.
        peers: By peer: whether it found it in the guide's recordings; as text.
        peers_given_ours: The same in what our steps recorded.
        steps: The steps that found it.
    """

    group: str
    name: str
    ours: bool
    peers: dict[str, str]
    peers_given_ours: dict[str, str]
    steps: tuple[str, ...] = ()

    def cells(self) -> list[str]:
        """Return the row as text."""
        theirs = [*self.peers.values(), *self.peers_given_ours.values()]
        return [f"{self.group}: {self.name}", CAUGHT if self.ours else FALSE_PASS, *theirs]


@dataclass(frozen=True)
class Table:
    """All rows, and the wall time in seconds."""

    rows: tuple[Row, ...]
    seconds: float

    @property
    def ours(self) -> int:
        """How many false passes are ours."""
        return sum(not row.ours for row in self.rows)

    header = ("what is wrong", "ours", *PEERS, *(f"{peer}, our arrays" for peer in PEERS))

    def totals(self) -> list[str]:
        """Return false passes by column, of how many were asked."""
        columns = list(zip(*(row.cells() for row in self.rows), strict=True))[1:]
        asked = [[cell for cell in column if cell in (CAUGHT, FALSE_PASS)] for column in columns]
        return [
            "false passes",
            *(f"{cells.count(FALSE_PASS)} of {len(cells)}" if cells else NOT_APPLICABLE for cells in asked),
        ]


def false_passes(*, quick: bool = False, options: Sequence[str] = (), tolerance: Preset = "measured") -> Table:
    """Try everything that must not pass.

    Args:
        quick: Only every ninth seeded bug.
        options: Of our command, such as a tolerance; for the bugs.
        tolerance: For the arrays.
    """
    started = time.perf_counter()
    rows = [*_array_rows(tolerance), *_bug_rows(quick, options)]
    return Table(tuple(rows), time.perf_counter() - started)


def tolerance_of(rtol: float | None, atol: float | None, preset: str) -> tuple[Preset, list[str]]:
    """Return the judge's tolerance, and the options that make our command use it."""
    if rtol is not None and atol is not None:
        return Tolerance(rtol, atol), ["--rtol", str(rtol), "--atol", str(atol)]
    return preset, ["--tolerance", preset]


def _array_rows(tolerance: Preset) -> list[Row]:
    answers = ask_peers([hazard.for_peers() for hazard in HAZARDS])
    missing = missing_peers(answers)
    rows = []
    for number, hazard in enumerate(HAZARDS):
        said = {peer: _text([answers[peer][number]], installed=peer not in missing) for peer in PEERS}
        rows.append(Row("array", hazard.name, hazard.caught(tolerance), said, said))
    return rows


def _text(answers: Sequence[Verdict], *, installed: bool) -> str:
    """Return what a peer said of all pairs of something that is wrong: one that differs will do."""
    if any(answer is False for answer in answers):
        return CAUGHT
    if any(answers):
        return FALSE_PASS
    return NOT_APPLICABLE if installed or not answers else NOT_INSTALLED


# --- seeded bugs


def _bug_rows(quick: bool, options: Sequence[str]) -> list[Row]:
    modules = sorted(BUGS.glob("equivalence_bug_*.py"))[:: 9 if quick else 1]
    runs, ids = _run_bugs(modules, options)
    guide, ours = [], []
    for _, wrong, ones in ids:
        ours.append(_pairs(runs.cases.get(wrong), None))
        guide.append(_pairs(runs.cases.get(ones), GUIDE_CONDITIONS))
    by_guide, by_ours = _ask(guide), _ask(ours)
    rows = []
    for number, (name, wrong, _) in enumerate(ids):
        found = _steps_that_found(runs.cases.get(wrong), name)
        arrays = not found or bool(set(found) - set(NO_ARRAYS))
        theirs = by_guide[number], by_ours[number]
        said = [texts if arrays else dict.fromkeys(PEERS, NOT_APPLICABLE) for texts in theirs]
        rows.append(Row("bug", name, bool(found), said[0], said[1], found))
    return rows


def _run_bugs(modules: Sequence[Path], options: Sequence[str]) -> tuple[Runs, list[tuple[str, str, str]]]:
    """Run copies of the modules that hold the guide's inputs too; return the names and ids of what is wrong."""
    with tempfile.TemporaryDirectory(prefix="verdicts-") as directory:
        workspace = Path(os.path.realpath(directory))
        for module in modules:
            (workspace / module.name).write_text(module.read_text("utf-8") + _ONES, "utf-8")
        (workspace / "equivalence_silent_child.py").write_text(_SILENT_CHILD, "utf-8")
        chosen = [argument for name in ("Wrong", "GuideInputs", "SilentChild") for argument in ("--case", name)]
        runs = run_cases([workspace], [*options, *chosen], workspace)
    ids = [
        (re.sub(r"equivalence_bug_|\.py", "", module.name), f"{module.name}::Wrong", f"{module.name}::GuideInputs")
        for module in modules
    ]
    silent = "equivalence_silent_child.py::SilentChild"
    return runs, [*ids, (SILENT, silent, silent)]


def _steps_that_found(run: CaseRun | None, name: str) -> tuple[str, ...]:
    """Return the steps that are red; an error is no proof of a bug but that of the silent child."""
    red = (Outcome.ERROR,) if name == SILENT else (Outcome.DIVERGED,)
    return tuple(step for step, outcome in run.outcomes.items() if outcome in red) if run else ()


def _pairs(run: CaseRun | None, conditions: Sequence[str] | None) -> list[Pair]:
    if run is None:
        return []
    chosen = [pair for pair in run.compared if conditions is None or pair.condition in conditions]
    return [(pair.tf1, pair.tf2) for pair in chosen]


def _ask(groups: Sequence[Sequence[Pair]]) -> list[dict[str, str]]:
    """Ask the peers about all pairs of all groups at once; return what each said of each group."""
    answers = ask_peers([pair for group in groups for pair in group])
    missing = missing_peers(answers)
    found, start = [], 0
    for group in groups:
        end = start + len(group)
        found.append({peer: _text(answers[peer][start:end], installed=peer not in missing) for peer in PEERS})
        start = end
    return found
