"""The training loss of a case: written once, computed on both sides."""

from typing import Any, List

import numpy as np
import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.case import EquivalenceCase
from tf_equivalence.estimator import EstimatorCase
from tf_equivalence.recording import Stack
from tf_equivalence.worker import outputs
from tf_equivalence.worker.faults import CaseFault, definition, user_code

KIND = "loss"
PHASE = "loss()"


def objective(case, returned, inputs):
    # type: (EquivalenceCase, Any, Any) -> Any
    """Return the case's loss as a scalar floating tensor: its own, or the mean square of all floating outputs.

    Args:
        case: The case.
        returned: What the model returned, a nest of tensors.
        inputs: What it was called with, a nest of tensors.

    Raises:
        StopBuild: When the loss raises, or is no scalar of a floating dtype, or there is nothing to compute it from.
    """
    own = _has_own(case)
    if own and case._spec is not None and case._spec.loss is not None:
        return _of_spec(case)  # TF1's own, beside which the case's is judged
    with user_code(KIND, PHASE, definition(case.loss if own else case.tf2)):
        if not own and case._spec is None:
            returned = case._outputs(returned, inputs, True)
        return _checked(case.loss(returned, inputs) if own else _mean_square(returned))


def is_whole(case):
    # type: (EquivalenceCase) -> bool
    """Tell whether the loss is all that training minimizes, so that no regularization losses are added to it."""
    return isinstance(case, EstimatorCase) and _has_own(case)


def _has_own(case):
    # type: (EquivalenceCase) -> bool
    return type(case).loss is not EquivalenceCase.loss


def _of_spec(case):
    # type: (Any) -> Any
    """Return the loss of a model function's spec; one element of any shape is a scalar to an Estimator.

    Raises:
        StopBuild: It is no scalar of a floating dtype.
    """
    loss = case._spec.loss
    made = stacks.to_stack(stacks.raw_from_summary(loss.op.traceback)) if hasattr(loss, "op") else ()
    if not any(not frame.library for frame in made):
        made = definition(case.model_fn)
    with user_code(KIND, "model_fn()", made):
        if tf.is_tensor(loss) and loss.shape.rank and loss.shape.num_elements() == 1:
            loss = tf.reshape(loss, [])
        return _checked(loss, "the loss of model_fn()'s spec is", made)


def _mean_square(returned):
    # type: (Any) -> Any
    """Return the sum of the squares of all floating elements over their number, in the widest of their dtypes."""
    squares, counts = [], []  # type: List[Any], List[Any]
    for _, leaf in outputs.flatten(returned):
        parts = outputs.components(leaf)[1]
        values = [part for part in parts if not isinstance(part, np.ndarray) and part.dtype.is_floating]
        for part in values[:1]:
            wide = tf.cast(part, tf.float64 if part.dtype.base_dtype == tf.float64 else tf.float32)
            squares.append(tf.reduce_sum(tf.square(wide)))
            counts.append(tf.cast(tf.size(wide), wide.dtype))
    if not squares:
        raise CaseFault(
            "not-applicable", "the model returns no floating output to make a loss of; give the case a `loss`"
        )
    dtype = tf.float64 if any(square.dtype == tf.float64 for square in squares) else tf.float32
    total = tf.add_n([tf.cast(square, dtype) for square in squares])
    return total / tf.maximum(tf.add_n([tf.cast(count, dtype) for count in counts]), 1)


def _checked(value, subject="loss() returned", place=()):
    # type: (Any, str, Stack) -> Any
    if value is None:
        raise CaseFault(KIND, "{} nothing: return the scalar tensor to minimize".format(subject), place)
    try:
        tensor = tf.convert_to_tensor(value)
    except (TypeError, ValueError):
        raise CaseFault(
            KIND, "{} a {}: return the scalar tensor to minimize".format(subject, type(value).__name__), place
        ) from None
    if not tensor.dtype.is_floating:
        raise CaseFault(
            KIND, "{} a tensor of dtype {}: return a floating one".format(subject, tensor.dtype.name), place
        )
    if tensor.shape.rank not in (0, None):
        raise CaseFault(
            KIND,
            "{} a tensor of shape {}: return a scalar, as by tf.reduce_mean".format(subject, tensor.shape.as_list()),
            place,
        )
    return tensor


def check_finite(value):
    # type: (np.ndarray) -> None
    """Stop where the reference's loss is no finite number.

    Raises:
        CaseFault: The loss has more than one element, is infinite or NaN.
    """
    if np.size(value) != 1:
        raise CaseFault(KIND, "loss() has {} elements: return a scalar, as by tf.reduce_mean".format(np.size(value)))
    if not np.all(np.isfinite(value)):
        raise CaseFault(
            KIND,
            "the loss is {} on the TF1 side: choose inputs for which it is finite, such as labels within range".format(
                np.asarray(value).reshape(-1)[0]
            ),
        )


NO_GRADIENT = (
    "the loss depends on no trainable variable on the TF1 side, so that nothing can be trained: compute it from the "
    "model's outputs by operations that have gradients"
)
