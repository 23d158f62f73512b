"""The terminal report fits terminals of every kind."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from tf_equivalence.report.terminal import TerminalOptions, write
from tf_equivalence.result import CaseResult, Finding, Outcome, RunResult, StepResult

_PLAIN = TerminalOptions()


def _written(result: RunResult, options: TerminalOptions = _PLAIN) -> str:
    stream = io.StringIO()
    write(result, stream, options)
    return stream.getvalue()


class _Stream(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "is_terminal", "color"),
    [
        pytest.param(_Stream(), {"TERM": "xterm-256color"}, True, True, id="terminal"),
        pytest.param(_Stream(), {"TERM": "xterm", "NO_COLOR": "1"}, True, False, id="no-color"),
        pytest.param(_Stream(), {"TERM": "xterm", "NO_COLOR": ""}, True, True, id="empty-no-color"),
        pytest.param(_Stream(), {"TERM": "dumb"}, False, False, id="dumb"),
        pytest.param(io.StringIO(), {"TERM": "xterm"}, False, False, id="pipe"),
    ],
)
def test_the_form_follows_the_stream(
    stream: io.StringIO, environ: dict[str, str], is_terminal: bool, color: bool
) -> None:
    """Tables are for terminals, colours for those that want them."""
    options = TerminalOptions.for_stream(stream, environ, ("r.json",))
    assert (options.is_terminal, options.color, options.reports) == (is_terminal, color, ("r.json",))
    assert options.width == 80


@pytest.mark.parametrize("is_terminal", [True, False], ids=["table", "plain"])
def test_the_last_line_is_the_verdict(is_terminal: bool, ordinary_result: RunResult) -> None:
    """The reports are listed, and the counts come last, where the eye is."""
    options = TerminalOptions(is_terminal, width=120, reports=("out/report.json",))
    *_, report, last = _written(ordinary_result, options).splitlines()
    assert report == "report: out/report.json"
    assert last == "error: 3 cases, 9 steps: 1 error, 3 diverged, 4 passed, 1 skipped in 1 min 23 s"


@pytest.mark.parametrize("is_terminal", [True, False], ids=["table", "plain"])
def test_failures_skips_and_blind_spots_are_told(is_terminal: bool, ordinary_result: RunResult) -> None:
    """Both forms give message, place, source text and bound, the reason of a skip, and blind spots."""
    text = _written(ordinary_result, TerminalOptions(is_terminal, width=200))
    for part in (
        "later calls created 2 variables",
        "nets/stem.py:31: variable-created stem/scale",
        "self.scale = tf.Variable(tf.ones([depth]), name='scale')",
        "bound: rtol 1e-06, atol 1e-05, from the preset `guide`",
        "... and 8 more findings",
        "skipped by the case: draws from NumPy",
        "blind to: nothing depends on input `mask`",
    ):
        assert part in text


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 200])
def test_lines_fit_the_width(width: int, ordinary_result: RunResult) -> None:
    """No line is wider than the terminal, down to 40 columns."""
    lines = _written(ordinary_result, TerminalOptions(True, width=width)).splitlines()
    assert max(len(line) for line in lines) <= max(width, 40)


def test_no_color_means_no_codes(full_result: RunResult) -> None:
    """Without colour, no escape code is written; with it, only colour codes are, none of them the user's."""
    assert "\x1b" not in _written(full_result, TerminalOptions(True, color=False))
    assert "\x1b" not in _written(full_result)
    coloured = _written(full_result, TerminalOptions(True, color=True, width=140))
    assert "\x1b[31m✗" in coloured
    assert "\x1b[31mred" not in coloured
    assert "\x1b]" not in coloured


def test_user_text_is_no_markup(full_result: RunResult) -> None:
    """Brackets in user text are shown, not interpreted."""
    assert "[bold]markup[/bold]" in _written(full_result, TerminalOptions(True, width=400))


def test_plain_lines_hold_no_command(full_result: RunResult, read_log: Callable[[str], list[Any]]) -> None:
    """In a log of GitHub Actions, nothing of the plain form is taken for a command."""
    assert read_log(_written(full_result)) == []


@pytest.mark.parametrize("is_terminal", [True, False], ids=["table", "plain"])
def test_an_ascii_stream_is_enough(is_terminal: bool, full_result: RunResult) -> None:
    """Symbols, boxes and user text have an ASCII form."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    write(full_result, stream, TerminalOptions(is_terminal, width=60))
    stream.seek(0)
    text = stream.read()
    assert "nets/stem.py:31: variable-created stem/scale" in text
    assert ("x diverged" in text) == is_terminal


def test_many_skips_are_counted() -> None:
    """A long list of skips does not bury the verdict."""
    steps = tuple(StepResult(f"step-{n}", Outcome.SKIPPED, 0.0, "not now") for n in range(50))
    text = _written(RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, steps),), 0.0, {}), TerminalOptions(True))
    assert text.count("not now") == 20
    assert "... and 30 more remarks" in text


def test_a_message_said_by_its_finding_is_not_repeated() -> None:
    """The step's message and its only finding's are one."""
    step = StepResult("load", Outcome.ERROR, 0.0, "cannot load", findings=(Finding("load", "", "cannot load"),))
    text = _written(RunResult((CaseResult("a.py", "a.py", 1, 0.0, (step,)),), 0.0, {}), TerminalOptions(True))
    assert text.count("cannot load") == 1
