"""How far two floating or complex arrays lie apart, without overflow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Norms:
    """Euclidean norms over a part of two arrays, in units in which nothing overflows.

    Attributes:
        unit: Both norms are multiplied by it.
        difference: Of ``tf1 - tf2``, as a scale and a norm whose product it is.
        reference: Of tf1, in the same way.
    """

    unit: float
    difference: tuple[float, float]
    reference: tuple[float, float]


def relative_l2(parts: Sequence[Norms]) -> float:
    """Return ``||tf1 - tf2|| / ||tf1||`` over all parts; infinite where tf1 is 0 throughout and tf2 is not."""
    unit = min(part.unit for part in parts)
    over = _together([(part.difference[0] * (unit / part.unit), part.difference[1]) for part in parts])
    under = _together([(part.reference[0] * (unit / part.unit), part.reference[1]) for part in parts])
    if not under[0]:
        return float("inf") if over[0] else 0.0
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float64(over[1]) / under[1] * np.float64(over[0] / under[0]))


def _together(norms: Sequence[tuple[float, float]]) -> tuple[float, float]:
    if len(norms) == 1:
        return norms[0]
    top = max(scale for scale, _ in norms)
    return (top, math.hypot(*(scale / top * norm for scale, norm in norms))) if top else (0.0, 0.0)


@dataclass(frozen=True)
class Gap:
    """How far two arrays lie apart, element by element, in units in which nothing overflows.

    Attributes:
        absolute: ``|tf1 - tf2| * unit``; 0 where a value is not finite on either side.
        magnitude: ``|tf1| * unit``; 0 in the same places.
        unit: 1, or, where numbers come near the largest float64, an array that is smaller there.
    """

    absolute: npt.NDArray[np.float64]
    magnitude: npt.NDArray[np.float64]
    unit: Array | float

    def within(self, atol: float, rtol: float) -> npt.NDArray[np.bool_]:
        """Return where the difference is at most ``atol + rtol * |tf1|``."""
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(self.absolute <= atol * self.unit + rtol * self.magnitude)

    def true_absolute(self) -> npt.NDArray[np.float64]:
        """Return the differences; infinite beyond float64."""
        with np.errstate(over="ignore"):
            return np.asarray(self.absolute / self.unit)

    def relative(self) -> npt.NDArray[np.float64]:
        """Return the differences relative to |tf1|; infinite where tf1 is 0 and tf2 is not."""
        relative = np.zeros(self.absolute.shape)
        with np.errstate(divide="ignore", over="ignore", under="ignore"):
            return np.divide(self.absolute, self.magnitude, out=relative, where=self.absolute > 0)

    def norms(self) -> Norms:
        """Return the Euclidean norms of the differences and of tf1."""
        least = float(np.min(self.unit)) if isinstance(self.unit, np.ndarray) else 1.0
        level = self.unit / least
        return Norms(least, _norm(self.absolute / level), _norm(self.magnitude / level))

    def smallest_rtol(self) -> float:
        """Return the smallest rtol that passes with atol 0; infinite where none does.

        Multiplying rounds where dividing did, so the largest quotient is only the first guess.
        """
        relative = self.relative()
        high = float(np.max(relative, initial=0.0))
        decisive = relative >= high * (1 - 1e-12)
        if high < 1e-290 or not (self.absolute[decisive] > 1e-290).any():
            decisive = self.absolute > 0  # subnormal numbers round by more than that
        rest = Gap(self.absolute[decisive], self.magnitude[decisive], 1.0)

        def passes(rtol: float) -> bool:
            return bool(rest.within(0.0, rtol).all())

        while np.isfinite(high) and not passes(high):
            high = float(np.nextafter(high, np.inf))
        if not np.isfinite(high):
            return float("inf")
        if passes(float(np.nextafter(high, 0.0))):
            high = _bisect(passes, high)
        return high


def _bisect(passes: Callable[[float], bool], high: float) -> float:
    """Return the smallest float that passes, where 0 fails and `high` passes; floats order as their bits do."""
    low, top = 0, int(np.float64(high).view(np.int64))
    while top - low > 1:
        middle = (low + top) // 2
        if passes(float(np.int64(middle).view(np.float64))):
            top = middle
        else:
            low = middle
    return float(np.int64(top).view(np.float64))


def _norm(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return (scale, norm) with the Euclidean norm being their product, so that squares do not overflow."""
    scale = float(np.max(values, initial=0.0))
    if not scale:
        return 0.0, 0.0
    with np.errstate(under="ignore"):
        scaled = values / scale
        scaled *= scaled
        # Not np.linalg.norm: BLAS's threads wait for each other where workers use all cores.
        return scale, float(np.sqrt(np.sum(scaled)))


def measure(ours: Array, theirs: Array) -> Gap:
    """Return how far two float64 or complex128 arrays lie apart, wherever both are finite."""
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        ours, theirs = _without_non_finite(ours, theirs)
    with np.errstate(over="ignore", under="ignore"):
        absolute, magnitude = np.abs(ours - theirs), np.abs(ours)
        if np.isfinite(absolute).all() and np.isfinite(magnitude).all():
            return Gap(np.asarray(absolute), np.asarray(magnitude), 1.0)
        unit = np.where(np.isfinite(absolute) & np.isfinite(magnitude), 1.0, 2.0**-4)
        ours, theirs = ours * unit, theirs * unit
        return Gap(np.asarray(np.abs(ours - theirs)), np.asarray(np.abs(ours)), unit)


def _without_non_finite(ours: Array, theirs: Array) -> tuple[Array, Array]:
    """Return both with 0 where either is not finite; of a complex number, only in that part."""
    if ours.dtype.kind != "c":
        finite = np.isfinite(ours) & np.isfinite(theirs)
        return np.where(finite, ours, 0.0), np.where(finite, theirs, 0.0)
    cleaned = np.zeros_like(ours), np.zeros_like(theirs)
    cleaned[0].real, cleaned[1].real = _without_non_finite(ours.real, theirs.real)
    cleaned[0].imag, cleaned[1].imag = _without_non_finite(ours.imag, theirs.imag)
    return cleaned


def non_finite_mismatch(ours: Array, theirs: Array, nan_equal: bool) -> npt.NDArray[np.bool_]:
    """Return where infinities differ in place or sign, and where there is any NaN that is not let pass."""
    if ours.dtype.kind == "c":
        return non_finite_mismatch(ours.real, theirs.real, nan_equal) | non_finite_mismatch(
            ours.imag, theirs.imag, nan_equal
        )
    one, other = np.isnan(ours), np.isnan(theirs)
    nans = (one != other) if nan_equal else (one | other)
    infinite = np.isinf(ours) | np.isinf(theirs)
    return np.asarray(nans | (infinite & ~(one | other) & (ours != theirs)))
