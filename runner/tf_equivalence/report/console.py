"""The one way in which reports draw with rich."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

from tf_equivalence.report.screen import NARROWEST


def make_console(stream: TextIO, color: bool, width: int | None = None) -> Console:
    """Return a console that reads nothing from the environment and takes no text for markup."""
    return Console(
        file=stream,
        force_terminal=True,
        color_system="standard" if color else None,
        no_color=not color,
        width=None if width is None else max(width, NARROWEST),
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={"TERM": "xterm"},
    )
