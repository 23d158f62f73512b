"""What must not fail: migrations that are right, and the same arrays given to the peers."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.verdicts.peers import PEERS, Verdict, ask_peers
from benchmarks.verdicts.runs import ROOT, CaseRun, run_cases
from tf_equivalence.discover import discover
from tf_equivalence.result import Outcome

TESTS = ROOT / "tests"
NETS = TESTS / "nets" / "equivalence_all_slim_nets.py"
RIGHT_TWINS = TESTS / "bugs" / "equivalence_right_twins.py"
CASES = TESTS / "verdicts"
QUICK = (
    "XavierAgainstGlorot",
    "TanhDeepSmall",
    "RewrittenLayerNorm",
    "RewrittenTanhDeep",
    "Outputs1eMinus12",
    "Outputs1e6",
    "Bfloat16",
)
_NOT_INSTALLED = "not installed"
_NO_ARRAYS = "n/a"


@dataclass(frozen=True)
class Row:
    """A migration that is right, and the alarms it raised.

    Attributes:
        name: The module's and the class's name; the class's name is the seed of the inputs.
        sizes: Its inputs, as its source has them.
        steps: How many steps were judged; those that the case skips are not.
        alarms: The steps that did not pass, each with its message.
        pairs: How many pairs of runs the peers were given.
        peers: By peer: of how many pairs it said that they differ; None where it could not say.
    """

    name: str
    sizes: str
    steps: int
    alarms: tuple[str, ...]
    pairs: int
    peers: dict[str, int | None]

    def cells(self) -> list[str]:
        """Return the row as text."""
        theirs = [_NOT_INSTALLED if count is None else f"{count} of {self.pairs}" for count in self.peers.values()]
        theirs = theirs if self.pairs else [_NO_ARRAYS] * len(theirs)
        return [self.name, self.sizes, f"{len(self.alarms)} of {self.steps}", *theirs]


@dataclass(frozen=True)
class Table:
    """All rows, and the wall time in seconds."""

    rows: tuple[Row, ...]
    seconds: float

    header = ("migration that is right; its name is the seed", "inputs", "ours, of steps", *PEERS)

    @property
    def ours(self) -> int:
        """How many false alarms are ours; a case without a judged step is one."""
        return sum(len(row.alarms) or (not row.steps) for row in self.rows)

    def totals(self) -> list[str]:
        """Return false alarms by column, of how many were asked."""
        steps, pairs = sum(row.steps for row in self.rows), sum(row.pairs for row in self.rows)
        theirs = []
        for peer in PEERS:
            counts = [row.peers[peer] for row in self.rows]
            known = [count for count in counts if count is not None]
            theirs.append(f"{sum(known)} of {pairs}" if known else _NOT_INSTALLED)
        return ["false alarms", f"{len(self.rows)} cases", f"{self.ours} of {steps}", *theirs]


def false_alarms(*, quick: bool = False, options: Sequence[str] = ()) -> Table:
    """Run every step on every migration that is right.

    Args:
        quick: Only a few small ones.
        options: Of our command, such as a tolerance.
    """
    paths, names = _cases()
    if quick:
        paths, names = [CASES, RIGHT_TWINS], list(QUICK)
    chosen = [argument for name in names for argument in ("--case", name)]
    runs = run_cases(paths, [*options, *chosen])
    answers = ask_peers([(pair.tf1, pair.tf2) for run in runs.cases.values() for pair in run.compared])
    rows, start = [], 0
    for case_id, run in sorted(runs.cases.items()):
        # Answers lie in the order in which cases ended.
        start = sum(len(other.compared) for other in _before(runs.cases, case_id))
        said = {peer: answers[peer][start : start + len(run.compared)] for peer in PEERS}
        rows.append(_row(case_id, run, said))
    return Table(tuple(rows), runs.seconds)


def _before(cases: dict[str, CaseRun], case_id: str) -> list[CaseRun]:
    ids = list(cases)
    return [cases[other] for other in ids[: ids.index(case_id)]]


def _cases() -> tuple[list[Path], list[str]]:
    """Return the modules, and the globs of the cases in them that are right."""
    paths = [TESTS / "bugs", NETS, CASES]
    names = ["Right"]
    for module in (RIGHT_TWINS, NETS, *sorted(CASES.glob("equivalence_*.py"))):
        classes = _classes(module)
        for case in discover([module], (), ROOT).cases:
            documented = ast.get_docstring(classes[case.class_name]) or ""
            names += [] if documented.startswith("An error") else [case.class_name]
    return paths, names


def _row(case_id: str, run: CaseRun, said: dict[str, list[Verdict]]) -> Row:
    path, _, name = case_id.partition("::")
    judged = [step for step in run.result.steps if step.outcome is not Outcome.SKIPPED]
    alarms = tuple(f"{step.id}: {step.message}" for step in judged if step.outcome is not Outcome.PASSED)
    peers = {
        peer: None if all(answer is None for answer in answers) else sum(answer is False for answer in answers)
        for peer, answers in said.items()
    }
    stem = Path(path).stem.removeprefix("equivalence_")
    return Row(f"{stem}::{name}", inputs_of(ROOT / path, name), len(judged), alarms, len(run.compared), peers)


def _classes(module: Path) -> dict[str, ast.ClassDef]:
    tree = ast.parse(module.read_text("utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def inputs_of(module: Path, name: str) -> str:
    """Return what a class, or the nearest of its bases in the module, has for `inputs`, without `ArraySpec`."""
    classes = _classes(module)
    while name in classes:
        for node in classes[name].body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "inputs":
                text = ast.unparse(node.value).replace("ArraySpec", "")
                return text if len(text) <= 40 else f"{text[:37]}..."
            if isinstance(node, ast.FunctionDef) and node.name == "inputs":
                return "drawn by the case"
        bases = classes[name].bases
        name = ast.unparse(bases[0]) if bases else ""
    return ""
