"""Provenance: which variables an eager tensor is computed from."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def variables(tf: Any) -> tuple[Any, Any]:
    """Return two variables, `a` and `b`."""
    return tf.Variable([1.0, 2.0], name="a"), tf.Variable([3.0, 4.0], name="b")


def sources(tf: Any, compute: Any) -> list[list[str]]:
    """Return the variables behind each tensor that `compute` returns."""
    from tf_equivalence.worker.variable_reads import Provenance

    provenance = Provenance()
    with provenance.scope():
        tensors = compute()
    return [provenance.variables_of(tensor) for tensor in tensors]


def test_reads_are_followed(tf: Any, variables: tuple[Any, Any]) -> None:
    """A tensor knows the variables of all that it was computed from."""
    a, b = variables

    def compute() -> list[Any]:
        one = tf.nn.l2_loss(a)
        other = 0.5 * tf.reduce_sum(tf.square(b.read_value()))
        return [one, other, one + other, tf.constant(1.0) + 1.0]

    assert sources(tf, compute) == [["a"], ["b"], ["a", "b"], []]


def test_keras_regularizers_are_followed(tf: Any) -> None:
    """The losses of a layer each know their variable."""
    layer = tf.keras.layers.Dense(3, name="d", kernel_regularizer="l2", bias_regularizer="l1")
    layer(tf.ones([1, 2]))
    found = sources(tf, lambda: [tf.convert_to_tensor(loss) for loss in layer.losses])
    assert sorted(found) == [["d/bias"], ["d/kernel"]]


def test_gathered_rows_are_followed(tf: Any, variables: tuple[Any, Any]) -> None:
    """A lookup takes the variable's handle, not its value, and is seen all the same."""
    a, _ = variables
    assert sources(tf, lambda: [tf.gather(a, [0])]) == [["a"]]


def test_reads_are_not_carried_over(tf: Any, variables: tuple[Any, Any]) -> None:
    """A read belongs to the operation that follows it, not to later ones."""
    a, _ = variables

    def compute() -> list[Any]:
        tf.square(a)
        return [tf.square(tf.constant(2.0))]

    assert sources(tf, compute) == [[]]


def test_variables_work_as_before(tf: Any, variables: tuple[Any, Any]) -> None:
    """The descriptor is gone after the scope, also after an exception, and variables made within work on."""
    from tensorflow.python.ops import resource_variable_ops

    from tf_equivalence.worker.variable_reads import log_handle_reads

    log: list[Any] = []
    made = []
    with pytest.raises(KeyError), log_handle_reads(log):  # noqa: PT012 - the raise ends the scope
        made.append(tf.Variable(5.0))
        raise KeyError
    assert "_handle" not in vars(resource_variable_ops.BaseResourceVariable)
    assert made[0].numpy() == 5.0
    assert variables[0].assign_add([1.0, 1.0]).numpy().tolist() == [2.0, 3.0]
