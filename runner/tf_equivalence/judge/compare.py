"""Compares two arrays: shape, then dtype, then non-finite values, then values. Pure NumPy.

Floats are compared in float64 and complex numbers in complex128; integers, booleans and bytes
exactly. Nothing is broadcast, and NaN equals NaN only when asked for. Arrays are walked in blocks,
so they may be mapped from files larger than memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy.typing as npt

from tf_equivalence.judge.bounds import Bound
from tf_equivalence.judge.difference import Difference, Element, json_number
from tf_equivalence.judge.exact import compare_exact
from tf_equivalence.judge.inexact import compare_inexact, largest_difference

__all__ = ["Difference", "Element", "compare", "json_number", "largest_difference"]

Array = npt.NDArray[Any]


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
        found = compare_inexact(tf1, tf2, bound, nan_equal, names)
    else:
        found = compare_exact(tf1, tf2, names)
    if names[0] != names[1]:
        return replace(found or Difference("dtype", tf1.shape, tf2.shape, *names, total=tf1.size), kind="dtype")
    return found


def _dtype_name(array: Array) -> str:
    return "string" if array.dtype.kind == "S" else array.dtype.name  # NumPy's name tells the longest string
