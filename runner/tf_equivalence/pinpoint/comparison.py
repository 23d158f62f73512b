"""Two traces side by side: which values, inputs and outputs of them agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tf_equivalence.pinpoint import values
from tf_equivalence.pinpoint.align import Alignment, align, normalized_type
from tf_equivalence.pinpoint.finding import Difference, Divergence, side_of
from tf_equivalence.pinpoint.values import Array
from tf_equivalence.trace import Source, Trace, TracedOp

UNKNOWN = -1.0

_COMMUTATIVE = frozenset(["Add", "Mul", "Maximum", "Minimum", "SquaredDifference", "Equal", "NotEqual", "LogicalAnd"])


class Comparison:
    """Two aligned traces with their values.

    Attributes:
        tf1: The reference side.
        tf2: The migrated side.
        rename: Turns a TF1 variable name into TF2's.
        alignment: Which operations correspond.
        back: TF2 index to TF1 index.
    """

    def __init__(
        self,
        tf1: Trace,
        tf1_arrays: Mapping[str, Array],
        tf2: Trace,
        tf2_arrays: Mapping[str, Array],
        rename: Callable[[str], str],
        alignment: Alignment | None = None,
    ) -> None:
        self.tf1, self.tf2, self.rename = tf1, tf2, rename
        self._arrays = tf1_arrays, tf2_arrays
        self.alignment = alignment or align(tf1, tf1_arrays, tf2, tf2_arrays, rename)
        self.back = {j: i for i, j in self.alignment.pairs.items()}
        self._known: dict[tuple[str, str], float] = {}
        self._consumed = (_consumed_outputs(tf1), _consumed_outputs(tf2))

    def array(self, side: int, key: str) -> Array | None:
        """Return a value of side 0 (TF1) or 1 (TF2); None where it was not fetched."""
        return self._arrays[side].get(key) if key else None

    def relative(self, one: str, other: str) -> float:
        """Return the relative difference of two values; `UNKNOWN` where one was not fetched."""
        left, right = self.array(0, one), self.array(1, other)
        if left is None or right is None:
            return UNKNOWN
        if (one, other) not in self._known:
            self._known[one, other] = values.relative_difference(left, right)
        return self._known[one, other]

    def sources_agree(self, one: Source, other: Source) -> bool:
        """Return whether two inputs are known to have the same value, within rounding."""
        bound = values.noise(self.dtype(0, one) or "float32", self.dtype(1, other) or "float32")
        return 0.0 <= self.relative(one.array, other.array) <= bound

    def dtype(self, side: int, source: Source) -> str:
        """Return the dtype of an input; empty where it is not known."""
        if source.kind == "operation" and source.producer >= 0:
            dtypes = (self.tf1, self.tf2)[side].ops[source.producer].dtypes
            return dtypes[source.output] if source.output < len(dtypes) else ""
        array = self.array(side, source.array)
        return "" if array is None else array.dtype.name

    def same_dtype(self, one: Source, other: Source) -> bool:
        """Return whether two inputs have one dtype, as far as that is known."""
        left, right = self.dtype(0, one), self.dtype(1, other)
        return left == right or not left or not right

    def paired_sources(self, one: TracedOp, other: TracedOp) -> list[tuple[Source, Source]]:
        """Return the inputs side by side; those of a commutative operation in the order in which more agree."""
        straight = list(zip(one.sources, other.sources, strict=False))
        if normalized_type(one) not in _COMMUTATIVE or not len(one.sources) == len(other.sources) == 2:
            return straight
        crossed = list(zip(one.sources, reversed(other.sources), strict=True))
        return max((straight, crossed), key=self._agreement)

    def _agreement(self, pairs: Sequence[tuple[Source, Source]]) -> tuple[int, int]:
        agreeing = sum(self.sources_agree(a, b) for a, b in pairs)
        return agreeing, sum(self.rename(a.name) == b.name and a.kind == b.kind for a, b in pairs)

    def output_difference(self, one: TracedOp, other: TracedOp) -> tuple[float, int]:
        """Return the largest relative difference over the outputs that anything takes, and which one it is."""
        worst, at = UNKNOWN, 0
        for k, (a, b) in enumerate(zip(one.outputs, other.outputs, strict=False)):
            if (one.index, k) not in self._consumed[0] and (other.index, k) not in self._consumed[1]:
                continue
            difference = self.relative(a, b)
            if difference > worst:
                worst, at = difference, k
        return worst, at

    def input_difference(self, one: TracedOp, other: TracedOp) -> float:
        """Return the largest relative difference over the inputs with known values; 0 where there is none."""
        known = (self.relative(a.array, b.array) for a, b in self.paired_sources(one, other))
        return max(max(known, default=0.0), 0.0)

    def outputs_agree(self, one: TracedOp, other: TracedOp) -> bool:
        """Return whether a pair is known to give the same values of the same dtype."""
        difference, at = self.output_difference(one, other)
        if dtype_difference(one, other) is not None or difference == UNKNOWN:
            return False
        return difference <= values.noise(one.dtypes[at], other.dtypes[at])

    def origin(self, side: int, source: Source) -> str:
        """Word where an input comes from."""
        if source.kind == "operation":
            op = (self.tf1, self.tf2)[side].ops[source.producer]
            which = f"output {source.output} of " if len(op.outputs) > 1 else ""
            return f"{which}{op.type} {op.name}"
        return f"{source.kind} {source.name}".strip()

    def divergence(
        self, kind: str, one: TracedOp | None, other: TracedOp | None, differences: Sequence[Difference] = ()
    ) -> Divergence:
        """Return a divergence at a pair of operations, without its figures."""
        return Divergence(
            kind,
            side_of(one, _nearest_variables(one, self.tf1)) if one is not None else None,
            side_of(other, _nearest_variables(other, self.tf2)) if other is not None else None,
            tuple(differences),
        )


def dtype_difference(one: TracedOp | None, other: TracedOp | None) -> Difference | None:
    """Return the difference of the first outputs' dtypes, where there is one."""
    left = one.dtypes[0] if one is not None and one.dtypes else ""
    right = other.dtypes[0] if other is not None and other.dtypes else ""
    return Difference("dtype", left, right, "attribute") if left and right and left != right else None


def _consumed_outputs(trace: Trace) -> set[tuple[int, int]]:
    sources = [s for op in trace.ops for s in op.sources] + list(trace.results)
    found = {(s.producer, s.output) for s in sources if s.kind == "operation"}
    taken = {producer for producer, _ in found}
    return found | {(op.index, 0) for op in trace.ops if op.index not in taken}


def _nearest_variables(op: TracedOp, trace: Trace) -> tuple[str, ...]:
    """Return the variables that `op` takes itself, else those of its nearest producers."""
    layer: list[TracedOp] = [op]
    seen: set[int] = set()
    while layer:
        names = [name for member in layer for name in member.variables]
        if names:
            return tuple(dict.fromkeys(names))
        producers = {p for member in layer for p in member.inputs if p >= 0} - seen
        seen |= producers
        layer = [trace.ops[p] for p in sorted(producers)]
    return ()
