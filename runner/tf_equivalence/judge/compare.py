"""Compares two arrays: shape, then dtype, then non-finite values, then values. Pure NumPy.

Floats are compared in float64 and complex numbers in complex128; integers, booleans and bytes
exactly. Nothing is broadcast, and NaN equals NaN only when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tf_equivalence.judge.bounds import Bound, widened

Array = npt.NDArray[Any]
Index = tuple[int, ...]
SAMPLES = 5

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
            metrics["bound"] = {"rtol": self.bound.rtol, "atol": self.bound.atol, "source": self.bound.source}
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
    names = tf1_dtype or tf1.dtype.name, tf2_dtype or tf2.dtype.name
    if tf1.shape != tf2.shape:
        return Difference("shape", tf1.shape, tf2.shape, *names)
    numbers = tf1.dtype.kind in "fciub" and tf2.dtype.kind in "fciub"
    inexact = numbers and (tf1.dtype.kind in "fc" or tf2.dtype.kind in "fc")
    if inexact:
        found = _compare_inexact(tf1, tf2, bound, nan_equal, names)
    else:
        found = _compare_exact(tf1, tf2, names, numbers)
    if names[0] != names[1]:
        return _with_kind(found or Difference("dtype", tf1.shape, tf2.shape, *names, total=tf1.size), "dtype")
    return found


def _with_kind(found: Difference, kind: str) -> Difference:
    return Difference(**{**vars(found), "kind": kind})


def _compare_exact(tf1: Array, tf2: Array, names: tuple[str, str], numbers: bool) -> Difference | None:
    if (tf1.dtype.kind == "S") != (tf2.dtype.kind == "S"):
        differ = np.ones(tf1.shape, bool)
    else:
        differ = np.asarray(tf1 != tf2)  # NumPy compares int64 with uint64 by value
    count = int(np.count_nonzero(differ))
    if not count:
        return None
    where = _first_indices(differ, SAMPLES)
    samples = tuple(Element(i, tf1[i].item(), tf2[i].item(), _exact_distance(tf1[i], tf2[i])) for i in where)
    worst = None
    if numbers and tf1.dtype.kind != "b":
        with np.errstate(over="ignore"):
            rough = np.abs(widened(tf1) - widened(tf2))
        index = _index(int(np.argmax(np.where(differ, np.maximum(rough, 0.5), 0.0))), tf1.shape)
        worst = Element(index, tf1[index].item(), tf2[index].item(), _exact_distance(tf1[index], tf2[index]))
    return Difference(
        "value", tf1.shape, tf2.shape, *names, mismatched=count, total=tf1.size, worst_absolute=worst,
        samples=samples, relative_l2=count / tf1.size, smallest_atol=worst.difference if worst else float("inf"),
        smallest_rtol=float("inf"),
    )  # fmt: skip


def _exact_distance(one: Any, other: Any) -> float:
    """Return the distance of two exact values, in Python's own integers, which do not overflow."""
    one, other = one.item(), other.item()
    return float(abs(int(one) - int(other))) if isinstance(one, int) and isinstance(other, int) else float("inf")


def _compare_inexact(
    tf1: Array, tf2: Array, bound: Bound, nan_equal: bool, names: tuple[str, str]
) -> Difference | None:
    if tf1.dtype == tf2.dtype and np.array_equal(tf1, tf2):
        return None  # nothing to measure, and no NaN either
    complex_ = "c" in (tf1.dtype.kind, tf2.dtype.kind)
    wide = np.complex128 if complex_ else np.float64
    ours, theirs = tf1.astype(wide, copy=False), tf2.astype(wide, copy=False)
    bad = _non_finite_mismatch(ours, theirs, nan_equal)
    finite = np.isfinite(ours) & np.isfinite(theirs)
    absolute, overflow = _absolute(ours, theirs, finite)
    magnitude = np.abs(ours)
    with np.errstate(over="ignore", invalid="ignore"):
        allowed = bound.atol + bound.rtol * np.where(finite, magnitude, 0.0)
        outside = finite & ~(absolute <= allowed)
    differ = bad | outside
    count = int(np.count_nonzero(differ))
    if not count:
        return None
    relative = _relative(absolute, magnitude, finite)
    worst_absolute = _worst(absolute, finite, tf1, tf2)
    worst_relative = _worst(relative, finite, tf1, tf2)
    any_bad = bool(bad.any())
    return Difference(
        kind="non-finite" if any_bad else "value",
        tf1_shape=tf1.shape,
        tf2_shape=tf2.shape,
        tf1_dtype=names[0],
        tf2_dtype=names[1],
        mismatched=count,
        total=tf1.size,
        worst_absolute=worst_absolute,
        worst_relative=worst_relative,
        ulps=_ulps(worst_absolute, names) if worst_absolute and not complex_ else None,
        relative_l2=float("inf") if overflow else _relative_l2(absolute, magnitude, finite),
        samples=tuple(
            Element(i, tf1[i].item(), tf2[i].item(), float(absolute[i]) if finite[i] else float("inf"))
            for i in _first_indices(bad if any_bad else differ, SAMPLES)
        ),
        nan_count=(int(np.count_nonzero(np.isnan(ours))), int(np.count_nonzero(np.isnan(theirs)))),
        bound=bound,
        smallest_atol=float("inf") if any_bad or worst_absolute is None else worst_absolute.difference,
        smallest_rtol=float("inf") if any_bad or worst_relative is None else worst_relative.difference,
    )


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


def _absolute(ours: Array, theirs: Array, finite: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], bool]:
    """Return the absolute differences, 0 where not finite, and whether any exceeds float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        absolute = np.abs(np.where(finite, ours, 0) - np.where(finite, theirs, 0))
    return absolute, bool(np.isinf(absolute).any())


def _relative(
    absolute: npt.NDArray[np.float64], magnitude: npt.NDArray[np.float64], finite: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return the differences relative to |tf1|; infinite where tf1 is 0 and tf2 is not."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        relative = absolute / magnitude
    return np.where(finite & (absolute > 0), relative, 0.0)


def _relative_l2(
    absolute: npt.NDArray[np.float64], magnitude: npt.NDArray[np.float64], finite: npt.NDArray[np.bool_]
) -> float:
    """Return ||tf1 - tf2|| / ||tf1|| over finite elements, scaled so that squares do not overflow."""
    kept = np.where(finite, magnitude, 0.0)
    scale, largest = float(np.max(kept, initial=0.0)), float(np.max(absolute, initial=0.0))
    if not scale:
        return float("inf") if largest else 0.0
    if not largest:
        return 0.0
    with np.errstate(over="ignore"):
        ratio = float(np.linalg.norm((absolute / largest).reshape(-1)) / np.linalg.norm((kept / scale).reshape(-1)))
        return float(np.float64(ratio) * np.float64(largest / scale))


def _worst(values: npt.NDArray[np.float64], finite: npt.NDArray[np.bool_], tf1: Array, tf2: Array) -> Element | None:
    if not finite.any():
        return None
    index = _index(int(np.argmax(np.where(finite, values, -1.0))), tf1.shape)
    return Element(index, tf1[index].item(), tf2[index].item(), float(values[index]))


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
