"""Asks the user where a choice is theirs, or takes the likeliest where there is nobody to ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.prompt import Confirm, IntPrompt, Prompt

from tf_equivalence.report.escape import one_line

_SHOWN = 12


class Asker(Protocol):
    """Who answers questions."""

    def choose(self, question: str, answers: Sequence[str]) -> int:
        """Return the index of one of the answers; the first is the likeliest."""

    def text(self, question: str, default: str) -> str:
        """Return a text; empty for none."""

    def confirm(self, question: str) -> bool:
        """Return whether to do it; the likeliest answer is yes."""


class Nobody:
    """Takes the likeliest answer to everything."""

    def choose(self, question: str, answers: Sequence[str]) -> int:
        """Return the first."""
        del question, answers
        return 0

    def text(self, question: str, default: str) -> str:
        """Return what was guessed."""
        del question
        return default

    def confirm(self, question: str) -> bool:
        """Return that it is to be done."""
        del question
        return True


class Terminal:
    """Asks on a terminal."""

    def __init__(self, console: Console) -> None:
        """Take where to ask."""
        self._console = console

    def choose(self, question: str, answers: Sequence[str]) -> int:
        """Show the answers with numbers, and ask for one; of one answer there is nothing to ask."""
        shown = answers[:_SHOWN]
        if len(answers) == 1:
            return 0
        self._console.print(f"\n[bold]{_safe(question)}[/bold]")
        for number, answer in enumerate(shown, 1):
            self._console.print(f"  [bold]{number:2}[/bold]  {_safe(answer)}")
        numbers = [str(number) for number in range(1, len(shown) + 1)]
        return IntPrompt.ask("Number", choices=numbers, show_choices=False, default=1, console=self._console) - 1

    def text(self, question: str, default: str) -> str:
        """Ask for a text, with a default."""
        return Prompt.ask(_safe(question), default=default or None, console=self._console) or ""

    def confirm(self, question: str) -> bool:
        """Ask for yes or no."""
        return Confirm.ask(_safe(question), default=True, console=self._console)


def _safe(text: str) -> str:
    return escape(one_line(text))
