"""Compares integers, booleans and bytes, block by block: nothing but equal agrees."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tf_equivalence.judge.bounds import widened
from tf_equivalence.judge.difference import Difference, Element
from tf_equivalence.judge.elements import Index, blocks, index_of

Array = npt.NDArray[Any]
SAMPLES = 5

_TERMINATOR = b"|"  # recordings end strings with it, since NumPy drops trailing NULs


def compare_exact(tf1: Array, tf2: Array, names: tuple[str, str]) -> Difference | None:
    """Compare two arrays of one shape and return how they differ; None where they agree."""
    numbers = tf1.dtype.kind in "iub" and tf2.dtype.kind in "iub"
    alike = numbers or tf1.dtype.kind == tf2.dtype.kind
    measurable = numbers and "b" not in (tf1.dtype.kind, tf2.dtype.kind)
    ours, theirs = tf1.reshape(-1), tf2.reshape(-1)
    count, first, far = 0, list[int](), list[int]()
    for block in blocks(ours.size):
        one, other = ours[block], theirs[block]
        # NumPy compares int64 with uint64 by value, and text with numbers not at all.
        differ = np.asarray(one != other) if alike else np.ones(one.shape, bool)
        found = int(np.count_nonzero(differ))
        if not found:
            continue
        count += found
        if len(first) < SAMPLES:
            first += (np.flatnonzero(differ)[: SAMPLES - len(first)] + block.start).tolist()
        if measurable:
            far.append(block.start + _farthest(one, other, differ))
    if not count:
        return None
    elements = [_element(tf1, tf2, index_of(flat, tf1.shape)) for flat in far]
    return Difference(
        kind="value",
        tf1_shape=tf1.shape,
        tf2_shape=tf2.shape,
        tf1_dtype=names[0],
        tf2_dtype=names[1],
        mismatched=count,
        total=tf1.size,
        worst_absolute=max(elements, key=_distance, default=None),
        relative_l2=count / tf1.size,
        samples=tuple(_element(tf1, tf2, index_of(flat, tf1.shape)) for flat in first),
        smallest_atol=float("inf"),
        smallest_rtol=float("inf"),
    )


def _distance(element: Element) -> int:
    return abs(int(element.tf1) - int(element.tf2))  # exact, where the difference as a float is rounded


def _farthest(ours: Array, theirs: Array, differ: npt.NDArray[np.bool_]) -> int:
    """Return the position of the largest distance; of 64-bit integers it fits unsigned ones, which wrap around."""
    if ours.dtype.kind == theirs.dtype.kind:
        wide = np.int64 if ours.dtype.kind == "i" else np.uint64
        one, other = ours.astype(wide), theirs.astype(wide)
        distance: Array = np.maximum(one, other).view(np.uint64) - np.minimum(one, other).view(np.uint64)
    else:  # not of one dtype anyway: roughly will do, as long as it is an element that differs
        distance = np.where(differ, np.abs(widened(ours) - widened(theirs)) + 1, 0.0)
    return int(np.argmax(distance))


def _element(tf1: Array, tf2: Array, index: Index) -> Element:
    one, other = tf1[index].item(), tf2[index].item()
    if isinstance(one, int) and isinstance(other, int):
        return Element(index, one, other, float(abs(int(one) - int(other))))
    if isinstance(one, bytes) and isinstance(other, bytes) and one[-1:] == other[-1:] == _TERMINATOR:
        one, other = one[:-1], other[:-1]
    return Element(index, one, other, float("inf"))
