"""Looks out for what user code does besides computing: the usual suspects of a divergence."""

import ast
import contextlib
import linecache
import random
import sys
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.recording import Frame, Sighting

_NUMPY_DRAWS = (
    "rand",
    "randn",
    "randint",
    "random",
    "random_sample",
    "ranf",
    "uniform",
    "normal",
    "standard_normal",
    "choice",
    "shuffle",
    "permutation",
    "binomial",
    "poisson",
    "exponential",
    "gamma",
    "beta",
    "bytes",
    "default_rng",
)
_PYTHON_DRAWS = ("random", "uniform", "randint", "gauss", "choice", "choices", "shuffle", "sample", "normalvariate")
_LOSS_COLLECTIONS = ("regularization_losses", "losses")


@contextlib.contextmanager
def _patched(owner, replacements):
    # type: (Any, Dict[str, Any]) -> Iterator[None]
    originals = {name: getattr(owner, name) for name in replacements}
    for name, replacement in replacements.items():
        setattr(owner, name, replacement)
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(owner, name, original)


@contextlib.contextmanager
def watch_numpy_random(found):
    # type: (List[Sighting]) -> Iterator[None]
    """Note where user code draws from NumPy's or Python's random numbers."""

    def noting(name, function):
        # type: (str, Any) -> Any
        def draw(*args, **kwargs):
            # type: (*Any, **Any) -> Any
            caller = sys._getframe(1).f_code.co_filename
            if not stacks.library_of(caller) or "autograph" in caller:
                _add(found, Sighting("numpy-random", name, stacks.here()))
            return function(*args, **kwargs)

        return draw

    numpy_draws = {n: noting("numpy.random." + n, getattr(np.random, n)) for n in _NUMPY_DRAWS if hasattr(np.random, n)}
    python_draws = {n: noting("random." + n, getattr(random, n)) for n in _PYTHON_DRAWS}
    with _patched(np.random, numpy_draws), _patched(random, python_draws):
        yield


@contextlib.contextmanager
def watch_collections(found):
    # type: (List[Sighting]) -> Iterator[None]
    """Note where user code adds losses to graph collections, which come to nothing in eager execution."""
    from tensorflow.python.framework import ops
    from tensorflow.python.ops.losses import util

    def add_to_collection(graph, name, value):
        # type: (Any, Any, Any) -> None
        if name in _LOSS_COLLECTIONS and tf.executing_eagerly():
            _add(found, Sighting("collection-write", str(name), stacks.here()))
        original_add(graph, name, value)

    def add_loss(loss, loss_collection="losses"):
        # type: (Any, str) -> None
        if loss_collection and tf.executing_eagerly():
            _add(found, Sighting("collection-write", str(loss_collection), stacks.here()))
        original_loss(loss, loss_collection)

    original_add, original_loss = ops.Graph.add_to_collection, util.add_loss
    public = tf.compat.v1.losses
    with _patched(ops.Graph, {"add_to_collection": add_to_collection}), _patched(
        util, {"add_loss": add_loss}
    ), _patched(public, {"add_loss": add_loss}):
        yield


def _add(found, sighting):
    # type: (List[Sighting], Sighting) -> None
    if any(not frame.library for frame in sighting.stack) and sighting not in found:
        found.append(sighting)


def cached_tensors(model):
    # type: (Any) -> List[Sighting]
    """Return the tensors that the model and its submodules keep as attributes, with the assigning lines."""
    found = []
    for owner in (model,) + tuple(getattr(model, "submodules", ())):
        kind = type(owner)
        path = getattr(sys.modules.get(kind.__module__), "__file__", None)
        if path is None or stacks.library_of(path):
            continue
        for name, value in sorted(vars(owner).items()):
            if tf.is_tensor(value) and not isinstance(value, tf.Variable):
                frame = assignment(path, kind.__name__, name)
                found.append(Sighting("cached-tensor", "{}.{}".format(kind.__name__, name), (frame,) if frame else ()))
    return found


def assignment(path, class_name, attribute):
    # type: (str, str, str) -> Optional[Frame]
    """Return the last line in the class that assigns `self.<attribute>`."""
    source = "".join(linecache.getlines(path))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    best = None  # type: Optional[Tuple[int, str]]
    for owner in ast.walk(tree):
        if not isinstance(owner, ast.ClassDef) or owner.name != class_name:
            continue
        for function in ast.walk(owner):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                targets = getattr(node, "targets", [getattr(node, "target", None)])
                if (
                    isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign))
                    and any(isinstance(t, ast.Attribute) and t.attr == attribute for t in targets)
                    and not (isinstance(node.value, ast.Constant) and node.value.value is None)
                ):
                    best = max(best or (0, ""), (node.lineno, function.name))
    if best is None:
        return None
    return Frame(path, best[0], best[1], "", linecache.getline(path, best[0]).strip())
