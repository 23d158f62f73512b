"""Puts what failed in a case into lines: each root cause once, with its source, both sides and the fix."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.report.excerpt import SourceLine, excerpt, parse_location
from tf_equivalence.report.explain import DIFF, Line, Role, finding_title, steps_of
from tf_equivalence.report.labels import plural
from tf_equivalence.report.roots import FailedCase, Place
from tf_equivalence.report.said import Row, Said, rows, said
from tf_equivalence.result import Finding, Location

_MOST_WHOLE = 3  # places of a case that are shown with source; the others are a line each
_MOST_BRIEF = 7
_MOST_NAMES = 3
_MOST_CALLERS = 2
_MOST_DIFF_LINES = 20
_FEW_DIFF_LINES = 4  # of one or two variables, the message says what the diff would
_MOST_REST_LINES = 10
_LONGEST_REMARK = 200  # characters
_WHERE = " at ["  # of what only follows, the worst element is for the report files
_FRAME = re.compile(r"(?P<place>.+?:\d+) in (?P<function>.*?): (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True)
class Columns:
    """What both sides have, to be set side by side below `TF1` and `TF2`.

    Attributes:
        indent: Blanks before it.
        rows: At least one.
    """

    indent: int
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Source:
    """Lines of code.

    Attributes:
        indent: Blanks before them.
        lines: At least one.
    """

    indent: int
    lines: tuple[SourceLine, ...]


Item = Line | Columns | Source


@dataclass(frozen=True)
class Sources:
    """Where the code is that locations are about.

    Attributes:
        root: What they are relative to; None where no source is to be shown.
        prefix: What was put before their paths for links.
    """

    root: Path | None = None
    prefix: str = ""

    def around(self, location: Location | None, stack: Sequence[str]) -> tuple[SourceLine, ...]:
        """Return the line with two before and two after it; none where it cannot be read or has changed since."""
        if self.root is None or location is None:
            return ()
        here = str(location).removeprefix(self.prefix)
        frames = (_FRAME.fullmatch(frame) for frame in stack)
        text = next((frame["text"] for frame in frames if frame and frame["place"] == here), "")
        return excerpt(self.root, location, prefix=self.prefix, expected=text)

    def only(self, place: str) -> tuple[SourceLine, ...]:
        """Return the line of a place such as `nets/a.py:7`; none where it cannot be read."""
        return () if self.root is None else excerpt(self.root, parse_location(place), around=0)


def explain_case(failed: FailedCase, sources: Sources, seen: set[tuple[object, ...]]) -> Iterator[Item]:
    """Yield the causes of a case's failures, what follows from them, and notes.

    Args:
        failed: What failed.
        sources: For excerpts.
        seen: The causes that were explained for an earlier case; the new ones are added.
    """
    whole, brief = _split(failed.places, seen)
    for place in whole:
        yield from _whole(failed, place, sources)
    for place, known in brief[:_MOST_BRIEF]:
        title = _title(place) + (", as above" if known else "")
        yield Line(Role.FINDING, 2, f"{title}  ({_listed(place.steps)})" if len(failed.places) > 1 else title)
    if len(brief) > _MOST_BRIEF:
        yield Line(Role.NOTE, 2, f"... and {plural(len(brief) - _MOST_BRIEF, 'more place')} in the report files")
    if failed.follows:
        more = f", and {plural(len(failed.follows) - 1, 'more finding')}" if len(failed.follows) > 1 else ""
        effect = said(failed.follows[0]).headline.rstrip(".").split(_WHERE)[0]
        yield Line(Role.NOTE, 2, f"follows: {effect}{more}")
    yield from (Line(Role.MESSAGE, 2, f"note: {note}") for note in failed.notes)


def _split(places: Sequence[Place], seen: set[tuple[object, ...]]) -> tuple[list[Place], list[tuple[Place, bool]]]:
    """Return the places to explain, and those to name: they are known, of the same cause as another, or too many."""
    whole: list[Place] = []
    brief: list[tuple[Place, bool]] = []
    causes = set()
    for place in places:
        known = all(root.key in seen for root in place.roots)
        cause = place.roots[0].key[1:]
        if known or cause in causes or len(whole) == _MOST_WHOLE:
            brief.append((place, known))
        else:
            whole.append(place)
        causes.add(cause)
        seen.update(root.key for root in place.roots)
    return whole, brief


def _whole(failed: FailedCase, place: Place, sources: Sources) -> Iterator[Item]:
    first, *others = place.roots
    finding = first.finding
    told = said(finding)
    yield Line(Role.FINDING, 2, _title(place))
    if len(steps_of(failed.case)) > 1:
        yield Line(Role.NOTE, 4, f"in {_listed(first.steps)}")
    yield Line(Role.MESSAGE, 4, told.headline)
    yield from _code(finding, sources)
    if rows(finding):
        yield Columns(4, rows(finding))
    yield from _rest(finding, told)
    if first.names:
        yield Line(Role.NOTE, 4, f"the same: {_listed(first.names)}")
    for root in others:
        also = said(root.finding)
        headline = textwrap.shorten(also.headline, _LONGEST_REMARK, placeholder=" …")
        yield Line(Role.NOTE, 4, f"also {one_line(root.finding.kind)}: {headline} ({_listed(root.steps)})")
        if "cause" in root.finding.metrics and also.fix:
            yield Line(Role.FIX, 6, f"fix: {also.fix}")


def _code(finding: Finding, sources: Sources) -> Iterator[Item]:
    """Yield the line to look at and its callers, then TF1's line."""
    found = sources.around(finding.location, finding.stack)
    if found:
        yield Source(4, found)
    frames = [frame for frame in map(_FRAME.fullmatch, map(clean, finding.stack)) if frame]
    here = str(finding.location).removeprefix(sources.prefix)
    if not found:
        yield from (Line(Role.FRAME, 4, one_line(frame.string)) for frame in frames[:1])
    callers = [f"{frame['place']} in {frame['function']}" for frame in frames[not found :] if frame["place"] != here]
    if callers:
        yield Line(Role.NOTE, 4, f"called at {one_line(', '.join(dict.fromkeys(callers[:_MOST_CALLERS])))}")
    place = str(finding.metrics.get("tf1_line", ""))
    theirs = sources.only(place) if place != here else ()
    if theirs:
        yield Line(Role.FRAME, 4, f"in TF1, {one_line(place)}")
        yield Source(4, theirs)


def _rest(finding: Finding, told: Said) -> Iterator[Line]:
    """Yield details, fix, further lines of the message, and what the inventories differ in."""
    if told.details:
        yield Line(Role.MESSAGE, 4, told.details)
    if told.fix:
        yield Line(Role.FIX, 4, f"fix: {told.fix}")
    yield from _cut(told.rest, _MOST_REST_LINES)
    diff = [line.rstrip() for line in clean(str(finding.metrics.get(DIFF, ""))).strip("\n").split("\n")]
    if len([line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]) > _FEW_DIFF_LINES:
        yield from _cut(diff, _MOST_DIFF_LINES)


def _cut(lines: Sequence[str], most: int) -> Iterator[Line]:
    yield from (Line(Role.FIGURE, 6, line) for line in lines[:most])
    if len(lines) > most:
        yield Line(Role.NOTE, 6, f"... and {plural(len(lines) - most, 'more line')} in the report files")


def _title(place: Place) -> str:
    """Return the place, kind and name, and the known cause's name, which `explain` takes."""
    finding = place.roots[0].finding
    cause = one_line(str(finding.metrics.get("cause", "")))
    return finding_title(finding) + (f" [{cause}]" if cause not in ("", finding.kind) else "")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name) for name in names[:_MOST_NAMES])
    return shown + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")
