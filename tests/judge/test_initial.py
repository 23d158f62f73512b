"""Initial values: equal up to rounding, or a finding that tells the two distributions apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tf_equivalence.judge.initial import compare_initial_values
from tf_equivalence.recording import Digest
from tf_equivalence.result import Finding, Location
from tf_equivalence.steps import TF1_INFERENCE, TF2_INFERENCE

from .recordings import Recordings

VALUES = np.random.RandomState(0).normal(size=100)


def digest(values: np.ndarray) -> Digest:
    """Return the digest of these values, every one of them sampled."""
    with np.errstate(invalid="ignore"):
        mean, std = float(values.mean()), float(values.std())
    return Digest(values.tobytes().hex()[:64], tuple(values.tolist()), float(np.linalg.norm(values)), mean, std)


def compare(recordings: Recordings, ours: Digest | None, theirs: Digest | None) -> Sequence[Finding]:
    """Return the findings for one variable with these initial values."""
    recordings.build(TF1_INFERENCE, variables=(recordings.variable("w", 1, initial=ours),))
    recordings.build(TF2_INFERENCE, variables=(recordings.variable("w", 31, initial=theirs),))
    return compare_initial_values(recordings.evidence, TF1_INFERENCE, TF2_INFERENCE)


@pytest.mark.parametrize(
    ("scale", "found"),
    [
        pytest.param(1.0, False, id="equal"),
        pytest.param(1 + 1e-7, False, id="rounding"),
        pytest.param(1 + 1e-4, True, id="beyond-rounding"),
        pytest.param(0.05, True, id="another-default"),
        pytest.param(float("nan"), True, id="nan"),
        pytest.param(float("inf"), True, id="infinite"),
    ],
)
def test_values_agree_up_to_rounding(recordings: Recordings, scale: float, found: bool) -> None:
    """A difference beyond rounding is found, and NaN is no agreement."""
    assert bool(compare(recordings, digest(VALUES), digest(VALUES * scale))) == found


def test_nan_on_both_sides_is_equal_bit_by_bit_only(recordings: Recordings) -> None:
    """Identical bytes agree without arithmetic; NaN elsewhere does not."""
    spoilt = np.where(VALUES > 1, np.nan, VALUES)
    assert not compare(recordings, digest(spoilt), digest(spoilt))
    assert compare(recordings, digest(spoilt), digest(np.where(VALUES > 1, np.nan, VALUES * 1.1)))


def test_difference_outside_of_the_sample(recordings: Recordings) -> None:
    """What the sample misses still shows in the norm."""
    one = digest(VALUES)
    other = Digest("other", one.sample, one.l2 * 1.01, one.mean, one.std)
    assert compare(recordings, one, other)


def test_finding_tells_the_distributions_apart(recordings: Recordings) -> None:
    """The message has both spreads and their ratio, at the TF2 variable's line."""
    (finding,) = compare(recordings, digest(VALUES), digest(VALUES * 0.05))
    assert (finding.kind, finding.name) == ("initial-value", "w:0")
    assert finding.location == Location("net.py", 31)
    assert "0.05 times TF1's" in finding.message
    assert finding.metrics["tf2_std"] == pytest.approx(0.05 * finding.metrics["tf1_std"])


def test_other_draws_of_one_distribution_say_nothing_of_defaults(recordings: Recordings) -> None:
    """Where the spread is the same, the initializer's arguments are not blamed."""
    (finding,) = compare(recordings, digest(VALUES), digest(VALUES[::-1].copy()))
    assert "times TF1's" not in finding.message


def test_values_without_arithmetic_are_left_to_others(recordings: Recordings) -> None:
    """A string variable has no digest, and a missing one is the inventory's."""
    assert not compare(recordings, None, digest(VALUES))
    recordings.build(TF2_INFERENCE)
    assert compare_initial_values(recordings.evidence, TF1_INFERENCE, TF2_INFERENCE) == []


def test_renamed_variables_are_compared(recordings: Recordings) -> None:
    """A declared rename pairs the initial values too."""
    names = {"variable_names": {"a": "b"}}
    recordings.build(TF1_INFERENCE, names, variables=(recordings.variable("a", initial=digest(VALUES)),))
    recordings.build(TF2_INFERENCE, names, variables=(recordings.variable("b", initial=digest(VALUES * 2)),))
    (finding,) = compare_initial_values(recordings.evidence, TF1_INFERENCE, TF2_INFERENCE)
    assert finding.name == "b:0"


def test_findings_are_bounded(recordings: Recordings) -> None:
    """A hundred variables shifted by one draw do not make a hundred findings."""
    for build, scale in ((TF1_INFERENCE, 1.0), (TF2_INFERENCE, 2.0)):
        made = tuple(recordings.variable(f"w{i}", initial=digest(VALUES * scale)) for i in range(100))
        recordings.build(build, variables=made)
    assert len(compare_initial_values(recordings.evidence, TF1_INFERENCE, TF2_INFERENCE)) == 20
