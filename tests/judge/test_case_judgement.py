"""Judging a case: a missing or faulty recording is an error, never a pass."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from tf_equivalence.judge.case import check_case, judge_step, load_fault, one_line
from tf_equivalence.recording import Fault
from tf_equivalence.result import Finding, Location, Outcome, StepResult
from tf_equivalence.steps import (
    ALL_BUILDS,
    STEPS,
    TF1_INFERENCE,
    TF2_FUNCTIONAL,
    TF2_INFERENCE,
    Need,
)

from .recordings import Recordings

NEEDS = [(step, need) for step in STEPS.values() for need in step.needs]
NEED_IDS = [f"{step.id}-{need.build.directory}-{need.condition}" for step, need in NEEDS]


def judge(recordings: Recordings, step_id: str) -> StepResult:
    """Return the result of one step, judged from disk."""
    return judge_step(recordings.evidence, STEPS[step_id], recordings.case, time.monotonic())


@pytest.mark.parametrize("step_id", STEPS)
def test_complete_recordings_pass(recordings: Recordings, step_id: str) -> None:
    """The recordings that the tests below spoil pass as they are."""
    recordings.complete()
    result = judge(recordings, step_id)
    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    assert result.message == STEPS[step_id].holds
    assert result.duration_s >= 0


@pytest.mark.parametrize("step_id", STEPS)
def test_no_recordings_are_an_error(recordings: Recordings, step_id: str) -> None:
    """Nothing recorded is never a pass, and the case's line is where to look."""
    result = judge(recordings, step_id)
    assert result.outcome is Outcome.ERROR
    assert result.location == Location("equivalence_a.py", 5)
    assert result.findings[0].kind == "missing"


@pytest.mark.parametrize(("step", "need"), NEEDS, ids=NEED_IDS)
def test_one_missing_recording_is_an_error(recordings: Recordings, step: Any, need: Need) -> None:
    """A step with one of its recordings missing is an error that names the side."""
    recordings.complete()
    (recordings.directory / need.build.directory / f"{need.condition}.json").unlink()
    result = judge(recordings, step.id)
    assert result.outcome is Outcome.ERROR
    assert need.build.side in result.message


@pytest.mark.parametrize("build", [TF1_INFERENCE, TF2_INFERENCE], ids=lambda build: build.side)
def test_run_without_its_arrays_is_an_error(recordings: Recordings, build: Any) -> None:
    """A run whose arrays have gone compares nothing, so it is missing."""
    recordings.complete()
    (recordings.directory / build.directory / "named.npz").unlink()
    assert judge(recordings, "named-weights").outcome is Outcome.ERROR


def test_fault_of_a_build_concerns_every_step_that_reads_it(recordings: Recordings) -> None:
    """A crash of one side is told at the user's line in each of its steps, and in no other."""
    recordings.complete()
    recordings.fault(TF2_INFERENCE, Fault("signal", "It was killed. More.", recordings.stack(31), "calling"))
    for step in STEPS.values():
        result = judge(recordings, step.id)
        concerned = any(need.build == TF2_INFERENCE for need in step.needs)
        assert (result.outcome is Outcome.ERROR) == concerned
        if concerned:
            assert result.location == Location("net.py", 31)
            assert result.message == "It was killed"


def test_fault_of_one_condition_spares_the_others(recordings: Recordings) -> None:
    """What goes wrong in one run leaves the other steps of the build standing."""
    recordings.complete()
    (recordings.directory / TF2_INFERENCE.directory / "named.json").unlink()
    recordings.fault(TF2_INFERENCE, Fault("call", "it raised"), "named")
    assert judge(recordings, "named-weights").outcome is Outcome.ERROR
    assert judge(recordings, "constant-weights").outcome is Outcome.PASSED


def test_step_that_does_not_apply_is_skipped_with_the_reason(recordings: Recordings) -> None:
    """A model that is no Keras layer has no functional form; the reason is the message."""
    recordings.complete()
    recordings.fault(TF2_FUNCTIONAL, Fault("not-applicable", "no Keras layer"))
    result = judge(recordings, "functional-training")
    assert (result.outcome, result.message) == (Outcome.SKIPPED, "no Keras layer")


def test_skipped_by_the_case(recordings: Recordings) -> None:
    """A step that the case skips shows the reason, also where its numbers would differ."""
    recordings.complete(settings={"skip": {"named-weights": "known", "constant-weights": ""}})
    recordings.run(TF2_INFERENCE, "named", {"output": np.zeros(2, np.float32)})
    result = judge(recordings, "named-weights")
    assert (result.outcome, result.message) == (Outcome.SKIPPED, "known")
    assert judge(recordings, "constant-weights").message


def test_divergence_has_its_first_findings_line(recordings: Recordings) -> None:
    """The step takes message and place from its first finding."""
    recordings.complete()
    recordings.run(TF2_INFERENCE, "named", {"output": np.zeros(2, np.float32)})
    result = judge(recordings, "named-weights")
    assert result.outcome is Outcome.DIVERGED
    assert result.location == result.findings[0].location == Location("tf2.py", 80)
    assert result.message == one_line(result.findings)


def test_divergence_without_a_user_line_points_at_the_case(recordings: Recordings) -> None:
    """Where no finding has a place, the case's class is the place."""
    recordings.complete()
    recordings.build(TF2_INFERENCE, variables=(recordings.variable("w"),), definition=())
    recordings.run(TF2_INFERENCE, "named", {"output": np.zeros(2, np.float32)})
    assert judge(recordings, "named-weights").location == Location("equivalence_a.py", 5)


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        pytest.param(["What it is. What to do."], "What it is", id="first-sentence"),
        pytest.param(["a\nb.", "c"], "a b (and 1 more finding)", id="two"),
        pytest.param(["a", "b", "c"], "a (and 2 more findings)", id="three"),
        pytest.param(["by 0.5 of 1.25"], "by 0.5 of 1.25", id="decimal-points"),
        pytest.param(["x" * 400], "x" * 300, id="long"),
    ],
)
def test_one_line(messages: list[str], line: str) -> None:
    """The line of a step is its first finding's first sentence, and how many more there are."""
    assert one_line([Finding("k", "n", message) for message in messages]) == line


def test_load_fault_is_told_from_others(recordings: Recordings) -> None:
    """Only a module that cannot be imported counts as not loadable."""
    needs = [Need(build) for build in ALL_BUILDS]
    recordings.fault(TF1_INFERENCE, Fault("call", "raised"))
    assert load_fault(recordings.evidence, needs) is None
    recordings.fault(TF2_INFERENCE, Fault("load", "no module"))
    assert load_fault(recordings.evidence, needs).message == "no module"


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        pytest.param({}, [], id="sound"),
        pytest.param({"skip": {"named-weight": "x"}}, ["unknown-step"], id="unknown-step"),
        pytest.param({"tolerance": "loose"}, ["tolerance"], id="unknown-preset"),
        pytest.param({"tolerance": "guide"}, [], id="preset"),
        pytest.param({"tolerance": [0.1, 0.1]}, [], id="bound"),
        pytest.param({"tolerance": {"out*": [0.1, 0.1]}}, [], id="glob"),
        pytest.param({"tolerance": {"logit*": [0.1, 0.1]}}, ["tolerance-glob"], id="glob-that-matches-nothing"),
        pytest.param({"nan_equal": ["logit*"]}, ["nan_equal-glob"], id="nan-glob-that-matches-nothing"),
        pytest.param({"reference": "tf1.15"}, ["reference"], id="reference"),
        pytest.param({"reference": "graph"}, [], id="own-reference"),
    ],
)
def test_settings_are_checked(recordings: Recordings, settings: dict[str, Any], kinds: list[str]) -> None:
    """What a case sets wrong is found at its class, with what to write instead."""
    recordings.complete(settings=settings)
    findings = check_case(recordings.evidence, recordings.case, ["A"])
    assert [finding.kind for finding in findings] == kinds
    assert all(finding.location == Location("equivalence_a.py", 5) for finding in findings)


def test_hidden_case_is_told(recordings: Recordings) -> None:
    """A case that only appears at import would silently not run."""
    recordings.complete()
    (finding,) = check_case(recordings.evidence, recordings.case, ["Other"])
    assert (finding.kind, finding.name) == ("hidden-case", "A")


def test_settings_of_an_unbuilt_case_are_unknown(recordings: Recordings) -> None:
    """Without any build there is nothing to check, and the steps tell why."""
    assert check_case(recordings.evidence, recordings.case, []) == []
