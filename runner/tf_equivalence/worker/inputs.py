"""The arrays that a case's model is called with."""

import hashlib
from typing import Any, Callable, List, Optional

import numpy as np

from tf_equivalence.case import ArraySpec, EquivalenceCase
from tf_equivalence.worker import situation
from tf_equivalence.worker.faults import CaseFault, definition, user_code


def map_nest(function, nest):
    # type: (Callable[[Any], Any], Any) -> Any
    """Apply `function` to every leaf of dicts, lists, tuples and named tuples."""
    if isinstance(nest, dict):
        return type(nest)((key, map_nest(function, nest[key])) for key in nest)
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return type(nest)(*(map_nest(function, item) for item in nest))
    if isinstance(nest, (list, tuple)):
        return type(nest)(map_nest(function, item) for item in nest)
    return function(nest)


def leaves(nest):
    # type: (Any) -> List[Any]
    """Return the leaves of a nest in order."""
    found = []  # type: List[Any]
    map_nest(found.append, nest)
    return found


def draw(case, call):
    # type: (EquivalenceCase, int) -> Any
    """Return the inputs of the `call`-th call (0 or 1), the same ones on both sides.

    The seed is the class's name, so that a case keeps its inputs wherever it is moved. For the
    second call specs and methods draw anew; fixed arrays are reversed along every axis, which
    keeps each value in its range.
    """
    seed = hashlib.sha256("{}|{}".format(type(case).__name__, call).encode("utf-8")).digest()
    rng = np.random.RandomState(np.frombuffer(seed, dtype=np.uint32))
    given = case.inputs
    if given is None:
        raise CaseFault("inputs", "`inputs` is not defined: give a nest of ArraySpec and NumPy arrays")
    if callable(given):
        with user_code("inputs", "inputs()", definition(given)):
            drawn = given(rng)
    else:
        drawn = given

    def to_array(leaf):
        # type: (Any) -> np.ndarray
        if isinstance(leaf, ArraySpec):
            return leaf.draw(rng)
        array = np.asarray(leaf)
        if array.dtype.hasobject:
            raise CaseFault(
                "inputs",
                "`inputs` holds {}, which is neither an ArraySpec nor a NumPy array of numbers, booleans "
                "or bytes".format(type(leaf).__name__),
            )
        fixed = call and not callable(given)
        return np.ascontiguousarray(np.flip(array)) if fixed and array.ndim else array

    arrays = map_nest(to_array, drawn)
    if not leaves(arrays):
        raise CaseFault("inputs", "`inputs` is an empty nest: there is nothing to call the model with")
    texts = ["{}{}".format(array.dtype.name, list(array.shape)) for array in leaves(arrays)]  # type: List[str]
    situation.note_inputs(", ".join(texts))
    return arrays


def common_batch(arrays):
    # type: (Any) -> Optional[int]
    """Return the leading dimension shared by all inputs; None where there is no such thing."""
    sizes = {array.shape[0] if array.ndim else None for array in leaves(arrays)}
    size = sizes.pop() if len(sizes) == 1 else None
    return size or None


def larger_batch(arrays):
    # type: (Any) -> Any
    """Return the inputs with the first example repeated once more at the end."""
    return map_nest(lambda array: np.concatenate([array, array[:1]]), arrays)


def shapes_text(arrays):
    # type: (Any) -> str
    """Return shapes and dtypes for a message."""
    parts = ["{}{}".format(array.dtype.name, list(array.shape)) for array in leaves(arrays)]  # type: List[str]
    return ", ".join(parts)
