"""What a finding shows: what is wrong, why, the fix, both sides' lines, settings, values, bound and stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.report.explain import BOUND, figure
from tf_equivalence.report.html.figures import FigureView, Gallery
from tf_equivalence.report.html.limits import Limits
from tf_equivalence.report.html.source import Place, Sources
from tf_equivalence.report.html.variables import VariablesView, variables
from tf_equivalence.report.rules import rule_of
from tf_equivalence.report.said import Row, rows, said
from tf_equivalence.result import Finding


@dataclass(frozen=True)
class FindingView:
    """A finding.

    Attributes:
        title: Kind and name.
        headline: What is wrong, one sentence.
        details: By how much, and how it comes about.
        fix: What to do; empty where nothing is known.
        rest: Further lines of the message.
        places: Both sides' lines.
        rows: What both sides have, side by side.
        around: TF1's and TF2's values around the worst element; both empty where they are not known.
        bound: What was allowed, where the message does not tell it.
        histogram: How much the elements differ.
        variables: Both sides' variables.
        stack: Frames, the user's first.
        more_frames: How many are left out.
        cause: The name of a known cause; empty without one.
        url: A page about it.
    """

    title: str
    headline: str
    details: str
    fix: str
    rest: tuple[str, ...]
    places: tuple[Place, ...]
    rows: tuple[Row, ...]
    around: tuple[tuple[str, ...], tuple[str, ...]]
    bound: str
    histogram: FigureView | None
    variables: VariablesView | None
    stack: tuple[str, ...]
    more_frames: int
    cause: str
    url: str


@dataclass(frozen=True)
class Shows:
    """What findings are shown with.

    Attributes:
        sources: For excerpts.
        gallery: For figures.
        limits: The most of everything.
    """

    sources: Sources
    gallery: Gallery
    limits: Limits

    def cut(self, text: str) -> str:
        """Return clean text of one line, cut where it is long."""
        most = self.limits.characters
        text = one_line(text[: 4 * most])  # cleaning takes time, and shortens
        return text if len(text) <= most else f"{text[:most]} …"

    def finding(self, finding: Finding, ident: str, *, with_source: bool = True, in_words: bool = False) -> FindingView:
        """Return what is shown of a finding.

        Args:
            finding: The finding.
            ident: Of its figure on the page.
            with_source: Whether to show the lines it is about, which may stand above it already.
            in_words: Whether to tell what could be drawn.
        """
        told, metrics = said(finding), finding.metrics
        cause = one_line(str(metrics.get("cause", "")))
        frames = self.limits.frames
        return FindingView(
            title=self.cut(f"{finding.kind} {finding.name}"),
            headline=self.cut(told.headline),
            details=self.cut(told.details),
            fix=self.cut(told.fix),
            rest=tuple(clean(line)[: self.limits.characters] for line in told.rest[:frames]),
            places=tuple(self._places(finding)) if with_source else (),
            rows=rows(finding),
            around=_around(metrics),
            bound=self.cut(_bound(metrics.get(BOUND), finding.message)),
            histogram=self.gallery.histogram(finding, ident, in_words=in_words),
            variables=variables(finding, self.limits.rows),
            stack=tuple(self.cut(frame) for frame in finding.stack[:frames]) if with_source else (),
            more_frames=max(len(finding.stack) - frames, 0) if with_source else 0,
            cause=cause,
            url=rule_of(finding).url if cause else "",
        )

    def _places(self, finding: Finding) -> list[Place]:
        """Return TF1's line and TF2's, and the one to look at where it is neither."""
        metrics, sources = finding.metrics, self.sources
        tf1, tf2 = (sources.parsed(metrics.get(f"{side}_line")) for side in ("tf1", "tf2"))
        first = finding.location
        told = [(tf1, "TF1")] if tf1 != first else []
        if first is not None:
            told.append((first, "TF2" if tf1 is not None and tf1 != first else ""))
        if tf2 is not None and tf2 not in (first, tf1):
            told.append((tf2, "TF2 runs"))
        found = (sources.place(location, side, self.limits.around) for location, side in told)
        return [place for place in found if place is not None]


def _around(metrics: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    sides = [metrics.get(f"{side}_around") for side in ("tf1", "tf2")]
    tf1, tf2 = (
        tuple(one_line(figure(value)) for value in side[:12]) if isinstance(side, Sequence) else () for side in sides
    )
    return (tf1, tf2) if tf1 and tf2 else ((), ())


def _bound(bound: object, message: str) -> str:
    """Return what was allowed and who says so; empty where the message tells it."""
    if isinstance(bound, Mapping) and bound.get("source") and str(bound["source"]) in message:
        return ""
    if not isinstance(bound, Mapping):
        return figure(bound) if bound is not None else ""
    relative = f" + {figure(bound['rtol'])} · |TF1|" if bound.get("rtol") else ""
    source = f" ({bound['source']})" if bound.get("source") else ""
    return f"{figure(bound.get('atol', 0.0))}{relative}{source}"
