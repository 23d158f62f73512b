"""Compares the random operations of the two sides, in program order."""

from __future__ import annotations

from itertools import zip_longest

from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.recording import RandomOp
from tf_equivalence.result import Finding
from tf_equivalence.steps import Build


def compare_census(evidence: Evidence, tf1: Build, tf2: Build) -> Finding | None:
    """Return a finding for the first random operation that differs; None where all agree."""
    ours, theirs = evidence.built(tf1).random_ops, evidence.built(tf2).random_ops
    for position, (one, other) in enumerate(zip_longest(ours, theirs)):
        if one is None or other is None or _differ(evidence, one, other):
            return _finding(evidence, position, one, other)
    return None


def _differ(evidence: Evidence, one: RandomOp, other: RandomOp) -> bool:
    if one.op != other.op or one.dtype != other.dtype:
        return True
    if one.shape is not None and other.shape is not None and one.shape != other.shape:
        return True
    # An initializer may be drawn before its variable exists, so only two known names can differ.
    return bool(one.variable and other.variable) and evidence.tf2_name(one.variable) != other.variable


def _finding(evidence: Evidence, position: int, one: RandomOp | None, other: RandomOp | None) -> Finding:
    places = evidence.places
    shown = (other if other is not None else one) or RandomOp("", None, "", 0, "", ())
    sides = [_text(evidence, "TF1", one), _text(evidence, "TF2", other)]
    return Finding(
        "random-op-order",
        shown.variable and f"{shown.variable}:0",
        f"Random operation number {position} differs: {sides[0]}; {sides[1]}. Every later draw is shifted with it. "
        "Draw in the same order on both sides, or set `operation_seed` of the case to align them.",
        places.location(shown.stack),
        places.lines(shown.stack),
        {
            "position": position,
            "tf1_line": str(places.location(one.stack)) if one else "",
            "tf2_line": str(places.location(other.stack)) if other else "",
        },
    )


def _text(evidence: Evidence, side: str, drawn: RandomOp | None) -> str:
    if drawn is None:
        return f"{side} draws no more"
    shape = "of unknown shape" if drawn.shape is None else f"of shape {list(drawn.shape)}"
    purpose = f" for {drawn.variable}:0" if drawn.variable else ""
    return f"{side} draws {drawn.op} {shape}{purpose} at {evidence.places.location(drawn.stack)}"
