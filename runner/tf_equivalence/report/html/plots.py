"""Draws what a run measured: how far apart both sides are along the network, and how many elements differ how much."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.html.svg import BAD, INK, MUTED, OURS, as_svg, axes, decades, label
from tf_equivalence.report.sparkline import ROUNDING, differs_alone
from tf_equivalence.result import TracedPair

_COLUMNS = 160  # at most; each shows the largest value of the operations that it stands for
_LOWEST = -9  # the power of ten at the bottom of the scale of relative differences
_FLOOR, _CEILING = 10.0**_LOWEST, 1e3  # what lies beyond is drawn at the edge
_MOST_MARKS = 40
_LONGEST = 40  # characters of a label
_SMALL = 9  # points


@dataclass(frozen=True)
class Words:
    """What a figure says to those who do not see it.

    Attributes:
        ident: Of the figure on its page: letters, digits and hyphens.
        title: What it is.
        description: What it shows.
    """

    ident: str
    title: str
    description: str


def divergence(rows: Sequence[TracedPair], start: int | None, allowed: float | None, words: Words) -> str:
    """Return the difference of every operation along the network, on a log scale, with the band of rounding.

    Args:
        rows: Operations whose difference is known, in TF1's order; at least one.
        start: Where it begins; None where nothing differs.
        allowed: What the step allowed of its outputs, relative to their largest value; None where that is not known.
        words: For those who do not see it.

    Returns:
        An `svg` element.
    """
    figure, found = axes(height=2.9)
    free = [_drawn(row.difference) for row in rows]
    places, tops = _columns(free)
    top = max(10 * max(free), 1.0)
    found.set_yscale("log")
    found.set_ylim(_FLOOR, top)
    found.set_xlim(-0.5, len(rows) - 0.5)
    decades(found.yaxis, _LOWEST, math.floor(math.log10(top)))
    found.axhspan(_FLOOR, ROUNDING, color=MUTED, alpha=0.16, linewidth=0)
    _note(found, 0.995, ROUNDING, "rounding", "right")
    if allowed is not None and _FLOOR < allowed < top:
        found.axhline(allowed, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        _note(found, 0.005, allowed, "allowed at the outputs", "left")
    found.fill_between(places, _FLOOR, tops, step="mid", color=OURS, alpha=0.25, linewidth=0)
    found.step(places, tops, where="mid", color=OURS, linewidth=1.4)
    marks = [(at, _drawn(row.alone)) for at, row in enumerate(rows) if differs_alone(row)][:_MOST_MARKS]
    if marks:
        found.plot(*zip(*marks, strict=True), marker="v", color=BAD, markersize=8, linestyle="none", clip_on=False)
    if start is not None:
        found.axvline(start, color=BAD, linewidth=1.2)
        right = start > 0.7 * len(rows)
        side = rows[start].tf2 or rows[start].tf1
        what = one_line(f"starts here: {side.type}" if side is not None else "starts here")[:_LONGEST]
        text = f"{what} ▸" if right else f"◂ {what}"
        shift = -0.006 if right else 0.006
        found.text(
            start + shift * len(rows), top, text, color=BAD, fontsize=_SMALL, ha="right" if right else "left", va="top"
        )
    label(found, "operation, in TF1's order", "difference / largest TF1 value")
    return as_svg(figure, words.ident, words.title, words.description)


def histogram(first_decade: int, counts: Sequence[int], allowed: float | None, words: Words) -> str:
    """Return how many elements differ by how much: a bar for each power of ten, and what was allowed.

    Args:
        first_decade: The power of ten where the first bar begins.
        counts: Elements in each decade, of differences relative to the largest TF1 value; not all 0.
        allowed: In the same unit; None where that is not one number.
        words: For those who do not see it.
    """
    figure, found = axes(height=2.1)
    filled = [at for at, count in enumerate(counts) if count]
    if allowed:  # what was allowed is to be seen, too
        filled += [min(max(math.floor(math.log10(allowed)) - first_decade, 0), len(counts) - 1)]
    low_end, high_end = max(min(filled) - 1, 0), min(max(filled) + 2, len(counts))
    first_decade, counts = first_decade + low_end, counts[low_end:high_end]
    edges = [10.0 ** (first_decade + at) for at in range(len(counts) + 1)]
    for (low, high), count in zip(itertools.pairwise(edges), counts, strict=True):
        if count:
            beyond = allowed is not None and low >= allowed
            color = BAD if beyond else OURS
            found.bar([low], [count], width=[high - low], align="edge", color=color, alpha=0.65, linewidth=0)
            found.text(math.sqrt(low * high), count, f"{count:,}", color=INK, fontsize=_SMALL, ha="center", va="bottom")
    found.set_xscale("log")
    found.set_xlim(edges[0], edges[-1])
    found.set_yscale("log")
    found.set_ylim(0.7, 8 * max(counts))
    decades(found.xaxis, first_decade, first_decade + len(counts))
    decades(found.yaxis, 0, math.floor(math.log10(8 * max(counts))))
    if allowed is not None and edges[0] < allowed < edges[-1]:
        found.axvline(allowed, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        found.text(1.1 * allowed, 8 * max(counts), "allowed", color=INK, fontsize=_SMALL, va="top")
    label(found, "difference / largest TF1 value", "elements")
    return as_svg(figure, words.ident, words.title, words.description)


def _note(found: Any, x: float, y: float, text: str, side: str) -> None:
    """Write below a line; `x` counts from 0 at the left edge to 1."""
    place = found.get_yaxis_transform()
    found.text(x, y, text, transform=place, ha=side, va="top", fontsize=_SMALL, color=INK)


def _columns(values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return places and largest values of as many columns as can be told apart."""
    count = min(len(values), _COLUMNS)
    edges = [at * len(values) // count for at in range(count + 1)]
    places = [(first + last - 1) / 2 for first, last in itertools.pairwise(edges)]
    return places, [max(values[first:last]) for first, last in itertools.pairwise(edges)]


def _drawn(difference: float | None) -> float:
    """Return a difference within the scale; values that are not finite at other places are as different as can be."""
    if difference is None:
        return _FLOOR
    return _CEILING if math.isnan(difference) else min(max(difference, _FLOOR), _CEILING)
