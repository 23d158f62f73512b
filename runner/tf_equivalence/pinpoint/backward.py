"""Finds where gradients part although every value agrees: a gradient that one side stops, or computes in another way.

The loss's gradient by every operation's output is known on both sides. Going back from the loss, the
first one that differs was made by the operations that take this output, whose own gradients agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from tf_equivalence.pinpoint import values
from tf_equivalence.pinpoint.comparison import Comparison
from tf_equivalence.pinpoint.finding import Difference, Divergence
from tf_equivalence.pinpoint.values import Array
from tf_equivalence.trace import Source, Trace, TracedOp

Gradients = Mapping[str, Array]

_DIFFERENT = 1e-4  # of the largest element: above what rounding adds up to, below what a wrong gradient does
_NEGLIGIBLE = 1e-6  # beside the largest gradient of any output

_Taker = tuple[TracedOp, Source]


def locate_backward(both: Comparison, tf1: Gradients, tf2: Gradients) -> Divergence | None:
    """Return the operations whose gradient differs although the gradient that they are given agrees.

    Args:
        both: The traces of model and loss, whose values agree.
        tf1: The loss's gradient by outputs, by the keys of the TF1 trace; one that is absent is None.
        tf2: The same for TF2.
    """
    return _Backward(both, tf1, tf2).find() if tf1 and tf2 else None


class _Backward:
    def __init__(self, both: Comparison, tf1: Gradients, tf2: Gradients) -> None:
        self._both, self._gradients = both, (tf1, tf2)
        self._takers = _takers(both.tf1), _takers(both.tf2)
        self._top = max((values_top(array) for array in tf1.values()), default=0.0)

    def find(self) -> Divergence | None:
        """Go back from the loss; the outputs first, then the variables."""
        for i, j in sorted(self._both.alignment.pairs.items(), reverse=True):
            one, other = self._both.tf1.ops[i], self._both.tf2.ops[j]
            for at, (a, b) in enumerate(zip(one.outputs, other.outputs, strict=False)):
                apart = self._apart(a, b)
                takers = self._takers[0][("operation", i, at)], self._takers[1][("operation", j, at)]
                if apart > max(_DIFFERENT, values.GROWTH * self._given(takers)):
                    return replace(self._blamed(*takers, (one, other)), relative_output_difference=apart)
        return self._at_variables()

    def _at_variables(self) -> Divergence | None:
        """Return the operations that take a variable, or an input, in another way: stopped, or not as often."""
        names = {key[1]: key for key in self._takers[0] if key[0] == "variable"}
        for name, key in names.items():
            ours, theirs = self._takers[0][key], self._takers[1][("variable", self._both.rename(str(name)), 0)]
            flags = [{source.stopped for _, source in takers} for takers in (ours, theirs)]
            if ours and theirs and flags[0] != flags[1]:
                return self._blamed(ours, theirs, (ours[0][0], theirs[0][0]))
        return None

    def _apart(self, one: str, other: str) -> float:
        """Return how far two gradients are apart, relative to TF1's; 0 for what is negligible or not known."""
        left, right = self._gradients[0].get(one), self._gradients[1].get(other)
        if not one or not other or (left is None and right is None):
            return 0.0
        if left is None or right is None:
            alone = left if left is not None else right
            assert alone is not None
            return float("inf") if values_top(alone) > _NEGLIGIBLE * self._top else 0.0
        if left.shape == right.shape and values_top(_difference(left, right)) <= _NEGLIGIBLE * self._top:
            return 0.0
        return values.relative_difference(left, right)

    def _given(self, takers: tuple[list[_Taker], list[_Taker]]) -> float:
        """Return how far the gradients are apart that the takers are given."""
        known = [0.0]
        for op, _ in takers[0]:
            j = self._both.alignment.pairs.get(op.index)
            if j is not None:
                outputs = zip(op.outputs, self._both.tf2.ops[j].outputs, strict=False)
                known += [self._apart(a, b) for a, b in outputs]
        return min(max(known), 1.0)

    def _blamed(self, ours: list[_Taker], theirs: list[_Taker], made: tuple[TracedOp, TracedOp]) -> Divergence:
        """Name the taker that differs: one that stops the gradient, one without counterpart, else the first."""
        found = self._stopping(ours, theirs) or self._alone(ours, theirs)
        if found is not None:
            return found
        one = ours[0][0] if ours else made[0]
        other = theirs[0][0] if theirs else made[1]
        counterpart = self._both.alignment.pairs.get(one.index)
        if counterpart is not None:
            other = next((op for op, _ in theirs if op.index == counterpart), other)
        return self._both.divergence("operation-gradient", one, other)

    def _stopping(self, ours: list[_Taker], theirs: list[_Taker]) -> Divergence | None:
        stopped = [[op for op, source in takers if source.stopped] for takers in (ours, theirs)]
        if len(stopped[0]) == len(stopped[1]):
            return None
        one = next(iter([*stopped[0], *(op for op, _ in ours)]), None)
        other = next(iter([*stopped[1], *(op for op, _ in theirs)]), None)
        if stopped[0] and one is not None:
            counterpart = self._both.alignment.pairs.get(one.index)
            other = next((op for op, _ in theirs if op.index == counterpart), other)
        told = Difference("stop_gradient", bool(stopped[0]), bool(stopped[1]), "call argument")
        return self._both.divergence("operation-gradient", one, other, [told])

    def _alone(self, ours: list[_Taker], theirs: list[_Taker]) -> Divergence | None:
        """Return the taker that only one side has."""
        pairs = self._both.alignment.pairs
        expected = {pairs.get(op.index) for op, _ in ours}
        only2 = next((op for op, _ in theirs if op.index not in expected and op.index not in self._both.back), None)
        only1 = next((op for op, _ in ours if op.index not in pairs), None)
        if only1 is None and only2 is None:
            return None
        told = Difference("operation", only1.type if only1 else None, only2.type if only2 else None, "dataflow")
        one = only1 or (ours[0][0] if ours else None)
        other = only2 or (theirs[0][0] if theirs else None)
        return self._both.divergence("operation-gradient", one, other, [told])


def _takers(trace: Trace) -> defaultdict[tuple[str, object, int], list[_Taker]]:
    """Return who takes each output, by kind, producer or name, and output."""
    found: defaultdict[tuple[str, object, int], list[_Taker]] = defaultdict(list)
    for op in trace.ops:
        for source in op.sources:
            for key in _keys(source):
                found[key].append((op, source))
    return found


def _keys(source: Source) -> Iterator[tuple[str, object, int]]:
    if source.kind == "operation":
        yield ("operation", source.producer, source.output)
    elif source.kind == "variable":
        yield ("variable", source.name, 0)


def values_top(array: Array) -> float:
    """Return the largest finite magnitude; 0 for an empty array."""
    wide = np.abs(array.astype(np.float64))
    return float(np.max(wide, where=np.isfinite(wide), initial=0.0))


def _difference(one: Array, other: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.asarray(one.astype(np.float64) - other.astype(np.float64))
