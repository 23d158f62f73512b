"""Reads the learning rate of an optimizer, and sees where a training step sets it."""

import contextlib
import functools
import sys
from typing import Any, Iterator, List, Optional

import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.recording import Stack
from tf_equivalence.worker.optimizer_made import KERAS, LEGACY, Made, api_of, number

_NAMES = ("learning_rate", "lr", "_learning_rate")


def rate_source(made):
    # type: (Made) -> Any
    """Return what an optimizer takes its learning rate from: a number, a tensor, a variable, a function, a schedule."""
    optimizer = made.inner
    if api_of(optimizer) == LEGACY:
        return functools.partial(optimizer._decayed_lr, tf.float32)
    for name in ("_learning_rate", "_lr", "learning_rate"):
        value = getattr(optimizer, name, None)
        if value is not None:
            return value
    return None


def eager_rate(made):
    # type: (Made) -> Optional[float]
    """Return the learning rate of the next step; None where it is not known."""
    source = rate_source(made)
    try:
        if isinstance(source, tf.keras.optimizers.schedules.LearningRateSchedule):
            source = source(made.inner.iterations)
        elif callable(source) and not isinstance(source, tf.Variable):
            source = source()
    except Exception:  # a function of the user's that does not mean to be called here
        return None
    return number(source)


@contextlib.contextmanager
def noting_rates(made, found):
    # type: (Made, List[Stack]) -> Iterator[None]
    """Note where code in this scope gives a Keras optimizer another learning rate, or makes an optimizer with one."""
    known = len(made.makers)
    with contextlib.ExitStack() as scopes:
        if api_of(made.inner) in (KERAS, LEGACY):
            scopes.enter_context(_noting_attributes(made.inner, found))
        variable = getattr(made.inner, "learning_rate", None)
        if isinstance(variable, tf.Variable):
            scopes.enter_context(_noting_assign(variable, found))
        yield
    found.extend(maker.stack for maker in made.makers[known:])


def _is_user(frame):
    # type: (Any) -> bool
    return not stacks.library_of(frame.f_code.co_filename)  # Keras keeps the current rate of a schedule, too


@contextlib.contextmanager
def _noting_attributes(optimizer, found):
    # type: (Any, List[Stack]) -> Iterator[None]
    kind = type(optimizer)  # type: Any
    own = kind.__dict__.get("__setattr__")
    original = kind.__setattr__

    def noting(self, name, value):
        # type: (Any, str, Any) -> None
        if name in _NAMES and self is optimizer and _is_user(sys._getframe(1)):
            found.append(stacks.here(1))
        original(self, name, value)

    kind.__setattr__ = noting
    try:
        yield
    finally:
        if own is None:
            del kind.__setattr__
        else:
            kind.__setattr__ = own


@contextlib.contextmanager
def _noting_assign(variable, found):
    # type: (Any, List[Stack]) -> Iterator[None]
    kind = next(kind for kind in type(variable).__mro__ if "assign" in kind.__dict__)  # type: Any
    original = kind.__dict__["assign"]

    @functools.wraps(original)
    def noting(self, *args, **kwargs):
        # type: (Any, *Any, **Any) -> Any
        if self is variable and _is_user(sys._getframe(1)):
            found.append(stacks.here(1))
        return original(self, *args, **kwargs)

    kind.assign = noting
    try:
        yield
    finally:
        kind.assign = original
