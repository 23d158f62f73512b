"""How far two arrays are apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tf_equivalence.pinpoint import values

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("tf1", "tf2", "expected"),
    [
        pytest.param([1.0, 2.0], [1.0, 2.0], 0.0, id="equal"),
        pytest.param([1.0, 2.0], [1.0, 2.5], 0.25, id="relative-to-the-largest"),
        pytest.param([0.0, 0.0], [0.0, 1e-30], INF, id="nothing-against-something"),
        pytest.param([NAN, 1.0], [NAN, 1.0], 0.0, id="nan-in-one-place"),
        pytest.param([NAN, 1.0], [1.0, NAN], INF, id="nan-in-other-places"),
        pytest.param([INF, 1.0], [-INF, 1.0], INF, id="sign-of-infinity"),
        pytest.param([NAN, 1.0], [INF, 1.0], INF, id="nan-against-infinity"),
        pytest.param([1.0, 2.0], [1.0], INF, id="sizes"),
        pytest.param([], [], 0.0, id="empty"),
        pytest.param([[1.0, 2.0]], [1.0, 2.0], 0.0, id="squeezed"),
    ],
)
def test_relative_difference(tf1: list[float], tf2: list[float], expected: float) -> None:
    """Relative to the largest magnitude, infinite where finite and non-finite values do not match."""
    assert values.relative_difference(np.array(tf1), np.array(tf2)) == expected


def test_integers_do_not_overflow() -> None:
    """The difference of two int32 extremes is taken in float64."""
    top = np.array([2**31 - 1], np.int32)
    assert values.relative_difference(top, -top) == pytest.approx(2.0)


def test_worst_element_prefers_a_nan_over_a_large_difference() -> None:
    """Where a value is NaN on one side only, that is the element to show."""
    worst = values.worst_element(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[9.0, 2.0], [NAN, 4.0]]))
    assert worst is not None
    assert worst.index == (1, 0)
    assert worst.tf1 == 3.0


def test_what_is_around_the_worst_element() -> None:
    """Two elements on either side along the last axis, as far as there are any; a scalar has only itself."""
    one = np.arange(12.0).reshape(2, 6)
    other = one.copy()
    other[1, 1] = 99.0
    worst = values.worst_element(one, other)
    assert worst is not None
    assert worst.around == ((6.0, 7.0, 8.0, 9.0), (6.0, 99.0, 8.0, 9.0))
    scalar = values.worst_element(np.array(1.0), np.array(2.0))
    assert scalar is not None
    assert scalar.around == ((1.0,), (2.0,))


def test_worst_element_of_other_shapes_is_unknown() -> None:
    """No index fits both."""
    assert values.worst_element(np.ones(3), np.ones(2)) is None


@pytest.mark.parametrize(
    ("tf2", "expected"),
    [([3.0, 1.0, 2.0], True), ([1.0, 2.0, 3.0], False), ([3.0, 1.0, 2.5], False)],
    ids=["permuted", "equal", "other-values"],
)
def test_is_permuted(tf2: list[float], expected: bool) -> None:
    """The same numbers in another order, and only then."""
    assert values.is_permuted(np.array([1.0, 2.0, 3.0]), np.array(tf2), 1e-6) is expected


def test_the_coarser_dtype_sets_the_noise() -> None:
    """A float16 on one side makes the comparison as coarse as float16; integers are exact."""
    assert values.noise("float32", "float16") == values.noise("float16", "float16")
    assert values.noise("int32", "int32") == 0.0
