"""Draws the divergence along a network in one line of text, and marks where it starts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.labels import plural
from tf_equivalence.result import TracedPair

ROUNDING = 32 * 2.0**-23  # as pinpointing has it, in float32
_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 60  # columns at most; a phone shows as many
_LEAST = 2.0**-23  # the bottom of the scale: the spacing of float32 at one
_MOST = 1e6  # the top: a hundred million times as much is no more informative


@dataclass(frozen=True)
class Sparkline:
    """The divergence along the network.

    Attributes:
        bars: One column for each run of operations, the largest difference of each on a log scale.
        mark: Blanks, and `^` below the column of the start; empty where nothing differs.
        caption: What is drawn, and from where to where.
        start: The operation where it starts, with its line; empty where nothing differs.
    """

    bars: str
    mark: str
    caption: str
    start: str

    def __str__(self) -> str:
        lines = [self.caption, self.bars]
        return "\n".join([*lines, f"{self.mark} {self.start}"] if self.start else lines)


def differs_alone(row: TracedPair) -> bool:
    """Return whether TF2's operation differs by itself: on TF1's values, by more than rounding."""
    return row.alone is not None and row.alone > ROUNDING


def sparkline(trace: Sequence[TracedPair]) -> Sparkline | None:
    """Return the divergence along a traced network; None where no difference is known."""
    rows = [row for row in trace if row.difference is not None]
    if not rows:
        return None
    values = [_finite(row.difference) for row in rows]
    start = start_of(rows)
    columns = min(len(rows), _WIDTH)
    edges = [number * len(rows) // columns for number in range(columns + 1)]
    tops = [max(values[first:last]) for first, last in itertools.pairwise(edges)]
    top = max(tops)
    bars = "".join(_bar(value, top) for value in tops)
    scale = f"log scale from {_LEAST:.1e} to {top:.2g} of TF1's largest value" if top > _LEAST else "no difference"
    caption = f"{plural(len(rows), 'operation')} in TF1's order, {scale}"
    if start is None:
        return Sparkline(bars, "", caption, "")
    column = next(number for number in range(columns) if start < edges[number + 1])
    return Sparkline(bars, " " * column + "^", caption, _told(rows[start]))


def start_of(rows: Sequence[TracedPair]) -> int | None:
    """Return where it starts: what first differs by itself, and where nothing does, what first differs at all."""
    alone = (number for number, row in enumerate(rows) if differs_alone(row))
    free = (number for number, row in enumerate(rows) if _finite(row.difference) > ROUNDING)
    return next(alone, next(free, None))


def _finite(difference: float | None) -> float:
    """Return a difference that can be drawn; values that are not finite at other places are as different as can be."""
    if difference is None:
        return 0.0
    return _MOST if math.isnan(difference) else min(difference, _MOST)


def _bar(value: float, top: float) -> str:
    if value <= _LEAST or top <= _LEAST:
        return _BARS[0]
    height = math.log(value / _LEAST) / math.log(top / _LEAST)
    return _BARS[max(1, math.ceil(height * (len(_BARS) - 1)))]


def _told(row: TracedPair) -> str:
    side = row.tf2 or row.tf1
    if side is None:
        return "here"
    where = f", {side.location}" if side.location is not None else f" {side.name}"
    difference = row.alone if differs_alone(row) else row.difference
    return one_line(f"starts at {side.type}{where}: {difference:.2g}")
