"""Remembers where Keras layers were made: what a layer was told is said there, and not where it is called."""

import contextlib
import functools
import sys
import weakref
from typing import Any, Iterator, Tuple

from tf_keras.src.engine import base_layer

from tf_equivalence import stacks

_made = weakref.WeakKeyDictionary()  # type: weakref.WeakKeyDictionary[Any, Tuple[stacks.RawFrame, ...]]


@contextlib.contextmanager
def remembered():
    # type: () -> Iterator[None]
    """Remember the stack of every layer of a library's class that is made in this scope."""
    original = base_layer.Layer.__init__

    @functools.wraps(original)
    def remember(layer, *args, **kwargs):
        # type: (Any, *Any, **Any) -> Any
        if _is_of_library(layer):
            _made[layer] = stacks.capture(1)
        return original(layer, *args, **kwargs)

    base_layer.Layer.__init__ = remember
    try:
        yield
    finally:
        base_layer.Layer.__init__ = original


def _is_of_library(layer):
    # type: (Any) -> bool
    path = getattr(sys.modules.get(type(layer).__module__), "__file__", None)
    return path is not None and bool(stacks.library_of(path))


def of(layer):
    # type: (Any) -> Tuple[stacks.RawFrame, ...]
    """Return the stack of the layer's making, innermost first; empty where it is not known."""
    try:
        return _made.get(layer, ())
    except TypeError:  # no layer at all
        return ()
