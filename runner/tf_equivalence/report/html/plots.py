"""Draws figures as SVG for a page: colours are the page's own, so that light, dark and print all work."""

from __future__ import annotations

import io
import itertools
import math
import re
from collections.abc import Sequence
from typing import Any

from tf_equivalence.report.sparkline import ROUNDING, differs_alone
from tf_equivalence.result import TracedPair

_FEWEST = 8  # operations that are worth a picture
_COLUMNS = 160  # at most; each shows the largest value of the operations that it stands for
_FLOOR, _CEILING = 1e-9, 1e3
# Stand-ins that the drawing library writes into the SVG, and the variables of the page that take their place.
_COLORS = {"#010101": "var(--ink)", "#020202": "var(--muted)", "#030303": "var(--bad)", "#040404": "var(--ours)"}
_INK, _MUTED, _BAD, _OURS = _COLORS
_INCHES = (9.0, 2.6)


def divergence(trace: Sequence[TracedPair], ident: str) -> str:
    """Return the difference of every operation along the network, on a log scale, with the band of rounding.

    Args:
        trace: Aligned operations.
        ident: Begins every id in the SVG, since several stand on one page.

    Returns:
        An `svg` element; empty where too few differences are known.
    """
    rows = [row for row in trace if row.difference is not None]
    if len(rows) < _FEWEST:
        return ""
    figure, axes = _axes()
    places, free = _columns([_clipped(row.difference) for row in rows])
    alone = [_clipped(row.alone) if differs_alone(row) else 0.0 for row in rows]
    axes.axhspan(_FLOOR, ROUNDING, color=_MUTED, alpha=0.18, linewidth=0)
    axes.fill_between(places, _FLOOR, free, step="mid", color=_OURS, alpha=0.25, linewidth=0)
    axes.step(places, free, where="mid", color=_OURS, linewidth=1.2)
    marked = [(number, value) for number, value in enumerate(alone) if value > 0]
    for number, value in marked[:20]:
        axes.plot([number], [value], marker="v", color=_BAD, markersize=7, linewidth=0)
    axes.set_yscale("log")
    axes.set_ylim(_FLOOR, max(10.0, *free))
    axes.set_xlim(-0.5, len(rows) - 0.5)
    axes.set_xlabel("operation, in TF1's order", color=_INK)
    axes.set_ylabel("relative difference", color=_INK)
    axes.text(0.005, ROUNDING * 0.25, "rounding", color=_MUTED, transform=axes.get_yaxis_transform(), va="top")
    return _svg(figure, ident)


def histogram(first_decade: int, counts: Sequence[int], bound: float | None, ident: str) -> str:
    """Return how many elements differ by how much: a bar for each power of ten, and the bound.

    Args:
        first_decade: The power of ten where the first bar begins.
        counts: Elements in each decade, of differences relative to the largest TF1 value.
        bound: What was allowed, in the same unit; None where that is not one number.
        ident: As for `divergence`.
    """
    if not sum(counts):
        return ""
    figure, axes = _axes(height=1.9)
    edges = [10.0 ** (first_decade + number) for number in range(len(counts) + 1)]
    allowed = bound or 0.0
    for (low, high), count in zip(itertools.pairwise(edges), counts, strict=True):
        color = _BAD if allowed and low >= allowed else _OURS
        axes.bar([low], [count], width=[high - low], align="edge", color=color, alpha=0.6, linewidth=0)
    if allowed > 0:
        axes.axvline(allowed, color=_INK, linewidth=1, linestyle="--")
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, max(counts) * 2)
    axes.set_xlabel("difference, relative to the largest TF1 value", color=_INK)
    axes.set_ylabel("elements", color=_INK)
    return _svg(figure, ident)


def _axes(height: float = _INCHES[1]) -> tuple[Any, Any]:
    # Here, not at the top: the drawing library takes a second to import, and most runs draw nothing.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_INCHES[0], height), layout="constrained")
    axes = figure.add_subplot()
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_MUTED)
    axes.tick_params(colors=_MUTED, labelcolor=_INK, which="both", labelsize=8)
    return figure, axes


def _svg(figure: Any, ident: str) -> str:
    import matplotlib as mpl

    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tf-equivalence", "path.simplify": True}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg\b[^>]*?) width="[^"]*" height="[^"]*"', r"\1", text)
    text = re.sub(r"font: ?(\d+(?:\.\d+)?)px [^;\"]*", r"font-size: \1px; font-family: inherit", text)
    for stand_in, variable in _COLORS.items():
        text = text.replace(stand_in, variable)
    text = re.sub(r'\bid="', f'id="{ident}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{ident}-", text)
    return text.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1).strip()


def _columns(values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return places and largest values of as many columns as can be told apart."""
    count = min(len(values), _COLUMNS)
    edges = [number * len(values) // count for number in range(count + 1)]
    places = [(first + last - 1) / 2 for first, last in itertools.pairwise(edges)]
    return places, [max(*values[first:last], _FLOOR) for first, last in itertools.pairwise(edges)]


def _clipped(difference: float | None) -> float:
    if difference is None:
        return 0.0
    return _CEILING if math.isnan(difference) else min(difference, _CEILING)
