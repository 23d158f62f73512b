"""Finds the first operation whose output differs while its inputs agree, or the gap in which that happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tf_equivalence.pinpoint import settings, values
from tf_equivalence.pinpoint.comparison import UNKNOWN, Comparison, dtype_difference
from tf_equivalence.pinpoint.finding import OUTSIDE, Difference, Divergence
from tf_equivalence.pinpoint.pairs import PairReader
from tf_equivalence.pinpoint.regions import RegionFinder
from tf_equivalence.pinpoint.values import Array
from tf_equivalence.trace import Source, Trace, TracedOp


def locate(
    tf1_trace: Trace,
    tf1_arrays: Mapping[str, Array],
    tf2_trace: Trace,
    tf2_arrays: Mapping[str, Array],
    rename: Callable[[str], str],
) -> Divergence | None:
    """Find where two traces part.

    Args:
        tf1_trace: The reference side.
        tf1_arrays: Its values.
        tf2_trace: The migrated side.
        tf2_arrays: Its values.
        rename: Turns a TF1 variable name into TF2's.

    Returns:
        The first divergence in TF1's order; None where the results of both sides agree within
        rounding, or nothing in the traces differs by more than rounding.
    """
    return _Locator(Comparison(tf1_trace, tf1_arrays, tf2_trace, tf2_arrays, rename)).find()


def locate_all(comparison: Comparison) -> tuple[Divergence, ...]:
    """Find every cause in two traces of which the second was isolated: no difference is carried on in it.

    Returns:
        The divergences in TF1's order. Operations of one line that differ in the same way are one.
    """
    return _Locator(comparison, isolated=True).find_all()


class _Locator:
    def __init__(self, comparison: Comparison, isolated: bool = False) -> None:
        self._both, self._isolated = comparison, isolated
        self._pairs = PairReader(comparison)
        self._regions = RegionFinder(comparison, self._pairs)

    def find(self) -> Divergence | None:
        """Go through the pairs in TF1's order, then look at the results."""
        if self._results_agree():
            return None
        for i, j in sorted(self._both.alignment.pairs.items()):
            found = self._judge(self._both.tf1.ops[i], self._both.tf2.ops[j])
            if found is not None:
                return found
        return self._at_results()

    def find_all(self) -> tuple[Divergence, ...]:
        """Go through all pairs; look at the results where no pair differs."""
        found: dict[object, Divergence] = {}
        substitutions = self._both.alignment.single_substitutions
        for i, j in sorted({**substitutions, **self._both.alignment.pairs}.items()):
            one, other = self._both.tf1.ops[i], self._both.tf2.ops[j]
            divergence = self._substituted(one, other) if i in substitutions else self._judge(one, other)
            if divergence is None:
                continue
            key = _same_cause(divergence)
            first = found.get(key)
            at = (self._both.tf2.ops[j].executed,)
            found[key] = replace(first or divergence, executed=(first.executed if first else ()) + at)
        if found:
            return tuple(found.values())
        at_results = self._at_results()
        return (at_results,) if at_results is not None else ()

    def _results_agree(self) -> bool:
        left, right = self._both.tf1.results, self._both.tf2.results
        if not left or len(left) != len(right):
            return False
        pairs = zip(left, right, strict=True)
        return all(self._both.sources_agree(a, b) and self._both.same_dtype(a, b) for a, b in pairs)

    def _judge(self, one: TracedOp, other: TracedOp) -> Divergence | None:
        dtypes = dtype_difference(one, other)
        output, at = self._both.output_difference(one, other)
        bound = values.noise(one.dtypes[at], other.dtypes[at]) if one.dtypes and other.dtypes else 0.0
        if output <= bound and dtypes is None:
            return None
        given = self._both.input_difference(one, other)
        found = self._explain(one, other, output > values.GROWTH * given, dtypes)
        if found is None:
            return None
        keys = one.outputs[at] if one.outputs else "", other.outputs[at] if other.outputs else ""
        return self._measured(found, keys, given, output)

    def _substituted(self, one: TracedOp, other: TracedOp) -> Divergence | None:
        """Judge two operations of different types that stand in one place."""
        output, at = self._both.output_difference(one, other)
        bound = values.noise(one.dtypes[at], other.dtypes[at]) if one.dtypes and other.dtypes else 0.0
        if output <= bound:
            return None
        keys = one.outputs[at] if one.outputs else "", other.outputs[at] if other.outputs else ""
        return self._measured(self._regions.substituted(one, other), keys, 0.0, output)

    def _explain(self, one: TracedOp, other: TracedOp, grows: bool, dtypes: Difference | None) -> Divergence | None:
        """Say why a pair differs; None where it only carries on what rounding began."""
        variables = self._pairs.variable_divergence(one, other)
        if variables is not None:
            return self._pairs.with_settings(variables, one, other)
        here = self._pairs.differences(one, other)
        # In isolation an input differs only where the structure does, which does not excuse a setting.
        settled = any(d.source != "dataflow" for d in here) and (grows or self._isolated)
        moved = any(d.source == "dataflow" and d.tf2 != OUTSIDE for d in here)
        crossed = self._pairs.crossed(one, other) if moved and not settled else None
        if crossed is not None:
            return crossed
        if settled or moved:
            return self._both.divergence("operation-value", one, other, here)
        region = self._regions.find(one, other)
        if region is not None:
            region = replace(region, differences=(*(d for d in here if d.tf2 == OUTSIDE), *region.differences))
            return region if dtypes is None else self._with_dtypes(region, one, other, dtypes)
        if dtypes is not None:
            return self._both.divergence("operation-dtype", one, other, [dtypes, *here])
        if here:
            return self._both.divergence("operation-value", one, other, here)
        if not grows:
            return None
        near = self._regions.find(one, other, even_if_equal=True)
        asked = settings.request_differences([one], [other])
        return near or self._both.divergence("operation-value", one, other, asked)

    def _with_dtypes(self, region: Divergence, one: TracedOp, other: TracedOp, dtypes: Difference) -> Divergence:
        if {*region.tf1_region, *region.tf2_region} - {"Cast"}:
            return replace(region, differences=(*region.differences, dtypes))
        found = self._both.divergence("operation-dtype", one, other, [dtypes])
        return replace(found, tf1_region=region.tf1_region, tf2_region=region.tf2_region)

    def _at_results(self) -> Divergence | None:
        """Look at what the results come from, where no aligned pair differs."""
        for a, b in zip(self._both.tf1.results, self._both.tf2.results, strict=False):
            difference = self._both.relative(a.array, b.array)
            agree = self._both.sources_agree(a, b)
            if agree and self._both.same_dtype(a, b):
                continue
            if difference == UNKNOWN and not a.kind == b.kind == "operation":
                continue
            found = self._behind(a, b, agree)
            return self._measured(found, (a.array, b.array), 0.0, difference)
        return None

    def _behind(self, a: Source, b: Source, agree: bool) -> Divergence:
        left = self._both.tf1.ops[a.producer] if a.kind == "operation" else None
        right = self._both.tf2.ops[b.producer] if b.kind == "operation" else None
        region = self._regions.find(_taker(self._both.tf1, a), _taker(self._both.tf2, b))
        dtypes = self._result_dtypes(a, b)
        if agree or (region is None and dtypes is not None):
            told = [dtypes] if dtypes is not None else []
            found = self._both.divergence("operation-dtype", left, right, told)
            return replace(found, tf1_region=region.tf1_region, tf2_region=region.tf2_region) if region else found
        if region is not None:
            return region
        told = [Difference("result", self._both.origin(0, a), self._both.origin(1, b), "dataflow")]
        return self._both.divergence("region", left, right, told)

    def _result_dtypes(self, a: Source, b: Source) -> Difference | None:
        if self._both.same_dtype(a, b):
            return None
        return Difference("dtype", self._both.dtype(0, a), self._both.dtype(1, b), "attribute")

    def _measured(self, found: Divergence, keys: tuple[str, str], given: float, output: float) -> Divergence:
        left, right = self._both.array(0, keys[0]), self._both.array(1, keys[1])
        found = replace(found, relative_input_difference=given, relative_output_difference=max(output, 0.0))
        if left is None or right is None:
            return found
        bound = values.noise("float32", "float32")
        return replace(found, worst=values.worst_element(left, right), permuted=values.is_permuted(left, right, bound))


def _taker(trace: Trace, source: Source) -> TracedOp:
    """Return an operation that stands for whoever takes a result."""
    return TracedOp(len(trace.ops), "Result", "", "", (source,), (), (), (), {})


def _same_cause(found: Divergence) -> object:
    """Return what divergences share that are one cause: the line to look at and what differs there."""
    frame = next((frame for frame in found.stack if not frame.library), None)
    place = (frame.path, frame.line) if frame else None
    told = tuple((d.name, str(d.tf1), str(d.tf2)) for d in found.differences if d.source != "dataflow")
    sides = tuple(side.type if side else "" for side in (found.tf1, found.tf2))
    return place, found.kind, sides, told
