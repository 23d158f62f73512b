"""The numeric steps: every pair compared, causes before symptoms, and nothing compared is no pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tf_equivalence.judge.numbers import judge_numbers
from tf_equivalence.recording import Digest, Loss, NoiseJump, RunRecord, Sighting, write_arrays, write_record
from tf_equivalence.result import Finding, Location
from tf_equivalence.steps import STEPS, TF1_INFERENCE, TF1_TRAINING, TF2_INFERENCE, TF2_TRAINING

from .recordings import Recordings

ONE = {"output": np.array([1.0, 2.0], np.float32)}
OTHER = {"output": np.array([1.0, 2.5], np.float32)}


def named(recordings: Recordings, tf1: Mapping[str, Any], tf2: Mapping[str, Any], **fields: Any) -> list[Finding]:
    """Return the findings of `named-weights` for these outputs."""
    recordings.build(TF1_INFERENCE, variables=(recordings.variable("w"),))
    recordings.build(TF2_INFERENCE, variables=(recordings.variable("w"),), **fields)
    recordings.run(TF1_INFERENCE, "named", tf1)
    recordings.run(TF2_INFERENCE, "named", tf2)
    return judge_numbers(recordings.evidence, STEPS["named-weights"])[0]


def kinds(findings: Sequence[Finding]) -> list[str]:
    """Return the kinds of findings."""
    return [finding.kind for finding in findings]


def test_equal_runs_pass_and_say_what_was_compared(recordings: Recordings) -> None:
    """A pass notes how many arrays and elements it rests on."""
    recordings.complete()
    findings, notes, *_ = judge_numbers(recordings.evidence, STEPS["named-weights"])
    assert findings == []
    assert notes[0].startswith("1 array with 2 elements compared")


def test_no_outputs_at_all_is_no_pass(recordings: Recordings) -> None:
    """Zero comparisons are a finding."""
    assert kinds(named(recordings, {}, {})) == ["nothing-compared"]


def test_differing_output_points_at_the_model(recordings: Recordings) -> None:
    """A numeric difference without a better place points at the model's call."""
    (finding,) = named(recordings, ONE, OTHER)
    assert (finding.kind, finding.name) == ("output-value", "output")
    assert finding.location == Location("tf2.py", 80)
    assert not finding.follows


@pytest.mark.parametrize(
    ("tf1", "tf2"),
    [
        pytest.param(np.array([np.nan]), np.array([np.nan]), id="nan-on-both-sides"),
        pytest.param(np.array([np.inf]), np.array([-np.inf]), id="infinities-of-other-sign"),
        pytest.param(np.ones((2, 3)), np.ones((3,)), id="broadcastable"),
        pytest.param(np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2).T.copy(), id="transposed"),
        pytest.param(np.float32(1), np.float64(1), id="dtypes"),
        pytest.param(np.int32(2**31 - 1), np.int32(-(2**31)), id="int-overflow-of-the-difference"),
        pytest.param(np.array([1.0, -1.0]), np.array([-1.0, 1.0]), id="equal-means"),
        pytest.param(np.float64(1e-12), np.float64(3e-12), id="tiny"),
    ],
)
def test_false_passes_of_other_tools(recordings: Recordings, tf1: np.ndarray, tf2: np.ndarray) -> None:
    """What slips through a careless comparison is found."""
    assert named(recordings, {"output": tf1}, {"output": tf2})


def test_outputs_are_matched_by_name(recordings: Recordings) -> None:
    """Two outputs swapped by name differ although the positions' values agree."""
    found = named(recordings, {"a": np.float32(1), "b": np.float32(2)}, {"b": np.float32(1), "a": np.float32(2)})
    assert sorted(finding.name for finding in found) == ["a", "b"]


def test_second_call_is_compared_too(recordings: Recordings) -> None:
    """A difference that only the second call shows is found."""
    recordings.complete()
    recordings.run(TF2_TRAINING, "random-second", {"output": np.array([1.0, 9.0], np.float32)})
    findings, notes, *_ = judge_numbers(recordings.evidence, STEPS["random-training"])
    assert kinds(findings) == ["output-value"]
    assert [note.split(":")[0] for note in notes] == ["first call"] * 2 + ["second call"] * 2


def test_noise_of_the_reference_widens_the_bound(recordings: Recordings) -> None:
    """What the reference itself moves by between reruns is allowed, eight times over, and no more."""
    for build in (TF1_INFERENCE, TF2_INFERENCE):
        recordings.build(build)
    base = np.array([1.0, 2.0])
    recordings.run(TF1_INFERENCE, "named", {"output": base})
    recordings.run(TF1_INFERENCE, "named", {"output": base + 1e-6}, rerun=True)
    for offset, expected in ((7e-6, []), (9e-6, ["output-value"])):
        recordings.run(TF2_INFERENCE, "named", {"output": base + offset})
        assert kinds(judge_numbers(recordings.evidence, STEPS["named-weights"])[0]) == expected


def test_given_tolerance_decides(recordings: Recordings) -> None:
    """The case's own tolerance is used, and a mapping by its glob."""
    for tolerance, expected in (([0.5, 0.0], []), ({"out*": [0.5, 0.0]}, []), ([0.0, 0.1], ["output-value"])):
        recordings.complete(settings={"tolerance": tolerance})
        recordings.run(TF2_INFERENCE, "named", OTHER)
        assert kinds(judge_numbers(recordings.evidence, STEPS["named-weights"])[0]) == expected


def test_census_is_the_cause_of_shifted_numbers(recordings: Recordings) -> None:
    """Draws out of order come first; initial values and outputs follow from them."""
    one, other = Digest("1", (1.0,), 1.0, 1.0, 0.0), Digest("2", (2.0,), 2.0, 2.0, 0.0)
    draws = recordings.draw("uniform", 0, 21), recordings.draw("normal", 0, 22)
    recordings.complete()
    for build, draw, initial in zip((TF1_INFERENCE, TF2_INFERENCE), draws, (one, other), strict=True):
        recordings.build(build, variables=(recordings.variable("w", initial=initial),), random_ops=(draw,))
    recordings.run(TF2_INFERENCE, "random", OTHER)
    findings, _, *_ = judge_numbers(recordings.evidence, STEPS["random-inference"])
    assert kinds(findings) == ["random-op-order", "initial-value", "output-value"]
    assert [finding.follows for finding in findings] == [False, True, True]
    assert findings[0].location == Location("net.py", 22)


def test_census_without_effect_is_a_note(recordings: Recordings) -> None:
    """Draws out of order that change no value do not fail a step."""
    recordings.complete()
    recordings.build(TF1_INFERENCE, random_ops=(recordings.draw("uniform", 0),))
    findings, notes, *_ = judge_numbers(recordings.evidence, STEPS["random-inference"])
    assert findings == []
    assert notes[-1].startswith("without effect on any value: Random operation number 0 differs")


def test_constant_seed_has_no_order(recordings: Recordings) -> None:
    """In the functional step every draw has one seed, so the census says nothing."""
    recordings.complete()
    recordings.build(TF1_TRAINING, random_ops=(recordings.draw("uniform", 0),))
    assert judge_numbers(recordings.evidence, STEPS["functional-training"])[0] == []


def test_other_variables_are_the_cause_of_other_numbers(recordings: Recordings) -> None:
    """Where the inventories differ, that explains the numbers."""
    recordings.complete()
    recordings.build(TF2_INFERENCE, variables=(recordings.variable("w", 31, shape=(4,)),))
    recordings.run(TF2_INFERENCE, "named", OTHER)
    findings, _, *_ = judge_numbers(recordings.evidence, STEPS["named-weights"])
    assert kinds(findings) == ["variables-differ", "output-value"]
    assert findings[0].location == Location("net.py", 31)
    assert findings[1].follows


def test_swapped_variables_show(recordings: Recordings) -> None:
    """Two same-shape variables swapped give swapped parts of the output under per-name weights."""
    a, b = np.array([0.25, 0.5]), np.array([0.75, 1.0])
    (finding,) = named(recordings, {"output": a - b}, {"output": b - a})
    assert finding.metrics["mismatched"] == 2


def test_loss_difference_points_at_the_variable(recordings: Recordings) -> None:
    """A regularization loss that differs is found at its variable's creation, with the factor of two explained."""
    for build, loss in ((TF1_INFERENCE, 1e-7), (TF2_INFERENCE, 2e-7)):
        recordings.build(build, variables=(recordings.variable("w", 31),))
        recordings.run(build, "named", ONE, {"w": loss})
    (finding,) = judge_numbers(recordings.evidence, STEPS["named-weights"])[0]
    assert (finding.kind, finding.name) == ("loss-value", "w:0")
    assert finding.location == Location("net.py", 31)
    assert "twice" in finding.message


def test_supervised_losses_are_left_out(recordings: Recordings) -> None:
    """`compat.v1.losses` collects the training loss on the TF1 side, which a TF2 model does not own."""
    named(recordings, ONE, ONE)
    where = str(recordings.directory / TF1_INFERENCE.directory)
    run = recordings.evidence.run(STEPS["named-weights"].pairs[0][0])
    loss = Loss("softmax_loss:0", (), "loss.s", (), "losses")
    write_arrays(where, "named", {**run.arrays, "loss.s": np.float32(1)})
    write_record(where, "named", RunRecord("named", run.record.outputs, (loss,)))
    assert judge_numbers(recordings.evidence, STEPS["named-weights"])[0] == []


def test_overflow_under_constant_weights_has_a_hint(recordings: Recordings) -> None:
    """A reference that overflows under one constant is told about `constant`."""
    recordings.complete()
    for build in (TF1_INFERENCE, TF2_INFERENCE):
        recordings.run(build, "constant", {"output": np.array([np.nan, 1.0])})
    (finding,) = judge_numbers(recordings.evidence, STEPS["constant-weights"])[0]
    assert "set `constant`" in finding.message


def test_sighting_comes_before_the_numbers_it_explains(recordings: Recordings) -> None:
    """What user code was seen to do is the cause, the numbers are its symptoms."""
    cached = Sighting("cached-tensor", "Net.mask", recordings.stack(44))
    findings = named(recordings, ONE, OTHER, sightings=(cached,))
    assert kinds(findings) == ["cached-tensor", "output-value"]
    assert findings[0].location == Location("net.py", 44)


@pytest.mark.parametrize(
    ("globs", "expected"), [((), ["output-non-finite"]), (("out*",), []), (("other",), ["output-non-finite"])]
)
def test_nan_agrees_only_where_the_case_says_so(
    recordings: Recordings, globs: tuple[str, ...], expected: list[str]
) -> None:
    """NaN against NaN fails, but for the outputs that the case names; a number against NaN always fails."""
    values = {"output": np.array([1.0, np.nan], np.float32)}
    recordings.complete(values, {"nan_equal": list(globs)})
    assert kinds(judge_numbers(recordings.evidence, STEPS["named-weights"])[0]) == expected
    recordings.run(TF2_INFERENCE, "named", {"output": np.array([np.nan, np.nan], np.float32)})
    assert kinds(judge_numbers(recordings.evidence, STEPS["named-weights"])[0]) == ["output-non-finite"]


def test_nothing_but_nan_is_nothing_compared(recordings: Recordings) -> None:
    """Where NaN agrees and there is nothing else, nothing is known."""
    values = {"output": np.array([np.nan, np.nan], np.float32)}
    recordings.complete(values, {"nan_equal": ["output"]})
    assert kinds(judge_numbers(recordings.evidence, STEPS["named-weights"])[0]) == ["nothing-compared"]


def test_a_pass_says_what_was_allowed(recordings: Recordings) -> None:
    """The range of the bounds over all arrays, and where they come from."""
    outputs = {"small": np.array([1e-6], np.float32), "large": np.array([1e6], np.float32)}
    recordings.complete(outputs)
    notes = judge_numbers(recordings.evidence, STEPS["named-weights"]).notes
    assert notes[1].startswith("allowed 1.91e-12 to 1.91 (measured: 16 units in the last place of float32")


@pytest.mark.parametrize(
    ("before", "words"), [(1e-7, "noise jumps at Sub net/sub (net.py:7): from 1e-07 to 0.2"), (0.01, "step by step")]
)
def test_noisy_operation_is_named(recordings: Recordings, before: float, words: str) -> None:
    """Where the reference was computed again, the notes name the operation that amplifies its noise, and its line."""
    recordings.complete({"output": np.ones(3, np.float32)})
    again = recordings.evidence.rerun_directory(TF1_INFERENCE)
    again.mkdir()
    write_record(str(again), "named.noise", NoiseJump("Sub", "net/sub", before, 0.2, recordings.stack(7)))
    notes = judge_numbers(recordings.evidence, STEPS["named-weights"]).notes
    assert any(words in note for note in notes)
