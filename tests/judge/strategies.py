"""Arrays of every dtype as recordings hold them, for properties: pairs alike in parts, and bounds near them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tf_equivalence.judge import elements
from tf_equivalence.judge.bounds import Bound

from .oracle import MOST, apart, as_float

QUICK = settings(derandomize=True, max_examples=60, deadline=None, database=None)

FLOATS = ("float16", "bfloat16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
DTYPES = (*FLOATS, *COMPLEX, *INTEGERS, "bool", "string")
FILLED = st.sampled_from([(), (1,), (5,), (7,), (2, 3), (3, 1, 2)]) | npst.array_shapes(max_dims=3, max_side=4)
SHAPES = st.sampled_from([(0,), (2, 0, 3)]) | FILLED
BLOCKS = st.sampled_from([1, 2, 3, 1 << 16])
EXACT = Bound(0.0, 0.0, "")

# Relative to a difference: on it, beside it by a rounding of each width, and about the margin of fast paths.
_OFFSETS = (0.0, 1e-15, -1e-15, 1e-12, -1e-12, 3e-8, -3e-8, 2e-7, -2e-7, 9e-6, -9e-6, 2e-5, -2e-5, 0.5, -0.5)


@dataclass(frozen=True)
class Pair:
    """Two arrays of one shape and dtype.

    Attributes:
        tf1: The reference.
        tf2: The array under test.
        dtype: TensorFlow's name; the arrays of a bfloat16 pair are float32.
    """

    tf1: np.ndarray
    tf2: np.ndarray
    dtype: str

    @property
    def swapped(self) -> Pair:
        """The same with the sides swapped."""
        return Pair(self.tf2, self.tf1, self.dtype)

    @property
    def names(self) -> dict[str, str]:
        """The dtypes as `compare` takes them."""
        return {"tf1_dtype": self.dtype, "tf2_dtype": self.dtype}


@contextmanager
def elements_in_a_block(count: int) -> Iterator[None]:
    """Walk arrays in blocks of so many elements, so that small arrays have several."""
    whole, elements.BLOCK = elements.BLOCK, count
    try:
        yield
    finally:
        elements.BLOCK = whole


@cache
def _values(dtype: str, finite: bool) -> st.SearchStrategy[Any]:
    """Return values of a dtype, the ends of its range and the smallest numbers among them."""
    if dtype == "bool":
        return st.booleans()
    if dtype == "string":
        return st.binary(max_size=4).map(lambda text: text + b"|")
    if dtype in INTEGERS:
        low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        return st.integers(low, high) | st.sampled_from([low, low + 1, 0, 1, high - 1, high])
    if dtype in COMPLEX:
        part = _values("float32" if dtype == "complex64" else "float64", finite)
        return st.builds(complex, part, part)
    info = ml_dtypes.finfo(dtype)
    named = [0.0, 1.0, 1 + info.eps, info.max, float(info.max) / 2, info.smallest_normal, info.smallest_subnormal]
    named += [] if finite else [math.nan, math.inf]
    ends = st.sampled_from([*map(float, named), *(-float(value) for value in named)])
    if dtype == "bfloat16":
        bits = st.integers(0, 0xFFFF).filter(lambda b: not finite or b & 0x7F80 != 0x7F80)
        return ends | bits.map(lambda b: float(np.array(b, np.uint16).view(ml_dtypes.bfloat16)))
    return ends | st.floats(width=info.bits, allow_nan=not finite, allow_infinity=not finite)


@st.composite
def arrays(draw: st.DrawFn, dtype: str, shape: tuple[int, ...], *, finite: bool = False) -> np.ndarray:
    """Return an array of a TensorFlow dtype as recordings hold it: bfloat16 as float32, strings with their end."""
    size = math.prod(shape)
    values = draw(st.lists(_values(dtype, finite), min_size=size, max_size=size))
    return np.array(values, {"bfloat16": "float32", "string": "S"}.get(dtype, dtype)).reshape(shape)


@st.composite
def pairs(
    draw: st.DrawFn,
    dtypes: tuple[str, ...] = DTYPES,
    *,
    shapes: st.SearchStrategy[tuple[int, ...]] = SHAPES,
    finite: bool = False,
) -> Pair:
    """Return two arrays, some of whose elements are equal, or as near to each other as their dtype has it."""
    dtype, shape = draw(st.sampled_from(dtypes)), draw(shapes)
    one, other = (draw(arrays(dtype, shape, finite=finite)) for _ in range(2))
    steps = np.array(draw(st.lists(st.integers(0, 3), min_size=one.size, max_size=one.size)), int).reshape(shape)
    other = np.where(steps == 0, one, other)
    if dtype in FLOATS + COMPLEX:
        moved = one.copy()
        moved.real = _moved(one.real, dtype)
        allowed = np.isfinite(moved) if finite else np.ones(shape, bool)
        other = np.where((steps == 1) & allowed, moved, other)
    return Pair(one, np.asarray(other), dtype)


def _moved(values: np.ndarray, dtype: str) -> np.ndarray:
    """Return the next number away from 0 of each; the largest becomes infinite."""
    values = np.array(values)  # parts of complex numbers do not lie side by side
    integers = values.view(f"i{values.itemsize}")
    step = 1 << 16 if dtype == "bfloat16" else 1
    return np.where(np.isfinite(values), (integers + integers.dtype.type(step)).view(values.dtype), values)


@st.composite
def bounds(draw: st.DrawFn, pair: Pair) -> Bound:
    """Return a bound of any size; or, where the pair has figures, one that an element only just keeps or breaks."""
    anything = st.one_of(st.just(0.0), st.floats(0, MOST), st.floats(0, 1e3), st.floats(0, 1e-3))
    exact = apart(pair.tf1, pair.tf2, EXACT) if pair.dtype in FLOATS + COMPLEX else None
    differing = [i for i, far in enumerate(exact.absolute) if far] if exact else []
    if exact is None or not differing or draw(st.integers(0, 3)) == 0:
        return Bound(draw(anything), draw(anything), "")
    at = draw(st.sampled_from(differing))
    far, size = (min(as_float(figures[at]), MOST) for figures in (exact.absolute, exact.magnitude))
    by_rtol = draw(st.sampled_from([0.0, 0.5, 1.0])) if size else 0.0
    offset = 1 + draw(st.sampled_from(_OFFSETS))
    rtol = min(far / size * by_rtol * offset, MOST) if by_rtol else 0.0
    return Bound(rtol, min(far * (1 - by_rtol) * offset, MOST), "")


@st.composite
def changes(draw: st.DrawFn, pair: Pair, bound: Bound) -> tuple[Pair, int]:
    """Return the pair with one element outside of the bound for certain, at a flat position, and the others within."""
    ours, theirs = pair.tf1.reshape(-1), pair.tf2.reshape(-1)
    changed = ours.astype("S8") if pair.dtype == "string" else ours.copy()
    inexact = pair.dtype in FLOATS + COMPLEX
    if inexact:
        within = np.setdiff1d(np.arange(ours.size), apart(ours, theirs, bound).perhaps)
        changed[within] = theirs[within]
    at = draw(st.integers(0, ours.size - 1))
    changed[at] = draw(arrays(pair.dtype, ()))
    if inexact and not apart(ours[at], changed[at], bound).surely:
        changed[at] = draw(st.sampled_from([math.nan, -math.inf if ours[at] == math.inf else math.inf]))
    elif not inexact and changed[at] == ours[at]:
        changed[at] = ours[at] + b"|" if pair.dtype == "string" else ours[at] ^ ours.dtype.type(1)
    return Pair(pair.tf1, changed.reshape(pair.tf1.shape), pair.dtype), at
