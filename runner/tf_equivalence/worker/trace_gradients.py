"""Traces the loss's gradient by every operation's output, on either side, for pinpointing to walk back along.

The arrays go beside the trace, under the keys that it gives to the outputs; a key is missing where no
gradient flows.
"""

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.trace import Trace
from tf_equivalence.worker import op_kinds
from tf_equivalence.worker.objective import objective

NAME = "gradients"


def _keys(traced):
    # type: (Trace) -> List[str]
    """Return the keys of the floating outputs outside of loops, in order."""
    return [
        key
        for op in traced.ops
        for key, dtype in zip(op.outputs, op.dtypes)
        if key and not op.loop and dtype in ("float16", "bfloat16", "float32", "float64")
    ]


def of_graph(graph, loss, traced, run):
    # type: (Any, Any, Trace, Any) -> Dict[str, np.ndarray]
    """Return the gradients of a graph's loss by the outputs of its traced operations.

    Args:
        graph: With the loss built.
        loss: Scalar tensor.
        traced: The trace of it.
        run: Takes a list of tensors and returns their values, in a session that begins anew, so that
            random numbers are those of the trace.
    """
    keys = _keys(traced)
    with graph.as_default():
        found = tf.gradients(loss, [graph.get_tensor_by_name(key) for key in keys])
        named = [(key, tf.convert_to_tensor(value)) for key, value in zip(keys, found) if value is not None]
    values = run([value for _, value in named])
    return _storable([(key, value) for (key, _), value in zip(named, values)])


def of_tape(tape, loss, traced, tensors):
    # type: (Any, Any, Trace, Dict[str, Any]) -> Dict[str, np.ndarray]
    """Return the gradients of an eager loss by the outputs of its traced operations.

    Args:
        tape: That recorded the call.
        loss: Scalar tensor.
        traced: The trace of the call.
        tensors: By key.
    """
    keys = [key for key in _keys(traced) if key in tensors]
    found = tape.gradient(loss, [tensors[key] for key in keys])
    return _storable(
        [(key, tf.convert_to_tensor(value).numpy()) for key, value in zip(keys, found) if value is not None]
    )


def _storable(named):
    # type: (Sequence[Tuple[str, Any]]) -> Dict[str, np.ndarray]
    stored = [(key, op_kinds.storable(value)) for key, value in named]
    return {key: value for key, value in stored if value is not None}


def watched_call(migrated, tensors):
    # type: (Any, Any) -> Tuple[Any, Any]
    """Call the model and its loss under a tape that watches the inputs; return tape and loss."""
    with tf.GradientTape() as tape:
        for tensor in tf.nest.flatten(tensors):
            if tensor.dtype.is_floating:
                tape.watch(tensor)
        returned = migrated.call_with(tensors, migrated.job.training)
        loss = objective(migrated.case, returned, tensors)
    return tape, loss
