"""The terminal report fits terminals of every kind."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tf_equivalence.report.root_lines import Sources
from tf_equivalence.report.screen import Screen
from tf_equivalence.report.terminal import TerminalOptions, write
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

_PLAIN = TerminalOptions()


def _written(result: RunResult, options: TerminalOptions = _PLAIN) -> str:
    stream = io.StringIO()
    write(result, stream, options)
    return stream.getvalue()


def _screen(is_terminal: bool = True, width: int = 80, color: bool = False) -> TerminalOptions:
    return TerminalOptions(Screen(is_terminal, color, width))


@pytest.mark.parametrize("is_terminal", [True, False], ids=["table", "plain"])
def test_the_last_line_is_the_verdict(is_terminal: bool, ordinary_result: RunResult) -> None:
    """The reports are listed, and the counts come last, where the eye is."""
    options = TerminalOptions(Screen(is_terminal, width=120), reports=("out/report.json",))
    *_, report, last = _written(ordinary_result, options).splitlines()
    assert report == "report: out/report.json"
    assert last == "error: 3 cases, 9 steps: 1 error, 3 diverged, 4 passed, 1 skipped in 1 min 23 s"


@pytest.mark.parametrize("is_terminal", [True, False], ids=["table", "plain"])
def test_failures_and_skips_are_told(is_terminal: bool, ordinary_result: RunResult) -> None:
    """Both forms give place, message, source text, callers, fix and steps, and the reason of a skip."""
    text = _written(ordinary_result, _screen(is_terminal, 200))
    for part in (
        "nets/stem.py:31: variable-created stem/scale",
        "in variables-once",
        "The second call created variable stem/scale",
        "self.scale = tf.Variable(tf.ones([depth]), name='scale')",
        "called at nets/equivalence_stem.py:22 in tf2",
        "fix: Create it once in __init__ and keep it on self.",
        "... and 4 more places",
        "skipped by the case: draws from NumPy",
    ):
        assert text.count(part) == 1, part


@pytest.mark.parametrize("is_terminal", [True, False], ids=["table", "plain"])
def test_a_green_tells_what_it_is_blind_to(is_terminal: bool, passed_result: RunResult) -> None:
    """A pass says how much it would have caught, and what not."""
    text = _written(passed_result, _screen(is_terminal, 200))
    assert "power: 9 of 12 probes caught; blind to: nothing depends on input `mask`; ReLU by tanh" in text


def test_a_red_run_does_not_talk_of_blind_spots(ordinary_result: RunResult) -> None:
    """On a terminal, what passed makes room for what failed."""
    assert "blind to" not in _written(ordinary_result, _screen(width=200))


def test_skips_for_one_reason_are_one_line() -> None:
    """A step that many cases skip alike is told once, with their number."""
    step = StepResult("state-updates", Outcome.SKIPPED, 0.0, "no state")
    cases = tuple(CaseResult(f"a.py::A{n}", "a.py", 1, 0.0, (step,)) for n in range(7))
    assert "- 7 cases state-updates: no state\n" in _written(RunResult(cases, 0.0, {}), _screen())


def test_a_log_folds_what_ran_and_not_what_failed(full_result: RunResult, read_log: Callable[[str], list[Any]]) -> None:
    """GitHub folds the list of steps; failures stay in sight, and hostile text neither opens nor closes a fold."""
    text = _written(full_result, TerminalOptions(Screen(folds="github")))
    assert [command.name for command in read_log(text)] == ["group", "endgroup"]
    folded, _, rest = text.partition("::endgroup::\n")
    assert "passed    variables-once" in folded
    assert "DIVERGED nets/equivalence_stem.py::Stem" in rest
    assert "variables-once  " not in rest


def test_forced_colours_in_a_log(full_result: RunResult, read_log: Callable[[str], list[Any]]) -> None:
    """A log that asks for colours gets them, in plain lines without anything to obey."""
    text = _written(full_result, TerminalOptions(Screen(color=True, folds="github")))
    assert "\x1b[31mDIVERGED\x1b[0m" in text
    plain = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert "\x1b" not in plain
    assert [command.name for command in read_log(plain)] == ["group", "endgroup"]


def _located(tmp_path: Path) -> RunResult:
    (tmp_path / "migrated.py").write_text("import tensorflow as tf\n\n\ndef call(x):\n    return tf.nn.elu(x)\n")
    (tmp_path / "legacy.py").write_text("def net(x):\n    return tf.nn.relu(x)\n")
    metrics = {
        "tf1_operation": "Relu",
        "tf1_name": "net/Relu",
        "tf1_line": "legacy.py:2",
        "tf2_operation": "Elu",
        "tf2_name": "net/Elu",
        "tf2_line": "migrated.py:5",
        "differences": [{"name": "alpha", "tf1": None, "tf2": 0.5, "source": "attribute"}],
    }
    message = "The first operation that differs: in TF1 Relu `net/Relu`, in TF2 Elu. Different: alpha. Use Relu."
    stack = ("migrated.py:5 in call: return tf.nn.elu(x)",)
    finding = Finding("operation-value", "net/Elu", message, Location("sub/migrated.py", 5), stack, metrics)
    step = StepResult("named-weights", Outcome.DIVERGED, 1.0, "", Location("sub/migrated.py", 5), (finding,))
    return RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, (step,)),), 0.0, {})


def test_the_source_of_both_sides(tmp_path: Path) -> None:
    """The line is shown among its neighbours with an arrow, then TF1's line, then both sides in columns."""
    options = TerminalOptions(Screen(True, width=80), sources=Sources(tmp_path, "sub/"))
    shown = _written(_located(tmp_path), options)
    assert (
        "    The first operation that differs.\n"
        "      4 │ def call(x):\n"
        "    ❱ 5 │     return tf.nn.elu(x)\n"
        "    in TF1, legacy.py:2\n"
        "    ❱ 2 │ return tf.nn.relu(x)\n"
        "                 TF1            TF2\n"
        "      operation  Relu net/Relu  Elu net/Elu\n"
    ) in shown
    assert "    fix: Use Relu.\n" in shown
    assert "Different: alpha" not in shown


def test_columns_that_do_not_fit_stand_below_each_other(tmp_path: Path) -> None:
    """On a narrow terminal, each value has a line of its own."""
    finding = _located(tmp_path).cases[0].steps[0].findings[0]
    wide = replace(finding, metrics={**finding.metrics, "tf1_name": "a" * 30})
    step = StepResult("named-weights", Outcome.DIVERGED, 1.0, "", findings=(wide,))
    result = RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, (step,)),), 0.0, {})
    assert "      operation\n        TF1 Relu aaa" in _written(result, _screen(width=50))


def test_code_is_coloured_and_cannot_colour_itself(tmp_path: Path) -> None:
    """Keywords have colours where colours are on, and escape codes in the source do nothing."""
    result = _located(tmp_path)
    (tmp_path / "legacy.py").write_text("\n    return '\x1b[31mred\x1b]0;title\x07' + ::error::x\n")
    options = TerminalOptions(Screen(True, True, 100), sources=Sources(tmp_path, "sub/"))
    shown = _written(result, options)
    assert "\x1b[35mreturn\x1b[0m" in shown
    assert "\x1b[31mred" not in shown
    assert "\x1b]" not in shown


def test_a_cause_is_explained_once(tmp_path: Path) -> None:
    """What an earlier case has shown is one line for the next, whatever the step."""
    (case,) = _located(tmp_path).cases
    other = replace(case, id="b.py::B", steps=(replace(case.steps[0], id="constant-weights"),))
    text = _written(RunResult((case, other), 0.0, {}), _screen())
    assert text.count("The first operation that differs.") == 1
    assert "sub/migrated.py:5: operation-value net/Elu, as above" in text


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 200])
def test_lines_fit_the_width(width: int, ordinary_result: RunResult) -> None:
    """No line is wider than the terminal, down to 40 columns."""
    lines = _written(ordinary_result, _screen(width=width)).splitlines()
    assert max(len(line) for line in lines) <= max(width, 40)


def test_no_color_means_no_codes(full_result: RunResult) -> None:
    """Without colour, no escape code is written; with it, only colour codes are, none of them the user's."""
    assert "\x1b" not in _written(full_result, _screen())
    assert "\x1b" not in _written(full_result)
    coloured = _written(full_result, _screen(width=140, color=True))
    assert "\x1b[31m✗" in coloured
    assert "\x1b[31mred" not in coloured
    assert "\x1b]" not in coloured


def test_user_text_is_no_markup(full_result: RunResult) -> None:
    """Brackets in user text are shown, not interpreted."""
    assert "[bold]markup[/bold]" in _written(full_result, _screen(width=400))


def test_plain_lines_hold_no_command(full_result: RunResult, read_log: Callable[[str], list[Any]]) -> None:
    """In a log of GitHub Actions, nothing of the plain form is taken for a command."""
    assert read_log(_written(full_result)) == []


@pytest.mark.parametrize("is_terminal", [True, False], ids=["table", "plain"])
def test_an_ascii_stream_is_enough(is_terminal: bool, full_result: RunResult) -> None:
    """Symbols, boxes and user text have an ASCII form."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    write(full_result, stream, _screen(is_terminal, 60))
    stream.seek(0)
    text = stream.read()
    assert "nets/stem.py:31: variable-created stem/scale" in text
    assert ("x nets/equivalence_stem.py::Stem" in text) == is_terminal


def test_many_skips_are_counted() -> None:
    """A long list of skips does not bury the verdict."""
    steps = tuple(StepResult(f"step-{n}", Outcome.SKIPPED, 0.0, "not now") for n in range(50))
    text = _written(RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, steps),), 0.0, {}), _screen())
    assert text.count("not now") == 20
    assert "... and 30 more remarks" in text


def test_a_message_said_by_its_finding_is_not_repeated() -> None:
    """The step's message and its only finding's are one."""
    step = StepResult("load", Outcome.ERROR, 0.0, "cannot load", findings=(Finding("load", "", "cannot load"),))
    text = _written(RunResult((CaseResult("a.py", "a.py", 1, 0.0, (step,)),), 0.0, {}), _screen())
    assert text.count("cannot load") == 1
