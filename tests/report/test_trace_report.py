"""The aligned trace as text: a line for every operation, marked where it differs by itself."""

from __future__ import annotations

import io
from dataclasses import replace

from tf_equivalence.report import trace_report
from tf_equivalence.result import CaseResult, Location, Outcome, RunResult, StepResult, TracedPair, TracedSide

ROWS = (
    TracedPair(TracedSide("Conv2D", "a/Conv2D", Location("old.py", 3)), TracedSide("Conv2D", "Conv2D"), 0.0, 0.0),
    TracedPair(TracedSide("Relu", "a/Relu"), TracedSide("Tanh", "Tanh", Location("new.py", 4)), 0.5, 0.5),
    TracedPair(TracedSide("MatMul", "b"), TracedSide("MatMul", "b"), 0.25, 1e-7),
    TracedPair(TracedSide("Mul", "c\n::error::x"), None),
    TracedPair(None, TracedSide("Cast", "d")),
)


def written(*steps: StepResult) -> list[str]:
    """Return the lines of the report on one case."""
    stream = io.StringIO()
    case = CaseResult("m.py::C", "m.py", 1, 1.0, steps)
    trace_report.write(RunResult((case,), 1.0, {}), stream)
    return stream.getvalue().splitlines()


STEP = StepResult("named-weights", Outcome.DIVERGED, 1.0, "", trace=ROWS)


def test_every_operation_has_a_line() -> None:
    """Pairs have both figures; what one side lacks has none."""
    lines = written(STEP)
    assert "m.py::C  named-weights  diverged" in lines
    first = lines.index(next(line for line in lines if "alone  " in line and "TF2" in line)) + 1
    assert [line[:1] for line in lines[first : first + 5]] == [" ", "!", " ", "-", "+"]
    assert lines[first].split() == ["0", "0", "Conv2D", "a/Conv2D", "old.py:3", "Conv2D", "Conv2D"]
    assert lines[first + 1].split()[:3] == ["!", "0.5", "0.5"]
    assert lines[first + 1].endswith("Tanh Tanh new.py:4")
    assert "3 pairs, 1 of them different by themselves" in lines


def test_names_do_not_break_lines() -> None:
    """A name is user code's, so it stays in its line."""
    assert not any(line.startswith("::") for line in written(STEP))


def test_nothing_traced_is_said() -> None:
    """A file without any trace says so."""
    assert any("Nothing was traced" in line for line in written(replace(STEP, trace=())))
