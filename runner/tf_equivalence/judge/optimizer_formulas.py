"""The update of each optimizer in float64, as its source has it: for the difference that two formulas are to make.

Sources, in TensorFlow: `tensorflow/core/kernels/training_ops.cc` (the kernels that v1 and legacy Keras share) and
`tensorflow/python/training/*.py`; in Keras: `tf_keras/src/optimizers/*.py` and `tf_keras/src/optimizers/legacy/*.py`.
`g` is the gradient, `r` the learning rate, `t` the number of the step, counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tf_equivalence.recording import OptimizerRecord

Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_]


@dataclass
class State:
    """One variable on its way.

    Attributes:
        variable: Its value; any shape, dimensionless.
        slots: By our name; missing ones are zeros.
        step: How many steps were taken.
    """

    variable: Values
    slots: dict[str, Values] = field(default_factory=dict)
    step: int = 0

    def slot(self, name: str) -> Values:
        """Return a slot, zeros at first."""
        return self.slots.setdefault(name, np.zeros_like(self.variable))


@dataclass(frozen=True)
class Optimizer:
    """What an update depends on.

    Attributes:
        family: Such as `adam`.
        api: `v1`, `legacy` or `keras`.
        settings: As recorded.
        rate: The learning rate.
    """

    family: str
    api: str
    settings: Mapping[str, float]
    rate: float

    @classmethod
    def of(cls, record: OptimizerRecord, rate: float) -> Optimizer:
        """Return the optimizer of a record."""
        return cls(record.family, record.api, record.settings, rate)

    def __getitem__(self, setting: str) -> float:
        return self.settings.get(setting, 0.0)

    @property
    def is_known(self) -> bool:
        """Whether its formula is known, and nothing is switched on that changes it."""
        extra = ("weight_decay", "use_ema", "clipnorm", "clipvalue", "global_clipnorm", "centered", "amsgrad", "beta")
        return self.family in _UPDATES and self.api in ("v1", "legacy", "keras") and not any(self[e] for e in extra)


def trajectory(
    optimizer: Optimizer,
    start: Values,
    gradients: Sequence[Values],
    rows: Sequence[Rows] | None = None,
    first_slots: Mapping[str, float] | None = None,
) -> list[Values]:
    """Return the variable after each step.

    Args:
        optimizer: One that is known.
        start: Its initial value, of any shape.
        gradients: One for each step, of that shape; slices of one row added up.
        rows: For sparse gradients: which rows each of them holds; a vector of booleans.
        first_slots: What slots start from, where that is not zero.
    """
    state = State(start.astype(np.float64))
    for name, value in (first_slots or {}).items():
        state.slots[name] = np.full(start.shape, value)
    found = []
    for number, gradient in enumerate(gradients):
        held = np.ones(start.shape, bool)
        if rows is not None:
            held = np.broadcast_to(rows[number].reshape(-1, *[1] * (start.ndim - 1)), start.shape)
        state.step += 1
        _UPDATES[optimizer.family](optimizer, state, gradient.astype(np.float64), held, rows is not None)
        found.append(state.variable.copy())
    return found


def _where(held: Rows, new: Values, old: Values) -> Values:
    return np.where(held, new, old)


def _momentum(o: Optimizer, s: State, g: Values, held: Rows, sparse: bool) -> None:
    """Take ``a = m * a + g; x -= r * a``, where m is 0 gradient descent, with Nesterov ``x -= r * (g + m * a)``.

    v1 (ApplyMomentum) and legacy Keras (ApplyKerasMomentum) move the rows that a sparse gradient holds; Keras
    (`sgd.py`, `update_step`) decays and applies the momentum of all rows.
    """
    moved = np.ones_like(held) if o.api == "keras" and sparse else held
    a = _where(moved, o["momentum"] * s.slot("momentum") + g, s.slot("momentum"))
    s.slots["momentum"] = a
    if o["nesterov"]:
        s.variable = s.variable - o.rate * _where(moved, g + o["momentum"] * a, np.zeros_like(g))
    else:
        s.variable = s.variable - o.rate * _where(moved, a, np.zeros_like(g))


def _adam(o: Optimizer, s: State, g: Values, held: Rows, sparse: bool) -> None:
    """Take Kingma and Ba's section 2 with epsilon-hat: ``x -= r * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + e)``.

    All three kinds do (ApplyAdam; `adam.py`), and move all rows for a sparse gradient.
    """
    del held, sparse
    b1, b2 = o["beta_1"], o["beta_2"]
    s.slots["mean"] = b1 * s.slot("mean") + (1 - b1) * g
    s.slots["variance"] = b2 * s.slot("variance") + (1 - b2) * g * g
    rate = o.rate * np.sqrt(1 - b2**s.step) / (1 - b1**s.step)
    s.variable = s.variable - rate * s.slots["mean"] / (np.sqrt(s.slots["variance"]) + o["epsilon"])


def _rmsprop(o: Optimizer, s: State, g: Values, held: Rows, sparse: bool) -> None:
    """Take ``q = p * q + (1 - p) * g^2; a = m * a + r * g / sqrt(q + e); x -= a`` (ApplyRMSProp; `rmsprop.py`).

    Legacy Keras without momentum divides by ``sqrt(q) + e``. Rows without gradient keep their `q` in the kernel,
    and lose some of it in Keras, and in legacy Keras without momentum.
    """
    kernel = o.api == "v1" or (o.api == "legacy" and o["momentum"] > 0)
    decayed = held if kernel and sparse else np.ones_like(held)
    q = _where(decayed, o["rho"] * s.slot("mean-square") + (1 - o["rho"]) * g * g, s.slot("mean-square"))
    s.slots["mean-square"] = q
    outside = o.api == "legacy" and not o["momentum"]
    divisor = np.sqrt(q) + o["epsilon"] if outside else np.sqrt(q + o["epsilon"])
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(g == 0, 0.0, o.rate * g / divisor)
    a = _where(decayed, o["momentum"] * s.slot("momentum") + step, s.slot("momentum"))
    s.slots["momentum"] = a
    s.variable = s.variable - _where(decayed, a, np.zeros_like(a))


def _adagrad(o: Optimizer, s: State, g: Values, held: Rows, sparse: bool) -> None:
    """Take ``q += g^2; x -= r * g / sqrt(q)`` (ApplyAdagrad).

    Legacy Keras divides by ``sqrt(q) + e`` (ApplyAdagradV2), Keras by ``sqrt(q + e)`` (`adagrad.py`).
    """
    del held, sparse
    s.slots["accumulator"] = q = s.slot("accumulator") + g * g
    divisor = np.sqrt(q + o["epsilon"]) if o.api == "keras" else np.sqrt(q) + o["epsilon"]
    with np.errstate(divide="ignore", invalid="ignore"):
        s.variable = s.variable - np.where(g == 0, 0.0, o.rate * g / divisor)


def _adadelta(o: Optimizer, s: State, g: Values, held: Rows, sparse: bool) -> None:
    """Take Zeiler's ``u = sqrt(d + e) / sqrt(q + e) * g; x -= r * u``, with decaying means `q` of g^2 and `d` of u^2.

    (ApplyAdadelta; `adadelta.py`.) Kernels leave the rows alone that a sparse gradient does not hold.
    """
    moved = held if o.api != "keras" and sparse else np.ones_like(held)
    p, e = o["rho"], o["epsilon"]
    q = p * s.slot("accumulator") + (1 - p) * g * g
    u = np.sqrt(s.slot("update-accumulator") + e) / np.sqrt(q + e) * g
    d = p * s.slot("update-accumulator") + (1 - p) * u * u
    s.slots["accumulator"] = _where(moved, q, s.slot("accumulator"))
    s.slots["update-accumulator"] = _where(moved, d, s.slot("update-accumulator"))
    s.variable = s.variable - _where(moved, o.rate * u, np.zeros_like(u))


def _ftrl(o: Optimizer, s: State, g: Values, held: Rows, sparse: bool) -> None:
    """Take McMahan et al.'s "Ad Click Prediction", algorithm 1, as ApplyFtrl and `ftrl.py` have it.

    Kernels leave the rows alone that a sparse gradient does not hold; Keras computes all rows anew, so that one whose
    gradient is zero goes from its initial value to zero.
    """
    moved = held if o.api != "keras" and sparse else np.ones_like(held)
    power, l1, l2 = o["learning_rate_power"], o["l1_regularization_strength"], o["l2_regularization_strength"]
    n = s.slot("accumulator")
    new = n + g * g
    shrunk = g + 2 * o["l2_shrinkage_regularization_strength"] * s.variable
    with np.errstate(divide="ignore", invalid="ignore"):
        z = s.slot("linear") + shrunk - (new**-power - n**-power) / o.rate * s.variable
        x = (np.clip(z, -l1, l1) - z) / (new**-power / o.rate + 2 * l2)
    s.variable = _where(moved, x, s.variable)
    s.slots["accumulator"], s.slots["linear"] = _where(moved, new, n), _where(moved, z, s.slot("linear"))


_UPDATES: Mapping[str, Callable[[Optimizer, State, Values, Rows, bool], None]] = {
    "sgd": _momentum,
    "momentum": _momentum,
    "adam": _adam,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "ftrl": _ftrl,
}
