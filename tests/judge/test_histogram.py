"""Histograms of differences: counted block by block, as NumPy counts them at once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tf_equivalence.judge.bounds import Bound, largest
from tf_equivalence.judge.compare import Difference, compare
from tf_equivalence.judge.difference import DECADES, FIRST_DECADE
from tf_equivalence.judge.elements import BLOCK


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    """No overflow or invalid operation goes unnoticed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def found(tf1: Any, tf2: Any, **options: Any) -> Difference:
    """Return how two arrays differ, allowed nothing."""
    ours, theirs = np.asarray(tf1), np.asarray(tf2)
    difference = compare(ours, theirs, Bound(0.0, 0.0, "exact", scale=largest(ours)), **options)
    assert difference is not None
    return difference


def told(difference: Difference) -> Any:
    """Return what the metrics say."""
    return difference.to_metrics()["histogram"]


def decades(**counts: int) -> list[int]:
    """Return counts by decade, such as `m3=2` for two elements from 1e-3 on."""
    bins = [0] * DECADES
    for name, count in counts.items():
        bins[int(name.replace("m", "-").removeprefix("p")) - FIRST_DECADE] = count
    return bins


def test_decades_are_relative_to_the_largest_value() -> None:
    """Each difference counts in the decade of its share of the largest TF1 value; equal ones in none."""
    difference = told(found([200.0, 1.0, 2.0, 3.0, 4.0], [200.0, 1.3, 2.0, 3.05, 44.0]))
    assert difference == {
        "first_decade": FIRST_DECADE,
        "counts": decades(m4=1, m3=1, m1=1),
        "equal": 2,
        "non_finite": 0,
        "scale": 200.0,
    }


def test_what_is_out_of_range_counts_at_the_ends() -> None:
    """Tiny and huge differences are in the first and the last decade, infinite quotients included."""
    difference = found([1.0, 1.0, 1.0], [1.0 + 2.0**-52, 1e300, 2.0])
    assert difference.histogram == tuple(decades(m12=1, p0=1, p2=1))


def test_blocks_add_up(tmp_path: Path) -> None:
    """Over many blocks of a mapped array, the counts are those that NumPy gives for all of it."""
    rng = np.random.default_rng(3)
    tf1 = rng.normal(size=2 * BLOCK + 77).astype(np.float32)
    tf2 = tf1 + (10.0 ** rng.uniform(-11, 1, tf1.size)).astype(np.float32) * (rng.uniform(size=tf1.size) < 0.7)
    np.save(tmp_path / "tf2.npy", tf2.astype(np.float32))
    mapped = np.load(tmp_path / "tf2.npy", mmap_mode="r")
    apart = np.abs(tf1.astype(np.float64) - mapped)
    edges = 10.0 ** np.arange(FIRST_DECADE, FIRST_DECADE + DECADES + 1)
    expected, _ = np.histogram(apart[apart > 0] / np.abs(tf1).max(), edges)
    difference = found(tf1, mapped)
    # An element on an edge may fall to either side of it.
    assert np.abs(np.array(difference.histogram) - expected).max() <= 2
    assert sum(difference.histogram) == np.count_nonzero(apart)
    assert told(difference)["equal"] == np.count_nonzero(apart == 0)


def test_values_that_are_not_finite_are_not_equal() -> None:
    """A NaN or an infinity that differs is counted as that, one that both may have as equal."""
    difference = told(found([1.0, np.nan, np.inf, 4.0], [1.5, 2.0, -np.inf, 4.0]))
    assert (difference["counts"], difference["equal"], difference["non_finite"]) == (decades(m1=1), 1, 2)
    allowed = told(found([1.0, np.nan], [1.5, np.nan], nan_equal=True))
    assert (allowed["equal"], allowed["non_finite"]) == (1, 0)


@pytest.mark.parametrize(
    ("tf1", "tf2"),
    [
        pytest.param([0.0, 0.0], [1.0, 0.0], id="zeros"),
        pytest.param([1.0, np.nan], [1.0, 2.0], id="only-non-finite"),
        pytest.param([1, 2], [1, 3], id="integers"),
        pytest.param([1.0], [[1.0]], id="shape"),
    ],
)
def test_nothing_to_count(tf1: Any, tf2: Any) -> None:
    """Without a largest value, a finite difference, or floats of one shape there is none."""
    assert "histogram" not in found(tf1, tf2).to_metrics()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_dtypes(dtype: str) -> None:
    """Every inexact dtype is counted."""
    assert sum(found(np.array([1, 2, 4], dtype), np.array([1, 2.5, 8], dtype)).histogram) == 2


def test_extremes_do_not_overflow() -> None:
    """Numbers near the ends of float64 have their decade."""
    most, least = np.finfo(np.float64).max, np.finfo(np.float64).smallest_subnormal
    assert sum(found([most, 1.0], [-most, 1.0]).histogram) == 1
    assert sum(found([least, 0.0], [0.0, 0.0]).histogram) == 1
