"""Reads what an optimizer keeps: its slots, under one name for all kinds, and how far it counted."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.worker.optimizer_made import KERAS, LEGACY, V1, Made, api_of, family_of, settings_of
from tf_equivalence.worker.watch import plain_name

v1 = tf.compat.v1

MOMENTUM = "momentum"
# The name that v1 and legacy Keras give a slot -> ours.
_NAMED = {
    "momentum": MOMENTUM,
    "m": "mean",
    "v": "variance",
    "vhat": "maximal-variance",
    "rms": "mean-square",
    "mg": "mean-gradient",
    "accumulator": "accumulator",
    "accum": "accumulator",
    "accum_grad": "accumulator",
    "accum_update": "update-accumulator",
    "accum_var": "update-accumulator",
    "linear": "linear",
}
# The attribute in which a Keras optimizer lists its slots -> ours.
_LISTED = {
    "momentums": MOMENTUM,
    "_momentums": "mean",
    "_velocities": "variance",
    "_velocity_hats": "maximal-variance",
    "_average_gradients": "mean-gradient",
    "_accumulators": "accumulator",
    "_accumulated_grads": "accumulator",
    "_accumulated_delta_vars": "update-accumulator",
    "_linears": "linear",
}
_OF_RMSPROP = {"_momentums": MOMENTUM, "_velocities": "mean-square"}
_COUNTERS = ("iteration", "iter", "learning_rate", "global_step", "beta1_power", "beta2_power")
_MOST_UNKNOWN = 3


def slots_of(made, variables):
    # type: (Made, Sequence[Any]) -> Dict[str, Dict[int, Any]]
    """Return the slot variables that are known and used: by our name, then by the position of their variable."""
    found = _all_slots(made, variables)
    settings, family = settings_of(made.inner), family_of(made.inner)
    if not settings.get("momentum") and family in ("sgd", "momentum", "rmsprop"):
        found.pop(MOMENTUM, None)  # kept by some kinds all the same, and used by none
    return found


def _all_slots(made, variables):
    # type: (Made, Sequence[Any]) -> Dict[str, Dict[int, Any]]
    found = {}  # type: Dict[str, Dict[int, Any]]
    for maker in made.makers:
        optimizer = maker.optimizer
        read = _listed if api_of(optimizer) == KERAS else _named
        for name, position, slot in read(optimizer, variables):
            found.setdefault(name, {}).setdefault(position, slot)
    return found


def _named(optimizer, variables):
    # type: (Any, Sequence[Any]) -> List[Tuple[str, int, Any]]
    if api_of(optimizer) not in (V1, LEGACY):
        return []
    found = []
    for name in optimizer.get_slot_names():
        for position, variable in enumerate(variables):
            slot = _slot(optimizer, variable, name)
            if slot is not None and name in _NAMED:
                found.append((_NAMED[name], position, slot))
    return found


def _slot(optimizer, variable, name):
    # type: (Any, Any, str) -> Any
    try:
        return optimizer.get_slot(variable, name)
    except (KeyError, AttributeError, ValueError):  # an optimizer of some of the variables
        return None


def _listed(optimizer, variables):
    # type: (Any, Sequence[Any]) -> List[Tuple[str, int, Any]]
    names = dict(_LISTED, **(_OF_RMSPROP if family_of(optimizer) == "rmsprop" else {}))
    index = getattr(optimizer, "_index_dict", {})
    found = []
    for attribute, name in names.items():
        slots = getattr(optimizer, attribute, None) or []
        for position, variable in enumerate(variables):
            at = index.get(optimizer._var_key(variable))
            if at is not None and at < len(slots):
                found.append((name, position, slots[at]))
    return found


def unknown_of(made, variables, given=()):
    # type: (Made, Sequence[Any], Sequence[Any]) -> Tuple[str, ...]
    """Return the names of variables that optimizers keep and that are no slot we know, counters left out."""
    known = {id(slot) for each in _all_slots(made, variables).values() for slot in each.values()}
    names = []
    for maker in made.makers:
        if api_of(maker.optimizer) in (V1, LEGACY, KERAS):
            kept = maker.optimizer.variables
            for variable in list(kept() if callable(kept) else kept):
                last = plain_name(variable).rpartition("/")[2]
                if id(variable) not in known and last not in _COUNTERS:
                    names.append(plain_name(variable))
    names += [plain_name(variable) for variable in given if id(variable) not in known]
    unique = [name for name in dict.fromkeys(names) if name.rpartition("/")[2] not in _COUNTERS]
    rest = ["{} more".format(len(unique) - _MOST_UNKNOWN)] if len(unique) > _MOST_UNKNOWN else []
    return tuple(unique[:_MOST_UNKNOWN] + rest)


def in_tf1_units(made, name, value, rate):
    # type: (Made, str, np.ndarray, Optional[float]) -> Optional[np.ndarray]
    """Return a slot's value as TF1 keeps it; None where that cannot be told.

    v1 accumulates gradients and multiplies the sum by the learning rate, ``a = momentum * a + g``. Keras accumulates
    what it adds to the variable, ``m = momentum * m - rate * g`` (tf_keras/src/optimizers/sgd.py, and the kernel
    ResourceApplyKerasMomentum), which is ``-rate * a`` while the rate stays the same.
    """
    keras = api_of(made.inner) in (LEGACY, KERAS)
    if name != MOMENTUM or not keras or family_of(made.inner) not in ("sgd", "momentum"):
        return value
    return (value / -np.asarray(rate, value.dtype)).astype(value.dtype) if rate else None


def counter(made):
    # type: (Made) -> Any
    """Return the variable that counts TF2's steps."""
    if api_of(made.inner) in (LEGACY, KERAS):
        return made.inner.iterations
    return v1.train.get_or_create_global_step()
