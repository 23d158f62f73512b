"""Elements of arrays: walked in blocks, by their index, and in units in the last place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

Index = tuple[int, ...]
BLOCK = 1 << 16  # elements looked at at a time: they stay in the cache, and memory stays bounded

_INTEGERS: Mapping[str, tuple[Any, Any]] = {
    "float16": (np.float16, np.int16),
    "float32": (np.float32, np.int32),
    "float64": (np.float64, np.int64),
}


def blocks(size: int) -> Iterator[slice]:
    """Return slices that cover `size` elements in order."""
    return (slice(start, start + BLOCK) for start in range(0, size, BLOCK))


def index_of(flat: int, shape: Index) -> Index:
    """Return the index of the element at a flat position in C order."""
    return tuple(int(i) for i in np.unravel_index(flat, shape))


def ulps_between(one: Any, other: Any, names: tuple[str, str]) -> float | None:
    """Return the distance in units in the last place: representable numbers between the two values."""
    if names[0] != names[1]:
        return None
    if names[0] == "bfloat16":  # the upper half of a float32
        return float(abs(_ordered(one, "float32") - _ordered(other, "float32")) >> 16)
    if names[0] not in _INTEGERS:
        return None
    return float(abs(_ordered(one, names[0]) - _ordered(other, names[0])))


def _ordered(value: float, dtype: str) -> int:
    """Return the float's bit pattern as an integer that orders as the floats do."""
    floating, integer = _INTEGERS[dtype]
    bits = int(np.array(value, floating).view(integer))
    return bits if bits >= 0 else int(np.iinfo(integer).min) - bits
