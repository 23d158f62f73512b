"""Compares floats in float64 and complex numbers in complex128, block by block, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tf_equivalence.judge.bounds import Bound, largest, widened
from tf_equivalence.judge.difference import DECADES, FIRST_DECADE, Difference, Element
from tf_equivalence.judge.elements import BLOCK, blocks, index_of, ulps_between
from tf_equivalence.judge.gap import Norms, measure, non_finite_mismatch, relative_l2

Array = npt.NDArray[Any]
SAMPLES = 5

_MARGIN = 1e-5  # far more than float32 rounds by, far less than anyone's tolerance is exact to
_FAST = ("float32", "float64")
_MOST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class _Worst:
    """The worst element of a part: ordered by its figure, then by its absolute difference."""

    figure: float
    absolute: float
    scaled: float  # decides between absolute differences beyond float64
    flat: int

    def key(self) -> tuple[float, float, float]:
        return self.figure, self.absolute, self.scaled


@dataclass(frozen=True)
class _Part:
    """What one block adds to the figures."""

    mismatched: int
    non_finite: int
    nans: tuple[int, int]
    absolute: _Worst | None
    relative: _Worst | None
    norms: Norms
    smallest_rtol: float
    histogram: npt.NDArray[np.int64]
    first: tuple[tuple[int, float], ...]
    first_non_finite: tuple[int, ...]


def compare_inexact(tf1: Array, tf2: Array, bound: Bound, nan_equal: bool, names: tuple[str, str]) -> Difference | None:
    """Compare two arrays of one shape and return how they differ; None where they agree."""
    ours, theirs = tf1.reshape(-1), tf2.reshape(-1)
    if _agree(ours, theirs, bound, nan_equal):
        return None
    # Where something differs, figures are taken over everything, so each block is looked at once more.
    parts = [_part(ours[b], theirs[b], b.start, bound, nan_equal) for b in blocks(ours.size)]
    any_bad = any(part.non_finite for part in parts)
    if any_bad:
        samples = [(flat, float("inf")) for part in parts for flat in part.first_non_finite][:SAMPLES]
    else:
        samples = [sample for part in parts for sample in part.first][:SAMPLES]
    worst = _worst_of([part.absolute for part in parts], tf1, tf2)
    real = "c" not in (tf1.dtype.kind, tf2.dtype.kind)
    return Difference(
        kind="non-finite" if any_bad else "value",
        tf1_shape=tf1.shape,
        tf2_shape=tf2.shape,
        tf1_dtype=names[0],
        tf2_dtype=names[1],
        mismatched=sum(part.mismatched for part in parts),
        total=tf1.size,
        worst_absolute=worst,
        worst_relative=_worst_of([part.relative for part in parts], tf1, tf2),
        ulps=ulps_between(worst.tf1, worst.tf2, names) if worst and real else None,
        relative_l2=relative_l2([part.norms for part in parts]),
        samples=tuple(_element(tf1, tf2, flat, apart) for flat, apart in samples),
        nan_count=(sum(part.nans[0] for part in parts), sum(part.nans[1] for part in parts)),
        bound=bound,
        smallest_atol=float("inf") if any_bad else worst.difference if worst else 0.0,
        smallest_rtol=float("inf") if any_bad else max(part.smallest_rtol for part in parts),
        histogram=tuple(np.sum([part.histogram for part in parts], axis=0).tolist()),
        non_finite=sum(part.non_finite for part in parts),
    )


def largest_difference(tf1: Array, tf2: Array) -> float:
    """Return the largest absolute difference where both are finite; 0 for arrays that do not compare as numbers.

    A difference beyond float64 counts as its largest number.
    """
    if tf1.shape != tf2.shape or {tf1.dtype.kind, tf2.dtype.kind} - set("fc"):
        return 0.0
    ours, theirs = tf1.reshape(-1), tf2.reshape(-1)
    fast = tf1.dtype == tf2.dtype and tf1.dtype.name in _FAST
    buffer = np.empty(min(BLOCK, ours.size), tf1.dtype)
    found = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for block in blocks(ours.size):
            one, other = ours[block], theirs[block]
            if fast:
                apart = np.subtract(one, other, out=buffer[: one.size])
                top = _top(apart)
                if np.isfinite(top):
                    # Rounding keeps order: the true largest is among those that are largest when rounded.
                    if top and top >= tf1.dtype.type(found):
                        at = np.flatnonzero(np.abs(apart, out=apart) == top)
                        found = max(found, _largest_apart(one[at], other[at]))
                    continue
            found = max(found, _largest_apart(one, other))
    return found


def _largest_apart(ours: Array, theirs: Array) -> float:
    apart = np.asarray(widened(ours) - widened(theirs))
    if np.isfinite(apart).all():
        return largest(apart)
    finite = np.isfinite(ours) & np.isfinite(theirs)
    return min(float(np.max(np.abs(apart), where=finite, initial=0.0)), _MOST)


def _top(values: Array) -> Any:
    """Return the largest magnitude of a block; NaN where there is one."""
    return np.maximum(values.max(), -values.min())


def _agree(ours: Array, theirs: Array, bound: Bound, nan_equal: bool) -> bool:
    """Return whether every element agrees, up to the first block in which one does not."""
    fast = ours.dtype == theirs.dtype and ours.dtype.name in _FAST
    buffers = np.empty((2, min(BLOCK, ours.size)), ours.dtype)
    for block in blocks(ours.size):
        one, other = ours[block], theirs[block]
        if fast and _surely_within(one, other, bound, buffers[:, : one.size]):
            continue
        one, other = _wide(one, other)
        if non_finite_mismatch(one, other, nan_equal).any():
            return False
        if not measure(one, other).within(bound.atol, bound.rtol).all():
            return False
    return True


def _surely_within(ours: Array, theirs: Array, bound: Bound, buffers: Array) -> bool:
    """Return whether all are finite and within the bound by more than arithmetic in their own width rounds by.

    Where this is false nothing is known, and wider arithmetic decides.
    """
    apart, allowed = buffers
    with np.errstate(all="ignore"):
        np.subtract(ours, theirs, out=apart)
        top = float(_top(apart))
        if not np.isfinite(top):
            return False
        if top * (1 + _MARGIN) <= bound.atol:
            return True
        if not bound.rtol or not 1e-30 < bound.atol < 1e30 or not 1e-30 < bound.rtol < 1e30:
            return False  # float32 would round by more than the margin
        np.abs(apart, out=apart)
        np.abs(ours, out=allowed)
        allowed *= ours.dtype.type(bound.rtol * (1 - _MARGIN))
        allowed += ours.dtype.type(bound.atol * (1 - _MARGIN))
        return bool((apart <= allowed).all())


def _wide(ours: Array, theirs: Array) -> tuple[Array, Array]:
    wide = np.complex128 if "c" in (ours.dtype.kind, theirs.dtype.kind) else np.float64
    return ours.astype(wide, copy=False), theirs.astype(wide, copy=False)


def _part(tf1: Array, tf2: Array, start: int, bound: Bound, nan_equal: bool) -> _Part:
    ours, theirs = _wide(tf1, tf2)
    bad = non_finite_mismatch(ours, theirs, nan_equal)
    gap = measure(ours, theirs)
    differ = bad | ~gap.within(bound.atol, bound.rtol)
    absolute = gap.true_absolute()
    return _Part(
        mismatched=int(np.count_nonzero(differ)),
        non_finite=int(np.count_nonzero(bad)),
        nans=(int(np.count_nonzero(np.isnan(ours))), int(np.count_nonzero(np.isnan(theirs)))),
        absolute=_worst(absolute, absolute, gap.absolute, start),
        relative=_worst(gap.relative(), absolute, gap.absolute, start),
        norms=gap.norms(),
        smallest_rtol=gap.smallest_rtol(),
        histogram=_histogram(absolute, bound.scale),
        first=tuple((start + int(i), float(absolute[i])) for i in np.flatnonzero(differ)[:SAMPLES]),
        first_non_finite=tuple(start + int(i) for i in np.flatnonzero(bad)[:SAMPLES]),
    )


def _histogram(absolute: Array, scale: float) -> npt.NDArray[np.int64]:
    """Return how many elements differ by how many decades of the scale; equal ones are in none."""
    differing = absolute[absolute > 0]
    if not differing.size or not scale:
        return np.zeros(DECADES, np.int64)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        decade = np.floor(np.log10(differing) - np.log10(scale)) - FIRST_DECADE
    places = np.clip(np.nan_to_num(decade, nan=DECADES - 1), 0, DECADES - 1).astype(np.int64)
    return np.bincount(places, minlength=DECADES)


def _worst(figures: Array, absolute: Array, scaled: Array, start: int) -> _Worst | None:
    """Return the element with the largest figure, the absolute difference deciding; None where nothing differs."""
    if not scaled.any():
        return None
    tied = np.flatnonzero(figures == np.max(figures))
    tied = tied[absolute[tied] == np.max(absolute[tied])]
    at = int(tied[np.argmax(scaled[tied])])
    beyond = float(scaled[at]) if np.isinf(absolute[at]) else 0.0
    return _Worst(float(figures[at]), float(absolute[at]), beyond, start + at)


def _worst_of(found: Sequence[_Worst | None], tf1: Array, tf2: Array) -> Element | None:
    worst = max((one for one in found if one is not None), key=_Worst.key, default=None)
    return None if worst is None else _element(tf1, tf2, worst.flat, worst.figure)


def _element(tf1: Array, tf2: Array, flat: int, difference: float) -> Element:
    index = index_of(flat, tf1.shape)
    return Element(index, tf1[index].item(), tf2[index].item(), difference)
