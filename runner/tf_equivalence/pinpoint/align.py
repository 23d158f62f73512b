"""Aligns the operations of two traces.

A global alignment with free gaps (Needleman and Wunsch, 1970): operations pair only within a
normalized type, and agreeing values, variables, scopes and shapes decide between candidates, since
a net repeats the same few types hundreds of times. Pairs that order keeps apart are then joined by
what they compute, and what remains between two pairs in equal number is taken for substitutions.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tf_equivalence.pinpoint.loops import fold_loops
from tf_equivalence.pinpoint.values import Array
from tf_equivalence.trace import Trace, TracedOp

_SAME_TYPE = {
    "BatchMatMul": "MatMul",
    "BatchMatMulV2": "MatMul",
    "BatchMatMulV3": "MatMul",
    "Add": "Add",
    "AddV2": "Add",
    "BiasAdd": "Add",
    "BiasAddV1": "Add",
    "Div": "RealDiv",
    "DivNoNan": "RealDiv",
    "FusedBatchNormV2": "FusedBatchNorm",
    "FusedBatchNormV3": "FusedBatchNorm",
    "ConcatV2": "Concat",
    "GatherV2": "Gather",
    "ResourceGather": "Gather",
    "GatherNd": "GatherNd",
    "ResourceGatherNd": "GatherNd",
    "MaxPoolV2": "MaxPool",
    "PadV2": "Pad",
    "Select": "Select",
    "SelectV2": "Select",
    "TensorArrayGatherV3": "Pack",
    "SplitV": "Split",
    "AssignVariableOp": "Assign",
    "AssignSubVariableOp": "AssignSub",
    "AssignAddVariableOp": "AssignAdd",
    "TopKV2": "TopK",
    "SegmentSumV2": "SegmentSum",
}
_TYPE, _VALUE, _VARIABLES, _SCOPE, _SHAPE = 20.0, 8.0, 6.0, 2.0, 1.0
_MAX_CELLS = 30_000_000
_LOOSE = 1e-4
_EMPTY: frozenset[Hashable] = frozenset([None, "", ()])


@dataclass(frozen=True)
class Alignment:
    """Which operation of TF1 corresponds to which one of TF2, by index in the traces.

    Attributes:
        pairs: TF1 index to TF2 index.
        substitutions: The same for operations of different types in one place.
        first_pass: TF2 index to the index of the same operation in its loop's first pass.
    """

    pairs: Mapping[int, int]
    substitutions: Mapping[int, int]
    first_pass: Mapping[int, int]

    @property
    def single_substitutions(self) -> dict[int, int]:
        """The substitutions without another one next to them: in a longer run, parts need not correspond."""
        return {i: j for i, j in self.substitutions.items() if not {i - 1, i + 1} & self.substitutions.keys()}


def normalized_type(op: TracedOp) -> str:
    """Return the operation's type without version and spelling."""
    return _SAME_TYPE.get(op.type, op.type)


def align(
    tf1: Trace,
    tf1_arrays: Mapping[str, Array],
    tf2: Trace,
    tf2_arrays: Mapping[str, Array],
    rename: Callable[[str], str],
) -> Alignment:
    """Align two traces; `rename` turns a TF1 variable name into TF2's."""
    first_pass = fold_loops(tf2) if any(op.loop for op in tf1.ops) else {}
    left = list(tf1.ops)
    right = [op for op in tf2.ops if first_pass.get(op.index, op.index) == op.index]
    left_features = [_features(op, tf1_arrays, rename) for op in left]
    right_features = [_features(op, tf2_arrays, lambda name: name) for op in right]
    matched = _global_alignment(left_features, right_features)
    substitutions = _substitutions(matched, left, right)
    matched |= _out_of_order(matched, left_features, right_features)
    pairs = {left[i].index: right[j].index for i, j in matched.items()}
    taken = set(pairs.values())
    kept = {
        left[i].index: right[j].index
        for i, j in substitutions.items()
        if left[i].index not in pairs and right[j].index not in taken
    }
    return Alignment(pairs, kept, first_pass)


@dataclass(frozen=True)
class _Features:
    type: str
    variables: tuple[str, ...]
    scope: str
    shape: Hashable
    norm: float
    total: float


def _features(op: TracedOp, arrays: Mapping[str, Array], rename: Callable[[str], str]) -> _Features:
    norm = total = np.nan
    if op.outputs and op.outputs[0] in arrays:
        array = arrays[op.outputs[0]]
        values = np.abs(array).astype(np.float64) if array.dtype.kind == "c" else array.astype(np.float64)
        norm = float(np.sqrt(np.square(values).sum()))
        total = float(values.sum())
    shape = op.shapes[0] if op.shapes and op.shapes[0] is not None and None not in op.shapes[0] else None
    tail = re.sub(r"_\d+$", "", op.scope.rpartition("/")[2])
    return _Features(normalized_type(op), tuple(sorted(map(rename, op.variables))), tail, shape, norm, total)


def _codes(left: Sequence[Hashable], right: Sequence[Hashable]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return both sequences as small integers, equal where the items are; -1 and -2 for empty items."""
    known: dict[Hashable, int] = {}

    def code(items: Sequence[Hashable], empty: int) -> npt.NDArray[np.int64]:
        codes = [known.setdefault(item, len(known)) if item not in _EMPTY else empty for item in items]
        return np.array(codes, dtype=np.int64)

    return code(left, -1), code(right, -2)


class _Scorer:
    """Scores one TF1 operation against all of TF2's."""

    def __init__(self, left: Sequence[_Features], right: Sequence[_Features]) -> None:
        self._types = _codes([f.type for f in left], [f.type for f in right])
        self._bonuses = [
            (_codes([f.variables for f in left], [f.variables for f in right]), _VARIABLES),
            (_codes([f.scope for f in left], [f.scope for f in right]), _SCOPE),
            (_codes([f.shape for f in left], [f.shape for f in right]), _SHAPE),
        ]
        self._left = [(f.norm, f.total) for f in left]
        self._twins = _twins(left, right)
        self._is_twin = np.isin(np.arange(len(right)), list(self._twins[1]))
        self._norm = np.array([f.norm for f in right])
        self._total = np.array([f.total for f in right])

    def row(self, i: int) -> npt.NDArray[np.float64]:
        """Return the scores of TF1's operation `i`; negative infinity where the types differ."""
        score = np.full(self._norm.shape, _TYPE)
        for (left, right), bonus in self._bonuses:
            score += bonus * (left[i] == right)
        norm, total = self._left[i]
        with np.errstate(invalid="ignore"):
            agree = (np.abs(self._norm - norm) <= _LOOSE * norm) & (np.abs(self._total - total) <= _LOOSE * norm)
        score += _VALUE * agree
        allowed = self._types[0][i] == self._types[1]
        if i in self._twins[0]:
            allowed &= np.arange(len(score)) == self._twins[0][i]
        elif self._twins[1]:
            allowed &= ~self._is_twin
        return np.where(allowed, score, -np.inf)


def _global_alignment(left: Sequence[_Features], right: Sequence[_Features]) -> dict[int, int]:
    head = _equal_head(left, right)
    matched = {i: i for i in range(head)}
    left, right = left[head:], right[head:]
    if not left or not right:
        return matched
    if len(left) * len(right) > _MAX_CELLS:
        return matched | _by_blocks(left, right, head)
    return matched | {head + i: head + j for i, j in _by_table(left, right).items()}


def _by_table(left: Sequence[_Features], right: Sequence[_Features]) -> dict[int, int]:
    """Align by dynamic programming, one row of the table at a time."""
    scorer = _Scorer(left, right)
    best = np.zeros(len(right) + 1)
    # Whether the best path into a cell takes the pair (2), skips TF1's operation (1) or TF2's (0).
    moves = np.zeros((len(left), len(right)), dtype=np.int8)
    for i in range(len(left)):
        paired = best[:-1] + scorer.row(i)
        row = np.maximum.accumulate(np.concatenate(([0.0], np.maximum(best[1:], paired))))
        moves[i] = np.where(row[1:] == paired, 2, np.where(row[1:] == best[1:], 1, 0))
        best = row
    matched: dict[int, int] = {}
    i, j = len(left) - 1, len(right) - 1
    while i >= 0 and j >= 0:
        move = moves[i, j]
        if move == 2:
            matched[i] = j
        i, j = (i - 1, j - 1) if move == 2 else (i - 1, j) if move == 1 else (i, j - 1)
    return matched


def _equal_head(left: Sequence[_Features], right: Sequence[_Features]) -> int:
    """Return how many operations agree one by one in type, variables and values."""
    count = 0
    for one, other in zip(left, right, strict=False):
        same = (
            one.type == other.type
            and one.variables == other.variables
            and abs(one.norm - other.norm) <= (_LOOSE * one.norm)
        )
        if not same:
            break
        count += 1
    return count


def _by_blocks(left: Sequence[_Features], right: Sequence[_Features], offset: int) -> dict[int, int]:
    """Align what is too long for a table: by common blocks of type and variables."""
    tokens = [[(f.type, f.variables, f.scope) for f in features] for features in (left, right)]
    blocks = difflib.SequenceMatcher(None, tokens[0], tokens[1], autojunk=False).get_matching_blocks()
    return {offset + b.a + k: offset + b.b + k for b in blocks for k in range(b.size)}


def _substitutions(matched: Mapping[int, int], left: Sequence[TracedOp], right: Sequence[TracedOp]) -> dict[int, int]:
    """Pair up what lies between two neighbouring pairs where both sides have equally many."""
    found: dict[int, int] = {}
    previous = (-1, -1)
    for i, j in [*sorted(matched.items()), (len(left), len(right))]:
        gap = range(previous[0] + 1, i), range(previous[1] + 1, j)
        if len(gap[0]) == len(gap[1]):
            found.update(zip(*gap, strict=True))
        previous = (i, j)
    return found


def _twins(left: Sequence[_Features], right: Sequence[_Features]) -> tuple[dict[int, int], set[int]]:
    """Find the operations that compute one value which no other operation of their type computes.

    They belong together wherever they stand, so neither may pair with a mere neighbour.
    """
    by_kind: dict[Hashable, list[int]] = defaultdict(list)
    for j, other in enumerate(right):
        by_kind[other.type, other.variables, other.shape].append(j)
    partners = {
        i: [j for j in by_kind[one.type, one.variables, one.shape] if _same_value(one, right[j])]
        for i, one in enumerate(left)
    }
    counts = Counter(j for found in partners.values() for j in found)
    twins = {i: found[0] for i, found in partners.items() if len(found) == 1 and counts[found[0]] == 1}
    return twins, set(twins.values())


def _same_value(one: _Features, other: _Features) -> bool:
    return one.norm > 0 and abs(one.norm - other.norm) + abs(one.total - other.total) <= _LOOSE * one.norm


def _out_of_order(matched: Mapping[int, int], left: Sequence[_Features], right: Sequence[_Features]) -> dict[int, int]:
    """Join operations that compute the same thing in another order, such as two branches swapped."""
    taken = set(matched.values())
    free = [j for j in range(len(right)) if j not in taken]
    found: dict[int, int] = {}
    for i, one in enumerate(left):
        if i in matched:
            continue
        for j in free:
            other = right[j]
            same = one.type == other.type and one.shape == other.shape and one.variables == other.variables
            if same and _same_value(one, other):
                found[i] = j
                free.remove(j)
                break
    return found
