"""Small known changes of an optimizer's settings: a step that misses them is blind to such bugs."""

import functools
from typing import Any, Callable, List, NamedTuple

import tensorflow as tf

from tf_equivalence.worker.optimizer_made import KERAS, LEGACY, Made, api_of, number

_RATES = ("_learning_rate", "_lr")
# Setting, the factor it is changed by, and the words for it. Decays of 0.9 and more leave room upwards for little.
_CHANGES = (
    ("epsilon", 10.0, "a tenfold epsilon"),
    ("momentum", 0.99, "1% of momentum"),
    ("beta_1", 0.99, "1% of beta_1"),
    ("beta_2", 0.99, "1% of beta_2"),
    ("rho", 0.99, "1% of rho"),
)
_IN_V1 = {"beta_1": "_beta1", "beta_2": "_beta2", "rho": "_rho", "epsilon": "_epsilon", "momentum": "_momentum"}
_RATE = 1.0 + 1e-3


class SettingChange(NamedTuple):
    """One change.

    Attributes:
        what: In words.
        apply: Makes it, on an optimizer that has taken no step.
    """

    what: str
    apply: Callable[[Any], None]


def changes(made):
    # type: (Made) -> List[SettingChange]
    """Return the changes that this optimizer has settings for."""
    optimizer = made.inner
    keras = api_of(optimizer) in (KERAS, LEGACY)
    found = []
    rate = next((name for name in (("learning_rate",) if keras else _RATES) if hasattr(optimizer, name)), "")
    if _schedule_of(optimizer) is not None:
        found.append(SettingChange("0.1% of the learning rate", _scale_schedule))
    elif rate and _is_plain(optimizer, rate):
        found.append(SettingChange("0.1% of the learning rate", functools.partial(_scale, rate, _RATE)))
    for setting, factor, what in _CHANGES:
        name = setting if keras else _IN_V1[setting]
        if _is_plain(optimizer, name):
            found.append(SettingChange(what, functools.partial(_scale, name, factor)))
    return found


def _schedule_of(optimizer):
    # type: (Any) -> Any
    """Return the schedule that a Keras optimizer takes its learning rate from, if any."""
    given = getattr(optimizer, "_hyper", {}).get("learning_rate") or getattr(optimizer, "_learning_rate", None)
    return given if isinstance(given, tf.keras.optimizers.schedules.LearningRateSchedule) else None


def _scale_schedule(optimizer):
    # type: (Any) -> None
    schedule = _schedule_of(optimizer)

    class Scaled(tf.keras.optimizers.schedules.LearningRateSchedule):
        """The schedule, a little higher."""

        def __call__(self, step):
            # type: (Any) -> Any
            return schedule(step) * _RATE

    if api_of(optimizer) == LEGACY:
        optimizer._hyper["learning_rate"] = Scaled()
    else:
        optimizer._learning_rate = Scaled()


def _is_plain(optimizer, name):
    # type: (Any, str) -> bool
    value = getattr(optimizer, name, None)
    return not isinstance(value, bool) and not callable(value) and bool(number(value))


def _scale(name, factor, optimizer):
    # type: (str, float, Any) -> None
    setattr(optimizer, name, factor * (number(getattr(optimizer, name)) or 0.0))
