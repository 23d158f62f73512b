"""Structural differences: what lies, without counterpart, between agreeing inputs and a differing pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tf_equivalence.pinpoint import settings
from tf_equivalence.pinpoint.comparison import Comparison
from tf_equivalence.pinpoint.finding import Difference, Divergence
from tf_equivalence.pinpoint.pairs import PairReader
from tf_equivalence.trace import TracedOp

# Rarely to blame by themselves: they come and go with how the same computation is written down.
_GLUE = frozenset(
    "Reshape Squeeze ExpandDims StridedSlice Unpack Pack Cast BroadcastTo Transpose TensorArrayGatherV3".split()
)
_CONTROL = frozenset(["Merge", "Exit", "Switch"])


class RegionFinder:
    """Searches upstream of a pair that differs because its inputs do."""

    def __init__(self, comparison: Comparison, pairs: PairReader) -> None:
        self._both = comparison
        self._pairs = pairs
        self._has_loops = any(op.loop for op in comparison.tf1.ops)

    def find(self, one: TracedOp, other: TracedOp, even_if_equal: bool = False) -> Divergence | None:
        """Return the structural difference that feeds a pair; None where there is none.

        With `even_if_equal`, operations without counterpart count although the values behind them
        agree: a bound of 1e-7 changes nothing until a logarithm is taken.
        """
        aligned = set(self._both.alignment.pairs), set(self._both.back)
        starts = self._differing_producers(one, other, even_if_equal)
        regions = self._upstream(0, starts[0], aligned[0]), self._upstream(1, starts[1], aligned[1])
        only1 = self._blamable([self._both.tf1.ops[i] for i in sorted(regions[0] - aligned[0])])
        only2 = self._blamable([self._both.tf2.ops[j] for j in sorted(regions[1] - aligned[1])])
        found = self._choose(sorted(regions[0] & aligned[0]), only1, only2, (one, other))
        if found is None:
            return None
        return replace(found, tf1_region=tuple(op.type for op in only1), tf2_region=tuple(op.type for op in only2))

    def substituted(self, one: TracedOp, other: TracedOp) -> Divergence:
        """Return the structural difference of one operation in the place of another."""
        found = self._structural([one], [other], one, other)
        return replace(found, tf1_region=(one.type,), tf2_region=(other.type,))

    def _choose(
        self,
        paired: Sequence[int],
        only1: Sequence[TracedOp],
        only2: Sequence[TracedOp],
        takers: tuple[TracedOp, TracedOp],
    ) -> Divergence | None:
        """Return the surest difference: settings, then outputs mixed up, then structure, then other producers."""
        for is_told in (_is_setting, _is_other_output):
            found = self._in_pairs(paired, is_told)
            if found is not None:
                return found
            structural = self._structural(only1, only2, *takers) if only1 or only2 else None
            if structural is not None and any(d.name == "reset_after" for d in structural.differences):
                return structural  # another recurrence altogether: its parts need not correspond
        return structural or self._in_pairs(paired, bool)

    def _in_pairs(self, indices: Iterable[int], is_told: Callable[[Difference], bool]) -> Divergence | None:
        """Return a difference between the operations of a pair whose values are not known, as in a loop."""
        for i in indices:
            one, other = self._both.tf1.ops[i], self._both.tf2.ops[self._both.alignment.pairs[i]]
            found = self._pairs.variable_divergence(one, other)
            if found is not None:
                return found
            differences = self._pairs.differences(one, other)
            if any(is_told(difference) for difference in differences):
                return self._both.divergence("operation-value", one, other, differences)
        return None

    def _differing_producers(self, one: TracedOp, other: TracedOp, even_if_equal: bool) -> tuple[list[int], list[int]]:
        starts: tuple[list[int], list[int]] = ([], [])
        pairs = self._both.paired_sources(one, other)
        for a, b in pairs:
            if even_if_equal or not (self._both.sources_agree(a, b) and self._both.same_dtype(a, b)):
                starts[0].append(a.producer)
                starts[1].append(self._first_pass(b.producer))
        starts[0].extend(source.producer for source in one.sources[len(pairs) :])
        starts[1].extend(self._first_pass(source.producer) for source in other.sources[len(pairs) :])
        return starts

    def _first_pass(self, index: int) -> int:
        return self._both.alignment.first_pass.get(index, index)

    def _upstream(self, side: int, starts: Iterable[int], aligned: set[int]) -> set[int]:
        """Return the operations upstream of `starts`, up to pairs that are known to agree."""
        trace = (self._both.tf1, self._both.tf2)[side]
        found: set[int] = set()
        pending = list(starts)
        while pending:
            index = pending.pop()
            if index < 0 or index in found or (index in aligned and self._agrees(side, index)):
                continue
            found.add(index)
            pending.extend(self._first_pass(p) if side else p for p in trace.ops[index].inputs)
        return found

    def _agrees(self, side: int, index: int) -> bool:
        i = self._both.back[index] if side else index
        j = index if side else self._both.alignment.pairs[index]
        return self._both.outputs_agree(self._both.tf1.ops[i], self._both.tf2.ops[j])

    def _blamable(self, ops: Sequence[TracedOp]) -> list[TracedOp]:
        """Leave out control flow, and in a loop how its arrays are taken apart: that is not the user's doing."""
        left_out = _CONTROL | (_GLUE if self._has_loops else frozenset())
        return [op for op in ops if op.type not in left_out]

    def _structural(
        self, only1: Sequence[TracedOp], only2: Sequence[TracedOp], one: TracedOp, other: TracedOp
    ) -> Divergence:
        told = settings.region_differences(only1 or [one], only2 or [other], (self._both.tf1, self._both.tf2))
        if only1 and only2:
            return self._both.divergence("operation-substituted", *self._principal(only1, only2), told)
        if only1:
            head = _first(only1)
            within = other if _line(head) is not None and _line(head) == _line(one) else None
            place = self._same_call(head) or within or self._fed_by(one, other) or other
            return self._both.divergence("operation-missing", head, place, [*self._constants(0, head), *told])
        head = _first(only2)
        return self._both.divergence("operation-extra", None, head, [*self._constants(1, head), *told])

    def _same_call(self, missing: TracedOp) -> TracedOp | None:
        """Return TF2's counterpart of what the same line of TF1 computes just before, as a layer and its activation."""
        for producer in missing.inputs:
            before = self._both.tf1.ops[producer] if producer in self._both.alignment.pairs else None
            if before is not None and _line(before) is not None and _line(before) == _line(missing):
                return self._both.tf2.ops[self._both.alignment.pairs[producer]]
        return None

    def _fed_by(self, one: TracedOp, other: TracedOp) -> TracedOp | None:
        """Return the operation of TF2 whose output is taken where TF1 takes another value."""
        for a, b in self._both.paired_sources(one, other):
            if b.kind == "operation" and not self._both.sources_agree(a, b):
                return self._both.tf2.ops[b.producer]
        return None

    def _constants(self, side: int, op: TracedOp) -> list[Difference]:
        """State the constants of an operation that only one side has."""
        stated = settings.stated_constants(op, (self._both.tf1, self._both.tf2)[side])
        return [
            Difference(name, None if side else value, value if side else None, "constant input")
            for name, value in stated
        ]

    def _principal(self, only1: Sequence[TracedOp], only2: Sequence[TracedOp]) -> tuple[TracedOp, TracedOp]:
        """Return the pair to name: one that stands in the same place, else the first of each side."""
        wanted = {op.index for op in only2}
        for op in only1:
            place = self._both.alignment.substitutions.get(op.index)
            if op.type not in _GLUE and place in wanted and self._both.tf2.ops[place].type not in _GLUE:
                return op, self._both.tf2.ops[place]
        return _first(only1), _first(only2)


def _is_setting(difference: Difference) -> bool:
    return difference.source != "dataflow"


def _is_other_output(difference: Difference) -> bool:
    return difference.source == "dataflow" and str(difference.tf1).startswith("output ")


def _first(ops: Sequence[TracedOp]) -> TracedOp:
    """Return the first operation that computes something, else the first one."""
    return next((op for op in ops if op.type not in _GLUE), ops[0])


def _line(op: TracedOp) -> tuple[str, int] | None:
    """Return the innermost line of user code; None where there is none."""
    frame = next((frame for frame in op.stack if not frame.library), None)
    return (frame.path, frame.line) if frame else None
