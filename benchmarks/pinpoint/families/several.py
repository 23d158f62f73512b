"""Two or three bugs at once that have nothing to do with each other: each must have its annotation."""

from __future__ import annotations

from random import Random

from benchmarks.pinpoint.blocks import IMAGE, VECTOR, Kind, stacked
from benchmarks.pinpoint.families import layers, layers_operations, variables
from benchmarks.pinpoint.model import INVENTORY, NAMED, TRAINING, Case

FAMILY = "several at once"

# What leaves shapes as they are, so that each bug shows whatever stands before it.
_VALUES = (
    "epsilon",
    "activation changed",
    "activation missing",
    "softmax axis",
    "pool changed",
    "resize method",
    "concat order",
    "wrong constant",
    "clip bounds",
    "leaky slope",
    "mean or sum",
    "axis of reduction",
    "residual scale",
    "data order",
    "exponent",
    "maximum or minimum",
)
_KINDS = (*layers.KINDS, *layers_operations.OPERATIONS)
_STEPS = (
    (NAMED, NAMED),
    (NAMED, NAMED),
    (NAMED, TRAINING),
    (NAMED, "flag"),
    (NAMED, NAMED, NAMED),
    (INVENTORY, INVENTORY),
    (NAMED, "loss"),
    (NAMED, "flag", TRAINING),
)
# What keeps the variables' names and shapes, so that numbers can still be compared.
_FLAGS = ("trainable", "head only in training")
_TOLD = ("misnamed layer", "misnamed scope", "units", "kernel size", "bias lost", "surplus variable")


def cases(seed: int) -> list[Case]:
    """Return 24 nets of four to eleven blocks."""
    made = []
    for at in range(24):
        rng = Random(f"{seed}/{FAMILY}/{at}")
        space = (IMAGE, VECTOR)[(at // len(_STEPS)) % 2]
        bugs: list[Kind] = []
        for step in _STEPS[at % len(_STEPS)]:
            bugs.append(rng.choice([made for made in _candidates(space, step) if made not in bugs]))
        made.append(stacked(FAMILY, rng, bugs, 4 + at % 8))
    return made


def _candidates(space: str, step: str) -> list[Kind]:
    found = [bug for bug in (*_KINDS, *variables.KINDS) if bug.space == space]
    if step == "loss":
        return [bug for bug in found if bug.name.startswith("regularizer")]
    if step == "flag":
        return [bug for bug in found if bug.name in _FLAGS]
    if step == NAMED:
        return [bug for bug in found if bug.name in _VALUES and not bug.size]
    if step == TRAINING:
        return [bug for bug in found if bug.name == "dropout rate"]
    return [bug for bug in found if bug.name in _TOLD and bug.step == step]
