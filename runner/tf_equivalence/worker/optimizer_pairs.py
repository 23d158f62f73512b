"""The TF2 counterpart of each v1 optimizer, with its settings carried over so that they match where a match exists."""

from typing import Any, Dict, List

import tensorflow as tf

from tf_equivalence.worker.faults import CaseFault
from tf_equivalence.worker.optimizer_made import KIND, family_of, number, settings_of

_REMEDY = "give the case a tf2_optimizer() that returns what the migrated code trains with"
# The family -> the settings that its Keras class takes by name.
_TAKES = {
    "sgd": (),
    "momentum": ("momentum", "nesterov"),
    "adam": ("beta_1", "beta_2", "epsilon"),
    "rmsprop": ("rho", "momentum", "epsilon", "centered"),
    "adagrad": ("initial_accumulator_value", "epsilon"),
    "adadelta": ("rho", "epsilon"),
    "ftrl": (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    ),
}
_FLAGS = ("nesterov", "centered")


def counterpart(optimizer):
    # type: (Any) -> Any
    """Return the Keras optimizer that computes what a v1 optimizer computes.

    The legacy classes run v1's own kernels, except for RMSprop without momentum, which adds epsilon outside of the
    square root; there the present class, whose formula is v1's, takes its place. v1 starts a mean square at one.

    Raises:
        CaseFault: The optimizer is of no family that is known, or its learning rate is no number.
    """
    family, settings = family_of(optimizer), settings_of(optimizer)
    if family not in _TAKES:
        raise CaseFault(
            KIND,
            "there is no default counterpart of {}: {}".format(type(optimizer).__name__, _REMEDY),
        )
    rate = number(getattr(optimizer, "_learning_rate", getattr(optimizer, "_lr", None)))
    if rate is None:
        raise CaseFault(
            KIND,
            "the learning rate of TF1's optimizer is no number, so that its counterpart is not known: {}, with one of "
            "tf.keras.optimizers.schedules".format(_REMEDY),
        )
    given = {name: bool(settings[name]) if name in _FLAGS else settings[name] for name in _TAKES[family]}
    return _kind(family, given)(learning_rate=rate, **given)


def _kind(family, given):
    # type: (str, Dict[str, Any]) -> Any
    legacy = tf.keras.optimizers.legacy
    if family == "rmsprop":
        return _rmsprop_from_one(legacy.RMSprop if given["momentum"] else tf.keras.optimizers.RMSprop)
    return {
        "sgd": legacy.SGD,
        "momentum": legacy.SGD,
        "adam": legacy.Adam,
        "adagrad": legacy.Adagrad,
        "adadelta": legacy.Adadelta,
        "ftrl": legacy.Ftrl,
    }[family]


def _rmsprop_from_one(base):
    # type: (Any) -> Any
    """Return the class with a mean square that starts at one."""

    class RMSprop(base):
        """Keras' RMSprop with v1's initial slots."""

        def build(self, var_list):
            # type: (List[Any]) -> None
            built = getattr(self, "_built", False)
            super().build(var_list)
            if not built:
                for slot in self._velocities:
                    slot.assign(tf.ones_like(slot))

        def _create_slots(self, var_list):
            # type: (List[Any]) -> None
            for variable in var_list:
                self.add_slot(variable, "rms", "ones")
            super()._create_slots(var_list)

    RMSprop.__module__ = base.__module__
    RMSprop.__qualname__ = base.__qualname__
    return RMSprop


def described(optimizer):
    # type: (Any) -> str
    """Return a counterpart as a person would write it."""
    family, settings = family_of(optimizer), settings_of(optimizer)
    new = "tf_keras.src.optimizers.rmsprop" in type(optimizer).__module__
    name = "tf.keras.optimizers.{}{}".format("" if new else "legacy.", type(optimizer).__name__)
    rate = number(getattr(optimizer, "learning_rate", None))
    given = ["learning_rate={:g}".format(rate if rate is not None else 0.0)]
    for setting in _TAKES[family]:
        value = settings.get(setting, 0.0)
        given.append("{}={}".format(setting, bool(value) if setting in _FLAGS else "{:g}".format(value)))
    ones = ", its mean square starting at one" if family == "rmsprop" else ""
    return "{}({}){}".format(name, ", ".join(given), ones)
