"""Shows lines of the user's source: both sides of what differs, read when the page is written."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.excerpt import SourceLine, excerpt, parse_location
from tf_equivalence.report.explain import workspace_path
from tf_equivalence.result import Location


@dataclass(frozen=True)
class HtmlOptions:
    """What the page needs besides the result.

    Attributes:
        root: What paths in the result are relative to, to read source lines from.
        path_prefix: What stands before every relative path of a location in the result.
        source_url: What comes before a path in a link to the sources; empty for no links.
        flags: What the command that repeats a step needs, to compare as this run did.
    """

    root: Path = field(default_factory=Path)
    path_prefix: str = ""
    source_url: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A line of source: where it is, and what stands around it.

    Attributes:
        side: `TF1` or `TF2`; empty where only one side is shown.
        text: `path:line`.
        url: Of the line; empty without one.
        lines: Around it; empty where the source cannot be read.
    """

    side: str
    text: str
    url: str
    lines: tuple[SourceLine, ...]


class Sources:
    """Reads lines, each once.

    Attributes:
        flags: See `HtmlOptions`.
    """

    def __init__(self, options: HtmlOptions) -> None:
        self.flags = options.flags
        self._options = options
        self._known: dict[tuple[Location, int], tuple[SourceLine, ...]] = {}

    def place(self, location: Location | None, side: str = "", around: int = 0) -> Place | None:
        """Return the place, with as many lines before and after it; None where there is none."""
        if location is None:
            return None
        path = workspace_path(location.path)
        base = self._options.source_url
        url = f"{base}{urllib.parse.quote(path)}#L{location.line}" if base and path else ""
        return Place(side, one_line(str(location)), url, self._lines(location, around))

    def parsed(self, text: object) -> Location | None:
        """Return the place that a metric names, as locations of the result are: with the prefix; None for none."""
        location = parse_location(text)
        if location is None or location.path.startswith("/"):
            return location
        return Location(self._options.path_prefix + location.path, location.line)

    def line(self, location: Location | None) -> str:
        """Return one line without its indentation; empty where it cannot be read."""
        found = self._lines(location, 0) if location is not None else ()
        return found[0].text if found else ""

    def _lines(self, location: Location, around: int) -> tuple[SourceLine, ...]:
        key = location, around
        if key not in self._known:
            self._known[key] = excerpt(self._options.root, location, around, self._options.path_prefix)
        return self._known[key]
