"""How a model is trained on either side, what recordings of it are called, and what they tell of the optimizer."""

from typing import Any, NamedTuple, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.recording import OptimizerRecord
from tf_equivalence.worker.optimizer_made import Made, api_of, family_of, name_of, number, settings_of
from tf_equivalence.worker.optimizer_rates import eager_rate, rate_source

CONDITION, ALONE, RECORD = "optimizer", "optimizer-alone", "optimizer-record"
LOSS, TRAINED, SLOT = "loss after {}", "trained/{}:0 after {}", "slot-{}/{}:0 after {}"
_STEPS, _FEWER = 3, 1
_LARGE = 150  # variables: a larger model takes fewer steps
_MOST = 1 << 24  # elements of all trainable variables after all steps; of more, some are left out
_SMALL = 1 << 12  # elements; a smaller variable is kept whole


class Plan(NamedTuple):
    """How a model is trained.

    Attributes:
        steps: How many steps.
        every: Every such element of a large variable is kept.
    """

    steps: int
    every: int

    @classmethod
    def of(cls, variables):
        # type: (Sequence[Any]) -> Plan
        """Return the plan for these trainable variables, the same on both sides."""
        steps = _FEWER if len(variables) > _LARGE else _STEPS
        size = sum(int(variable.shape.num_elements() or 0) for variable in variables) * steps
        return cls(steps, -(-size // _MOST))

    def thinned(self, value):
        # type: (np.ndarray) -> np.ndarray
        """Return a copy of what is kept of an array."""
        if self.every <= 1 or value.size <= _SMALL:
            return np.array(value)
        return np.array(value.reshape(-1)[:: self.every])


def after(steps):
    # type: (int) -> str
    """Return a moment as leaves name it."""
    return "{} step{}".format(steps, "" if steps == 1 else "s")


def described(made, plan, counted, unknown):
    # type: (Made, Plan, int, Tuple[str, ...]) -> OptimizerRecord
    """Return what both sides tell of their optimizer."""
    inner = made.inner
    notes = (made.note,) if made.note else ()
    rate = eager_rate(made) if tf.executing_eagerly() else number(rate_source(made))
    return OptimizerRecord(
        name_of(inner),
        family_of(inner),
        api_of(inner),
        settings_of(inner),
        rate,
        made.own,
        made.stack,
        (),
        plan.steps,
        counted,
        unknown=unknown,
        every=plan.every,
        notes=notes,
    )
