"""The context managers for looking for variable creations by hand."""

from __future__ import annotations

import inspect
import os
import re
from typing import Any

import pytest

from tf_equivalence import assert_no_variable_creations, catch_and_raise_created_variables


@pytest.fixture(scope="module")
def tf() -> Any:
    """Return TensorFlow with legacy Keras selected."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow  # noqa: ICN001 - the fixture has the usual name

    return tensorflow


GUARDS = [
    pytest.param(assert_no_variable_creations, id="assert"),
    pytest.param(catch_and_raise_created_variables, id="catch"),
]


@pytest.mark.parametrize("guard", GUARDS)
def test_no_creation_passes(tf: Any, guard: Any) -> None:
    """Using variables that exist already is no creation."""
    variable = tf.Variable(1.0)
    with guard():
        variable.assign_add(1.0)
    assert variable.numpy() == 2.0


@pytest.mark.parametrize("guard", GUARDS)
def test_creation_is_told_with_its_line(tf: Any, guard: Any) -> None:
    """The message has the variable's name and the creating line of user code."""

    def build() -> Any:
        return tf.Variable([1.0, 2.0], name="scale")

    line = inspect.getsourcelines(build)[1] + 1
    with pytest.raises(ValueError, match="scale") as caught, guard():
        build()
    places = re.findall(r"    (\S+):(\d+) in (\w+): (.*)", str(caught.value))
    assert places[0] == (__file__, str(line), "build", 'return tf.Variable([1.0, 2.0], name="scale")')


def test_assert_refuses_at_the_call(tf: Any) -> None:
    """The first guard raises inside the scope, so that a debugger stops at the creating call."""
    reached = False
    with pytest.raises(ValueError, match="instead of reusing"), assert_no_variable_creations():  # noqa: PT012
        tf.Variable(1.0)
        reached = True
    assert not reached


def test_catch_lists_every_variable(tf: Any) -> None:
    """The second guard lets the code run on and lists shape and dtype of all it created."""
    with pytest.raises(ValueError, match="Created variables") as caught, catch_and_raise_created_variables():  # noqa: PT012
        tf.Variable(tf.zeros([2, 3]), name="a")
        tf.keras.layers.Dense(4, name="head")(tf.zeros([1, 5]))
    text = str(caught.value)
    assert "a:0 shape=(2, 3) dtype=float32" in text
    assert "head/kernel:0 shape=(5, 4) dtype=float32" in text
    assert "head/bias:0 shape=(4,) dtype=float32" in text


def test_users_own_exception_goes_first(tf: Any) -> None:
    """An exception inside the scope is not replaced by the list of variables."""
    with pytest.raises(KeyError), catch_and_raise_created_variables():  # noqa: PT012
        tf.Variable(1.0)
        raise KeyError


@pytest.mark.parametrize("guard", GUARDS)
def test_scope_ends(tf: Any, guard: Any) -> None:
    """After the scope variables can be created again."""
    with guard():
        pass
    assert tf.Variable(3.0).numpy() == 3.0
