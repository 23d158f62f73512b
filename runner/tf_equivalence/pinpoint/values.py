"""How far two arrays are apart, relative to the larger one's magnitude."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tf_equivalence.pinpoint.finding import Worst

Array = npt.NDArray[np.generic]

NOISE_EPS = 32.0  # units of rounding below which two values of one operation agree
_NEXT = 2  # elements to show on either side of the worst one
GROWTH = 8.0  # an operation is to blame when its output differs more than this many times its inputs

_EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
_EPS.update({"complex64": _EPS["float32"], "complex128": _EPS["float64"]})


def noise(tf1_dtype: str, tf2_dtype: str) -> float:
    """Return the relative difference that rounding explains, for the coarser of two dtypes; 0 for exact ones."""
    return NOISE_EPS * max(_EPS.get(tf1_dtype, 0.0), _EPS.get(tf2_dtype, 0.0))


def _wide(array: Array) -> npt.NDArray[np.float64] | npt.NDArray[np.complex128]:
    return array.astype(np.complex128) if array.dtype.kind == "c" else array.astype(np.float64)


def relative_difference(tf1: Array, tf2: Array) -> float:
    """Return ``max|tf1 - tf2| / max|tf1|`` over the finite elements, in float64.

    Arrays of one size are compared element by element whatever their shapes, so that a squeezed
    axis does not count. Infinite where sizes differ, or non-finite values differ in place or sign.
    """
    if tf1.size != tf2.size:
        return math.inf
    left, right = _wide(tf1).ravel(), _wide(tf2).ravel()
    finite = np.isfinite(left)
    if not np.array_equal(finite, np.isfinite(right)):
        return math.inf
    if not np.array_equal(left[~finite], right[~finite], equal_nan=True):
        return math.inf
    left, right = left[finite], right[finite]
    if not left.size:
        return 0.0
    difference = float(np.abs(left - right).max())
    scale = float(np.abs(left).max())
    return 0.0 if difference == 0.0 else difference / scale if scale else math.inf


def worst_element(tf1: Array, tf2: Array) -> Worst | None:
    """Return the element that differs most, non-finite mismatches first; None for other shapes."""
    if tf1.shape != tf2.shape or not tf1.size:
        return None
    left, right = _wide(tf1), _wide(tf2)
    with np.errstate(invalid="ignore"):
        apart = np.abs(left - right)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    apart = np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))
    at = np.unravel_index(int(np.argmax(apart)), tf1.shape)
    return Worst(tuple(int(i) for i in at), _scalar(tf1[at]), _scalar(tf2[at]), (_around(tf1, at), _around(tf2, at)))


def _around(array: Array, at: tuple[np.intp, ...]) -> tuple[object, ...]:
    """Return the elements next to one along the last axis, itself among them."""
    if not at:
        return (array.item(),)
    row = array[at[:-1]]
    return tuple(map(_scalar, row[max(0, int(at[-1]) - _NEXT) : int(at[-1]) + _NEXT + 1]))


def _scalar(value: np.generic) -> object:
    item = value.item()
    return str(item) if isinstance(item, complex) else item


def is_permuted(tf1: Array, tf2: Array, bound: float) -> bool:
    """Return whether the two hold the same numbers in another order, within `bound` of their scale."""
    if tf1.size != tf2.size or tf1.size < 2 or tf1.dtype.kind == "c" or tf2.dtype.kind == "c":
        return False
    left, right = np.sort(_wide(tf1).ravel()), np.sort(_wide(tf2).ravel())
    return relative_difference(left, right) <= bound < relative_difference(tf1, tf2)
