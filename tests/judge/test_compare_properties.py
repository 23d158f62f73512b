"""What holds for any two arrays: equality, single changes, symmetry, exact figures, blocks and mapped files."""

from __future__ import annotations

import json
import math
import tempfile
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf_equivalence import recording
from tf_equivalence.judge.bounds import Bound, largest
from tf_equivalence.judge.compare import Difference, compare, largest_difference
from tf_equivalence.judge.wording import describe

from . import oracle
from .strategies import (
    BLOCKS,
    COMPLEX,
    DTYPES,
    EXACT,
    FILLED,
    FLOATS,
    INTEGERS,
    QUICK,
    SHAPES,
    Pair,
    arrays,
    bounds,
    changes,
    elements_in_a_block,
    pairs,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")  # no overflow or invalid operation goes unnoticed

THOROUGH = settings(QUICK, max_examples=150)
INEXACT = FLOATS + COMPLEX
WIDEST = Bound(0.0, oracle.MOST, "")
_MOST = Fraction(oracle.MOST)


def _compare(pair: Pair, bound: Bound, *, nan_equal: bool = False) -> Difference | None:
    return compare(pair.tf1, pair.tf2, bound, nan_equal=nan_equal, **pair.names)


def _flat(index: tuple[int, ...], array: np.ndarray) -> int:
    return int(np.ravel_multi_index(index, array.shape)) if index else 0


@pytest.mark.parametrize("dtype", DTYPES)
@QUICK
@given(BLOCKS, st.data())
def test_an_array_agrees_with_itself(dtype: str, block: int, data: st.DataObject) -> None:
    """Whatever its dtype and shape, and with NaN in it where that is asked for, and only there."""
    pair = data.draw(pairs((dtype,)))
    same = Pair(pair.tf1, pair.tf1.copy(), pair.dtype)
    with elements_in_a_block(block):
        assert _compare(same, EXACT, nan_equal=True) is None
        assert largest_difference(same.tf1, same.tf2) == 0
        found = _compare(same, WIDEST)
    nans = np.flatnonzero(np.isnan(pair.tf1)).tolist() if pair.dtype in INEXACT else []
    assert [_flat(sample.index, pair.tf1) for sample in (found.samples if found else ())] == nans[:5]


@QUICK
@given(st.sampled_from(DTYPES), SHAPES, st.sampled_from(DTYPES), SHAPES, st.booleans(), st.data())
def test_nothing_raises(
    dtype: str, shape: tuple[int, ...], other: str, other_shape: tuple[int, ...], alike: bool, data: st.DataObject
) -> None:
    """Any two arrays compare; shapes come before dtypes, nothing is broadcast, and figures are strict JSON."""
    pair = data.draw(arrays(dtype, shape)), data.draw(arrays(other, shape if alike else other_shape))
    found = compare(*pair, data.draw(st.sampled_from([EXACT, WIDEST])), tf1_dtype=dtype, tf2_dtype=other)
    assert largest_difference(*pair) >= 0
    if pair[0].shape != pair[1].shape:
        assert found is not None
        assert (found.kind, found.tf1_shape, found.tf2_shape) == ("shape", pair[0].shape, pair[1].shape)
    elif dtype != other:
        assert found is not None
        assert (found.kind, found.tf1_dtype, found.tf2_dtype) == ("dtype", dtype, other)
    if found is not None:
        json.dumps(found.to_metrics(), allow_nan=False)
        assert describe("x", found).startswith("x ")


@pytest.mark.parametrize("dtype", DTYPES)
@QUICK
@given(BLOCKS, st.data())
def test_a_single_change_above_the_bound_is_found_where_it_is(dtype: str, block: int, data: st.DataObject) -> None:
    """The one element that changed is the one reported, also next to changes within the bound."""
    pair = data.draw(pairs((dtype,), shapes=FILLED, finite=True))
    bound = data.draw(bounds(pair))
    changed, at = data.draw(changes(pair, bound))
    with elements_in_a_block(block):
        found = _compare(changed, bound)
    assert found is not None
    assert (found.mismatched, found.total) == (1, pair.tf1.size)
    (sample,) = found.samples
    assert _flat(sample.index, pair.tf1) == at
    finite = dtype not in INEXACT or np.isfinite(changed.tf2[sample.index])
    assert found.kind == ("value" if finite else "non-finite")
    if bound.rtol and dtype in INEXACT:
        return  # an element within the bound may be farther from TF1's
    if finite and dtype not in ("bool", "string"):
        assert found.worst_absolute is not None
        assert found.worst_absolute.index == sample.index
    if pair.tf1.size > 1:
        assert str(list(sample.index)) in describe("x", found)


@QUICK
@given(pairs(), st.sampled_from([0.0, 1.0, 1e300]) | st.floats(0, 1e3), st.booleans(), BLOCKS)
def test_sides_swap_under_an_absolute_bound(pair: Pair, atol: float, nan_equal: bool, block: int) -> None:
    """Every figure that is not relative to TF1 is the same, whichever side is which."""
    with elements_in_a_block(block):
        one, other = (_compare(sides, Bound(0.0, atol, ""), nan_equal=nan_equal) for sides in (pair, pair.swapped))
        assert largest_difference(pair.tf1, pair.tf2) == largest_difference(pair.tf2, pair.tf1)
    assert (one is None) == (other is None)
    if one and other:
        assert _symmetric(one) == _symmetric(other)
        assert one.nan_count == other.nan_count[::-1]


def _symmetric(found: Difference) -> tuple[Any, ...]:
    elements = [None if e is None else (e.index, e.difference) for e in (found.worst_absolute, *found.samples)]
    return found.kind, found.mismatched, found.total, found.percent, found.ulps, found.smallest_atol, elements


@pytest.mark.parametrize("dtype", INEXACT)
@THOROUGH
@given(st.booleans(), BLOCKS, st.data())
def test_figures_of_floats_are_those_of_exact_fractions(
    dtype: str, nan_equal: bool, block: int, data: st.DataObject
) -> None:
    """Verdict, places and figures agree with rational arithmetic, but for what float64 rounds."""
    pair = data.draw(pairs((dtype,)))
    bound = data.draw(bounds(pair))
    exact = oracle.apart(pair.tf1, pair.tf2, bound, nan_equal=nan_equal)
    with elements_in_a_block(block):
        found = _compare(pair, bound, nan_equal=nan_equal)
        top = largest_difference(pair.tf1, pair.tf2), largest(pair.tf1)
    assert oracle.is_near(top[0], min(max((exact.absolute[i] for i in exact.finite), default=Fraction(0)), _MOST))
    assert oracle.is_near(top[1], min(oracle.largest(pair.tf1), _MOST))
    assert len(exact.surely) <= (found.mismatched if found else 0) <= len(exact.perhaps)
    if found is None:
        return
    assert found.kind == ("non-finite" if exact.bad else "value")
    assert found.nan_count == (np.count_nonzero(np.isnan(pair.tf1)), np.count_nonzero(np.isnan(pair.tf2)))
    _check_samples(found, pair, exact)
    _check_worst(found, pair, exact)
    _check_relative(found, pair, exact)


def _check_samples(found: Difference, pair: Pair, exact: oracle.Apart) -> None:
    """The first five are shown, bad ones before others, with the values of both sides."""
    places = [_flat(sample.index, pair.tf1) for sample in found.samples]
    if exact.bad or exact.surely == exact.perhaps:
        assert places == list((exact.bad or exact.surely)[:5])
    for sample, at in zip(found.samples, places, strict=True):
        assert str((sample.tf1, sample.tf2)) == str((pair.tf1.flat[at].item(), pair.tf2.flat[at].item()))
        assert oracle.is_near(sample.difference, None if exact.bad else exact.absolute[at])


def _check_worst(found: Difference, pair: Pair, exact: oracle.Apart) -> None:
    """The worst element is as far apart as is said, and none is farther; steps are counted between its values."""
    worst = found.worst_absolute
    if worst is None:
        assert (any(exact.absolute), found.worst_relative, found.ulps) == (False, None, None)
        assert (found.smallest_atol, found.smallest_rtol) == (math.inf, math.inf)
        return
    top = max(exact.absolute)
    assert exact.absolute[_flat(worst.index, pair.tf1)] * (1 + oracle.ROUNDING) + oracle.TINY >= top
    assert oracle.is_near(worst.difference, top)
    assert oracle.is_near(found.smallest_atol, None if exact.bad else top)
    assert found.ulps == (None if pair.dtype in COMPLEX else float(oracle.ulps(worst.tf1, worst.tf2, pair.dtype)))


def _check_relative(found: Difference, pair: Pair, exact: oracle.Apart) -> None:
    """The figures relative to TF1 are the largest there are; among subnormal numbers products round by more."""
    if exact.subnormal and pair.dtype == "complex128":
        return
    assert oracle.is_near(found.relative_l2, exact.relative_l2)
    worst, figures = found.worst_relative, [2 * _MOST if figure is None else figure for figure in exact.relative]
    if worst is not None:
        top = max(figures)  # all that are beyond float64 are infinite alike
        assert figures[_flat(worst.index, pair.tf1)] * (1 + oracle.ROUNDING) + oracle.TINY >= min(top, _MOST)
        assert oracle.is_near(worst.difference, top)
        if not exact.subnormal:
            assert oracle.is_near(found.smallest_rtol, None if exact.bad else top)


@pytest.mark.parametrize("dtype", INEXACT)
@QUICK
@given(BLOCKS, st.data())
def test_the_smallest_tolerances_pass_and_nothing_smaller(dtype: str, block: int, data: st.DataObject) -> None:
    """What a finding says would pass does pass, and the next smaller number does not; nor where it says none would."""
    pair = data.draw(pairs((dtype,), shapes=FILLED, finite=True))
    with elements_in_a_block(block):
        found = _compare(pair, EXACT)
        if found is None:
            return
        for smallest, scale in ((found.smallest_atol, Bound(0.0, 1.0, "")), (found.smallest_rtol, Bound(1.0, 0.0, ""))):
            assert smallest > 0
            passes = [
                _compare(pair, Bound(scale.rtol * value, scale.atol * value, "")) is None
                for value in (min(smallest, oracle.MOST), float(np.nextafter(min(smallest, oracle.MOST), 0.0)))
            ]
            assert passes == [math.isfinite(smallest), False]


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool", "string"])
@QUICK
@given(st.sampled_from([EXACT, WIDEST]), BLOCKS, st.data())
def test_what_is_exact_is_compared_as_in_python(dtype: str, bound: Bound, block: int, data: st.DataObject) -> None:
    """Under any bound only equal passes, to the ends of each width: Python's integers do not overflow."""
    pair = data.draw(pairs((dtype,), shapes=FILLED))
    values = list(zip(pair.tf1.reshape(-1).tolist(), pair.tf2.reshape(-1).tolist(), strict=True))
    differ = [i for i, (one, other) in enumerate(values) if one != other]
    with elements_in_a_block(block):
        found = _compare(pair, bound)
    assert (found.mismatched if found else 0) == len(differ)
    if found is None:
        return
    assert (found.kind, found.relative_l2) == ("value", len(differ) / len(values))
    assert (found.smallest_atol, found.smallest_rtol, found.bound) == (math.inf, math.inf, None)
    assert [_flat(sample.index, pair.tf1) for sample in found.samples] == differ[:5]
    worst = found.worst_absolute
    assert (worst is None) == (dtype not in INTEGERS)
    if worst is not None:
        distances = [abs(one - other) for one, other in values]
        assert worst.difference == float(max(distances))
        assert _flat(worst.index, pair.tf1) == distances.index(max(distances))


@QUICK
@given(st.sampled_from(INTEGERS), st.sampled_from(INTEGERS), SHAPES, st.data())
def test_integers_of_two_widths_are_compared_by_value(
    one: str, other: str, shape: tuple[int, ...], data: st.DataObject
) -> None:
    """Neither wraps around into the other; the dtype differs all the same."""
    pair = data.draw(arrays(one, shape)), data.draw(arrays(other, shape))
    found = compare(*pair, EXACT)
    differ = [a != b for a, b in zip(*(side.reshape(-1).tolist() for side in pair), strict=True)]
    assert (found.mismatched if found else 0) == sum(differ)
    assert (found is None) == (one == other and not any(differ))


@QUICK
@given(pairs(), st.booleans(), st.data())
def test_blocks_and_the_whole_give_the_same(pair: Pair, nan_equal: bool, data: st.DataObject) -> None:
    """Every figure is the same wherever one block ends and the next begins; the norm, up to rounding."""
    bound, found = data.draw(bounds(pair)), []
    for block in (1 << 16, 1, 2, 3):
        with elements_in_a_block(block):
            figures = largest_difference(pair.tf1, pair.tf2), largest(pair.tf1)
            found.append((_compare(pair, bound, nan_equal=nan_equal), figures))
    (whole, figures), *split = found
    for part, part_figures in split:
        assert part_figures == figures
        assert (part is None) == (whole is None)
        if part and whole:
            one, other = part.to_metrics(), whole.to_metrics()
            norms = float(str(one.pop("relative_l2"))), float(str(other.pop("relative_l2")))
            assert str(one) == str(other)
            assert math.isclose(*norms, rel_tol=1e-12, abs_tol=1e-320)


@QUICK
@given(pairs(shapes=FILLED), st.data())
def test_places_in_memory_do_not_matter(pair: Pair, data: st.DataObject) -> None:
    """Reversed, spread and Fortran-ordered arrays of the same values give the same figures."""
    bound = data.draw(bounds(pair))
    spread = np.repeat(pair.tf1.reshape(1, -1), 2, axis=1)[0, ::2].reshape(pair.tf1.shape)
    backwards = (slice(None, None, -1),) * pair.tf2.ndim
    layouts = [np.array(pair.tf2, order="F"), np.asarray(np.array(pair.tf2[backwards])[backwards]), pair.tf2]
    figures = [str(compare(one, other, bound)) for one in (pair.tf1, spread) for other in layouts]
    assert len(set(figures)) == 1


@QUICK
@given(pairs())
def test_mapped_and_read_arrays_give_the_same(pair: Pair) -> None:
    """An array mapped from its file is the array that was written."""
    threshold, recording.MAPPED = recording.MAPPED, 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            recording.write_arrays(folder, "run", {"a": pair.tf1, "b/ü": np.array(pair.tf2, order="F")})
            mapped = recording.read_arrays(folder, "run")
            for array, read in zip((pair.tf1, pair.tf2), (mapped["a"], mapped["b/ü"]), strict=True):
                assert (read.dtype, read.shape, read.tobytes()) == (array.dtype, array.shape, array.tobytes())
            assert str(_compare(Pair(mapped["a"], mapped["b/ü"], pair.dtype), EXACT)) == str(_compare(pair, EXACT))
    finally:
        recording.MAPPED = threshold
