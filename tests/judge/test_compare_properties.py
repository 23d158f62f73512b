"""What holds for any two arrays: equality, single changes, symmetry, exact figures, blocks and mapped files."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tf_equivalence import recording
from tf_equivalence.judge import elements
from tf_equivalence.judge.bounds import Bound, largest
from tf_equivalence.judge.compare import compare, largest_difference

QUICK = settings(derandomize=True, max_examples=60, deadline=None, database=None)
SHAPES = npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
FLOATS = [np.float16, np.float32, np.float64]
DTYPES = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="="),
    npst.unsigned_integer_dtypes(endianness="="),
    npst.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
    npst.complex_number_dtypes(endianness="=", sizes=(64, 128)),
    npst.byte_string_dtypes(min_len=1, max_len=4),
)
BOUND = Bound(1e-6, 1e-5, "")
EXACT = Bound(0.0, 0.0, "")


@pytest.fixture
def small_blocks() -> Iterator[None]:
    """Make three elements a block, so that small arrays have several."""
    whole = elements.BLOCK
    elements.BLOCK = 3
    yield
    elements.BLOCK = whole


@st.composite
def pairs(draw: st.DrawFn, dtypes: Any = DTYPES, finite: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays of one shape and dtype."""
    dtype, shape = draw(dtypes), draw(SHAPES)
    options = {"allow_nan": False, "allow_infinity": False} if finite else {}
    values = npst.from_dtype(np.dtype(dtype), **options)
    return draw(npst.arrays(dtype, shape, elements=values)), draw(npst.arrays(dtype, shape, elements=values))


@QUICK
@given(pairs())
def test_an_array_agrees_with_itself(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """Whatever its dtype and shape, and with NaN in it where that is asked for."""
    assert compare(pair[0], pair[0].copy(), EXACT, nan_equal=True) is None
    assert largest_difference(pair[0], pair[0].copy()) == 0


@QUICK
@given(
    st.one_of(
        pairs(), st.tuples(DTYPES, SHAPES, DTYPES, SHAPES).map(lambda s: (np.zeros(s[1], s[0]), np.ones(s[3], s[2])))
    )
)
def test_nothing_raises(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """Any two arrays compare, and what differs in shape differs."""
    found = compare(*pair, BOUND)
    assert largest_difference(*pair) >= 0
    if pair[0].shape != pair[1].shape:
        assert found is not None
        assert found.kind == "shape"


@QUICK
@given(st.sampled_from(FLOATS), st.integers(1, 200), st.data())
def test_a_single_change_above_the_bound_is_found_where_it_is(dtype: Any, size: int, data: st.DataObject) -> None:
    """The one element that changed is the one reported, also next to changes within the bound."""
    at = data.draw(st.integers(0, size - 1))
    tf1 = np.linspace(-1, 1, size).astype(dtype)
    tf2 = np.nextafter(tf1, dtype(2))
    tf2[at] = tf1[at] + dtype(0.25)
    found = compare(tf1, tf2, Bound(0.0, 0.125, ""))
    assert found is not None
    assert found.mismatched == 1
    assert found.worst_absolute is not None
    assert found.worst_absolute.index == found.samples[0].index == (at,)


@QUICK
@given(pairs(), st.floats(0, 1e3))
def test_sides_swap_under_an_absolute_bound(pair: tuple[np.ndarray, np.ndarray], atol: float) -> None:
    """Verdict, count and worst absolute difference do not depend on which side is which."""
    one, other = (compare(*sides, Bound(0.0, atol, "")) for sides in (pair, pair[::-1]))
    assert (one is None) == (other is None)
    if one and other:
        assert (one.kind, one.mismatched, one.smallest_atol) == (other.kind, other.mismatched, other.smallest_atol)
        apart = [found.worst_absolute and found.worst_absolute.difference for found in (one, other)]
        assert apart[0] == apart[1]
    assert largest_difference(*pair) == largest_difference(*pair[::-1])


@QUICK
@given(pairs(st.sampled_from(FLOATS[:2]), finite=True), st.floats(0, 1), st.floats(0, 10))
def test_figures_are_those_of_exact_fractions(pair: tuple[np.ndarray, np.ndarray], rtol: float, atol: float) -> None:
    """Verdicts and figures agree with rational arithmetic, but for what float64 rounds."""
    bound = Bound(rtol, atol, "")
    ours, theirs = ([Fraction(float(x)) for x in side.reshape(-1)] for side in pair)
    apart = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    allowed = [Fraction(atol) + Fraction(rtol) * abs(a) for a in ours]
    rounding = Fraction(1, 2**50)
    surely = sum(d > a * (1 + rounding) for d, a in zip(apart, allowed, strict=True))
    perhaps = sum(d > a * (1 - rounding) for d, a in zip(apart, allowed, strict=True))
    found = compare(*pair, bound)
    assert surely <= (found.mismatched if found else 0) <= perhaps
    assert math.isclose(largest_difference(*pair), float(max(apart, default=0)), rel_tol=1e-15)
    assert largest(pair[0]) == float(max(map(abs, ours), default=0))
    if found:
        assert math.isclose(found.smallest_atol, float(max(apart)), rel_tol=1e-15)
        norms = [math.sqrt(sum(x * x for x in part)) for part in (apart, ours)]
        if norms[1] > 1e-150:
            assert math.isclose(found.relative_l2, norms[0] / norms[1], rel_tol=1e-9)


@pytest.mark.usefixtures("small_blocks")
@settings(QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])  # the same for every example
@given(pairs(), st.booleans())
def test_blocks_and_the_whole_give_the_same(pair: tuple[np.ndarray, np.ndarray], nan_equal: bool) -> None:
    """Every figure is the same; the norm, up to rounding."""
    split = compare(*pair, BOUND, nan_equal=nan_equal)
    figures = largest_difference(*pair), largest(pair[0])
    elements.BLOCK = 1 << 16
    try:
        whole = compare(*pair, BOUND, nan_equal=nan_equal)
        assert figures == (largest_difference(*pair), largest(pair[0]))
    finally:
        elements.BLOCK = 3
    assert (split is None) == (whole is None)
    if split and whole:
        one, other = split.to_metrics(), whole.to_metrics()
        norms = float(str(one.pop("relative_l2"))), float(str(other.pop("relative_l2")))
        assert str(one) == str(other)
        assert math.isclose(*norms, rel_tol=1e-12)


@QUICK
@given(pairs())
def test_mapped_and_read_arrays_give_the_same(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """An array mapped from its file is the array that was written."""
    threshold, recording.MAPPED = recording.MAPPED, 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            recording.write_arrays(folder, "run", {"a": pair[0], "b/ü": np.array(pair[1], order="F")})
            mapped = recording.read_arrays(folder, "run")
            for array, read in zip(pair, (mapped["a"], mapped["b/ü"]), strict=True):
                assert (read.dtype, read.shape, read.tobytes()) == (array.dtype, array.shape, array.tobytes())
            assert str(compare(mapped["a"], mapped["b/ü"], BOUND)) == str(compare(*pair, BOUND))
    finally:
        recording.MAPPED = threshold
