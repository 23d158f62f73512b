"""What is traced: what diverged without a known cause, and more only where the trace itself is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf_equivalence.discover import CaseRef
from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.judge.places import Places
from tf_equivalence.pinpoint.passes import TracePass
from tf_equivalence.pipeline import _shows_operations
from tf_equivalence.result import Finding, Outcome, StepResult
from tf_equivalence.settings import read_settings

VALUE = Finding("output-value", "logits", "differs")
KNOWN = Finding("random-op-order", "w:0", "drawn in another order")


def step(name: str, *findings: Finding) -> StepResult:
    """Return a step that passed, or diverged in what is given."""
    return StepResult(name, Outcome.DIVERGED if findings else Outcome.PASSED, 1.0, "", None, findings)


def traced(tmp_path: Path, *steps: StepResult, always: bool = False) -> list[str]:
    """Return the ids of the steps that are traced."""
    case = CaseRef("equivalence_a.py::A", "equivalence_a.py", 5, "A", tmp_path / "equivalence_a.py")
    evidence = Evidence(tmp_path, Places(tmp_path), "measured")
    planned = TracePass.plan(case, evidence, {each.id: each for each in steps}, keep=True, always=always)
    return [each.step_id for each in planned.traced] if planned is not None else []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param((step("named-weights"),), [], id="passed"),
        pytest.param((step("named-weights", KNOWN, VALUE),), [], id="explained"),
        pytest.param((step("named-weights", VALUE),), ["named-weights"], id="diverged"),
        pytest.param(
            (step("constant-weights", VALUE), step("named-weights", VALUE), step("random-training", VALUE)),
            ["named-weights", "random-training"],
            id="one-of-each-training-flag",
        ),
    ],
)
def test_keeping_traces_traces_nothing_more(tmp_path: Path, steps: tuple[StepResult, ...], expected: list[str]) -> None:
    """A report that shows operations takes those that pinpointing has."""
    assert traced(tmp_path, *steps) == expected


def test_a_trace_that_is_asked_for(tmp_path: Path) -> None:
    """For `--trace` one step is traced, though all passed; of one that diverged nothing more is."""
    assert traced(tmp_path, step("named-weights"), step("random-training"), always=True) == ["named-weights"]
    diverged = step("named-weights"), step("random-training", VALUE)
    assert traced(tmp_path, *diverged, always=True) == ["random-training"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param((), False, id="terminal"),
        pytest.param(("--json-file", "r.json"), False, id="json"),
        pytest.param(("--html-file", "r.html"), True, id="page"),
        pytest.param(("--job-summary", "s.md"), True, id="summary"),
    ],
)
def test_reports_that_show_operations(tmp_path: Path, arguments: tuple[str, ...], expected: bool) -> None:
    """Traces are kept for reports that draw them, and for no other."""
    settings = read_settings(("run", *arguments), {}, tmp_path, ("named-weights",))
    assert _shows_operations(settings) is expected
