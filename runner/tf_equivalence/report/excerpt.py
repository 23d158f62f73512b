"""Reads the lines of the user's source around a place, for reports that show them."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.report.escape import one_line
from tf_equivalence.result import Location

_LARGEST = 4_000_000  # bytes of a source file; what is larger was not written by a person
_WIDEST = 240


@dataclass(frozen=True)
class SourceLine:
    """A line of an excerpt.

    Attributes:
        number: Counted from 1.
        text: Without line break and control characters, cut where it is very long.
        marked: Whether it is the line that is meant.
    """

    number: int
    text: str
    marked: bool


def excerpt(root: Path, location: Location | None, around: int = 2, prefix: str = "") -> tuple[SourceLine, ...]:
    """Return the lines around a place, with common indentation removed; empty where they cannot be read.

    Args:
        root: Of the workspace, which relative paths start at.
        location: The place.
        around: Lines to show before and after it.
        prefix: What reports put before relative paths, to take off again.
    """
    if location is None:
        return ()
    relative = location.path.removeprefix(prefix) if prefix else location.path
    path = root / relative
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return ()
        lines = linecache.getlines(str(path))
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return ()
    first, last = max(1, location.line - around), min(len(lines), location.line + around)
    if not first <= location.line <= last:
        return ()
    shown = [one_line_keeping_indent(lines[number - 1]) for number in range(first, last + 1)]
    indents = [len(text) - len(text.lstrip(" ")) for text in shown if text.strip()]
    margin = min(indents, default=0)
    return tuple(
        SourceLine(first + at, _cut(text[margin:]), first + at == location.line) for at, text in enumerate(shown)
    )


def one_line_keeping_indent(text: str) -> str:
    """Return a source line with tabs as blanks and without control characters."""
    expanded = text.rstrip("\r\n").expandtabs(4)
    body = expanded.lstrip(" ")
    return " " * (len(expanded) - len(body)) + one_line(body)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 2]} …"


def parse_location(text: object) -> Location | None:
    """Return the place that `path:line` names; None for anything else."""
    path, separator, line = str(text or "").rpartition(":")
    return Location(path, int(line)) if separator and path and line.isdigit() and int(line) > 0 else None
