"""A table of text: fixed width for a terminal, or Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def render(header: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    """Return the table, the first column aligned left like all others.

    Args:
        header: The columns' names.
        rows: As long as the header.
        markdown: Whether pipes separate the columns.
    """
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    separator = ["-" * width for width in widths]
    lines = [header, separator, *rows]
    if markdown:
        return "\n".join(f"| {' | '.join(_pad(line, widths)).replace(chr(10), ' ')} |" for line in lines)
    return "\n".join("  ".join(_pad(line, widths)).rstrip() for line in lines)


def _pad(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
