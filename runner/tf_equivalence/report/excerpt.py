"""Reads the lines of the user's source around a place, for reports that show them.

The file is read when the report is written, from the workspace and nowhere else: a link out of it, or a
path that a recording made up, must not carry into a report what is not the user's to show.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.modules import UnreadableError, read_text
from tf_equivalence.report.escape import clean
from tf_equivalence.result import Location

_LARGEST = 4_000_000  # bytes of a source file; what is larger was not written by a person
_WIDEST = 240
_TAB = 4
_LINE_BREAK = re.compile("\r\n|\r|\n")  # those that Python counts lines by: a form feed is none


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


def excerpt(
    root: Path, location: Location | None, around: int = 2, prefix: str = "", *, expected: str = ""
) -> tuple[SourceLine, ...]:
    """Return the lines around a place, with common indentation removed and blank ones at the edges left out.

    Args:
        root: Of the workspace, which relative paths start at.
        location: The place.
        around: Lines to show before and after it.
        prefix: What reports put before relative paths, to take off again.
        expected: The line as it was when the code ran, where that is known; blanks do not count.

    Returns:
        The lines in order; none where the place cannot be shown: it is outside of the workspace, the file
        is missing, too short, binary or larger than 4 MB, or the line is blank or has changed since.
    """
    if location is None or location.line < 1:
        return ()
    lines = _lines_of(root, location.path.removeprefix(prefix))
    meant = location.line - 1
    if meant >= len(lines) or not lines[meant].strip():
        return ()
    if expected and _squeezed(expected) != _squeezed(lines[meant]):
        return ()
    first, end = max(meant - around, 0), min(meant + around + 1, len(lines))
    while not lines[first].strip():
        first += 1
    while not lines[end - 1].strip():
        end -= 1
    shown = [_shown(line) for line in lines[first:end]]
    margin = min(len(text) - len(text.lstrip(" ")) for text in shown if text)
    return tuple(SourceLine(first + at + 1, _cut(text[margin:]), first + at == meant) for at, text in enumerate(shown))


def parse_location(text: object) -> Location | None:
    """Return the place that `path:line` names; None for anything else."""
    path, separator, line = str(text or "").rpartition(":")
    return Location(path, int(line)) if separator and path and line.isdecimal() and int(line) > 0 else None


def _lines_of(root: Path, path: str) -> list[str]:
    """Return the lines of a file below `root`; none where it cannot be read."""
    try:
        inside = os.path.realpath(root)
        whole = os.path.realpath(os.path.join(inside, path))
        if not whole.startswith(os.path.join(inside, "")) or os.path.getsize(whole) > _LARGEST:
            return []
        return _LINE_BREAK.split(read_text(Path(whole)))
    except (OSError, ValueError, UnreadableError):  # ValueError: a null character in the path
        return []


def _shown(line: str) -> str:
    return clean(line.expandtabs(_TAB)).replace("\n", " ").rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 2]} …"


def _squeezed(line: str) -> str:
    return "".join(clean(line).split())
