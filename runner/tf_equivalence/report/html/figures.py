"""Figures with the same in words, for those who do not see them, and for pages that have no room for more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.explain import BOUND, HISTOGRAM
from tf_equivalence.report.html import plots
from tf_equivalence.report.html.limits import Limits
from tf_equivalence.report.html.plots import Words
from tf_equivalence.report.html.svg import drawing
from tf_equivalence.report.labels import plural
from tf_equivalence.report.sparkline import Sparkline, sparkline, start_of
from tf_equivalence.result import Finding, StepResult

_FEWEST = 6  # operations that are worth a picture
_LINES = "Line: in the run as it was. Triangles: operations that differ by themselves, on TF1's own values."
_BARS = "Dashed: what was allowed. Red: beyond it."


@dataclass(frozen=True)
class FigureView:
    """A figure.

    Attributes:
        svg: An element of markup, safe as it is; empty where only words are shown.
        text: The same drawn in characters; empty where there is a picture or nothing to draw.
        caption: The same in words, and what the lines of a picture are.
    """

    svg: str
    text: str
    caption: str


class Gallery:
    """Draws what a page has room for; a figure that was drawn for an earlier form of the page is kept."""

    def __init__(self) -> None:
        self._drawn: dict[str, str] = {}
        self._left = {"divergence": 0, "histogram": 0}

    def open(self, limits: Limits) -> None:
        """Begin a page."""
        self._left = {"divergence": limits.divergences, "histogram": limits.histograms}

    def divergence(self, step: StepResult, ident: str) -> FigureView | None:
        """Return how a traced step diverges along the network; None where that is not known."""
        drawn = sparkline(step.trace)
        if drawn is None:
            return None
        caption = _sentence(f"{drawn.caption}; {drawn.start}" if drawn.start else drawn.caption)
        rows = [row for row in step.trace if row.difference is not None]
        if len(rows) < _FEWEST:
            return FigureView("", _characters(drawn), caption)
        words = Words(ident, f"Divergence along the network in {one_line(step.id)}", caption)
        allowed = [ratio for finding in step.findings if (ratio := _allowed(finding)) is not None]
        svg = self._draw(
            "divergence",
            ident,
            lambda: plots.divergence(rows, start_of(rows), max(allowed, default=None), words),
        )
        return FigureView(svg, "", f"{caption} {_LINES}") if svg else FigureView("", _characters(drawn), caption)

    def histogram(self, finding: Finding, ident: str, *, in_words: bool = False) -> FigureView | None:
        """Return how many elements differ by how much, drawn or in words alone; None where that was not counted."""
        told = finding.metrics.get(HISTOGRAM)
        if not isinstance(told, Mapping) or not any(told["counts"]):
            return None
        first, counts = int(told["first_decade"]), [int(count) for count in told["counts"]]
        caption = _counted(first, counts, int(told["equal"]), int(told.get("non_finite", 0)))
        words = Words(ident, f"How much the elements of {one_line(finding.name)} differ", caption)
        allowed = _allowed(finding)
        svg = "" if in_words else self._draw("histogram", ident, lambda: plots.histogram(first, counts, allowed, words))
        return FigureView(svg, "", f"{caption} {_BARS}" if svg and allowed else caption)

    def _draw(self, kind: str, ident: str, draw: Callable[[], str]) -> str:
        if self._left[kind] <= 0:
            return ""
        self._left[kind] -= 1
        if ident not in self._drawn:
            with drawing():
                self._drawn[ident] = draw()
        return self._drawn[ident]


def _allowed(finding: Finding) -> float | None:
    """Return what was allowed, relative to the largest TF1 value; None where that is not one number."""
    bound, told = finding.metrics.get(BOUND), finding.metrics.get(HISTOGRAM)
    if not isinstance(bound, Mapping) or not isinstance(told, Mapping) or bound.get("rtol") or not told["scale"]:
        return None
    return float(bound["atol"]) / float(told["scale"])


def _counted(first: int, counts: list[int], equal: int, non_finite: int) -> str:
    """Return a histogram in words."""
    total = sum(counts) + equal + non_finite
    parts = [f"{equal:,} are equal"] if equal else []
    parts += [f"{non_finite:,} differ in being finite"] if non_finite else []
    last = len(counts) - 1
    for at, count in enumerate(counts):
        low, high = f"1e{first + at:+03d}", f"1e{first + at + 1:+03d}"
        where = f"by less than {high}" if at == 0 else f"by {low} or more" if at == last else f"by {low} to {high}"
        parts += [f"{count:,} {where}"] if count else []
    return _sentence(f"Of {plural(total, 'element')}, {', '.join(parts)} of the largest TF1 value")


def _characters(drawn: Sparkline) -> str:
    return f"{drawn.bars}\n{drawn.mark}" if drawn.mark else drawn.bars


def _sentence(text: str) -> str:
    return f"{text.rstrip('.')}."
