"""Reads the files through which a step tells GitHub's runner of outputs, variables and its summary.

The rules are those of `FileCommandManager` in actions/runner: a step whose file breaks them fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SUMMARY_BYTES = 1024 * 1024  # above it, the whole summary of the step is dropped


class FileCommandError(Exception):
    """A file that the runner refuses, which makes the step fail."""


@dataclass(frozen=True)
class Lines:
    """A text that is read line by line; only a line feed ends a line.

    Attributes:
        text: All of it.
    """

    text: str

    def at(self, index: int) -> tuple[str, int, bool] | None:
        """Return the line from `index`, the start of the next, and whether a line feed ended it; None at the end."""
        if index >= len(self.text):
            return None
        end = self.text.find("\n", index)
        return (self.text[index:], len(self.text), False) if end < 0 else (self.text[index:end], end + 1, True)


def read_pairs(text: str) -> dict[str, str]:
    """Return names and values: `name=value`, or `name<<delimiter`, lines of value, `delimiter`.

    Raises:
        FileCommandError: A line is neither, or the delimiter never comes.
    """
    lines, found, index = Lines(text), dict[str, str](), 0
    while (at := lines.at(index)) is not None:
        line, index, _ = at
        equals, heredoc = line.find("="), line.find("<<")
        if not line:
            continue
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, found_value = line.partition("=")
            found[_named(name)] = found_value
        elif heredoc >= 0:
            name, _, delimiter = line.partition("<<")
            if not name or not delimiter:
                raise FileCommandError(f"Invalid format '{line}'. Name and delimiter must not be empty")
            found[name], index = _heredoc(lines, index, delimiter)
        else:
            raise FileCommandError(f"Invalid format '{line}'")
    return found


def _named(name: str) -> str:
    if not name:
        raise FileCommandError("An output needs a name")
    return name


def _heredoc(lines: Lines, start: int, delimiter: str) -> tuple[str, int]:
    """Return the value and where its delimiter's line ends."""
    index, end = start, start
    while True:
        at = lines.at(index)
        if at is None:
            raise FileCommandError(f"Invalid value. Matching delimiter not found '{delimiter}'")
        line, index, ended = at
        if line == delimiter:
            return lines.text[start:end], index
        if not ended:
            raise FileCommandError("Invalid value. EOF marker missing new line.")
        end = index - 1


def read_summary(path: Path) -> str:
    """Return the summary that GitHub shows; empty where there is none.

    Raises:
        FileCommandError: It is larger than 1 MiB.
    """
    if not path.exists():
        return ""
    size = path.stat().st_size
    if size > SUMMARY_BYTES:
        raise FileCommandError(f"$GITHUB_STEP_SUMMARY supports content up to {SUMMARY_BYTES} bytes, got {size}")
    return path.read_text(encoding="utf-8")
