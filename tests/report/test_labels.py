"""Words and symbols that reports share."""

import dataclasses

import pytest

from tf_equivalence.report import labels
from tf_equivalence.result import CaseResult, Outcome, Power, RunResult, StepResult


def _run(*outcomes: Outcome) -> RunResult:
    steps = tuple(StepResult(f"step-{index}", outcome, 0.0, "") for index, outcome in enumerate(outcomes))
    return RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, steps),), 0.0, {})


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0.0 s"),
        (1.2e-7, "0 ms"),
        (0.03, "30 ms"),
        (0.0994, "99 ms"),
        (0.0999, "0.1 s"),
        (41.24, "41.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (125.0, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (3725.0, "1 h 02 min"),
    ],
)
def test_duration(seconds: float, expected: str) -> None:
    """Durations read well at every size, and never as 60 seconds."""
    assert labels.duration(seconds) == expected


def test_counts_are_given_worst_first_and_without_zeros() -> None:
    """The counts name only what there is."""
    result = _run(Outcome.PASSED, Outcome.SKIPPED, Outcome.PASSED, Outcome.DIVERGED)
    assert labels.counts(result) == "1 case, 4 steps: 1 diverged, 2 passed, 1 skipped"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(_run(Outcome.PASSED), "passed", id="passed"),
        pytest.param(_run(Outcome.PASSED, Outcome.DIVERGED), "diverged", id="diverged"),
        pytest.param(_run(Outcome.SKIPPED), "nothing compared", id="all-skipped"),
        pytest.param(_run(), "error", id="no-steps"),
        pytest.param(RunResult((), 0.0, {}), "nothing found", id="no-cases"),
        pytest.param(dataclasses.replace(_run(Outcome.PASSED), interrupted=True), "interrupted", id="interrupted"),
    ],
)
def test_verdict(result: RunResult, expected: str) -> None:
    """Only a run that compared something is called passed."""
    assert labels.verdict(result) == expected


def test_power_names_blind_spots() -> None:
    """The power of a green is a count and the names of what it cannot see."""
    assert labels.power_text(Power(1, 1)) == "power: 1 of 1 probe caught"
    assert labels.power_text(Power(3, 1, ("a", "b"))) == "power: 1 of 3 probes caught; blind to: a; b"
    many = labels.power_text(Power(9, 0, tuple("abcdefg")))
    assert many == "power: 0 of 9 probes caught; blind to: a; b; c; d; e; 2 more"


@pytest.mark.parametrize(("encoding", "passed"), [("utf-8", "✓"), ("ascii", "+"), (None, "✓"), ("no-such", "+")])
def test_symbols_fit_the_stream(encoding: str | None, passed: str) -> None:
    """Streams without check marks get ASCII."""
    assert labels.symbols_for(encoding)[Outcome.PASSED] == passed


@pytest.mark.parametrize("table", [labels.SYMBOLS, labels.ASCII_SYMBOLS, labels.EMOJI, labels.STYLES])
def test_every_outcome_has_its_own_entry(table: dict[Outcome, str]) -> None:
    """Outcomes can be told apart in every form."""
    assert set(table) == set(Outcome) == set(labels.ORDER)
    assert len(set(table.values())) == len(Outcome)
