"""Puts other tensors in the place of what eager operations return."""

from typing import Any, Callable, List

import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import execute
from tensorflow.python.framework import op_callbacks

from tf_equivalence.worker import op_kinds

# (place among everything executed, operation type, its outputs) -> what takes their place.
Replace = Callable[[int, str, List[Any]], List[Any]]


class Substitution:
    """Inside of the `with` block, every eager operation's outputs go through a function.

    An op callback sees the outputs of an eager operation and cannot replace them, so the two ways
    into the runtime are wrapped. Every `tf.function` runs operation by operation.
    """

    def __init__(self, replace):
        # type: (Replace) -> None
        self._replace = replace
        self._executed = 0
        self._inside = False
        self._was_eager = False
        self._fast = pywrap_tfe.TFE_Py_FastPathExecute
        self._slow = None  # type: Any

    def __enter__(self):
        # type: () -> Substitution
        self._was_eager = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(True)
        op_callbacks.add_op_callback(self._count)  # sees exactly what a tracer sees, so that places correspond
        self._slow = execute.execute
        pywrap_tfe.TFE_Py_FastPathExecute = self._run_fast
        execute.execute = self._run_slow
        return self

    def __exit__(self, *exc_info):
        # type: (*Any) -> None
        pywrap_tfe.TFE_Py_FastPathExecute = self._fast
        execute.execute = self._slow
        op_callbacks.remove_op_callback(self._count)
        tf.config.run_functions_eagerly(self._was_eager)

    def _count(self, op_type, inputs, attrs, outputs, op_name=None, graph=None):  # noqa: ARG002 - TensorFlow's call
        # type: (Any, Any, Any, Any, Any, Any) -> None
        if graph is None and not self._inside:
            self._executed += 1

    def _run_fast(self, ctx, op_type, name, *arguments):
        # type: (Any, str, Any, *Any) -> Any
        returned = self._fast(ctx, op_type, name, *arguments)
        if isinstance(returned, list):
            return self._replaced(op_type, returned)
        return self._replaced(op_type, [returned])[0] if tf.is_tensor(returned) else returned

    def _run_slow(self, op_name, num_outputs, inputs, attrs, ctx, name=None):
        # type: (Any, Any, Any, Any, Any, Any) -> Any
        returned = self._slow(op_name, num_outputs, inputs, attrs, ctx, name)
        return self._replaced(op_kinds.text(op_name), returned) if isinstance(returned, list) else returned

    def _replaced(self, op_type, outputs):
        # type: (str, List[Any]) -> List[Any]
        if self._inside:
            return outputs
        self._inside = True
        try:
            return self._replace(self._executed - 1, op_type, outputs)
        finally:
            self._inside = False
