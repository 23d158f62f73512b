"""Verdicts: how outcomes combine, and that nothing never passes."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from tf_equivalence.result import CaseResult, ExitCode, Finding, Location, Outcome, RunResult, StepResult, worst

ORDER = [Outcome.ERROR, Outcome.DIVERGED, Outcome.PASSED, Outcome.SKIPPED]


def case(*outcomes: Outcome, name: str = "A") -> CaseResult:
    """Return a case whose steps have these outcomes."""
    steps = tuple(StepResult(f"step-{i}", outcome, 0.0, "m") for i, outcome in enumerate(outcomes))
    return CaseResult(f"equivalence_a.py::{name}", "equivalence_a.py", 1, 0.0, steps)


def run(*cases: CaseResult, interrupted: bool = False) -> RunResult:
    """Return a run of these cases."""
    return RunResult(cases, 0.0, {}, interrupted=interrupted)


def test_nothing_to_decide_on_is_an_error() -> None:
    """`all([])` is true, and that must never make a pass."""
    assert worst([]) is Outcome.ERROR
    assert worst(iter(())) is Outcome.ERROR
    assert case().outcome is Outcome.ERROR
    assert run().outcome is Outcome.ERROR


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ORDER, 2)))
def test_worse_outcome_decides(one: Outcome, other: Outcome) -> None:
    """Error outranks diverged, which outranks passed, which outranks skipped, in either order."""
    assert worst([one, other]) is one
    assert worst([other, one, other]) is one


@pytest.mark.parametrize(
    ("result", "code"),
    [
        pytest.param(run(case(Outcome.PASSED)), 0, id="passed"),
        pytest.param(run(case(Outcome.PASSED, Outcome.SKIPPED)), 0, id="passed-and-skipped"),
        pytest.param(run(case(Outcome.PASSED), case(Outcome.DIVERGED)), 1, id="diverged"),
        pytest.param(run(case(Outcome.DIVERGED), case(Outcome.ERROR)), 3, id="error-outranks-divergence"),
        pytest.param(run(case(Outcome.PASSED), case()), 3, id="a-case-without-steps"),
        pytest.param(run(), 5, id="no-case"),
        pytest.param(run(case(Outcome.SKIPPED), case(Outcome.SKIPPED)), 5, id="all-skipped"),
        pytest.param(run(case(Outcome.PASSED), interrupted=True), 130, id="interrupted"),
        pytest.param(run(interrupted=True), 130, id="interrupted-before-the-first-case"),
    ],
)
def test_exit_codes(result: RunResult, code: int) -> None:
    """The exit code follows from the outcomes alone."""
    assert result.exit_code == code


def test_interrupted_run_is_no_pass() -> None:
    """A run that was cut short is an error whatever had passed before."""
    assert run(case(Outcome.PASSED), interrupted=True).outcome is Outcome.ERROR


@pytest.mark.parametrize("outcome", list(Outcome), ids=lambda outcome: outcome.value)
def test_every_outcome_has_an_exit_code(outcome: Outcome) -> None:
    """Only a pass gives 0."""
    assert (run(case(outcome)).exit_code is ExitCode.PASSED) == (outcome is Outcome.PASSED)


def test_counts_steps() -> None:
    """Steps are counted over all cases."""
    result = run(case(Outcome.PASSED, Outcome.DIVERGED), case(Outcome.PASSED, name="B"))
    assert [result.count(outcome) for outcome in ORDER] == [0, 1, 2, 0]


def test_values_are_frozen() -> None:
    """No report can change a verdict."""
    finding = Finding("k", "n", "m", Location("a.py", 1))
    for value, name in ((finding, "message"), (finding.location, "line"), (case(), "steps"), (run(), "cases")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)
    with pytest.raises(TypeError):
        finding.metrics["a"] = 1  # type: ignore[index]


def test_locations_read_as_editors_do() -> None:
    """A location prints as `path:line`."""
    assert str(Location("nets/a.py", 31)) == "nets/a.py:31"
