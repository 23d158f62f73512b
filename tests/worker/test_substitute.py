"""Outputs of eager operations are replaced, whichever way they go into the runtime, and counted as a tracer counts."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def substitution(tf: Any) -> Any:
    """Return the class, which needs TensorFlow."""
    from tf_equivalence.worker.substitute import Substitution

    return Substitution


def net(tf: Any, values: Any) -> Any:
    """Three operations, one of them with several outputs."""
    left, right = tf.split(values + 1.0, 2)
    return tf.concat([left, right], axis=0)


def test_every_operation_is_offered_in_order(tf: Any, substitution: Any) -> None:
    """Places count up from 0, as in a trace, also inside of a `tf.function`."""
    from tf_equivalence.worker.trace_eager import EagerTracer

    seen: list[tuple[int, str]] = []

    def look(executed: int, op_type: str, outputs: list[Any]) -> list[Any]:
        seen.append((executed, op_type))
        return outputs

    values = tf.constant([1.0, 2.0])
    with EagerTracer({}, [values]) as tracer, substitution(look):
        returned = tf.function(lambda given: net(tf, given), autograph=False)(values)
    trace, _ = tracer.result([returned])
    assert returned.numpy().tolist() == [2.0, 3.0]
    assert [executed for executed, _ in seen] == list(range(len(seen)))
    assert [(op.executed, op.type) for op in trace.ops] == [item for item in seen if item[1] != "Identity"]


def test_outputs_are_replaced(tf: Any, substitution: Any) -> None:
    """What follows computes from what took their place; afterwards nothing is replaced."""

    def replace(executed: int, op_type: str, outputs: list[Any]) -> list[Any]:
        return [outputs[1], outputs[0]] if op_type == "Split" else outputs

    with substitution(replace):
        assert net(tf, tf.constant([1.0, 2.0])).numpy().tolist() == [3.0, 2.0]
    assert net(tf, tf.constant([1.0, 2.0])).numpy().tolist() == [2.0, 3.0]


def test_slow_way_is_replaced_too(tf: Any, substitution: Any) -> None:
    """Operations without a fast path go through `execute`."""
    from tensorflow.python.eager import context, execute

    def twice(executed: int, op_type: str, outputs: list[Any]) -> list[Any]:
        return [outputs[0] * 2.0]

    before = execute.execute
    values = tf.constant([1.0])
    with substitution(twice):
        (found,) = execute.execute(
            b"Neg", 1, inputs=[values], attrs=("T", values.dtype.as_datatype_enum), ctx=context.context()
        )
    assert found.numpy().tolist() == [-2.0]
    assert execute.execute is before


def test_exception_restores(tf: Any, substitution: Any) -> None:
    """A model that raises leaves the runtime as it was."""
    from tensorflow.python import pywrap_tfe

    before = pywrap_tfe.TFE_Py_FastPathExecute
    with pytest.raises(KeyError), substitution(lambda executed, op_type, outputs: outputs):
        raise KeyError
    assert pywrap_tfe.TFE_Py_FastPathExecute is before
    assert not tf.config.functions_run_eagerly()
