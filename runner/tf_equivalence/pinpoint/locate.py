"""Finds the first operation whose output differs while its inputs agree, or the gap in which that happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tf_equivalence.pinpoint import settings, values
from tf_equivalence.pinpoint.align import Alignment, align, normalized_type
from tf_equivalence.pinpoint.finding import Difference, Divergence, Worst, side_of
from tf_equivalence.pinpoint.values import Array
from tf_equivalence.trace import Source, Trace, TracedOp

_COMMUTATIVE = frozenset(["Add", "AddN", "Mul", "Maximum", "Minimum", "SquaredDifference", "Equal", "LogicalAnd"])
# Rarely to blame by themselves: they come and go with how the same computation is written down.
_GLUE = frozenset(
    "Reshape Squeeze ExpandDims StridedSlice Unpack Pack Merge Exit Cast Identity BroadcastTo Transpose "
    "TensorArrayGatherV3".split()
)
_CONTROL = frozenset(["Merge", "Exit", "Switch"])
_UNKNOWN = -1.0
_OUTSIDE = "a tensor made before this call"


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
        The first divergence in TF1's order; None where the results of both sides agree within rounding.
    """
    return _Locator(tf1_trace, tf1_arrays, tf2_trace, tf2_arrays, rename).find()


class _Locator:
    def __init__(
        self,
        tf1: Trace,
        tf1_arrays: Mapping[str, Array],
        tf2: Trace,
        tf2_arrays: Mapping[str, Array],
        rename: Callable[[str], str],
    ) -> None:
        self._tf1, self._tf2 = tf1, tf2
        self._arrays = tf1_arrays, tf2_arrays
        self._rename = rename
        self._alignment: Alignment = align(tf1, tf1_arrays, tf2, tf2_arrays, rename)
        self._back = {j: i for i, j in self._alignment.pairs.items()}
        self._known: dict[tuple[str, str], float] = {}
        self._variables = (
            {rename(name) for op in tf1.ops for name in op.variables},
            {name for op in tf2.ops for name in op.variables},
        )
        self._consumed = (_consumed_outputs(tf1), _consumed_outputs(tf2))

    def find(self) -> Divergence | None:
        if self._results_agree():
            return None
        for i, j in sorted(self._alignment.pairs.items()):
            found = self._judge(self._tf1.ops[i], self._tf2.ops[j])
            if found is not None:
                return found
        return self._at_results()

    # Values

    def _relative(self, one: str, other: str) -> float:
        """Return the relative difference of two stored values; `_UNKNOWN` where one was not fetched."""
        left, right = self._arrays[0].get(one), self._arrays[1].get(other)
        if left is None or right is None:
            return _UNKNOWN
        if (one, other) not in self._known:
            self._known[one, other] = values.relative_difference(left, right)
        return self._known[one, other]

    def _results_agree(self) -> bool:
        results = self._tf1.results, self._tf2.results
        if not results[0] or len(results[0]) != len(results[1]):
            return False
        pairs = list(zip(*results, strict=True))
        return all(self._sources_agree(a, b) and self._same_dtype(a, b) for a, b in pairs)

    def _same_dtype(self, one: Source, other: Source) -> bool:
        return _dtype(self._tf1, one) == _dtype(self._tf2, other)

    def _sources_agree(self, one: Source, other: Source) -> bool:
        return 0.0 <= self._relative(one.array, other.array) <= self._noise(one, other)

    def _noise(self, one: Source, other: Source) -> float:
        return values.noise(_dtype(self._tf1, one) or "float32", _dtype(self._tf2, other) or "float32")

    def _output_difference(self, one: TracedOp, other: TracedOp) -> tuple[float, int]:
        """Return the largest relative difference over the outputs that anything takes, and which one it is."""
        worst, at = _UNKNOWN, 0
        for k, (a, b) in enumerate(zip(one.outputs, other.outputs, strict=False)):
            if (one.index, k) not in self._consumed[0] and (other.index, k) not in self._consumed[1]:
                continue
            difference = self._relative(a, b)
            if difference > worst:
                worst, at = difference, k
        return worst, at

    def _input_difference(self, one: TracedOp, other: TracedOp) -> float:
        """Return the largest relative difference over the inputs with known values; 0 where there is none."""
        sources = list(zip(one.sources, other.sources, strict=False))
        straight = max((self._relative(a.array, b.array) for a, b in sources if a.array and b.array), default=0.0)
        if normalized_type(one) in _COMMUTATIVE and len(one.sources) == len(other.sources) == 2 and straight > 0:
            crossed = zip(one.sources, reversed(other.sources), strict=True)
            known = [self._relative(a.array, b.array) for a, b in crossed if a.array and b.array]
            if len(known) == sum(1 for a, b in sources if a.array and b.array):
                straight = min(straight, max(known, default=0.0))
        return max(straight, 0.0)

    # One pair of operations

    def _judge(self, one: TracedOp, other: TracedOp) -> Divergence | None:
        dtypes = _float_dtypes(one, other)
        output, at = self._output_difference(one, other)
        if output == _UNKNOWN and dtypes is None:
            return None
        bound = values.noise(one.dtypes[at] if one.dtypes else "", other.dtypes[at] if other.dtypes else "")
        if output <= bound and dtypes is None:
            return None
        given = self._input_difference(one, other)
        found = self._explain_pair(one, other, output > values.GROWTH * given, dtypes)
        if found is None:
            return None
        return self._measured(found, one, other, at, given, output)

    def _explain_pair(
        self, one: TracedOp, other: TracedOp, grows: bool, dtypes: Difference | None
    ) -> Divergence | None:
        """Say why a pair differs; None where it only carries on what rounding began."""
        here = self._pair_differences(one, other)
        variables = self._variable_difference(one, other, dtypes is not None)
        if variables is not None:
            return replace(variables, differences=variables.differences + tuple(here))
        sure = [d for d in here if d.source != "dataflow"]
        if sure and grows:
            return self._divergence("operation-value", one, other, here)
        region = self._region(one, other)
        if region is not None:
            region = replace(region, differences=(*(d for d in here if d.tf2 == _OUTSIDE), *region.differences))
            return region if dtypes is None else self._with_dtypes(region, one, other, dtypes)
        if dtypes is not None:
            return self._divergence("operation-dtype", one, other, [dtypes, *here])
        if here:
            return self._divergence("operation-value", one, other, here)
        if not grows:
            return None
        near = self._region(one, other, even_if_equal=True)
        if near is not None:
            return near
        return self._divergence("operation-value", one, other, settings.request_differences([one], [other]))

    def _with_dtypes(self, region: Divergence, one: TracedOp, other: TracedOp, dtypes: Difference) -> Divergence:
        involved = {*region.tf1_region, *region.tf2_region}
        if involved - {"Cast"}:
            return replace(region, differences=(*region.differences, dtypes))
        found = self._divergence("operation-dtype", one, other, [dtypes])
        return replace(found, tf1_region=region.tf1_region, tf2_region=region.tf2_region)

    def _pair_differences(self, one: TracedOp, other: TracedOp) -> list[Difference]:
        found = settings.attribute_differences(one, other)
        found += settings.constant_differences(one, other, (self._tf1, self._tf2))
        if found:
            known = {d.name for d in found}
            found += [d for d in settings.request_differences([one], [other]) if d.name not in known]
            found.sort(key=lambda d: d.name.startswith("input "))  # a setting with a name says more
        return found + self._dataflow_differences(one, other)

    def _dataflow_differences(self, one: TracedOp, other: TracedOp) -> list[Difference]:
        """Return the inputs that come from another operation, or another output of it, than in TF1."""
        pairs = list(zip(one.sources, other.sources, strict=False))
        if normalized_type(one) in _COMMUTATIVE and len(one.sources) == len(other.sources) == 2:
            crossed = list(zip(one.sources, reversed(other.sources), strict=True))
            if sum(self._other_producer(a, b) for a, b in crossed) < sum(self._other_producer(a, b) for a, b in pairs):
                pairs = crossed
        return [
            Difference(f"input {at}", self._origin(0, a), self._origin(1, b), "dataflow")
            for at, (a, b) in enumerate(pairs)
            if self._other_producer(a, b)
        ]

    def _other_producer(self, one: Source, other: Source) -> bool:
        if self._sources_agree(one, other):
            return False
        if one.kind == other.kind == "operation":
            first = self._alignment.first_pass.get(other.producer, other.producer)
            if one.producer not in self._alignment.pairs or first not in self._back:
                return False
            return self._alignment.pairs[one.producer] != first or one.output != other.output
        return other.kind == "outside" and one.kind == "operation"

    def _origin(self, side: int, source: Source) -> str:
        if source.kind == "operation":
            op = (self._tf1, self._tf2)[side].ops[source.producer]
            which = f"output {source.output} of " if len(op.outputs) > 1 else ""
            return f"{which}{op.type} {op.name}"
        return {"outside": _OUTSIDE}.get(source.kind, f"{source.kind} {source.name}".strip())

    def _variable_difference(self, one: TracedOp, other: TracedOp, other_dtype: bool = False) -> Divergence | None:
        """Return a divergence where the pair reads other variables, or one variable with another value."""
        tolerance = 2e-2 if other_dtype else 1e-5
        left = [s for s in one.sources if s.kind == "variable"]
        right = [s for s in other.sources if s.kind == "variable"]
        if len(left) != len(right):
            return None
        if sorted(self._rename(s.name) for s in left) == sorted(s.name for s in right):
            by_name = {s.name: s for s in right}
            for s in left:
                if not _same_fingerprint(s.value, by_name[self._rename(s.name)].value, tolerance):
                    return self._divergence("variable-value", one, other, _named("variable", s, s))
            return None
        for a, b in zip(left, right, strict=True):
            comparable = self._rename(a.name) in self._variables[1] or b.name in self._variables[0]
            same = a.value and b.value and _same_fingerprint(a.value, b.value, tolerance)
            if self._rename(a.name) != b.name and comparable and not same:
                kind = "variables-swapped" if self._is_swapped(a.name, b.name) else "reads-other-variable"
                return self._divergence(kind, one, other, _named("variable", a, b))
        return None

    def _is_swapped(self, tf1_name: str, tf2_name: str) -> bool:
        """Return whether TF2 reads, where TF1 reads the one's counterpart, the other."""
        for i, j in self._alignment.pairs.items():
            for a, b in zip(self._tf1.ops[i].sources, self._tf2.ops[j].sources, strict=False):
                if a.kind == b.kind == "variable" and self._rename(a.name) == tf2_name:
                    if b.name == self._rename(tf1_name):
                        return True
        return False

    # A gap between what agrees and what differs

    def _region(self, one: TracedOp, other: TracedOp, even_if_equal: bool = False) -> Divergence | None:
        """Return the structural difference that feeds a differing pair; None where there is none.

        With `even_if_equal`, operations without counterpart count although the values behind them
        agree: a bound of 1e-7 changes nothing until a logarithm is taken.
        """
        aligned1, aligned2 = set(self._alignment.pairs), set(self._back)
        starts = self._differing_producers(one, other, even_if_equal)
        region1 = self._upstream(self._tf1, starts[0], aligned1, 0)
        region2 = self._upstream(self._tf2, starts[1], aligned2, 1)
        only1 = _blamable([self._tf1.ops[i] for i in sorted(region1 - aligned1)])
        only2 = _blamable([self._tf2.ops[j] for j in sorted(region2 - aligned2)])
        if any(op.loop for op in self._tf1.ops):
            # How a loop's arrays are taken apart and put together is not the user's doing.
            only1, only2 = _without_glue(only1), _without_glue(only2)
        types1, types2 = tuple(op.type for op in only1), tuple(op.type for op in only2)
        for i in sorted(region1 & aligned1):
            j = self._alignment.pairs[i]
            a, b = self._tf1.ops[i], self._tf2.ops[j]
            variables = self._variable_difference(a, b)
            if variables is not None:
                return variables
            sure = self._pair_differences(a, b)
            if sure:
                found = self._divergence("operation-value", a, b, sure)
                return replace(found, tf1_region=types1, tf2_region=types2)
        if not only1 and not only2:
            return None
        return self._structural(only1, only2, one, other)

    def _differing_producers(
        self, one: TracedOp, other: TracedOp, even_if_equal: bool
    ) -> tuple[list[int], list[int]]:
        left, right = list(one.sources), list(other.sources)
        if normalized_type(one) in _COMMUTATIVE and len(left) == len(right) == 2:
            straight = sum(self._sources_agree(a, b) for a, b in zip(left, right, strict=True))
            crossed = sum(self._sources_agree(a, b) for a, b in zip(left, reversed(right), strict=True))
            if crossed > straight:
                right.reverse()
        starts: tuple[list[int], list[int]] = ([], [])
        for at in range(max(len(left), len(right))):
            a = left[at] if at < len(left) else None
            b = right[at] if at < len(right) else None
            if a is not None and b is not None and not even_if_equal:
                if self._sources_agree(a, b) and self._same_dtype(a, b):
                    continue
            if a is not None and a.kind == "operation":
                starts[0].append(a.producer)
            if b is not None and b.kind == "operation":
                starts[1].append(self._alignment.first_pass.get(b.producer, b.producer))
        return starts

    def _upstream(self, trace: Trace, starts: Iterable[int], aligned: set[int], side: int) -> set[int]:
        """Return the operations upstream of `starts`, up to pairs that are known to agree."""
        found: set[int] = set()
        pending = list(starts)
        while pending:
            index = pending.pop()
            if index < 0 or index in found or (index in aligned and self._agrees(index, side)):
                continue
            found.add(index)
            for producer in trace.ops[index].inputs:
                pending.append(self._alignment.first_pass.get(producer, producer) if side else producer)
        return found

    def _agrees(self, index: int, side: int) -> bool:
        one = self._tf1.ops[self._back[index] if side else index]
        other = self._tf2.ops[index if side else self._alignment.pairs[index]]
        difference, at = self._output_difference(one, other)
        if _float_dtypes(one, other) is not None:
            return False
        return 0.0 <= difference <= values.noise(one.dtypes[at], other.dtypes[at])

    def _structural(
        self, only1: list[TracedOp], only2: list[TracedOp], one: TracedOp, other: TracedOp
    ) -> Divergence:
        differences = settings.region_differences(only1 or [one], only2 or [other], (self._tf1, self._tf2))
        if only1 and only2:
            a, b = self._principal(only1, only2)
            found = self._divergence("operation-substituted", a, b, differences)
        elif only1:
            found = self._divergence("operation-missing", _first(only1), other, self._constants_of(only1, 0))
            found = replace(found, differences=found.differences + tuple(differences))
        else:
            found = self._divergence("operation-extra", None, _first(only2), self._constants_of(only2, 1))
            found = replace(found, differences=found.differences + tuple(differences))
        return replace(found, tf1_region=tuple(op.type for op in only1), tf2_region=tuple(op.type for op in only2))

    def _constants_of(self, ops: Sequence[TracedOp], side: int) -> list[Difference]:
        """State the settings of an operation that only one side has."""
        op = _first(ops)
        stated = [(name, value) for name, value in settings.stated_constants(op, (self._tf1, self._tf2)[side])]
        return [
            Difference(name, *((None, value) if side else (value, None)), "constant input") for name, value in stated
        ]

    def _principal(self, only1: list[TracedOp], only2: list[TracedOp]) -> tuple[TracedOp, TracedOp]:
        """Return the pair to name: one that stands in the same place, else the first of each side."""
        wanted = {op.index for op in only2}
        for op in _without_glue(only1) or only1:
            place = self._alignment.substitutions.get(op.index)
            if place in wanted and self._tf2.ops[place].type not in _GLUE:
                return op, self._tf2.ops[place]
        return _first(only1), _first(only2)

    # Results

    def _at_results(self) -> Divergence | None:
        """Look at what the results come from, where no aligned pair differs."""
        for a, b in zip(self._tf1.results, self._tf2.results, strict=False):
            if self._sources_agree(a, b) and self._same_dtype(a, b):
                continue
            if self._relative(a.array, b.array) == _UNKNOWN and a.kind == b.kind != "operation":
                continue
            one, other = self._result_op(self._tf1, a), self._result_op(self._tf2, b)
            found = self._region(one, other) or self._between(one, other, a, b)
            left, right = self._arrays[0].get(a.array), self._arrays[1].get(b.array)
            difference = self._relative(a.array, b.array)
            worst = values.worst_element(left, right) if left is not None and right is not None else None
            permuted = left is not None and right is not None and values.is_permuted(left, right, 1e-6)
            return replace(
                found, relative_output_difference=max(difference, 0.0), worst=worst, permuted=permuted
            )
        return None

    def _result_op(self, trace: Trace, source: Source) -> TracedOp:
        """Return an operation that stands for whoever takes the result."""
        return TracedOp(len(trace.ops), "Result", "", "", (source,), (), (), (), {})

    def _between(self, one: TracedOp, other: TracedOp, a: Source, b: Source) -> Divergence:
        left = self._tf1.ops[a.producer] if a.kind == "operation" else None
        right = self._tf2.ops[b.producer] if b.kind == "operation" else None
        paired = left is not None and right is not None and self._alignment.pairs.get(left.index) == right.index
        dtypes = _float_dtypes(left, right) if left is not None and right is not None else None
        differences = [dtypes] if dtypes is not None else []
        if not paired:
            differences += [Difference("result", self._origin(0, a), self._origin(1, b), "dataflow")]
        return self._divergence("region", left, right, differences)

    # Words for the reader

    def _divergence(
        self, kind: str, one: TracedOp | None, other: TracedOp | None, differences: Sequence[Difference]
    ) -> Divergence:
        return Divergence(
            kind,
            side_of(one, _nearest_variables(one, self._tf1)) if one is not None else None,
            side_of(other, _nearest_variables(other, self._tf2)) if other is not None else None,
            tuple(differences),
        )

    def _measured(
        self, found: Divergence, one: TracedOp, other: TracedOp, at: int, given: float, output: float
    ) -> Divergence:
        left = self._arrays[0].get(one.outputs[at]) if one.outputs else None
        right = self._arrays[1].get(other.outputs[at]) if other.outputs else None
        worst: Worst | None = None
        permuted = False
        if left is not None and right is not None:
            worst = values.worst_element(left, right)
            permuted = values.is_permuted(left, right, values.noise("float32", "float32"))
        return replace(
            found,
            relative_input_difference=given,
            relative_output_difference=max(output, 0.0),
            worst=worst,
            permuted=permuted,
        )


def _dtype(trace: Trace, source: Source) -> str:
    if source.kind != "operation" or source.producer < 0:
        return ""
    dtypes = trace.ops[source.producer].dtypes
    return dtypes[source.output] if source.output < len(dtypes) else ""


def _float_dtypes(one: TracedOp, other: TracedOp) -> Difference | None:
    for a, b in zip(one.dtypes[:1], other.dtypes[:1], strict=False):
        if a != b:
            return Difference("dtype", a, b, "attribute")
    return None


def _consumed_outputs(trace: Trace) -> set[tuple[int, int]]:
    found = {(s.producer, s.output) for op in trace.ops for s in op.sources if s.kind == "operation"}
    found |= {(s.producer, s.output) for s in trace.results if s.kind == "operation"}
    taken = {producer for producer, _ in found}
    return found | {(op.index, 0) for op in trace.ops if op.index not in taken}


def _same_fingerprint(one: object, other: object, tolerance: float) -> bool:
    """Return whether two variables hold the same values, as far as sum and norm tell; unknown counts as the same."""
    if not isinstance(one, list) or not isinstance(other, list):
        return True
    numbers = [float(value) for value in (*one, *other)]
    scale = max(abs(numbers[1]), 1e-30)
    pairs = zip(numbers[:2], numbers[2:], strict=True)
    return all(math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance * scale) for a, b in pairs)


def _named(what: str, one: Source, other: Source) -> list[Difference]:
    return [Difference(what, one.name, other.name, "dataflow")]


def _blamable(ops: list[TracedOp]) -> list[TracedOp]:
    return [op for op in ops if op.type not in _CONTROL]


def _without_glue(ops: list[TracedOp]) -> list[TracedOp]:
    return [op for op in ops if op.type not in _GLUE]


def _first(ops: Sequence[TracedOp]) -> TracedOp:
    """Return the first operation that computes something, else the first one."""
    return next((op for op in ops if op.type not in _GLUE), ops[0])


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
