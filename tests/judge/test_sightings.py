"""Sightings: what user code did becomes a finding only where it explains a divergence."""

from __future__ import annotations

import pytest

from tf_equivalence.judge.sightings import explain_by_sightings
from tf_equivalence.recording import SIGHTINGS, Sighting
from tf_equivalence.result import Location
from tf_equivalence.steps import STEPS, TF1_INFERENCE, TF1_TRAINING, TF2_INFERENCE, TF2_TRAINING

from .recordings import Recordings


def explain(
    recordings: Recordings, kind: str, step: str, diverged: tuple[str, ...], flag_matters: bool = True
) -> list[str]:
    """Return the messages about one sighting on line 44, checking what they point at."""
    recordings.complete({"output": 1.0})
    recordings.run(TF1_TRAINING, "random", {"output": 2.0 if flag_matters else 1.0})
    sighting = Sighting(kind, "what", recordings.stack(44))
    for build in (TF2_INFERENCE, TF2_TRAINING):
        recordings.build(build, sightings=(sighting,))
    findings = explain_by_sightings(recordings.evidence, STEPS[step], diverged)
    assert all((f.kind, f.name, f.location) == (kind, "what", Location("net.py", 44)) for f in findings)
    return [finding.message for finding in findings]


@pytest.mark.parametrize(
    ("kind", "step", "diverged", "says"),
    [
        pytest.param("no-training-argument", "random-training", ("random",), "`training` argument", id="no-training"),
        pytest.param("no-training-argument", "random-inference", ("random",), "", id="no-training-in-inference"),
        pytest.param("no-training-argument", "random-training", (), "", id="no-training-and-no-difference"),
        pytest.param("numpy-random", "random-training", ("random",), "tf.random", id="numpy-random"),
        pytest.param("numpy-random", "named-weights", (), "", id="numpy-random-elsewhere"),
        pytest.param("cached-tensor", "random-inference", ("random-second",), "keeps a tensor", id="cached-tensor"),
        pytest.param("cached-tensor", "random-inference", (), "", id="cached-tensor-and-no-difference"),
        pytest.param("autocast", "named-weights", ("named",), "", id="autocast-is-the-inventorys"),
    ],
)
def test_sightings_speak_where_they_explain(
    recordings: Recordings, kind: str, step: str, diverged: tuple[str, ...], says: str
) -> None:
    """Each kind of sighting is told in the steps it bears on, and in no other."""
    messages = explain(recordings, kind, step, diverged)
    assert bool(messages) == bool(says)
    assert all(says in message for message in messages)


def test_a_missing_argument_is_not_to_blame_where_tf1_does_not_mind(recordings: Recordings) -> None:
    """When TF1 computes the same for both flags, something else makes the training step diverge."""
    assert explain(recordings, "no-training-argument", "random-training", ("random",), flag_matters=False) == []


@pytest.mark.parametrize(("losses", "told"), [({"w": 1.0}, True), ({}, False)], ids=["lost", "kept"])
def test_collection_write_is_told_when_a_loss_is_lost(
    recordings: Recordings, losses: dict[str, float], told: bool
) -> None:
    """A write to a collection matters when TF1 has more losses than the model."""
    recordings.complete({"output": 1.0})
    recordings.run(TF1_INFERENCE, "constant", {"output": 1.0}, losses)
    sighting = Sighting("collection-write", "regularization_losses", recordings.stack(44))
    recordings.build(TF2_INFERENCE, sightings=(sighting,))
    found = explain_by_sightings(recordings.evidence, STEPS["constant-weights"], ["constant"])
    assert bool(found) == told


@pytest.mark.parametrize("kind", SIGHTINGS)
def test_no_sighting_fails_a_sound_step(recordings: Recordings, kind: str) -> None:
    """Where numbers agree under per-name weights, nothing that was seen makes a finding."""
    assert explain(recordings, kind, "named-weights", ()) == []
