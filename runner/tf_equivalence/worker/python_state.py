"""Looks out for Python values that a model changes in its calls: a traced function keeps those of its trace."""

import contextlib
import sys
from typing import Any, Dict, Iterator, List, Tuple

import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.recording import Sighting
from tf_equivalence.worker.sightings import assignment

_Values = Dict[Tuple[int, str], Tuple[Any, str, Any]]
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def _values(model):
    # type: (Any) -> _Values
    """Return the plain attributes of the model and its submodules, as far as user classes own them."""
    found = {}  # type: _Values
    for owner in (model,) + tuple(getattr(model, "submodules", ())):
        kind = type(owner)
        path = getattr(sys.modules.get(kind.__module__), "__file__", None)
        if path is None or stacks.library_of(path):
            continue
        for name, value in vars(owner).items():
            if isinstance(value, _PLAIN):
                found[id(owner), name] = (value, path, kind)
            elif isinstance(value, (list, dict, set)) and not name.startswith("_"):
                found[id(owner), name] = (len(value), path, kind)
    return found


@contextlib.contextmanager
def watched(model, sightings):
    # type: (Any, List[Sighting]) -> Iterator[None]
    """Note which plain attributes the calls in this scope change."""
    before = _values(model)
    yield
    for key, (value, path, kind) in _values(model).items():
        known = before.get(key)
        # Keras keeps books of its own in attributes with an underscore.
        if known is None or known[0] == value or key[1].startswith("_") or tf.is_tensor(value):
            continue
        frame = assignment(path, kind.__name__, key[1])
        sighting = Sighting(
            "python-state", "{}.{}".format(kind.__name__, key[1]), (frame,) if frame is not None else ()
        )
        if sighting not in sightings:
            sightings.append(sighting)
