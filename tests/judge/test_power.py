"""Power: which known changes a step would have caught, and what it is blind to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf_equivalence.judge.case import judge_step
from tf_equivalence.judge.power import measure_power
from tf_equivalence.recording import PROBES, Probe
from tf_equivalence.result import Outcome, Power, StepResult
from tf_equivalence.steps import STEPS, TF1_INFERENCE, TF2_INFERENCE

from .recordings import Recordings

STEP = STEPS["named-weights"]
SAME = np.array([1.0, 2.0], np.float32)
OTHER = np.array([1.0, 2.5], np.float32)


def record(recordings: Recordings, *probes: tuple[str, tuple[str, ...], Any], **losses: float) -> None:
    """Record a passing step whose TF2 model gave these outputs under these changes; None for an exception."""
    recordings.complete()
    for build in (TF1_INFERENCE, TF2_INFERENCE):
        recordings.run(build, "named", {"output": SAME}, losses)
    tried = [("unchanged", (), SAME), *probes]
    records = []
    for number, (kind, target, output) in enumerate(tried):
        run = "" if output is None else f"named.probe-{number}"
        if run:
            recordings.run(TF2_INFERENCE, run, {"output": output})
        records.append(Probe("named", kind, target, run))
    variables = (recordings.variable("w"),)
    recordings.build(TF2_INFERENCE, variables=variables, probes=tuple(records))


def measure(recordings: Recordings) -> tuple[Power | None, list[str]]:
    """Return the power of the step."""
    return measure_power(recordings.evidence, STEP)


def judge(recordings: Recordings, min_power: float) -> StepResult:
    """Return the step's result where at least this power is asked for."""
    evidence = recordings.evidence
    evidence.min_power = min_power
    return judge_step(evidence, STEP, recordings.case, 0.0)


def test_what_is_caught_and_what_is_not(recordings: Recordings) -> None:
    """A change that shows in the outputs is caught, an exception is, and the rest is named."""
    record(
        recordings,
        ("input-zeroed", ("input",), OTHER),
        ("input-permuted", ("input",), SAME),
        ("variables-swapped", ("a:0", "b:0"), SAME),
        ("variable-scaled", ("w:0",), None),
    )
    power, notes = measure(recordings)
    assert power == Power(4, 2, ("the order of the elements of input", "which of a:0 and b:0 is which"))
    assert notes == []


def test_within_the_bound_is_not_caught(recordings: Recordings) -> None:
    """The bound of the step itself decides."""
    near = np.nextafter(SAME, np.float32(9))
    record(recordings, ("input-scaled", ("input",), near))
    assert measure(recordings)[0] == Power(1, 0, ("the scale of input",))


def test_dropped_regularizer(recordings: Recordings) -> None:
    """The smallest loss is missed when it is gone, whatever the outputs say."""
    record(recordings, a=1e-9, b=1.0, c=0.5)
    assert measure(recordings)[0] == Power(1, 1)


def test_changes_of_weights_must_show_in_the_outputs(recordings: Recordings) -> None:
    """Probes are recorded without losses, and their absence is no evidence."""
    record(recordings, ("variable-scaled", ("w:0",), SAME), a=1.0)
    power, _ = measure(recordings)
    assert power == Power(2, 1, ("0.1% of w:0",))


def test_call_that_cannot_be_repeated(recordings: Recordings) -> None:
    """Where the same call gives other numbers, a change proves nothing."""
    record(recordings, ("input-zeroed", ("input",), OTHER))
    recordings.run(TF2_INFERENCE, "named.probe-0", {"output": OTHER})
    power, notes = measure(recordings)
    assert power is None
    assert "was not measured" in notes[0]


def test_nothing_tried(recordings: Recordings) -> None:
    """Without probes and losses there is no figure, rather than none of none."""
    recordings.complete()
    assert measure(recordings) == (None, [])


def test_a_pass_has_its_power(recordings: Recordings) -> None:
    """The result of the step states it."""
    record(recordings, ("input-zeroed", ("input",), SAME))
    assert judge(recordings, 0.0).power == Power(1, 0, ("whether input is used at all",))


@pytest.mark.parametrize(
    ("min_power", "outcome"), [(0.0, Outcome.PASSED), (0.5, Outcome.PASSED), (0.51, Outcome.DIVERGED)]
)
def test_threshold(recordings: Recordings, min_power: float, outcome: Outcome) -> None:
    """Below the threshold the step fails, and says what it is blind to and what to do."""
    record(recordings, ("input-zeroed", ("input",), OTHER), ("input-scaled", ("input",), SAME))
    result = judge(recordings, min_power)
    assert result.outcome is outcome
    if outcome is Outcome.DIVERGED:
        (finding,) = result.findings
        assert finding.kind == "power-low"
        assert "only 1 of 2 known changes; blind to the scale of input" in finding.message
        assert "51%" in finding.message
        assert finding.location is not None
        assert (finding.location.path, finding.location.line) == (recordings.case.path, recordings.case.line)


def test_threshold_without_a_figure(recordings: Recordings) -> None:
    """A power that nobody knows is not above any threshold; steps without numbers have none."""
    recordings.complete()
    result = judge(recordings, 0.1)
    assert (result.outcome, result.findings[0].kind) == (Outcome.DIVERGED, "power-low")
    evidence = recordings.evidence
    evidence.min_power = 0.1
    inventory = judge_step(evidence, STEPS["variable-inventory"], recordings.case, 0.0)
    assert inventory.outcome is Outcome.PASSED


def test_every_kind_has_its_words() -> None:
    """Each blind spot reads as what it is blind to."""
    assert all(template.format("a", "b") for kind, template in PROBES.items() if kind != "unchanged")


def noisy(recordings: Recordings, *probes: tuple[str, tuple[str, ...], Any]) -> StepResult:
    """Return the result of a step whose outputs agree only because the reference itself is noisy."""
    record(recordings, *probes)
    recordings.run(TF2_INFERENCE, "named", {"output": SAME * np.float32(1.005)})
    remark = ("batch variance is zero at bn",)
    recordings.run(TF1_INFERENCE, "named", {"output": SAME}, rerun=True, notes=remark)
    recordings.run(TF1_INFERENCE, "named.rerun-0", {"output": SAME * np.float32(1.002)}, rerun=True)
    return judge(recordings, 0.0)


def test_ill_conditioned_with_power(recordings: Recordings) -> None:
    """A wide bound that still catches known changes is a pass, and says why it is wide."""
    result = noisy(recordings, ("input-zeroed", ("input",), OTHER))
    assert (result.outcome, result.power) == (Outcome.PASSED, Power(1, 1))
    assert "allowed 0.032 for output (measured: 8 times the reference's own noise of 0.004)" in result.notes[1]
    assert "ill-conditioned: output" in result.notes[2]
    assert result.notes[3] == "batch variance is zero at bn"


def test_ill_conditioned_without_power(recordings: Recordings) -> None:
    """A wide bound that catches nothing is no check."""
    result = noisy(recordings, ("input-zeroed", ("input",), SAME))
    assert result.outcome is Outcome.DIVERGED
    assert result.findings[0].kind == "ill-conditioned"
    assert "the bound of output wide" in result.findings[0].message


def test_noise_of_every_rerun_counts(recordings: Recordings) -> None:
    """The bound is eight times the largest change of any rerun; without them the step diverges."""
    record(recordings, ("input-zeroed", ("input",), OTHER))
    recordings.run(TF2_INFERENCE, "named", {"output": SAME * np.float32(1.0005)})
    assert judge(recordings, 0.0).outcome is Outcome.DIVERGED
    recordings.run(TF1_INFERENCE, "named", {"output": SAME}, rerun=True)
    assert judge(recordings, 0.0).outcome is Outcome.DIVERGED
    recordings.run(TF1_INFERENCE, "named.rerun-1", {"output": SAME * np.float32(1.0001)}, rerun=True)
    assert judge(recordings, 0.0).outcome is Outcome.PASSED
