"""What a stream can show: a terminal or a log, with colours or without, how wide, and whether it folds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TextIO

from tf_equivalence.report.escape import command_data, one_line

NARROWEST = 40
_DUMB = ("dumb", "unknown")
_SECTION = "tf_equivalence_steps"


@dataclass(frozen=True)
class Screen:
    """What a stream can show.

    Attributes:
        is_terminal: Whether to fit tables to the width; otherwise plain lines are written.
        color: Whether to write colour codes.
        width: Columns of the terminal; plain lines are not wrapped.
        folds: Which log can fold lines away: `github`, `gitlab`, or none where empty.
    """

    is_terminal: bool = False
    color: bool = False
    width: int = 80
    folds: str = ""

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str]) -> Screen:
        """Return what this stream can show.

        A terminal has colours unless NO_COLOR, CLICOLOR=0 or a dumb TERM says otherwise; a log has them
        where FORCE_COLOR or CLICOLOR_FORCE asks for them. NO_COLOR wins.
        """
        is_terminal = stream.isatty() and environ.get("TERM", "") not in _DUMB
        forced = any(environ.get(name, "") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
        wanted = forced or (is_terminal and environ.get("CLICOLOR") != "0")
        folds = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab"}
        fold = next((name for variable, name in folds.items() if environ.get(variable) == "true"), "")
        return cls(
            is_terminal,
            wanted and not environ.get("NO_COLOR"),
            _width(stream, environ, cls.width),
            "" if is_terminal else fold,
        )

    def fold(self, title: str, now: Callable[[], float] = time.time) -> tuple[str, str]:
        """Return what to write before and after lines that a log is to fold away; nothing where it cannot.

        Lines between the two must be harmless, so that none of them ends the fold.

        Args:
            title: It stays visible; on one line.
            now: Seconds since the epoch; GitLab wants to know when a section began and ended.
        """
        title = one_line(title)
        if self.folds == "github":
            return f"::group::{command_data(title)}\n", "::endgroup::\n"
        if self.folds == "gitlab":
            start = f"\x1b[0Ksection_start:{int(now())}:{_SECTION}[collapsed=true]\r\x1b[0K{title}\n"
            return start, f"\x1b[0Ksection_end:{int(now())}:{_SECTION}\r\x1b[0K\n"
        return "", ""


GITHUB_LOG = Screen(folds="github")


def _width(stream: TextIO, environ: Mapping[str, str], default: int) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or default
    except (OSError, ValueError):
        columns = environ.get("COLUMNS", "")
        return int(columns) if columns.isdecimal() and 0 < int(columns) < 10_000 else default
