"""The reference's own noise: computed again with inputs and weights moved by one unit in the last place."""

import hashlib
from typing import Any, List, Sequence, Tuple

import numpy as np

from tf_equivalence.worker import inputs as case_inputs

RERUNS = 2
_ROUNDING = 1e-6  # a standard deviation this small beside its mean is rounding, in float32


def moved(name, number, value):
    # type: (str, int, np.ndarray) -> np.ndarray
    """Return floating values each moved by one unit in the last place, up or down; any others as they are.

    Args:
        name: Decides the directions, together with `number`.
        number: Of the rerun.
        value: An array of any shape.
    """
    if value.dtype.kind not in "fV" and value.dtype.name != "bfloat16":
        return value
    seed = np.frombuffer(hashlib.sha256("{}|{}".format(name, number).encode("utf-8")).digest(), dtype=np.uint32)
    up = np.random.RandomState(seed).randint(0, 2, value.shape).astype(bool)
    try:
        far = np.where(up, np.asarray(np.inf, value.dtype), np.asarray(-np.inf, value.dtype))
        result = np.nextafter(value, far)
    except TypeError:  # a dtype of TensorFlow's that this NumPy cannot step through
        return value
    # Zero stays: half of all weights are zero at first, and the next number is no rounding of it.
    stays = (value == 0) | ~np.isfinite(value) | ~np.isfinite(result)
    return np.where(stays, value, result).astype(value.dtype)


def moved_inputs(number, arrays):
    # type: (int, Any) -> Any
    """Return the inputs, a nest of arrays, moved."""
    names = iter("input {}".format(position) for position in range(len(case_inputs.leaves(arrays))))
    return case_inputs.map_nest(lambda array: moved(next(names), number, array), arrays)


def batch_moments(graph):
    # type: (Any) -> List[Tuple[str, Any, Any]]
    """Return (scope, means, variances) of every batch normalization in training, tensors with a value a channel."""
    found = []
    for op in graph.get_operations():
        if op.type.startswith("FusedBatchNorm") and "Grad" not in op.type and op.get_attr("is_training"):
            found.append((op.name.rpartition("/")[0], op.outputs[1], op.outputs[2]))
        elif op.type in ("Maximum", "Mean") and op.name.endswith("/moments/variance"):  # a Mean up to TensorFlow 1.15
            mean = graph.as_graph_element(op.name[: -len("variance")] + "mean")
            found.append((op.name[: -len("/moments/variance")], mean.outputs[0], op.outputs[0]))
    return found


def degenerate(moments):
    # type: (Sequence[Tuple[str, np.ndarray, np.ndarray]]) -> Tuple[str, ...]
    """Return a remark where batches have no variance, so that normalizing them amplifies rounding.

    Args:
        moments: Scope, mean and variance of each channel, in the order of the graph.
    """
    constant = []
    for scope, mean, variance in moments:
        spread = np.sqrt(np.maximum(np.asarray(variance, np.float64), 0.0))
        size = np.abs(np.asarray(mean, np.float64))
        if bool(np.any((spread <= _ROUNDING * size) & (size > 0))):
            constant.append(scope)
    if not constant:
        return ()
    more = " and {} more".format(len(constant) - 1) if len(constant) > 1 else ""
    return (
        "batch variance is zero, up to rounding, at {}{}: its input is constant, and normalizing it amplifies "
        "rounding; choose inputs that vary".format(constant[0], more),
    )
