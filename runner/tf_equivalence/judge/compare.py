"""Compares two arrays: shape, then dtype, then non-finite values, then values. Pure NumPy.

Floats are compared in float64 and complex numbers in complex128; integers, booleans and bytes
exactly. Nothing is broadcast, and NaN equals NaN only when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tf_equivalence.judge.bounds import Bound, largest, widened

Array = npt.NDArray[Any]
Index = tuple[int, ...]
SAMPLES = 5
BLOCK = 1 << 17  # elements widened at a time while nothing differs: less memory, and it stays in the cache

_TERMINATOR = b"|"  # recordings end strings with it, since NumPy drops trailing NULs

_INTEGERS: Mapping[str, tuple[Any, Any]] = {
    "float16": (np.float16, np.int16),
    "float32": (np.float32, np.int32),
    "float64": (np.float64, np.int64),
}


@dataclass(frozen=True)
class Element:
    """One element on both sides.

    Attributes:
        index: Its position.
        tf1: Its value there, as a Python value.
        tf2: Its value there.
        difference: Absolute for the worst absolute, relative to |tf1| for the worst relative.
    """

    index: Index
    tf1: Any
    tf2: Any
    difference: float


@dataclass(frozen=True)
class Difference:
    """How two arrays differ.

    Attributes:
        kind: `shape`, `dtype`, `non-finite` or `value`: the first comparison that failed.
        tf1_shape: Of TF1's array.
        tf2_shape: Of TF2's array.
        tf1_dtype: TensorFlow's name.
        tf2_dtype: TensorFlow's name.
        mismatched: Elements outside of the bound, or whose non-finite values disagree.
        total: Elements of the array.
        worst_absolute: The element that differs most; None where values were not compared.
        worst_relative: The element that differs most relative to its TF1 magnitude.
        ulps: Units in the last place between the two values of `worst_absolute`; None for exact
            dtypes, complex numbers and differing dtypes.
        relative_l2: Euclidean norm of the difference, relative to TF1's; over finite elements.
        samples: The first few mismatched elements.
        nan_count: NaNs on each side.
        bound: What was allowed; None for exact dtypes.
        smallest_atol: The smallest atol, with rtol 0, that would have passed; infinite where none would.
        smallest_rtol: The smallest rtol, with atol 0, that would have passed.
    """

    kind: str
    tf1_shape: Index
    tf2_shape: Index
    tf1_dtype: str
    tf2_dtype: str
    mismatched: int = 0
    total: int = 0
    worst_absolute: Element | None = None
    worst_relative: Element | None = None
    ulps: float | None = None
    relative_l2: float = 0.0
    samples: tuple[Element, ...] = ()
    nan_count: tuple[int, int] = (0, 0)
    bound: Bound | None = None
    smallest_atol: float = 0.0
    smallest_rtol: float = 0.0

    @property
    def percent(self) -> float:
        """Mismatched elements in percent."""
        return 100.0 * self.mismatched / self.total if self.total else 0.0

    @property
    def severity(self) -> float:
        """How much this matters, for ordering: infinite for anything but values, else relative L2."""
        return self.relative_l2 if self.kind == "value" else float("inf")

    def to_metrics(self) -> dict[str, object]:
        """Return the figures as JSON values; non-finite numbers as text."""
        metrics: dict[str, object] = {
            "tf1_shape": list(self.tf1_shape),
            "tf2_shape": list(self.tf2_shape),
            "tf1_dtype": self.tf1_dtype,
            "tf2_dtype": self.tf2_dtype,
        }
        if self.kind == "shape":
            return metrics
        metrics |= {
            "mismatched": self.mismatched,
            "total": self.total,
            "percent": self.percent,
            "worst_absolute": _element_metrics(self.worst_absolute),
            "worst_relative": _element_metrics(self.worst_relative),
            "ulps": None if self.ulps is None else json_number(self.ulps),
            "relative_l2": json_number(self.relative_l2),
            "samples": [_element_metrics(sample) for sample in self.samples],
            "smallest_atol": json_number(self.smallest_atol),
            "smallest_rtol": json_number(self.smallest_rtol),
        }
        if self.bound is not None:
            metrics["bound"] = {
                "rtol": self.bound.rtol,
                "atol": self.bound.atol,
                "source": self.bound.source,
            }
        return metrics


def json_number(value: Any) -> object:
    """Return a number, boolean or text as a JSON value; a non-finite or complex one as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, complex) or (isinstance(value, float) and not np.isfinite(value)):
        return str(value)
    return value


def _element_metrics(element: Element | None) -> dict[str, object] | None:
    if element is None:
        return None
    return {
        "index": list(element.index),
        "tf1": json_number(element.tf1),
        "tf2": json_number(element.tf2),
        "difference": json_number(element.difference),
    }


def compare(
    tf1: Array,
    tf2: Array,
    bound: Bound,
    *,
    nan_equal: bool = False,
    tf1_dtype: str = "",
    tf2_dtype: str = "",
) -> Difference | None:
    """Compare two arrays and return how they differ; None where they agree.

    Args:
        tf1: The reference, of any shape; floating, complex, integer, boolean or bytes.
        tf2: The array under test.
        bound: For floating and complex values; anything else must be equal.
        nan_equal: Whether NaN at the same place on both sides agrees.
        tf1_dtype: TensorFlow's dtype name where the array holds another dtype's values, as for bfloat16.
        tf2_dtype: The same for `tf2`.
    """
    names = tf1_dtype or _dtype_name(tf1), tf2_dtype or _dtype_name(tf2)
    if tf1.shape != tf2.shape:
        return Difference("shape", tf1.shape, tf2.shape, *names)
    kinds = {tf1.dtype.kind, tf2.dtype.kind}
    if kinds & set("fc") and kinds <= set("fciub"):
        found = _compare_inexact(tf1, tf2, bound, nan_equal, names)
    else:
        found = _compare_exact(tf1, tf2, names)
    if names[0] != names[1]:
        return replace(found or Difference("dtype", tf1.shape, tf2.shape, *names, total=tf1.size), kind="dtype")
    return found


def largest_difference(tf1: Array, tf2: Array) -> float:
    """Return the largest absolute difference where both are finite; 0 for arrays that do not compare as numbers."""
    if tf1.shape != tf2.shape or {tf1.dtype.kind, tf2.dtype.kind} - set("fc") or np.array_equal(tf1, tf2):
        return 0.0
    ours, theirs = tf1.reshape(-1), tf2.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return max(largest(np.asarray(widened(ours[b]) - widened(theirs[b]))) for b in _blocks(ours.size))


def _dtype_name(array: Array) -> str:
    return "string" if array.dtype.kind == "S" else array.dtype.name  # NumPy's name tells the longest string


# --- integers, booleans, bytes


def _compare_exact(tf1: Array, tf2: Array, names: tuple[str, str]) -> Difference | None:
    numbers = tf1.dtype.kind in "iub" and tf2.dtype.kind in "iub"
    alike = numbers or tf1.dtype.kind == tf2.dtype.kind
    # NumPy compares int64 with uint64 by value, and text with numbers not at all.
    differ = np.asarray(tf1 != tf2) if alike else np.ones(tf1.shape, bool)
    count = int(np.count_nonzero(differ))
    if not count:
        return None
    worst = None
    if numbers and "b" not in (tf1.dtype.kind, tf2.dtype.kind):
        worst = _exact_element(tf1, tf2, _farthest_integer(tf1, tf2, differ))
    return Difference(
        kind="value",
        tf1_shape=tf1.shape,
        tf2_shape=tf2.shape,
        tf1_dtype=names[0],
        tf2_dtype=names[1],
        mismatched=count,
        total=tf1.size,
        worst_absolute=worst,
        relative_l2=count / tf1.size,
        samples=tuple(_exact_element(tf1, tf2, index) for index in _first_indices(differ, SAMPLES)),
        smallest_atol=float("inf"),
        smallest_rtol=float("inf"),
    )


def _farthest_integer(tf1: Array, tf2: Array, differ: npt.NDArray[np.bool_]) -> Index:
    """Return the index of the largest distance; of 64-bit integers it fits unsigned ones, which wrap around."""
    if tf1.dtype.kind == tf2.dtype.kind:
        wide = np.int64 if tf1.dtype.kind == "i" else np.uint64
        ours, theirs = np.atleast_1d(tf1).astype(wide), np.atleast_1d(tf2).astype(wide)
        distance: Array = np.maximum(ours, theirs).view(np.uint64) - np.minimum(ours, theirs).view(np.uint64)
    else:  # not of one dtype anyway: roughly will do, as long as it is an element that differs
        distance = np.where(differ, np.abs(widened(tf1) - widened(tf2)) + 1, 0.0)
    return _index(int(np.argmax(distance)), tf1.shape)


def _exact_element(tf1: Array, tf2: Array, index: Index) -> Element:
    one, other = tf1[index].item(), tf2[index].item()
    if isinstance(one, int) and isinstance(other, int):
        return Element(index, one, other, float(abs(int(one) - int(other))))
    if isinstance(one, bytes) and isinstance(other, bytes) and one[-1:] == other[-1:] == _TERMINATOR:
        one, other = one[:-1], other[:-1]
    return Element(index, one, other, float("inf"))


# --- floating and complex numbers


@dataclass(frozen=True)
class _Gap:
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

    def relative_l2(self) -> float:
        """Return ``||tf1 - tf2|| / ||tf1||``; infinite where tf1 is 0 throughout and tf2 is not."""
        level = self.unit / np.min(self.unit) if isinstance(self.unit, np.ndarray) else 1.0
        over, under = _norm(self.absolute / level), _norm(self.magnitude / level)
        if not under[0]:
            return float("inf") if over[0] else 0.0
        with np.errstate(over="ignore", under="ignore"):
            return float(np.float64(over[1]) / under[1] * np.float64(over[0] / under[0]))

    def smallest_rtol(self) -> float:
        """Return the smallest rtol that passes with atol 0; infinite where none does.

        Multiplying rounds where dividing did, so the largest quotient is only the first guess.
        """
        relative = self.relative()
        high = float(np.max(relative, initial=0.0))
        decisive = relative >= high * (1 - 1e-12)
        if high < 1e-290 or not (self.absolute[decisive] > 1e-290).any():
            decisive = self.absolute > 0  # subnormal numbers round by more than that
        rest = _Gap(self.absolute[decisive], self.magnitude[decisive], 1.0)

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
        return scale, float(np.linalg.norm((values / scale).reshape(-1)))


def _measure(ours: Array, theirs: Array) -> _Gap:
    """Return how far two float64 or complex128 arrays lie apart, wherever both are finite."""
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        ours, theirs = _without_non_finite(ours, theirs)
    with np.errstate(over="ignore", under="ignore"):
        absolute, magnitude = np.abs(ours - theirs), np.abs(ours)
        if np.isfinite(absolute).all() and np.isfinite(magnitude).all():
            return _Gap(np.asarray(absolute), np.asarray(magnitude), 1.0)
        unit = np.where(np.isfinite(absolute) & np.isfinite(magnitude), 1.0, 2.0**-4)
        ours, theirs = ours * unit, theirs * unit
        return _Gap(np.asarray(np.abs(ours - theirs)), np.asarray(np.abs(ours)), unit)


def _without_non_finite(ours: Array, theirs: Array) -> tuple[Array, Array]:
    """Return both with 0 where either is not finite; of a complex number, only in that part."""
    if ours.dtype.kind != "c":
        finite = np.isfinite(ours) & np.isfinite(theirs)
        return np.where(finite, ours, 0.0), np.where(finite, theirs, 0.0)
    cleaned = np.zeros_like(ours), np.zeros_like(theirs)
    cleaned[0].real, cleaned[1].real = _without_non_finite(ours.real, theirs.real)
    cleaned[0].imag, cleaned[1].imag = _without_non_finite(ours.imag, theirs.imag)
    return cleaned


def _compare_inexact(
    tf1: Array, tf2: Array, bound: Bound, nan_equal: bool, names: tuple[str, str]
) -> Difference | None:
    if tf1.dtype == tf2.dtype and np.array_equal(tf1, tf2):
        return None  # nothing to measure, and no NaN either
    if tf1.size > BLOCK and _agree_blockwise(tf1, tf2, bound, nan_equal):
        return None
    wide = np.complex128 if "c" in (tf1.dtype.kind, tf2.dtype.kind) else np.float64
    ours, theirs = tf1.astype(wide, copy=False), tf2.astype(wide, copy=False)
    bad = _non_finite_mismatch(ours, theirs, nan_equal)
    gap = _measure(ours, theirs)
    differ = bad | ~gap.within(bound.atol, bound.rtol)
    count = int(np.count_nonzero(differ))
    if not count:
        return None
    absolute, any_bad = gap.true_absolute(), bool(bad.any())
    worst = _worst(absolute, gap.absolute, tf1, tf2)
    samples = _first_indices(bad if any_bad else differ, SAMPLES)
    return Difference(
        kind="non-finite" if any_bad else "value",
        tf1_shape=tf1.shape,
        tf2_shape=tf2.shape,
        tf1_dtype=names[0],
        tf2_dtype=names[1],
        mismatched=count,
        total=tf1.size,
        worst_absolute=worst,
        worst_relative=_worst(gap.relative(), gap.absolute, tf1, tf2),
        ulps=_ulps(worst, names) if worst and wide is np.float64 else None,
        relative_l2=gap.relative_l2(),
        samples=tuple(_element(tf1, tf2, i, float("inf") if bad[i] else float(absolute[i])) for i in samples),
        nan_count=(int(np.count_nonzero(np.isnan(ours))), int(np.count_nonzero(np.isnan(theirs)))),
        bound=bound,
        smallest_atol=float("inf") if any_bad else float(absolute.max()),
        smallest_rtol=float("inf") if any_bad else gap.smallest_rtol(),
    )


def _agree_blockwise(tf1: Array, tf2: Array, bound: Bound, nan_equal: bool) -> bool:
    """Return whether every element agrees, up to the first block in which one does not."""
    ours, theirs = tf1.reshape(-1), tf2.reshape(-1)
    return all(_compare_inexact(ours[b], theirs[b], bound, nan_equal, ("", "")) is None for b in _blocks(ours.size))


def _blocks(size: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, size, BLOCK))


def _non_finite_mismatch(ours: Array, theirs: Array, nan_equal: bool) -> npt.NDArray[np.bool_]:
    """Return where infinities differ in place or sign, and where there is any NaN that is not let pass."""
    if ours.dtype.kind == "c":
        return _non_finite_mismatch(ours.real, theirs.real, nan_equal) | _non_finite_mismatch(
            ours.imag, theirs.imag, nan_equal
        )
    one, other = np.isnan(ours), np.isnan(theirs)
    nans = (one != other) if nan_equal else (one | other)
    infinite = np.isinf(ours) | np.isinf(theirs)
    return np.asarray(nans | (infinite & ~(one | other) & (ours != theirs)))


def _worst(values: Array, absolute: Array, tf1: Array, tf2: Array) -> Element | None:
    """Return the element with the largest of `values`, the largest `absolute` deciding; None where nothing differs."""
    if not absolute.any():
        return None
    top = np.max(values)
    index = _index(int(np.argmax(np.where(values == top, absolute, -1.0))), tf1.shape)
    return _element(tf1, tf2, index, float(top))


def _element(tf1: Array, tf2: Array, index: Index, difference: float) -> Element:
    return Element(index, tf1[index].item(), tf2[index].item(), difference)


def _index(flat: int, shape: Index) -> Index:
    return tuple(int(i) for i in np.unravel_index(flat, shape))


def _first_indices(mask: npt.NDArray[np.bool_], count: int) -> list[Index]:
    flat = np.flatnonzero(mask)[:count]
    return [_index(int(position), mask.shape) for position in flat]


def _ulps(element: Element, names: tuple[str, str]) -> float | None:
    """Return the distance in units in the last place: representable numbers between the two values."""
    if names[0] != names[1]:
        return None
    if names[0] == "bfloat16":  # the upper half of a float32
        return float(abs(_ordered(element.tf1, "float32") - _ordered(element.tf2, "float32")) >> 16)
    if names[0] not in _INTEGERS:
        return None
    return float(abs(_ordered(element.tf1, names[0]) - _ordered(element.tf2, names[0])))


def _ordered(value: float, dtype: str) -> int:
    """Return the float's bit pattern as an integer that orders as the floats do."""
    floating, integer = _INTEGERS[dtype]
    bits = int(np.array(value, floating).view(integer))
    return bits if bits >= 0 else int(np.iinfo(integer).min) - bits
