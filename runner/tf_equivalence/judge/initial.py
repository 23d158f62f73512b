"""Compares the variables' initial values under aligned random seeds."""

from __future__ import annotations

import numpy as np

from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.recording import Digest, VariableRecord
from tf_equivalence.result import Finding
from tf_equivalence.steps import Build

# The two sides compute an initial value by the same operations; only a rewrite of the graph may
# round otherwise. 64 units in the last place of float32 leave room for a few operations.
_RELATIVE_BOUND = 64 * float(np.finfo(np.float32).eps)
_MAX_FINDINGS = 20


def compare_initial_values(evidence: Evidence, tf1: Build, tf2: Build) -> list[Finding]:
    """Return a finding for each variable that starts from other values, in order of creation."""
    theirs = {variable.name: variable for variable in evidence.built(tf2).variables}
    found = []
    for ours in evidence.built(tf1).variables:
        other = theirs.get(evidence.tf2_name(ours.name))
        if other is None or ours.initial is None or other.initial is None or ours.shape != other.shape:
            continue
        difference = _difference(ours.initial, other.initial)
        if difference is not None:
            found.append(_finding(evidence, ours, other, difference))
    return found[:_MAX_FINDINGS]


def _difference(one: Digest, other: Digest) -> float | None:
    """Return the largest sampled difference; None where the values agree up to rounding."""
    if one.sha256 == other.sha256:
        return None
    ours, theirs = np.array(one.sample), np.array(other.sample)
    scale = float(np.max(np.abs(ours), initial=0.0))
    largest = float(np.max(np.abs(ours - theirs), initial=0.0))
    norms = abs(one.l2 - other.l2)
    if largest <= _RELATIVE_BOUND * scale and norms <= _RELATIVE_BOUND * one.l2:
        return None
    return largest  # a NaN compares as not within the bound


def _finding(evidence: Evidence, ours: VariableRecord, other: VariableRecord, largest: float) -> Finding:
    one, two = ours.initial, other.initial
    assert one is not None
    assert two is not None
    ratio = two.std / one.std if one.std else 0.0
    scaled = (
        f" The TF2 standard deviation is {ratio:.4g} times TF1's: the initializers' defaults differ."
        if one.std and abs(ratio - 1) > 0.02
        else ""
    )
    location = evidence.places.location(other.stack) or evidence.places.location(ours.stack)
    return Finding(
        "initial-value",
        f"{other.name}:0",
        f"{other.name}:0 starts from other values: TF1 mean {one.mean:.4g}, standard deviation {one.std:.4g}; TF2 mean "
        f"{two.mean:.4g}, standard deviation {two.std:.4g}; largest sampled difference {largest:.3g}.{scaled} "
        "Spell the initializer and its arguments out on both sides.",
        location,
        evidence.places.lines(other.stack),
        {"tf1_mean": one.mean, "tf1_std": one.std, "tf2_mean": two.mean, "tf2_std": two.std, "largest": largest},
    )
