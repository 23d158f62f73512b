"""Compares the random operations of the two sides, in the order of their seeds.

That is program order, unless a case sets `operation_seed` to align two programs that draw in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.recording import RandomOp
from tf_equivalence.result import Finding
from tf_equivalence.steps import Build


def compare_census(evidence: Evidence, tf1: Build, tf2: Build) -> Finding | None:
    """Return a finding for the first random operation that differs; None where all agree."""
    ours, theirs = (sorted(evidence.built(build).random_ops, key=lambda drawn: drawn.seed) for build in (tf1, tf2))
    known = {evidence.tf2_name(drawn.variable) for drawn in ours} & {drawn.variable for drawn in theirs}
    for position, (one, other) in enumerate(zip_longest(ours, theirs)):
        if one is None or other is None or _differ(evidence, one, other, known):
            lacks = one is not None and _follows(evidence, ours, theirs, position, known)
            return _finding(evidence, position, one, other, theirs[position - 1] if lacks and position else None)
    return None


def _follows(
    evidence: Evidence, ours: Sequence[RandomOp], theirs: Sequence[RandomOp], position: int, known: set[str]
) -> bool:
    """Tell whether TF2 only lacks this draw: what it draws instead is what TF1 draws next."""
    if len(theirs) >= len(ours) or position >= len(theirs):
        return position >= len(theirs)
    later = replace(theirs[position], seed=ours[position + 1].seed)
    return not _differ(evidence, ours[position + 1], later, known)


def _differ(evidence: Evidence, one: RandomOp, other: RandomOp, known: set[str]) -> bool:
    if (one.op, one.dtype, one.seed) != (other.op, other.dtype, other.seed):
        return True
    if one.shape is not None and other.shape is not None and one.shape != other.shape:
        return True
    # An initializer may be drawn before its variable exists, and a variable may be named otherwise on the other
    # side: only a name that both sides draw for says that this draw is another's.
    name = evidence.tf2_name(one.variable) if one.variable else ""
    return bool(name and other.variable) and name != other.variable and bool({name, other.variable} & known)


def _finding(
    evidence: Evidence, position: int, one: RandomOp | None, other: RandomOp | None, before: RandomOp | None
) -> Finding:
    """Return the finding; of a draw that TF2 lacks it points at the one `before`, after which it belongs."""
    places = evidence.places
    shown = before or (other if other is not None else one) or RandomOp("", None, "", 0, "", ())
    unaligned = one is not None and other is not None and one.seed != other.seed
    sides = [_text(evidence, side, drawn, unaligned) for side, drawn in (("TF1", one), ("TF2", other))]
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


def _text(evidence: Evidence, side: str, drawn: RandomOp | None, with_seed: bool) -> str:
    if drawn is None:
        return f"{side} draws no more"
    shape = "of unknown shape" if drawn.shape is None else f"of shape {list(drawn.shape)}"
    purpose = f" for {drawn.variable}:0" if drawn.variable else ""
    seed = f" with operation_seed {drawn.seed}" if with_seed else ""
    return f"{side} draws {drawn.op} {shape}{purpose}{seed} at {evidence.places.location(drawn.stack)}"
