"""What holds for any two runs: tensors, ragged and sparse tensors and indexed slices, each of any dtype."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf_equivalence.case import Tolerance
from tf_equivalence.judge.outputs import RunJudgement, judge_run
from tf_equivalence.recording import COMPONENTS, Leaf, RunRecord

from . import oracle
from .strategies import BLOCKS, COMPLEX, DTYPES, FLOATS, QUICK, Pair, arrays, changes, elements_in_a_block, pairs

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")  # no overflow or invalid operation goes unnoticed

INEXACT = FLOATS + COMPLEX
KINDS = ("tensor", "ragged", "sparse", "indexed-slices")
EXACT = Tolerance(0.0, 0.0)
ORDER = ("missing", "unexpected", "twice", "structure", "shape", "dtype", "non-finite", "value")


@dataclass(frozen=True)
class Output:
    """One output as a worker records it: the arrays of its components, in the order of `COMPONENTS`."""

    name: str
    kind: str
    dtype: str
    arrays: tuple[np.ndarray, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each array; the last one stands for any more of them."""
        known = COMPONENTS[self.kind]
        return known + known[-1:] * (len(self.arrays) - len(known))

    @property
    def names(self) -> tuple[str, ...]:
        """What a finding calls each array."""
        return (self.name,) if self.kind == "tensor" else tuple(f"{self.name}.{label}" for label in self.labels)

    def dtype_of(self, number: int) -> str:
        """Return TensorFlow's name of the dtype of one array."""
        return self.dtype if self.labels[number] == "values" else self.arrays[number].dtype.name

    def having(self, number: int, array: np.ndarray) -> Output:
        """Return the output with another array."""
        return replace(self, arrays=(*self.arrays[:number], array, *self.arrays[number + 1 :]))


def _values(output: Output) -> int:
    return output.labels.index("values")


def _side(outputs: Sequence[Output]) -> tuple[RunRecord, dict[str, np.ndarray]]:
    """Return the record and the arrays of a run with these outputs."""
    leaves, values = [], {}
    for position, output in enumerate(outputs):
        keys = tuple(f"o{position}.{number}.{label}" for number, label in enumerate(output.labels))
        shape = output.arrays[_values(output)].shape if output.arrays else ()
        leaves.append(Leaf(output.name, output.kind, output.dtype, shape, keys))
        values.update(zip(keys, output.arrays, strict=True))
    return RunRecord("named", tuple(leaves)), values


def _judge(
    tf1: Sequence[Output], tf2: Sequence[Output], tolerance: Any = "measured", nan_equal: Sequence[str] = ()
) -> RunJudgement:
    one, other = _side(tf1), _side(tf2)
    judgement = judge_run(*one, [], *other, tolerance, tf2_names=str, nan_equal=nan_equal)
    for finding in judgement.findings:
        assert finding.message
        json.dumps(dict(finding.metrics), allow_nan=False)
    return judgement


def _kinds(judgement: RunJudgement) -> list[tuple[str, str]]:
    return [(finding.kind, finding.name) for finding in judgement.findings]


def _splits(draw: st.DrawFn, rows: int, dtype: str) -> tuple[np.ndarray, int]:
    """Return the row splits of so many rows, and how many values they hold."""
    lengths = draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))
    return np.cumsum([0, *lengths]).astype(dtype), sum(lengths)


@st.composite
def outputs(draw: st.DrawFn, kind: str, dtype: str, name: str = "a", *, finite: bool = False) -> Output:
    """Return an output of a kind; a ragged one has one or two ragged dimensions."""
    inner = draw(st.sampled_from([(), (2,)]))
    if kind == "none":
        return Output(name, kind, "", ())
    if kind == "ragged":
        count, splits, width = draw(st.integers(0, 3)), [], draw(st.sampled_from(["int32", "int64"]))
        for _ in range(draw(st.integers(1, 2))):
            split, count = _splits(draw, count, width)
            splits.append(split)
        return Output(name, kind, dtype, (draw(arrays(dtype, (count, *inner), finite=finite)), *splits))
    if kind == "tensor":
        shape = draw(st.sampled_from([(), (0,), (3,), (2, 1, 2)]))
        return Output(name, kind, dtype, (draw(arrays(dtype, shape, finite=finite)),))
    count = draw(st.integers(0, 4))
    values = draw(arrays(dtype, (count, *(inner if kind == "indexed-slices" else ())), finite=finite))
    if kind == "indexed-slices":
        indices = draw(st.lists(st.integers(0, 2**31 - 1), min_size=count, max_size=count))
        return Output(name, kind, dtype, (values, np.array(indices, "int32")))
    rank = draw(st.integers(1, 3))
    places = draw(st.lists(st.integers(0, 4), min_size=count * rank, max_size=count * rank))
    return Output(
        name, kind, dtype, (np.array(places, "int64").reshape(count, rank), values, np.full(rank, 5, "int64"))
    )


@st.composite
def runs(draw: st.DrawFn, names: str = "abcd", *, finite: bool = False) -> tuple[Output, ...]:
    """Return up to so many outputs of any kinds and dtypes."""
    given_names = [name for name in names if draw(st.booleans())]
    kinds = st.sampled_from([*KINDS, "none"])
    return tuple(draw(outputs(draw(kinds), draw(st.sampled_from(DTYPES)), name, finite=finite)) for name in given_names)


@st.composite
def twins(draw: st.DrawFn, output: Output, *, finite: bool = False) -> tuple[Output, Output]:
    """Return two outputs that differ from this one, and from each other, at most in their values."""
    if output.kind == "none":
        return output, output
    number = _values(output)
    pair = draw(pairs((output.dtype,), shapes=st.just(output.arrays[number].shape), finite=finite))
    return output.having(number, pair.tf1), output.having(number, pair.tf2)


@st.composite
def pairs_of_runs(draw: st.DrawFn) -> tuple[tuple[Output, ...], tuple[Output, ...]]:
    """Return two runs, some of whose outputs differ in values, or altogether, or are in one of them only."""
    both = [draw(twins(output)) for output in draw(runs())]
    one, other = (list(side) for side in zip(*both, strict=True)) if both else ([], [])
    return (*one, *draw(runs("ef"))), (*other, *draw(runs("ef")))


@QUICK
@given(runs(), st.randoms(), BLOCKS)
def test_a_run_agrees_with_itself(run: tuple[Output, ...], random: Any, block: int) -> None:
    """In any order of its outputs, and down to the last array; where there is nothing to compare, it says so."""
    again = [replace(output, arrays=tuple(array.copy() for array in output.arrays)) for output in run]
    random.shuffle(again)
    with elements_in_a_block(block):
        judgement = _judge(run, again, nan_equal=["*"])
    floating = [output.arrays[_values(output)] for output in run if output.dtype in INEXACT]
    says_nothing = floating and not any(array.size == 0 or np.isfinite(array).any() for array in floating)
    held = [array for output in run for array in output.arrays]
    assert _kinds(judgement) == ([("nothing-compared", "")] if says_nothing or not held else [])
    assert (judgement.compared, judgement.elements) == (len(held), sum(array.size for array in held))
    assert (judgement.max_abs_diff, judgement.max_rel_diff) == (0.0, 0.0)


@QUICK
@given(runs(), st.data())
def test_nan_agrees_only_in_the_outputs_that_are_named(run: tuple[Output, ...], data: st.DataObject) -> None:
    """A glob lets NaN pass in the values of its output, whatever it is made of, and in no other."""
    named = data.draw(st.sets(st.sampled_from([*"abcd"])))
    with_nan = [
        name
        for output in run
        if output.dtype in INEXACT and np.isnan(output.arrays[_values(output)]).any() and output.name not in named
        for name in [output.names[_values(output)]]
    ]
    found = [name for kind, name in _kinds(_judge(run, run, nan_equal=sorted(named))) if kind != "nothing-compared"]
    assert sorted(found) == sorted(with_nan)


@pytest.mark.parametrize("kind", KINDS)
@QUICK
@given(st.sampled_from(DTYPES), BLOCKS, st.data())
def test_a_single_change_is_found_in_its_component(kind: str, dtype: str, block: int, data: st.DataObject) -> None:
    """It is the one finding, under the component's name and at the index that changed."""
    one = data.draw(outputs(kind, dtype, finite=True).filter(lambda output: any(a.size for a in output.arrays)))
    number = data.draw(st.sampled_from([n for n, array in enumerate(one.arrays) if array.size]))
    array = one.arrays[number]
    allowed = dict(_judge([one], [one]).bounds)
    pair, at = data.draw(changes(Pair(array, array, one.dtype_of(number)), allowed.get(one.names[number], EXACT)))
    changed = one.having(number, pair.tf2)
    beside = data.draw(runs("bcd", finite=True))
    with elements_in_a_block(block):
        judgement = _judge([one, *beside], [*beside, changed])
    (finding,) = judgement.findings
    assert finding.name == one.names[number]
    (sample,) = finding.metrics["samples"]
    assert (tuple(sample["index"]), finding.metrics["mismatched"]) == (np.unravel_index(at, array.shape), 1)
    finite = pair.dtype not in INEXACT or np.isfinite(pair.tf2).all()
    assert finding.kind == ("output-value" if finite else "output-non-finite")


ACCIDENTS = ("missing", "unexpected", "twice", "structure", "shape", "dtype", "non-finite", "value", "")


@QUICK
@given(st.lists(st.tuples(st.sampled_from(ACCIDENTS), st.sampled_from(KINDS)), min_size=1, max_size=8), st.randoms())
def test_every_failure_is_collected(accidents: list[tuple[str, str]], random: Any) -> None:
    """Whatever goes wrong with some outputs, each failure of each is found once, worst first."""
    tf1, tf2, expected = [], [], []
    for number, (accident, kind) in enumerate(accidents):
        one = _plain(f"o{number}", kind)
        name = one.name if accident in ORDER[:4] else one.names[_values(one)]
        tf1 += [] if accident == "unexpected" else [one]
        tf2 += [] if accident == "missing" else [_hurt(one, accident)] * (1 + (accident == "twice"))
        expected += [(f"output-{accident}", name)] if accident else []
    random.shuffle(tf2)
    found = _kinds(judgement := _judge(tf1, tf2))
    assert sorted(found) == sorted(expected)
    places = [ORDER.index(kind.removeprefix("output-")) for kind, _ in found]
    assert places == sorted(places)
    sizes = [float(str(f.metrics["relative_l2"])) for f in judgement.findings if f.kind == "output-value"]
    assert sizes == sorted(sizes, reverse=True)


def _plain(name: str, kind: str) -> Output:
    values, splits = np.float32([1.0, 2.0, 4.0]), np.int64([0, 2, 3])
    held = {
        "tensor": (values,),
        "ragged": (values, splits),
        "sparse": (np.int64([[0], [2], [4]]), values, np.int64([5])),
        "indexed-slices": (values, np.int32([7, 0, 7])),
    }
    return Output(name, kind, "float32", held[kind])


def _hurt(output: Output, accident: str) -> Output:
    values = output.arrays[_values(output)]
    if accident == "structure":
        return Output(output.name, "none", "", ())
    if accident == "dtype":
        return replace(output.having(_values(output), values.astype(np.float64)), dtype="float64")
    hurt = {
        "shape": values[:2],
        "non-finite": np.float32([1.0, np.nan, 4.0]),
        "value": values * np.float32(1 + int(output.name[1:])) + np.float32(1e-3),
    }
    return output.having(_values(output), hurt.get(accident, values))


@QUICK
@given(pairs_of_runs(), st.sampled_from([0.0, 1.0, 1e300]), BLOCKS)
def test_sides_swap_under_an_absolute_bound(both: tuple[tuple[Output, ...], ...], atol: float, block: int) -> None:
    """Any two runs are judged, without an exception, and the same whichever side is which."""
    opposite = {"output-missing": "output-unexpected", "output-unexpected": "output-missing"}
    with elements_in_a_block(block):
        there, back = (_judge(*sides, Tolerance(0.0, atol), ["b", "e"]) for sides in (both, both[::-1]))
    assert sorted(_kinds(there)) == sorted((opposite.get(kind, kind), name) for kind, name in _kinds(back))
    assert (there.compared, there.max_abs_diff) == (back.compared, back.max_abs_diff)
    assert _symmetric(there) == _symmetric(back)


def _symmetric(judgement: RunJudgement) -> list[str]:
    figures = ("mismatched", "total", "percent", "ulps", "smallest_atol")
    return sorted(str((f.name, [f.metrics.get(figure) for figure in figures])) for f in judgement.findings)


@pytest.mark.parametrize("kind", KINDS)
@QUICK
@given(st.sampled_from(INEXACT), st.data())
def test_the_tolerance_that_a_finding_names_passes_and_nothing_smaller(
    kind: str, dtype: str, data: st.DataObject
) -> None:
    """Given for the output, it lets the component's values pass; the next smaller number does not."""
    one, other = data.draw(twins(data.draw(outputs(kind, dtype)), finite=True))
    for finding in _judge([one], [other], EXACT).findings:
        smallest = finding.metrics["smallest_atol"], finding.metrics["smallest_rtol"]
        for number, said in enumerate(smallest):
            most = said if isinstance(said, float) else oracle.MOST  # where none would pass, that is said as text
            tolerances = [
                {"a": Tolerance(0.0, value) if number == 0 else Tolerance(value, 0.0)}
                for value in (most, float(np.nextafter(most, 0.0)))
            ]
            passes = [not _judge([one], [other], tolerance).findings for tolerance in tolerances]
            assert passes == [isinstance(said, float), False]


@QUICK
@given(pairs_of_runs(), st.data())
def test_a_recording_that_lacks_arrays_is_never_a_pass(
    both: tuple[tuple[Output, ...], ...], data: st.DataObject
) -> None:
    """Whatever is lacking on either side is named, once for each array, and nothing raises."""
    sides = [_side(run) for run in both]
    keys = [(number, key) for number, (_, held) in enumerate(sides) for key in held]
    lost = data.draw(st.sets(st.sampled_from(keys), min_size=1)) if keys else set()
    for number, key in lost:
        del sides[number][1][key]
    judgement = judge_run(*sides[0], [], *sides[1], "measured", tf2_names=str)
    incomplete = [finding for finding in judgement.findings if finding.kind == "recording-incomplete"]
    assert len(incomplete) == len(lost)
    assert not lost or judgement.compared == 0
