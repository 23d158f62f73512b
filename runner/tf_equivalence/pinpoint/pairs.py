"""What two corresponding operations were given differently: settings, other inputs, other variables."""

from __future__ import annotations

import math
from dataclasses import replace

from tf_equivalence.pinpoint import settings, values
from tf_equivalence.pinpoint.comparison import Comparison, dtype_difference
from tf_equivalence.pinpoint.finding import OUTSIDE, Difference, Divergence
from tf_equivalence.trace import Source, TracedOp


class PairReader:
    """Reads the differences between the two operations of a pair."""

    def __init__(self, comparison: Comparison) -> None:
        self._both = comparison
        self._variables = (
            {comparison.rename(name) for op in comparison.tf1.ops for name in op.variables},
            {name for op in comparison.tf2.ops for name in op.variables},
        )

    def differences(self, one: TracedOp, other: TracedOp) -> list[Difference]:
        """Return differing settings, the surest first, then inputs from elsewhere."""
        found = settings.attribute_differences(one, other)
        found += settings.constant_differences(one, other, (self._both.tf1, self._both.tf2))
        if found:
            known = {d.name for d in found}
            found += [d for d in settings.request_differences([one], [other]) if d.name not in known]
            found.sort(key=lambda d: d.name.startswith("input "))  # a setting with a name says more
        return found + self._dataflow(one, other)

    def _dataflow(self, one: TracedOp, other: TracedOp) -> list[Difference]:
        """Return the inputs that come from another operation, or another output of it, than in TF1."""
        found = []
        for at, (a, b) in enumerate(self._both.paired_sources(one, other)):
            if b.kind == "outside" and a.kind == "operation" and not self._both.sources_agree(a, b):
                found.append(Difference(f"input {at}", self._both.origin(0, a), OUTSIDE, "dataflow"))
            elif self._is_other_producer(a, b) or self._is_at_other_place(a, b, other):
                found.append(Difference(f"input {at}", self._both.origin(0, a), self._both.origin(1, b), "dataflow"))
        return found

    def _is_other_producer(self, one: Source, other: Source) -> bool:
        if not one.kind == other.kind == "operation" or self._both.sources_agree(one, other):
            return False
        alignment = self._both.alignment
        first = alignment.first_pass.get(other.producer, other.producer)
        if one.producer not in alignment.pairs or first not in self._both.back:
            return False
        return alignment.pairs[one.producer] != first or one.output != other.output

    def _is_at_other_place(self, one: Source, other: Source, taker: TracedOp) -> bool:
        """Return whether TF2 has this input's value, but at another position."""
        if not one.array or not other.array or self._both.sources_agree(one, other):
            return False
        return any(self._both.sources_agree(one, source) for source in taker.sources if source is not other)

    def variable_divergence(self, one: TracedOp, other: TracedOp) -> Divergence | None:
        """Return a divergence where the pair reads other variables, or one variable with another value."""
        left = [s for s in one.sources if s.kind == "variable"]
        right = [s for s in other.sources if s.kind == "variable"]
        if len(left) != len(right):
            return None
        tolerance = self._tolerance(one, other)
        if sorted(self._both.rename(s.name) for s in left) == sorted(s.name for s in right):
            by_name = {s.name: s for s in right}
            for s in left:
                if not _same_fingerprint(s.value, by_name[self._both.rename(s.name)].value, tolerance):
                    return self._both.divergence("variable-value", one, other, [_variable(s, s)])
            return None
        for a, b in zip(left, right, strict=True):
            if self._is_other_variable(a, b, tolerance):
                kind = "variables-swapped" if self._is_swapped(a.name, b.name) else "reads-other-variable"
                return self._both.divergence(kind, one, other, [_variable(a, b)])
        return None

    def crossed(self, one: TracedOp, other: TracedOp) -> Divergence | None:
        """Return a divergence where two inputs are exchanged because their variables are.

        What TF2 computes in the place of one has the variables of the other, and the other way round.
        """
        pairs, back = self._both.alignment.pairs, self._both.back
        for a, b in self._both.paired_sources(one, other):
            if not self._is_other_producer(a, b):
                continue
            p, q = a.producer, b.producer
            while q in back and self._stand_in_one_place(p, q, pairs[p], back[q]):
                left, right = self._both.tf1.ops[p], self._both.tf2.ops[q]
                if left.variables and right.variables and not self._inner(p, q):
                    told = [Difference("variable", left.variables[0], right.variables[0], "dataflow")]
                    return self._both.divergence("variables-swapped", left, right, told)
                inner = self._inner(p, q)
                if inner is None:
                    break
                p, q = inner
        return None

    @staticmethod
    def _stand_in_one_place(p: int, q: int, counterpart_of_p: int, counterpart_of_q: int) -> bool:
        return p != counterpart_of_q and (p < counterpart_of_q) == (q < counterpart_of_p)

    def _inner(self, p: int, q: int) -> tuple[int, int] | None:
        """Return the producers of the first inputs, where these do not correspond either."""
        left, right = self._both.tf1.ops[p].inputs[:1], self._both.tf2.ops[q].inputs[:1]
        if left and right and left[0] in self._both.alignment.pairs and right[0] in self._both.back:
            return (left[0], right[0]) if self._both.alignment.pairs[left[0]] != right[0] else None
        return None

    def _tolerance(self, one: TracedOp, other: TracedOp) -> float:
        if dtype_difference(one, other) is not None:
            return 2e-2  # the variable itself may have the coarser dtype
        return max(values.noise(*(op.dtypes[0] if op.dtypes else "float32" for op in (one, other))), 1e-12)

    def _is_other_variable(self, one: Source, other: Source, tolerance: float) -> bool:
        name = self._both.rename(one.name)
        if name == other.name or not (name in self._variables[1] or other.name in self._variables[0]):
            return False  # where neither side knows the other's name, names say nothing
        return not (one.value and other.value and _same_fingerprint(one.value, other.value, tolerance))

    def _is_swapped(self, tf1_name: str, tf2_name: str) -> bool:
        """Return whether TF2 reads the one's counterpart where TF1 reads the other's."""
        reads = {
            (self._both.rename(a.name), b.name)
            for i, j in self._both.alignment.pairs.items()
            for a, b in zip(self._both.tf1.ops[i].sources, self._both.tf2.ops[j].sources, strict=False)
            if a.kind == b.kind == "variable"
        }
        return (tf2_name, self._both.rename(tf1_name)) in reads

    def with_settings(self, found: Divergence, one: TracedOp, other: TracedOp) -> Divergence:
        """Add the pair's own differences to a divergence."""
        return replace(found, differences=(*found.differences, *self.differences(one, other)))


def _variable(one: Source, other: Source) -> Difference:
    return Difference("variable", one.name, other.name, "dataflow")


def _same_fingerprint(one: object, other: object, tolerance: float) -> bool:
    """Return whether two variables hold the same values, as far as sum and norm tell; unknown counts as the same."""
    if not isinstance(one, list) or not isinstance(other, list):
        return True
    numbers = [float(value) for value in (*one, *other)]
    scale = max(abs(numbers[1]), 1e-300)
    pairs = zip(numbers[:2], numbers[2:], strict=True)
    return all(math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance * scale) for a, b in pairs)
