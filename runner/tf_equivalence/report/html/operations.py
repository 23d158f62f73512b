"""The aligned operations of both sides around the one where a divergence starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.html.limits import Limits
from tf_equivalence.report.html.source import Sources
from tf_equivalence.report.sparkline import differs_alone, start_of
from tf_equivalence.result import Location, TracedPair, TracedSide


@dataclass(frozen=True)
class SideView:
    """An operation of one side.

    Attributes:
        type: Such as `Conv2D`.
        name: In the graph.
        place: `path:line`; empty where it is that of the row before.
        source: That line; empty where it cannot be read, or stands in the row before.
    """

    type: str
    name: str
    place: str
    source: str


@dataclass(frozen=True)
class RowView:
    """A row of the aligned trace.

    Attributes:
        number: Counted from 1.
        tf1: None for an operation that only TF2 has.
        tf2: None for one that only TF1 has.
        alone: The difference on TF1's values; empty where it was not isolated.
        so_far: In the run as it was; empty where it is not known.
        mark: What is to be seen of it in a few words; empty for nothing.
    """

    number: int
    tf1: SideView | None
    tf2: SideView | None
    alone: str
    so_far: str
    mark: str


@dataclass(frozen=True)
class OperationsView:
    """A window of an aligned trace.

    Attributes:
        before: Folded away.
        shown: Around the start.
        after: Folded away.
        left_out: How many others there are.
    """

    before: tuple[RowView, ...]
    shown: tuple[RowView, ...]
    after: tuple[RowView, ...]
    left_out: int


def operations(trace: Sequence[TracedPair], sources: Sources, limits: Limits) -> OperationsView | None:
    """Return the operations around the start of a divergence; None where nothing differs or none are shown."""
    start = _start(trace)
    if start is None or not limits.window:
        return None
    edges = [start - limits.window - limits.folded, start - limits.window]
    edges += [start + limits.window + 1, start + limits.window + 1 + limits.folded]
    first, low, high, last = (min(max(edge, 0), len(trace)) for edge in edges)
    before, shown, after = (
        tuple(_rows(trace, range(*part), start, sources)) for part in ((first, low), (low, high), (high, last))
    )
    return OperationsView(before, shown, after, left_out=first + len(trace) - last)


def _start(trace: Sequence[TracedPair]) -> int | None:
    """Return where a divergence starts; in a trace without one, the first operation that one side lacks."""
    known = [at for at, row in enumerate(trace) if row.difference is not None]
    start = start_of([trace[at] for at in known])
    if start is not None:
        return known[start]
    return next((at for at, row in enumerate(trace) if row.tf1 is None or row.tf2 is None), None)


def _rows(trace: Sequence[TracedPair], numbers: range, start: int, sources: Sources) -> Iterator[RowView]:
    before: dict[str, Location | None] = {}

    def side(key: str, traced: TracedSide | None) -> SideView | None:
        if traced is None:
            return None
        location = sources.parsed(traced.location)
        is_new = location != before.get(key)
        before[key] = location
        place = one_line(str(location)) if location is not None and is_new else ""
        return SideView(one_line(traced.type), one_line(traced.name), place, sources.line(location) if is_new else "")

    for at in numbers:
        row = trace[at]
        marks = ["starts here"] if at == start else []
        marks += ["differs by itself"] if differs_alone(row) else []
        marks += ["only in TF2"] if row.tf1 is None else ["only in TF1"] if row.tf2 is None else []
        yield RowView(
            at + 1,
            side("TF1", row.tf1),
            side("TF2", row.tf2),
            _figure(row.alone),
            _figure(row.difference),
            ", ".join(marks),
        )


def _figure(difference: float | None) -> str:
    return "" if difference is None else f"{difference:.2g}"
