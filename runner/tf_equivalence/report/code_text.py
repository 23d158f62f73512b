"""Draws an excerpt of code: numbers, a mark at the line in question, and colours where there are any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.text import Text

from tf_equivalence.report.excerpt import SourceLine

# By the name of the token in parts. Colours of the terminal's own palette that can be read on light and on dark.
_THEME: dict[tuple[str, ...], Style] = {
    ("Comment",): Style(dim=True, italic=True),
    ("Keyword",): Style(color="magenta"),
    ("Keyword", "Constant"): Style(color="magenta"),
    ("Operator", "Word"): Style(color="magenta"),
    ("Name", "Decorator"): Style(color="cyan"),
    ("Name", "Function"): Style(color="blue"),
    ("Name", "Class"): Style(color="blue"),
    ("Literal", "String"): Style(color="green"),
    ("Literal", "Number"): Style(color="cyan"),
}


class Code:
    """Draws excerpts for one stream."""

    def __init__(self, color: bool, shown: Callable[[str], str]) -> None:
        """Draw for a stream.

        Args:
            color: Whether to colour.
            shown: Returns text that the stream can hold and its reader does not obey.
        """
        self._color, self._shown = color, shown

    def lines(self, lines: Sequence[SourceLine], is_ascii: bool) -> Iterator[Text]:
        """Yield each line with its number, the marked one with an arrow."""
        arrow, bar = (">", "|") if is_ascii else ("❱", "│")
        width = len(str(lines[-1].number))
        for line, code in zip(lines, self._highlighted([self._shown(line.text) for line in lines]), strict=True):
            mark = (arrow, "bold red") if line.marked else (" ", "")
            number = (f" {line.number:>{width}} ", "bold" if line.marked else "dim")
            yield Text.assemble(mark, number, (f"{bar} ", "dim"), code)

    def _highlighted(self, texts: list[str]) -> list[Text]:
        if not self._color:
            return [Text(text) for text in texts]
        text = Syntax("", "python", theme=ANSISyntaxTheme(_THEME)).highlight("\n".join(texts))
        found = list(text.split("\n", allow_blank=True))
        # Blank lines at the edges are not there; should the lexer drop a line all the same, colours are not worth it.
        plain = [line.plain for line in found[: len(texts)]]
        return found[: len(texts)] if plain == texts else [Text(each) for each in texts]
