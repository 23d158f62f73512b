"""What a stream can show is told from the stream and the environment."""

import io
import os
from collections.abc import Callable
from typing import Any

import pytest

from tf_equivalence.report.screen import Screen


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "is_terminal", "color"),
    [
        pytest.param(_Terminal(), {"TERM": "xterm-256color"}, True, True, id="terminal"),
        pytest.param(_Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, True, False, id="no-color"),
        pytest.param(_Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True, True, id="empty-no-color"),
        pytest.param(_Terminal(), {"TERM": "xterm", "CLICOLOR": "0"}, True, False, id="clicolor-off"),
        pytest.param(_Terminal(), {"TERM": "dumb"}, False, False, id="dumb"),
        pytest.param(io.StringIO(), {"TERM": "xterm"}, False, False, id="pipe"),
        pytest.param(io.StringIO(), {"FORCE_COLOR": "1"}, False, True, id="forced"),
        pytest.param(io.StringIO(), {"FORCE_COLOR": "0"}, False, False, id="forced-off"),
        pytest.param(io.StringIO(), {"CLICOLOR_FORCE": "1"}, False, True, id="clicolor-forced"),
        pytest.param(io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False, id="no-color-wins"),
        pytest.param(_Terminal(), {"TERM": "dumb", "FORCE_COLOR": "1"}, False, True, id="dumb-forced"),
    ],
)
def test_form_and_colour(stream: io.StringIO, environ: dict[str, str], is_terminal: bool, color: bool) -> None:
    """Tables are for terminals, colours for those that want them or are told to."""
    screen = Screen.of(stream, environ)
    assert (screen.is_terminal, screen.color, screen.width) == (is_terminal, color, 80)


@pytest.mark.parametrize(
    ("columns", "width"), [("123", 123), ("0", 80), ("-5", 80), ("wide", 80), ("99999999", 80), ("", 80)]
)
def test_the_width_may_be_told(columns: str, width: int) -> None:
    """Where the stream has no width, COLUMNS says it, if that is a number of columns."""
    assert Screen.of(io.StringIO(), {"COLUMNS": columns}).width == width


def test_the_width_of_a_terminal() -> None:
    """A terminal is asked for its width."""
    leader, follower = os.openpty()
    with open(leader, "rb"), open(follower, "w", encoding="utf-8") as stream:
        assert Screen.of(stream, {"TERM": "xterm"}).is_terminal
        assert Screen.of(stream, {"TERM": "xterm", "COLUMNS": "70"}).width in (70, 80)


@pytest.mark.parametrize(
    ("environ", "stream", "folds"),
    [
        pytest.param({"GITHUB_ACTIONS": "true"}, io.StringIO(), "github", id="github"),
        pytest.param({"GITLAB_CI": "true"}, io.StringIO(), "gitlab", id="gitlab"),
        pytest.param({"GITHUB_ACTIONS": "false"}, io.StringIO(), "", id="not-github"),
        pytest.param({"GITHUB_ACTIONS": "true", "TERM": "xterm"}, _Terminal(), "", id="terminal"),
        pytest.param({}, io.StringIO(), "", id="neither"),
    ],
)
def test_which_logs_fold(environ: dict[str, str], stream: io.StringIO, folds: str) -> None:
    """Logs of GitHub and GitLab can fold, a terminal within them does not."""
    assert Screen.of(stream, environ).folds == folds


def test_a_title_opens_and_closes_nothing_else(read_log: Callable[[str], list[Any]]) -> None:
    """Whatever a title holds, GitHub reads one group, which is closed."""
    start, end = Screen(folds="github").fold("a\n::endgroup::\r\n::error::pwned %0A::error::pwned")
    group, endgroup = read_log(f"{start}line\n{end}")
    assert (group.name, endgroup.name) == ("group", "endgroup")
    assert group.data == "a ::endgroup:: ::error::pwned %0A::error::pwned"


def test_sections_of_gitlab() -> None:
    """GitLab folds between two marks with one name, each with the time in seconds."""
    start, end = Screen(folds="gitlab").fold("all \x1b[0Ksection_end:1:tf_equivalence_steps\r steps", lambda: 12.7)
    assert start.startswith("\x1b[0Ksection_start:12:tf_equivalence_steps[collapsed=true]\r\x1b[0Kall ")
    assert start.count("\x1b") == 2
    assert end == "\x1b[0Ksection_end:12:tf_equivalence_steps\r\x1b[0K\n"


def test_other_logs_do_not_fold() -> None:
    """Nothing is written around lines that cannot be folded."""
    assert Screen().fold("title") == ("", "")
