"""Leaves an activation out of one eager call, to see whether anything notices."""

from typing import Any

import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import context

_TYPES = frozenset("Relu Relu6 LeakyRelu Elu Selu Tanh Sigmoid Softplus Softsign".split())


class Dropped:
    """Inside of the `with` block, one activation hands its input on.

    Every `tf.function` runs operation by operation there, for one that is traced stays as it was.

    Attributes:
        name: The activation's type and scope, such as `Relu of net/conv`; empty when the block ran fewer.
    """

    def __init__(self, number):
        # type: (int) -> None
        """Choose the activation by its number in the order of execution, counted from 0; -1 for none."""
        self.name = ""
        self._wanted = number
        self._seen = 0
        self._was_eager = False
        self._execute = pywrap_tfe.TFE_Py_FastPathExecute

    def __enter__(self):
        # type: () -> Dropped
        if self._wanted >= 0:
            self._was_eager = tf.config.functions_run_eagerly()
            tf.config.run_functions_eagerly(True)
            # An op callback sees an eager operation's outputs and cannot replace them; every operation goes this way.
            pywrap_tfe.TFE_Py_FastPathExecute = self._run
        return self

    def __exit__(self, *exc_info):
        # type: (*Any) -> None
        if self._wanted >= 0:
            pywrap_tfe.TFE_Py_FastPathExecute = self._execute
            tf.config.run_functions_eagerly(self._was_eager)

    def _run(self, ctx, op_type, name, *arguments):
        # type: (Any, str, Any, *Any) -> Any
        if op_type in _TYPES:
            self._seen += 1
            if self._seen == self._wanted + 1:
                scope = (context.context().scope_name or "").rstrip("/")
                self.name = "the {} of {}".format(op_type, scope) if scope else "the {}".format(op_type)
                return tf.convert_to_tensor(arguments[0])
        return self._execute(ctx, op_type, name, *arguments)
