"""Where Keras layers were made is remembered, for layers of a library's class alone."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def layer_lines(tf: Any) -> Any:
    """Return the module, which needs TensorFlow."""
    from tf_equivalence.worker import layer_lines as module

    return module


def test_a_library_layer_is_remembered(tf: Any, layer_lines: Any) -> None:
    """The stack begins within the library and leads to the constructing line."""
    before = tf.keras.layers.Layer.__init__
    with layer_lines.remembered():
        layer = tf.keras.layers.Dense(3)
    assert any(frame[2] == "test_a_library_layer_is_remembered" for frame in layer_lines.of(layer))
    assert tf.keras.layers.Layer.__init__ is before
    assert layer_lines.of(tf.keras.layers.Dense(3)) == ()


def test_a_users_layer_is_not(tf: Any, layer_lines: Any) -> None:
    """What a user's layer does is said in its own `call`."""

    class Mine(tf.keras.layers.Layer):  # type: ignore[misc]
        """A layer of this module."""

    with layer_lines.remembered():
        layer = Mine()
    assert layer_lines.of(layer) == ()


def test_anything_else_has_none(layer_lines: Any) -> None:
    """No layer, no stack, and no exception for what cannot be a key."""
    assert layer_lines.of(None) == layer_lines.of(3) == layer_lines.of([]) == ()


def test_operations_of_a_layer_know_where_it_was_made(tf: Any, layer_lines: Any) -> None:
    """The trace of a call has the layer's line beside that of the call."""
    from tf_equivalence.worker.trace_eager import EagerTracer

    with layer_lines.remembered():
        layer = tf.keras.layers.Dense(3, activation="tanh")
    values = tf.ones([2, 4])
    layer(values)
    with EagerTracer({}, [values]) as tracer:
        returned = layer(values)
    trace, _ = tracer.result([returned])
    tanh = next(op for op in trace.ops if op.type == "Tanh")
    assert tanh.layer is not None
    assert tanh.layer.type == "Dense"
    assert "Dense(3" in tanh.layer.stack[-1].text or any("Dense(3" in frame.text for frame in tanh.layer.stack)
