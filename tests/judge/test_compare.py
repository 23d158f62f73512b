"""Comparison of two arrays: everything that must be told apart, and figures against oracles."""

import json
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tf_equivalence.judge.bounds import Bound, bound_for
from tf_equivalence.judge.compare import Difference, compare, json_number, largest_difference
from tf_equivalence.judge.elements import BLOCK
from tf_equivalence.judge.wording import describe

EXACT = Bound(0.0, 0.0, "exact")
WIDE = Bound(0.0, 1e300, "wide")
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
DTYPES = (*FLOATS, "complex64", "complex128", *INTEGERS, "bool", "S5")

shapes = npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
dtypes = st.sampled_from(DTYPES).map(np.dtype)
arrays = dtypes.flatmap(lambda dtype: npst.arrays(dtype, shapes))
bounds = st.builds(Bound, st.sampled_from([0.0, 1e-6, 1.0, 1e308]), st.floats(0, 1e308), st.just("drawn"))


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    """No overflow or invalid operation goes unnoticed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def _found(tf1: Any, tf2: Any, bound: Bound = EXACT, **options: Any) -> Difference:
    found = compare(np.asarray(tf1), np.asarray(tf2), bound, **options)
    assert found is not None
    return found


# --- what other tools let pass

FALSE_PASSES = {
    "mean-equal-elements-not": ([1.0, 3.0], [2.0, 2.0], "value"),
    "nan-against-nan": ([np.nan], [np.nan], "non-finite"),
    "nan-against-number": ([np.nan], [1.0], "non-finite"),
    "inf-against-minus-inf": ([np.inf], [-np.inf], "non-finite"),
    "inf-against-largest": ([np.inf], [np.finfo(np.float64).max], "non-finite"),
    "scalar-against-array": (1.0, [1.0, 1.0], "shape"),
    "scalar-against-one-element": (1.0, [1.0], "shape"),
    "row-against-column": ([[1.0, 1.0]], [[1.0], [1.0]], "shape"),
    "empty-against-empty": (np.zeros((0, 3)), np.zeros((3, 0)), "shape"),
    "empty-against-one": (np.zeros(0), np.zeros(1), "shape"),
    "transposed-rectangle": (np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3).T, "shape"),
    "transposed-square": (np.arange(4.0).reshape(2, 2), np.arange(4.0).reshape(2, 2).T, "value"),
    "reversed": ([1.0, 2.0], [2.0, 1.0], "value"),
    "float64-as-float32": (np.float64([0.5]), np.float32([0.5]), "dtype"),
    "int-as-float": (np.array([1]), np.array([1.0]), "dtype"),
    "bool-as-int": (np.array([True]), np.array([1]), "dtype"),
    "int32-overflow": (np.int32([-(2**31)]), np.int32([2**31 - 1]), "value"),
    "int64-beyond-float64": (np.int64([2**53]), np.int64([2**53 + 1]), "value"),
    "int64-extremes": (np.int64([-(2**63)]), np.int64([2**63 - 1]), "value"),
    "uint64-neighbours": (np.uint64([2**64 - 2]), np.uint64([2**64 - 1]), "value"),
    "uint8-wraps": (np.uint8([0]), np.uint8([255]), "value"),
    "float64-overflow": ([1e308], [-1e308], "value"),
    "float16-overflow": (np.float16([65504]), np.float16([-65504]), "value"),
    "complex-overflow": ([complex(1.7e308, 1.7e308)], [complex(-1.7e308, 1.7e308)], "value"),
    "complex-finite-part-beside-inf": ([complex(math.inf, 1.0)], [complex(math.inf, 2.0)], "value"),
    "complex-nan-part": ([complex(1.0, math.nan)], [complex(1.0, math.nan)], "non-finite"),
    "conjugate": ([1 + 2j], [1 - 2j], "value"),
    "tiny": ([1e-12], [2e-12], "value"),
    "subnormal": ([5e-324], [0.0], "value"),
    "bytes": ([b"ab|"], [b"ac|"], "value"),
    "bytes-prefix": ([b"ab|"], [b"abc|"], "value"),
    "bytes-trailing-nul": ([b"a|"], [b"a\0|"], "value"),
    "bytes-against-numbers": ([b"1"], [1.0], "dtype"),
    "bool": ([True], [False], "value"),
}


@pytest.mark.parametrize(("tf1", "tf2", "kind"), FALSE_PASSES.values(), ids=FALSE_PASSES)
def test_what_other_tools_let_pass(tf1: Any, tf2: Any, kind: str) -> None:
    """Each pair differs under the measured bound, on either side, with the kind that comes first."""
    for one, other in ((np.asarray(tf1), np.asarray(tf2)), (np.asarray(tf2), np.asarray(tf1))):
        found = _found(one, other, bound_for("x", one, [], "measured"))
        assert found.kind == kind
        assert describe("x", found)


@pytest.mark.parametrize(
    ("tf1", "tf2"),
    [
        pytest.param(np.zeros((0, 3)), np.zeros((0, 3)), id="empty"),
        pytest.param(np.float32(1.0).reshape(()), np.float32(1.0).reshape(()), id="scalar"),
        pytest.param([np.inf, -np.inf], [np.inf, -np.inf], id="infinities"),
        pytest.param([0.0], [-0.0], id="zero-signs"),
        pytest.param([complex(math.inf, 1.0)], [complex(math.inf, 1.0)], id="complex-inf"),
        pytest.param([b"a|", b"bcd|"], np.array([b"a|", b"bcd|"], "S9"), id="bytes-of-other-width"),
    ],
)
def test_what_agrees(tf1: Any, tf2: Any) -> None:
    """Equal is equal, whatever the values are."""
    assert compare(np.asarray(tf1), np.asarray(tf2), EXACT) is None


def test_nan_equals_nan_only_when_asked_for() -> None:
    """`nan_equal` lets NaN pass at the same place, and nothing else."""
    array = np.array([np.nan, 1.0])
    assert compare(array, array, EXACT, nan_equal=True) is None
    assert _found(array, array).nan_count == (1, 1)
    assert _found(array, [1.0, np.nan], nan_equal=True).kind == "non-finite"
    assert _found(array, [np.nan, 2.0], nan_equal=True).kind == "value"


def test_order_of_comparison() -> None:
    """Shape comes before dtype, dtype before non-finite values, those before values."""
    one = np.array([np.nan, 1.0])
    assert _found(one, np.float32([1.0])).kind == "shape"
    assert _found(one, np.float32([1.0, 2.0])).kind == "dtype"
    assert _found(one, np.array([1.0, 2.0])).kind == "non-finite"
    assert _found(np.array([0.0, 1.0]), np.array([1.0, 2.0])).kind == "value"


def test_a_dtype_difference_still_compares_the_values() -> None:
    """Every failure is collected: the values' figures come with the dtype finding."""
    found = _found(np.float64([1.0, 2.0]), np.float32([1.0, 3.0]))
    assert (found.kind, found.mismatched, found.total) == ("dtype", 1, 2)
    assert found.worst_absolute is not None
    assert found.worst_absolute.index == (1,)
    assert _found(np.float64([1.0]), np.float32([1.0])).mismatched == 0


def test_non_finite_values_do_not_hide_differing_values() -> None:
    """Both are counted; the samples are the non-finite ones, the worst element a finite one."""
    found = _found([np.nan, 1.0, 5.0], [1.0, 1.5, 9.0], WIDE)
    assert (found.kind, found.mismatched) == ("non-finite", 1)
    found = _found([np.nan, 1.0, 5.0], [1.0, 1.5, 9.0])
    assert (found.kind, found.mismatched) == ("non-finite", 3)
    assert (found.smallest_atol, found.smallest_rtol) == (math.inf, math.inf)
    assert [sample.index for sample in found.samples] == [(0,)]
    assert found.worst_absolute is not None
    assert (found.worst_absolute.index, found.worst_absolute.difference) == ((2,), 4.0)


def test_bfloat16_goes_by_its_name() -> None:
    """An array of float32 that stands for bfloat16 has that dtype, and its units in the last place."""
    one, other = np.float32([1.0]), np.float32([1.0 + 2.0**-6])
    assert _found(one, one, tf1_dtype="bfloat16", tf2_dtype="float32").kind == "dtype"
    found = _found(one, other, tf1_dtype="bfloat16", tf2_dtype="bfloat16")
    assert (found.tf1_dtype, found.ulps) == ("bfloat16", 2.0)
    bound = bound_for("x", one, [], "measured", dtype="bfloat16")
    assert compare(one, other, bound, tf1_dtype="bfloat16", tf2_dtype="bfloat16") is None


@pytest.mark.parametrize(
    ("tf1", "tf2", "distance"),
    [
        pytest.param(np.int32([5, -(2**31)]), np.int32([9, 2**31 - 1]), 2.0**32 - 1, id="int32"),
        pytest.param(np.int64([5, -(2**63)]), np.int64([9, 2**63 - 1]), 2.0**64, id="int64"),
        pytest.param(np.uint64([5, 2**64 - 1]), np.uint64([9, 0]), 2.0**64, id="uint64"),
        pytest.param(np.int64([0, -1]), np.uint64([0, 2**64 - 1]), 2.0**64, id="int64-uint64"),
        pytest.param(np.uint8([9, 0]), np.uint8([8, 255]), 255.0, id="uint8"),
        pytest.param(np.int64([2**62, 2**62]), np.int64([2**62 + 1, 2**62 + 2]), 2.0, id="beyond-float64"),
    ],
)
def test_worst_integer(tf1: np.ndarray, tf2: np.ndarray, distance: float) -> None:
    """Distances of integers are exact, and the farthest is found, without overflow."""
    found = _found(tf1, tf2)
    assert found.worst_absolute is not None
    assert (found.worst_absolute.index, found.worst_absolute.difference) == ((1,), distance)
    assert (found.bound, found.smallest_atol, found.smallest_rtol) == (None, math.inf, math.inf)


def test_int64_against_uint64_is_compared_by_value() -> None:
    """Neither wraps into the other, nor do both round to one float64."""
    found = _found(np.int64([2**63 - 1, -1, 7]), np.uint64([2**63, 2**64 - 1, 7]))
    assert (found.kind, found.mismatched) == ("dtype", 2)


def test_overflowing_differences_have_figures() -> None:
    """Beyond float64 the figures are still right, or infinite, and never NaN."""
    found = _found([1e308, 1.0], [-1e308, 1.0])
    assert (found.smallest_atol, found.smallest_rtol, found.relative_l2) == (math.inf, 2.0, pytest.approx(2.0))
    assert found.worst_relative is not None
    assert found.worst_relative.difference == 2.0
    found = _found([complex(1.7e308, 1.7e308)], [complex(-1.7e308, -1.7e308)], Bound(1.0, 0.0, ""))
    assert found.smallest_rtol == pytest.approx(2.0)


def test_tiny_values_beside_huge_ones_are_told_apart() -> None:
    """What keeps huge numbers from overflowing does not flatten the smallest ones."""
    found = _found([1.7e308, 5e-324], [-1.7e308, 2e-323], Bound(2.0, 0.0, ""))
    assert (found.mismatched, found.samples[0].index) == (1, (1,))


def test_a_zero_reference_has_no_relative_bound() -> None:
    """Where TF1 is 0, no rtol can pass; that is said with infinity."""
    found = _found([0.0, 1.0], [1e-9, 1.0])
    assert (found.smallest_rtol, found.smallest_atol) == (math.inf, 1e-9)
    assert _found([0.0], [1.0]).relative_l2 == math.inf


def test_smallest_rtol_among_subnormal_numbers() -> None:
    """There, a product rounds up from just above one half: the quotient is far from the smallest that passes."""
    found = _found([5e-324], [1e-323])
    assert found.worst_relative is not None
    assert (found.worst_relative.difference, found.smallest_rtol) == (1.0, float(np.nextafter(0.5, 1.0)))


def test_samples_are_the_first_five() -> None:
    """Five mismatched elements are shown, in order, as Python values."""
    found = _found(np.zeros((2, 4), np.float32), np.ones((2, 4), np.float32))
    assert [sample.index for sample in found.samples] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]
    assert (found.mismatched, found.total, found.percent) == (8, 8, 100.0)
    assert type(found.samples[0].tf1) is float


def test_strings_are_shown_without_their_terminator() -> None:
    """The byte that recordings end strings with is no part of the value."""
    found = _found([b"ab|"], [b"ac|"])
    assert (found.samples[0].tf1, found.samples[0].tf2, found.tf1_dtype) == (b"ab", b"ac", "string")
    assert _found([b"ab"], [b"ab|"]).samples[0].tf2 == b"ab|"


def test_fortran_order_and_strides_do_not_matter() -> None:
    """Only the values count, not how they lie in memory."""
    one = np.arange(12.0).reshape(3, 4)
    assert compare(one, np.asfortranarray(one), EXACT) is None
    assert compare(one[::-1, ::2], one[::-1, ::2].copy(), EXACT) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.5, 1.5), (math.nan, "nan"), (math.inf, "inf"), (1 + 2j, "(1+2j)"), (b"a\xff", "a\\xff"), (True, True), (3, 3)],
)
def test_json_number(value: object, expected: object) -> None:
    """What JSON cannot hold becomes text."""
    assert json_number(value) == expected


@pytest.mark.parametrize(
    ("tf1", "tf2", "expected"),
    [
        pytest.param([1.0, 2.0], [1.5, 0.0], 2.0, id="floats"),
        pytest.param([np.nan, 1.0], [0.0, 1.25], 0.25, id="nan-left-out"),
        pytest.param([1.0], [1.0, 2.0], 0.0, id="shape"),
        pytest.param([1], [5], 0.0, id="integers"),
        pytest.param([3j], [4.0], 5.0, id="complex"),
    ],
)
def test_largest_difference(tf1: Any, tf2: Any, expected: float) -> None:
    """The largest difference is over what is finite on both sides."""
    assert largest_difference(np.asarray(tf1), np.asarray(tf2)) == expected


@pytest.mark.parametrize("position", [0, BLOCK - 1, BLOCK, 2 * BLOCK, 2 * BLOCK + 2])
def test_large_arrays_are_compared_to_their_last_element(position: int) -> None:
    """What is compared block by block is counted and located as a whole."""
    one = np.ones((2 * BLOCK + 3, 1), np.float32)
    other = one + np.float32(2.0**-20)
    bound = Bound(0.0, 2.0**-20, "")
    assert compare(one, other, bound) is None
    other[position] = 2.0
    found = _found(one, other, bound)
    assert (found.mismatched, found.total, found.smallest_atol) == (1, one.size, 1.0)
    assert found.samples[0].index == (position, 0)


# --- properties


def _no_nan(array: np.ndarray) -> bool:
    return array.dtype.kind not in "fc" or not np.isnan(array).any()


@given(arrays)
def test_an_array_equals_itself(array: np.ndarray) -> None:
    """Every array without NaN equals itself under the narrowest bound; with NaN, when asked for."""
    assert compare(array, array.copy(), EXACT, nan_equal=True) is None
    assert (compare(array, array.copy(), EXACT) is None) == _no_nan(array)


@given(arrays, arrays, bounds, st.booleans())
def test_any_pair_has_json_figures_and_words(tf1: np.ndarray, tf2: np.ndarray, bound: Bound, nan_equal: bool) -> None:
    """Comparing never raises, agreement means same shape and dtype, and figures are strict JSON."""
    found = compare(tf1, tf2, bound, nan_equal=nan_equal)
    if found is None:
        assert (tf1.shape, tf1.dtype.name) == (tf2.shape, tf2.dtype.name)
        return
    json.dumps(found.to_metrics(), allow_nan=False)
    assert not math.isnan(found.relative_l2)
    assert describe("x", found).startswith("x ")


same_kind = st.sampled_from([dtype for dtype in DTYPES if dtype != "S5"]).flatmap(
    lambda dtype: shapes.flatmap(
        lambda shape: st.tuples(npst.arrays(np.dtype(dtype), shape), npst.arrays(np.dtype(dtype), shape))
    )
)


@given(same_kind, bounds)
def test_figures_of_arrays_of_one_shape_and_dtype(pair: tuple[np.ndarray, np.ndarray], bound: Bound) -> None:
    """Verdict and count follow the element bound, computed in Python's exact rationals where they are real."""
    from fractions import Fraction

    tf1, tf2 = pair
    assume(tf1.dtype.kind != "c")
    found = compare(tf1, tf2, bound)
    mismatched = 0
    for one, other in zip(tf1.reshape(-1).tolist(), tf2.reshape(-1).tolist(), strict=True):
        if isinstance(one, float) and not (math.isfinite(one) and math.isfinite(other)):
            mismatched += one != other
        elif isinstance(one, float):
            apart, allowed = (
                abs(Fraction(one) - Fraction(other)),
                Fraction(bound.atol) + Fraction(bound.rtol) * abs(Fraction(one)),
            )
            # One rounding either way is no contradiction.
            assume(abs(apart - allowed) > max(apart, allowed) * Fraction(1, 2**48) or apart == 0)
            assume(apart == 0 or apart > Fraction(1, 2**1020))
            mismatched += apart > allowed
        else:
            mismatched += one != other
    assert (found.mismatched if found else 0) == mismatched


inexact = st.sampled_from((*FLOATS, "complex64", "complex128")).flatmap(
    lambda dtype: npst.array_shapes(min_dims=0, max_dims=2, max_side=4).flatmap(
        lambda shape: st.tuples(
            npst.arrays(np.dtype(dtype), shape, elements={"allow_nan": False, "allow_infinity": False}),
            npst.arrays(np.dtype(dtype), shape, elements={"allow_nan": False, "allow_infinity": False}),
        )
    )
)


@given(inexact)
def test_smallest_tolerances_are_the_smallest(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """What a finding says would pass does pass, and the next smaller float does not."""
    found = compare(*pair, EXACT)
    if found is None:
        return
    for smallest, bound in (
        (found.smallest_atol, lambda value: Bound(0.0, value, "")),
        (found.smallest_rtol, lambda value: Bound(value, 0.0, "")),
    ):
        assert smallest > 0
        if math.isfinite(smallest):
            assert compare(*pair, bound(smallest)) is None
            assert compare(*pair, bound(float(np.nextafter(smallest, 0.0)))) is not None
        else:
            assert compare(*pair, bound(float(np.finfo(np.float64).max))) is not None


@given(
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: npst.arrays(
            np.dtype(dtype),
            npst.array_shapes(min_dims=0, max_dims=3, max_side=4),
            elements={"allow_nan": False, "allow_infinity": False} if np.dtype(dtype).kind in "fc" else None,
        )
    ),
    st.data(),
)
def test_any_single_change_is_found(array: np.ndarray, data: st.DataObject) -> None:
    """One changed element above the bound is the one that is counted, shown and located."""
    flat = data.draw(st.integers(0, array.size - 1))
    index = tuple(int(i) for i in np.unravel_index(flat, array.shape))
    value = data.draw(npst.from_dtype(array.dtype, **({"allow_nan": False} if array.dtype.kind in "fc" else {})))
    changed = array.copy()
    changed[index] = value
    assume(changed[index] != array[index])
    found = compare(array, changed, EXACT)
    assert found is not None
    assert (found.mismatched, [sample.index for sample in found.samples]) == (1, [index])
    if found.worst_absolute is not None:
        assert found.worst_absolute.index == index


@given(st.sampled_from(FLOATS).flatmap(lambda name: npst.arrays(np.dtype(name), 2, elements={"allow_nan": False})))
def test_ulps_count_the_steps_to_the_neighbour(pair: np.ndarray) -> None:
    """One step of `numpy.nextafter` is one unit in the last place; it is symmetric and adds up over zero."""
    one, two = pair
    with np.errstate(over="ignore", under="ignore"):
        after = np.nextafter(one, np.asarray(np.inf, pair.dtype))
    if np.isfinite(one) and np.isfinite(after):
        assert _found(one.reshape(()), after.reshape(())).ulps == 1.0
    assume(np.isfinite(pair).all() and one != two)
    ulps = _found(one.reshape(()), two.reshape(())).ulps
    assert ulps == _found(two.reshape(()), one.reshape(())).ulps
    if one < 0 < two:
        zero = np.zeros((), pair.dtype)
        parts = [_found(value.reshape(()), zero).ulps for value in (one, two)]
        assert ulps == pytest.approx(sum(part for part in parts if part is not None), rel=1e-15)


@given(st.sampled_from(FLOATS), st.floats(1.0, 2.0, exclude_max=True), st.integers(1, 100), st.integers(-10, 10))
def test_ulps_against_spacing(name: str, mantissa: float, steps: int, exponent: int) -> None:
    """Within one binade, units in the last place are the difference in units of `numpy.spacing`."""
    dtype = np.dtype(name).type
    one = dtype(mantissa * 2.0**exponent)
    two = dtype(one + dtype(steps) * np.spacing(one))
    assume(np.spacing(two) == np.spacing(one))
    assert _found(one.reshape(()), two.reshape(())).ulps == steps


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=20),
    st.sampled_from([1e-200, 1.0, 1e200, 1e305]),
)
def test_relative_l2_against_exact_sums(pairs: list[tuple[float, float]], scale: float) -> None:
    """The relative norm is that of exactly summed squares, at every scale."""
    one, other = (np.array(column) for column in zip(*pairs, strict=True))
    assume(not np.array_equal(one, other))
    above, below = (math.fsum(x * x for x in values.tolist()) for values in (one - other, one))
    assume(below > 1e-200 and above > 1e-200)
    assume(min(np.abs(one[one != 0])) > 1e-90 and min(np.abs((one - other)[one != other])) > 1e-90)
    found = compare(one * scale, other * scale, EXACT)
    assume(found is not None)
    assert found.relative_l2 == pytest.approx(math.sqrt(above / below), rel=1e-9)
