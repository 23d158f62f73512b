"""One activation of an eager call is left out, by its number, also inside of a `tf.function`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


def call(tf: Any, values: Any) -> Any:
    """Apply two activations with something between them."""
    with tf.name_scope("first"):
        hidden = tf.nn.relu(values)
    with tf.name_scope("second"):
        return tf.nn.relu6(hidden * hidden - 3.0)


@pytest.mark.parametrize(
    ("number", "expected", "name"),
    [
        (0, [6.0, 1.0], "the Relu of first"),
        (1, [-3.0, 1.0], "the Relu6 of second"),
        (2, [0.0, 1.0], ""),
        (-1, [0.0, 1.0], ""),
    ],
    ids=["first", "second", "third of two", "none"],
)
@pytest.mark.parametrize("traced", [False, True], ids=["eager", "tf.function"])
def test_dropped(tf: Any, number: int, expected: list[float], name: str, traced: bool) -> None:
    """The chosen one hands its input on and is named; the next call has all of them again."""
    from tf_equivalence.worker.activations import Dropped

    values = tf.constant([-3.0, 2.0])

    def function(given: Any) -> Any:
        return call(tf, given)

    function = tf.function(function) if traced else function
    assert function(values).numpy().tolist() == [0.0, 1.0]
    dropped = Dropped(number)
    with dropped:
        np.testing.assert_array_equal(function(values), expected)
    assert dropped.name == name
    assert function(values).numpy().tolist() == [0.0, 1.0]
