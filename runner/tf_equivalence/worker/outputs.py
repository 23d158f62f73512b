"""Outputs as named leaves, and leaves as arrays."""

import dataclasses
from typing import Any, Dict, Iterator, List, Mapping, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.recording import COMPONENTS, Leaf
from tf_equivalence.worker.faults import CaseFault

SINGLE = "output"


def flatten(nest):
    # type: (Any) -> List[Tuple[str, Any]]
    """Return (name, leaf) for every output, named by dict keys, fields and positions.

    Raises:
        CaseFault: When there is no output at all, or two have one name.
    """
    named = [("/".join(path) or SINGLE, leaf) for path, leaf in _walk(nest, ())]
    if not any(leaf is not None for _, leaf in named):
        raise CaseFault(
            "outputs",
            "returned no outputs ({}): return the tensors to compare".format(
                "None" if nest is None else "an empty {}".format(type(nest).__name__)
            ),
        )
    names = [name for name, _ in named]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CaseFault("outputs", "returned two outputs of one name: {}".format(", ".join(twice)))
    return named


def _walk(nest, path):
    # type: (Any, Tuple[str, ...]) -> Iterator[Tuple[Tuple[str, ...], Any]]
    if isinstance(nest, Mapping):
        children = [(str(key), nest[key]) for key in nest]
    elif isinstance(nest, tuple) and hasattr(nest, "_fields") and not _is_composite(nest):
        children = list(zip(nest._fields, nest))
    elif isinstance(nest, (list, tuple)) and not _is_composite(nest):
        children = [(str(position), item) for position, item in enumerate(nest)]
    elif dataclasses.is_dataclass(nest) and not isinstance(nest, type):
        children = [(field.name, getattr(nest, field.name)) for field in dataclasses.fields(nest)]
    else:
        yield path, nest
        return
    for name, child in children:
        for found in _walk(child, path + (name,)):
            yield found


def _is_composite(value):
    # type: (Any) -> bool
    return isinstance(
        value,
        (
            tf.SparseTensor,
            tf.RaggedTensor,
            tf.IndexedSlices,
            tf.compat.v1.SparseTensorValue,
            tf.compat.v1.ragged.RaggedTensorValue,
        ),
    )


def components(leaf):
    # type: (Any) -> Tuple[str, Tuple[Any, ...]]
    """Return a leaf's kind and its component tensors or values.

    Raises:
        CaseFault: When it is nothing that can be compared.
    """
    if leaf is None:
        return "none", ()
    if isinstance(leaf, (tf.SparseTensor, tf.compat.v1.SparseTensorValue)):
        return "sparse", (leaf.indices, leaf.values, leaf.dense_shape)
    if isinstance(leaf, tf.RaggedTensor):
        return "ragged", (leaf.flat_values,) + tuple(leaf.nested_row_splits)
    if isinstance(leaf, tf.IndexedSlices):
        return "indexed-slices", (leaf.values, leaf.indices)
    if tf.is_tensor(leaf) or isinstance(leaf, tf.Variable):
        return "tensor", (leaf,)
    array = np.asarray(leaf)
    if array.dtype.hasobject:
        raise CaseFault("outputs", "returned a {}, which is neither a tensor nor a number".format(type(leaf).__name__))
    return "tensor", (array,)


def store(named_values):
    # type: (List[Tuple[str, str, Tuple[Any, ...]]]) -> Tuple[Tuple[Leaf, ...], Dict[str, np.ndarray]]
    """Return leaves and arrays of (name, kind, component values), the values being NumPy arrays."""
    leaves = []
    arrays = {}  # type: Dict[str, np.ndarray]
    for position, (name, kind, values) in enumerate(named_values):
        labels = COMPONENTS[kind] + COMPONENTS[kind][-1:] * (len(values) - len(COMPONENTS[kind]))
        keys = []
        dtype, shape = "", ()  # type: str, Tuple[int, ...]
        for number, (label, value) in enumerate(zip(labels, values)):
            array = to_array(value)
            if label == "values":
                dtype, shape = dtype_name(array), array.shape
            key = "o{}.{}.{}".format(position, number, label)
            arrays[key] = storable(array)
            keys.append(key)
        leaves.append(Leaf(name, kind, dtype, shape, tuple(keys)))
    return tuple(leaves), arrays


def to_array(value):
    # type: (Any) -> np.ndarray
    """Return a fetched value as an array; a single string keeps its trailing NULs."""
    return np.array(value, dtype=object) if isinstance(value, bytes) else np.asarray(value)


def dtype_name(array):
    # type: (np.ndarray) -> str
    """Return TensorFlow's name of an array's dtype."""
    if array.dtype.kind in "OSU":
        return "string"
    return tf.as_dtype(array.dtype).name


def storable(array):
    # type: (np.ndarray) -> np.ndarray
    """Return the array in a form that `.npz` keeps without pickling.

    bfloat16 and other TensorFlow-only floats widen to float32, which holds them exactly; strings
    become fixed-width bytes with a terminator, since NumPy drops trailing NULs.
    """
    if array.dtype.kind in "OSU":
        encoded = [item if isinstance(item, bytes) else str(item).encode("utf-8") for item in array.reshape(-1)]
        return np.array([item + b"|" for item in encoded], dtype=bytes).reshape(array.shape)
    if array.dtype.kind == "V" or array.dtype.name == "bfloat16" or "float8" in array.dtype.name:
        return array.astype(np.float32)
    return array
