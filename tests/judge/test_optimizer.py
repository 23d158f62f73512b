"""Training steps in comparable form: what TF1 does not count, what overflows, and what is told of many moments."""

from __future__ import annotations

import numpy as np
import pytest

from tf_equivalence.judge.case import follow_up
from tf_equivalence.judge.evidence import Run
from tf_equivalence.judge.optimizer import _first_moments
from tf_equivalence.judge.optimizer_causes import _first_apart
from tf_equivalence.judge.optimizer_values import COUNTED, RATES, _effective, _finite, uncompared_slots
from tf_equivalence.recording import Leaf, RunRecord
from tf_equivalence.result import Finding, Outcome, StepResult


def run(values: dict[str, object], condition: str = "optimizer") -> Run:
    """Return a run of arrays by name."""
    arrays = {name: np.asarray(value, np.float32) for name, value in values.items()}
    leaves = tuple(Leaf(name, "tensor", "float32", array.shape, (name,)) for name, array in arrays.items())
    return Run(RunRecord(condition, leaves), arrays, ())


def names(given: Run) -> list[str]:
    """Return the names of a run's leaves."""
    return [leaf.name for leaf in given.record.outputs]


@pytest.mark.parametrize(("counted", "expected"), [(4, [0.5, 0.25]), (0, [0.5, 0.5])])
def test_rates_of_what_nothing_counts_stay_the_first(counted: int, expected: list[float]) -> None:
    """A schedule of a global step that nobody advances is a constant."""
    found = _effective(run({RATES: [0.5, 0.25], COUNTED: counted}, "optimizer-alone"))
    assert found.arrays[RATES].tolist() == expected


def test_training_is_compared_up_to_where_tf1_overflows() -> None:
    """What comes after is no number; a TF2 that overflows alone is not spared."""
    tf1 = run({"loss after 0 steps": 1.0, "trained/w:0 after 1 step": np.inf, "loss after 1 step": np.nan})
    tf2 = run({"loss after 0 steps": 1.0, "trained/w:0 after 1 step": 3.0, "loss after 1 step": 2.0})
    one, other, notes = _finite(tf1, tf2)
    assert names(one) == names(other) == ["loss after 0 steps"]
    assert "after step 1" in notes[0]
    assert _finite(tf2, tf1) == (tf2, tf1, [])


def test_slots_of_one_side_are_told() -> None:
    """What cannot be compared is not passed over in silence."""
    both = {"trained/w:0 after 1 step": 0.0, "slot-mean/w:0 after 1 step": 0.0}
    tf1 = run({**both, "slot-variance/w:0 after 1 step": 0.0})
    tf2 = run({**both, "slot-momentum/w:0 after 1 step": 0.0})
    assert uncompared_slots(tf1, tf2) == ["slots not compared: TF1 alone keeps variance, TF2 alone keeps momentum"]
    assert uncompared_slots(tf1, tf1) == []


def test_of_many_moments_the_first_is_told() -> None:
    """Each value once, at the step after which it first differs, the earliest of all first."""
    found = [
        Finding("trained-value", f"trained/{name}:0 after {step} steps", "")
        for name, step in (("a", 3), ("a", 2), ("b", 0))
    ]
    assert [finding.name for finding in _first_moments(found)] == [
        "trained/b:0 after 0 steps",
        "trained/a:0 after 2 steps",
    ]


@pytest.mark.parametrize(
    ("other", "expected"),
    [([0.1, 0.05, 0.01], None), ([0.1, 0.05, 0.02], (100, 0.01, 0.02)), ([0.2, 0.05, 0.01], (0, 0.1, 0.2))],
)
def test_rates_differ_from_a_count_on(other: list[float], expected: tuple[float, ...] | None) -> None:
    """The first count at which a schedule parts, with both rates."""
    assert _first_apart((0, 10, 100), np.asarray([0.1, 0.05, 0.01]), np.asarray(other)) == expected


@pytest.mark.parametrize(
    ("earlier", "kinds", "follows"),
    [
        (Outcome.DIVERGED, ("training-step", "trained-value"), True),
        (Outcome.PASSED, ("training-step", "trained-value"), False),
        (Outcome.DIVERGED, ("optimizer-setting", "trained-value"), False),
    ],
)
def test_training_follows_from_wrong_gradients(earlier: Outcome, kinds: tuple[str, ...], follows: bool) -> None:
    """It gets no annotation of its own then, unless an optimizer's setting is wrong besides."""
    gradients = StepResult("gradients", earlier, 1.0, "")
    findings = tuple(Finding(kind, "w", "") for kind in kinds)
    steps = follow_up([gradients, StepResult("optimizer", Outcome.DIVERGED, 1.0, "", None, findings)])
    assert steps[0] == gradients
    assert {finding.follows for finding in steps[1].findings} == {follows}
