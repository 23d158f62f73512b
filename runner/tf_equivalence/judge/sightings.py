"""Findings from what user code was seen to do, where it explains a step's divergence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tf_equivalence.judge.bounds import Array
from tf_equivalence.judge.evidence import Evidence, Run
from tf_equivalence.recording import Sighting
from tf_equivalence.result import Finding
from tf_equivalence.steps import TF1_INFERENCE, TF1_TRAINING, Need, Step


def explain_by_sightings(evidence: Evidence, step: Step, diverged: Sequence[str]) -> list[Finding]:
    """Return the findings for a numeric step.

    Args:
        evidence: The case's recordings.
        step: The step.
        diverged: The conditions of the step whose numbers differ.
    """
    build = evidence.built(step.pairs[0][1].build)
    found = []
    for sighting in build.sightings:
        message = _message(evidence, step, sighting, diverged)
        if message:
            found.append(
                Finding(
                    sighting.kind,
                    sighting.name,
                    message,
                    evidence.places.location(sighting.stack),
                    evidence.places.lines(sighting.stack),
                )
            )
    return found


def _message(evidence: Evidence, step: Step, sighting: Sighting, diverged: Sequence[str]) -> str:
    """Return what the sighting means for this step; empty where it means nothing."""
    training = step.pairs[0][1].build.training
    if sighting.kind == "no-training-argument" and training and diverged and _flag_matters(evidence):
        return (
            f"The call of {sighting.name} takes no `training` argument, so it computes the same in training as in "
            "inference; TF1 does not. Add the argument and pass it on."
        )
    if sighting.kind == "numpy-random" and step.pairs[0][0].condition == "random":
        return (
            f"{sighting.name} is called inside the model's call: eager execution draws anew each time, a session or a "
            "tf.function keeps the numbers of the first trace. Draw with `tf.random`."
        )
    if sighting.kind == "cached-tensor" and diverged:
        return (
            f"{sighting.name} keeps a tensor between calls, so a later call computes with what an earlier one left. "
            "Compute it in the call."
        )
    if sighting.kind == "collection-write" and step.id == "constant-weights" and _is_lost(evidence, step):
        return (
            f"Adds a loss to the collection `{sighting.name}`, which eager execution ignores: the TF2 model's `losses` "
            "lack it. Use `regularizer=`, or `self.add_loss`."
        )
    return ""


def _flag_matters(evidence: Evidence) -> bool:
    """Tell whether TF1 itself computes something else in training than in inference.

    A model function that returns nothing alike in the two modes tells nothing of what it computes.
    """
    inference, training = (_leaves(evidence.run(Need(build, "random"))) for build in (TF1_INFERENCE, TF1_TRAINING))
    if not inference.keys() & training.keys():
        return False
    return inference.keys() != training.keys() or any(
        len(arrays) != len(training[name]) or not all(map(_equal, arrays, training[name]))
        for name, arrays in inference.items()
    )


def _leaves(run: Run) -> dict[str, list[Array]]:
    return {leaf.name: [run.arrays[key] for key in leaf.arrays] for leaf in run.record.outputs}


def _equal(one: Array, other: Array) -> bool:
    """Tell whether two arrays are the same; NaN at the same places says nothing of the flag."""
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc" and other.dtype.kind in "fc")


def _is_lost(evidence: Evidence, step: Step) -> bool:
    """Tell whether TF1 collects more losses than the TF2 model owns."""
    tf1, tf2 = (evidence.run(need).record for need in step.pairs[0])
    return len(tf1.losses) > len(tf2.losses)
