"""State after training calls: what its values tell about the cause."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf_equivalence.judge.numbers import judge_numbers
from tf_equivalence.recording import Sighting
from tf_equivalence.result import Finding
from tf_equivalence.steps import STEPS, TF1_TRAINING, TF2_TRAINING

from .recordings import Recordings

START = np.array([0.0, 1.0], np.float32)
TARGET = np.array([3.0, -1.0], np.float32)


def history(decay: float, calls: int = 3) -> dict[str, Any]:
    """Return the state of a moving average before, after one and after three calls."""
    values = {"state/bn/mean:0 after 0 calls": START}
    value = START
    for call in range(1, calls + 1):
        value = (value * decay + TARGET * (1 - decay)).astype(np.float32)
        if call in (1, calls):
            values[f"state/bn/mean:0 after {call} call{'s' if call > 1 else ''}"] = value
    return values


def judge(recordings: Recordings, tf1: float, without: float, tf2: float, **fields: Any) -> list[Finding]:
    """Return the findings for averages with these decays; 1 does not move."""
    recordings.complete()
    for build in (TF1_TRAINING, TF2_TRAINING):
        recordings.build(build, variables=(recordings.variable("bn/mean", 7),), **fields)
    recordings.run(TF1_TRAINING, "updates", history(tf1))
    recordings.run(TF1_TRAINING, "no-updates", history(without, 1))
    recordings.run(TF2_TRAINING, "updates", history(tf2))
    return judge_numbers(recordings.evidence, STEPS["state-updates"])[0]


def test_the_same_decay_agrees(recordings: Recordings) -> None:
    """Equal averages pass."""
    assert judge(recordings, 0.99, 1.0, 0.99) == []


@pytest.mark.parametrize(
    ("tf1", "without", "tf2", "kind", "words"),
    [
        (0.999, 1.0, 0.99, "update-rate", "10 times as far"),
        (0.9, 1.0, 1.0, "update-missing", "stays as it is"),
        (1.0, 1.0, 0.9, "update-unexpected", "not even with its UPDATE_OPS"),
        (0.9, 0.9, 0.99, "update-rate", "0.1 times as far"),
    ],
)
def test_causes(recordings: Recordings, tf1: float, without: float, tf2: float, kind: str, words: str) -> None:
    """Each way to differ has its own words, at the line of the variable; the numbers follow."""
    first, *rest = judge(recordings, tf1, without, tf2)
    assert (first.kind, first.name, str(first.location)) == (kind, "bn/mean:0", "net.py:7")
    assert words in first.message
    assert rest
    assert all(finding.kind == "state-value" and finding.follows for finding in rest)


def test_rounding_is_no_rate(recordings: Recordings) -> None:
    """Averages that differ in their last bits have no cause, so that the reference's noise is asked for."""
    assert {finding.kind for finding in judge(recordings, 0.99, 1.0, 0.99001)} == {"state-value"}


def test_open_order_of_updates(recordings: Recordings) -> None:
    """A variable that TF1 writes twice in a step is told as such, whatever the numbers look like."""
    twice = (Sighting("updated-twice", "bn/mean", recordings.stack(9)),)
    first, *_ = judge(recordings, 0.9, 1.0, 0.8, sightings=twice)
    assert first.kind == "update-order"
    (luck,) = judge(recordings, 0.9, 1.0, 0.9, sightings=twice)
    assert luck.kind == "update-order"


def test_what_no_cause_explains_is_still_told(recordings: Recordings) -> None:
    """Values that fit no pattern remain findings with their figures."""
    recordings.complete()
    for build in (TF1_TRAINING, TF2_TRAINING):
        recordings.build(build, variables=(recordings.variable("bn/mean", 7),))
    recordings.run(TF1_TRAINING, "updates", history(0.9))
    recordings.run(TF1_TRAINING, "no-updates", history(1.0, 1))
    other = {**history(0.9), "state/bn/mean:0 after 1 call": np.array([5.0, 5.0], np.float32)}
    recordings.run(TF2_TRAINING, "updates", other)
    (finding,) = judge_numbers(recordings.evidence, STEPS["state-updates"])[0]
    assert (finding.kind, finding.name) == ("state-value", "state/bn/mean:0 after 1 call")
    assert str(finding.location) == "net.py:7"


def test_rounding_of_a_rate_next_to_nothing(recordings: Recordings) -> None:
    """`1 - 0.9997` in float32 is not what it is in float64: the average may move by that much more or less."""
    recordings.complete()
    start, target = np.zeros(2, np.float32), np.array([4.0, -2.0], np.float32)
    rates = {TF1_TRAINING: np.float32(1) - np.float32(0.9997), TF2_TRAINING: np.float32(1 - 0.9997)}
    assert rates[TF1_TRAINING] != rates[TF2_TRAINING]
    for build, rate in rates.items():
        recordings.build(build, variables=(recordings.variable("bn/mean", 7),))
        values = {"state/bn/mean:0 after 0 calls": start, "state/bn/mean:0 after 1 call": start + target * rate}
        recordings.run(build, "no-updates", values)
        recordings.run(build, "updates", {**values, "rate/bn/mean:0": np.float64(rates[TF1_TRAINING])})
    assert judge_numbers(recordings.evidence, STEPS["state-updates"])[0] == []
    wrong = {**values, "state/bn/mean:0 after 1 call": start + target * np.float32(1.0009 * rate)}
    recordings.run(TF2_TRAINING, "updates", wrong)
    assert judge_numbers(recordings.evidence, STEPS["state-updates"])[0]
