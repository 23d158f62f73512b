"""What explains state that differs after training calls: UPDATE_OPS, their order, the rate of a moving average."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

import numpy as np

from tf_equivalence.judge.bounds import Array, largest
from tf_equivalence.judge.evidence import Evidence, Run
from tf_equivalence.judge.quantities import subject_of
from tf_equivalence.judge.stated import Setting, stated_at
from tf_equivalence.recording import Frame, Stack, VariableRecord
from tf_equivalence.result import Finding
from tf_equivalence.steps import Need, Step

_CLOSE = 1e-3
_LEAST_FACTOR = 0.01  # below, it may be rounding
_RATES = ("momentum", "decay", "alpha")
_RUN = re.compile(r"^train_op .* depends on (\d+) of (\d+) UPDATE_OPS")
_MESSAGES = {
    "update-order": "{name} is updated more than once in a step: TF1 leaves the order of the updates open, so that "
    "its own result depends on it, and TF2 makes one after the other. Call the layer that owns it once a step, or "
    "give each call a layer of its own.",
    "update-missing": "{name} stays as it is in TF2's training calls. TF1 moves it when its UPDATE_OPS are run with "
    "the train operation. If they were, update it in the call (`training=True` must reach the layer). If TF1 never "
    "ran them, its checkpoints hold initial values: then TF2 is right, so skip this step and say why.",
    "update-unexpected": "{name} moves in TF2's training calls, and not in TF1's, not even with its UPDATE_OPS: "
    "nothing runs its update in TF1 (look at `updates_collections`, `is_training` and `trainable`). Decide which is "
    "meant: call TF2's layer with `training=False`, or run the update in TF1.",
    "update-not-run": "{name} moves in TF2's training calls, and not in TF1's: the train_op of model_fn does not "
    "depend on its update, so that TF1's checkpoints hold its initial value. Decide: call TF2's layer with "
    "`training=False`, or make the train_op within `tf.control_dependencies` of the UPDATE_OPS.",
    "update-rate": "One call moves {name} {factor} times as far in TF2 as in TF1: 1 - momentum (or 1 - decay) is "
    "{factor} times TF1's, as 0.99 in the place of 0.999 makes it 10 times. Copy TF1's value. An "
    "ExponentialMovingAverage with `num_updates` has a smaller decay at first.",
}


def explain_state(evidence: Evidence, step: Step, symptoms: Sequence[Finding]) -> list[Finding]:
    """Return one cause for each variable whose state differs, where its values tell it.

    Args:
        evidence: The case's recordings.
        step: The step `state-updates`.
        symptoms: What differs, with places.
    """
    differing = dict.fromkeys(
        subject.variable
        for finding in symptoms
        if finding.kind == "state-value" and (subject := subject_of(finding.name)) is not None
    )
    # Where TF1 leaves an order open, agreement is luck.
    build = evidence.built(step.pairs[0][0].build)
    differing |= dict.fromkeys(sighting.name for sighting in build.sightings if sighting.kind == "updated-twice")
    one, other = (evidence.run(need) for need in step.pairs[0])
    without = evidence.run(Need(step.pairs[0][0].build, "no-updates"))
    found = (_cause(evidence, step, name, _History.of(one, other, without, name)) for name in differing)
    return [finding for finding in found if finding is not None]


class _History:
    """The values of one variable on the way.

    Attributes:
        start: Before the calls, on both sides.
        tf1: After one call of TF1, and after all.
        without: The same without its UPDATE_OPS.
        tf2: The same of TF2.
    """

    def __init__(self, start: Array, tf1: Sequence[Array], without: Sequence[Array], tf2: Sequence[Array]) -> None:
        self.start, self.tf1, self.without, self.tf2 = start, tf1, without, tf2

    @classmethod
    def of(cls, tf1: Run, tf2: Run, without: Run, variable: str) -> _History | None:
        """Return the history; None where a side lacks a part of it, or shapes differ."""
        values = [_values(run, variable) for run in (tf1, tf2, without)]
        if not all(values) or len({array.shape for each in values for array in each}) != 1:
            return None
        return cls(values[0][0], values[0][1:], values[2][1:], values[1][1:])


def _values(run: Run, variable: str) -> list[Array]:
    leaves = run.record.outputs
    return [
        run.arrays[leaf.arrays[0]]
        for leaf in leaves
        if (subject := subject_of(leaf.name)) is not None and subject.variable == variable and leaf.arrays
    ]


def _cause(evidence: Evidence, step: Step, name: str, history: _History | None) -> Finding | None:
    """Return what explains the state of one variable; None where its values tell nothing."""
    if history is None:
        return None
    tf1, tf2 = (need.build for need in step.pairs[0])
    shown = evidence.tf2_name(name)
    variable = next((v for v in evidence.built(tf2).variables if v.name == shown), None)
    stack: Stack = variable.stack if variable else ()
    twice = next((s for s in evidence.built(tf1).sightings if s.kind == "updated-twice" and s.name == name), None)
    moved = tuple(not _equal(history.start, after[-1]) for after in (history.tf1, history.without, history.tf2))
    factor = _rate_factor(history)
    if twice is not None:
        kind, stack = "update-order", stack or twice.stack
    elif moved == (True, False, False):
        kind = "update-missing"
    elif moved[2] and not moved[0]:
        kind = "update-unexpected"
    elif factor is not None:
        kind = "update-rate"
        stated = _rate_line(variable)
        stack = (stated, *stack) if stated is not None else stack
    else:
        return None
    run = next((match for note in evidence.built(tf1).notes if (match := _RUN.search(note))), None)
    left_out = kind == "update-unexpected" and run is not None and run.group(1) != run.group(2)
    message = _MESSAGES["update-not-run" if left_out else kind].format(name=f"{shown}:0", factor=f"{factor or 1:.4g}")
    return Finding(kind, f"{shown}:0", message, evidence.places.location(stack), evidence.places.lines(stack))


def _rate_line(variable: VariableRecord | None) -> Frame | None:
    setting = Setting(_RATES, lambda given: isinstance(given, ast.expr))
    return stated_at(variable.stack, setting) if variable is not None else None


def _rate_factor(history: _History) -> float | None:
    """Return how much further the first call moves the variable in TF2; None where that is no single factor."""
    one = (history.tf1[0].astype(np.float64) - history.start).reshape(-1)
    other = (history.tf2[0].astype(np.float64) - history.start).reshape(-1)
    if not one.any() or not other.any():
        return None
    factor = float(np.dot(one, other) / np.dot(one, one))
    rounding = 2.0**-20 * largest(history.start)
    fits = largest(other - factor * one) <= _CLOSE * largest(other) + rounding
    return factor if fits and abs(factor - 1) > _LEAST_FACTOR else None


def _equal(one: Array, other: Array) -> bool:
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
