"""Sightings: what user code does besides computing is seen with its line, and libraries are let be."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tf_equivalence.recording import Sighting, user_frames


def test_numpy_and_python_draws_are_seen(tf: Any) -> None:
    """A draw of user code is noted once for each line, and gives the number it always gave."""
    from tf_equivalence.worker.sightings import watch_numpy_random

    found: list[Sighting] = []
    np.random.seed(3)
    expected = np.random.uniform()
    np.random.seed(3)
    with watch_numpy_random(found):
        for _ in range(3):
            value = np.random.uniform()
            random.random()
            if _ == 0:
                assert value == expected
    assert [(sighting.kind, sighting.name) for sighting in found] == [
        ("numpy-random", "numpy.random.uniform"),
        ("numpy-random", "random.random"),
    ]
    assert user_frames(found[0].stack)[0].text == "value = np.random.uniform()"


def test_draws_of_libraries_are_let_be(tf: Any) -> None:
    """What a library draws for itself is none of the user's doing."""
    from tf_equivalence.worker.sightings import watch_numpy_random

    found: list[Sighting] = []
    code = compile("import numpy\nnumpy.random.rand()", "/venv/site-packages/somelib/core.py", "exec")
    with watch_numpy_random(found):
        exec(code, {})
    assert found == []


def test_draws_are_seen_in_the_scope_only(tf: Any) -> None:
    """NumPy and Python are as before after the scope."""
    from tf_equivalence.worker.sightings import watch_numpy_random

    before = np.random.uniform, random.random
    with pytest.raises(KeyError), watch_numpy_random([]):
        raise KeyError
    assert (np.random.uniform, random.random) == before


@pytest.mark.parametrize(("name", "seen"), [("regularization_losses", True), ("losses", True), ("my_endpoints", False)])
def test_losses_in_collections_are_seen(tf: Any, name: str, seen: bool) -> None:
    """A loss that eager code adds to a collection is lost; other collections are not looked at."""
    from tf_equivalence.worker.sightings import watch_collections

    found: list[Sighting] = []
    with watch_collections(found):
        tf.compat.v1.add_to_collection(name, tf.constant(1.0))
    assert [(sighting.kind, sighting.name) for sighting in found] == [("collection-write", name)] * seen


def test_losses_module_is_seen(tf: Any) -> None:
    """`compat.v1.losses.add_loss` writes to a collection too."""
    from tf_equivalence.worker.sightings import watch_collections

    found: list[Sighting] = []
    with watch_collections(found):
        tf.compat.v1.losses.add_loss(tf.constant(1.0))
    assert [(sighting.kind, sighting.name) for sighting in found] == [("collection-write", "losses")]
    assert "add_loss" in user_frames(found[0].stack)[0].text


def test_graphs_keep_their_collections(tf: Any) -> None:
    """Within a TF1 graph a collection works, so a write is nothing to tell."""
    from tf_equivalence.worker.sightings import watch_collections

    found: list[Sighting] = []
    with watch_collections(found), tf.Graph().as_default() as graph:
        tf.compat.v1.add_to_collection("losses", tf.constant(1.0))
        assert len(graph.get_collection("losses")) == 1
    assert found == []


NET = """\
import tensorflow as tf


class Net(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.mask = None
        self.dense = tf.keras.layers.Dense(3)
        self.rate = 0.5

    def call(self, inputs):
        if self.mask is None:
            self.mask = tf.cast(inputs > 0, tf.float32)
        return self.dense(inputs * self.mask)
"""


def test_cached_tensors_are_found_where_they_are_assigned(tf: Any, tmp_path: Path) -> None:
    """A tensor kept on the model is found at the line that assigns it; variables and layers are not."""
    from tf_equivalence.worker.sightings import cached_tensors

    path = tmp_path / "cached_net.py"
    path.write_text(NET)
    spec = importlib.util.spec_from_file_location("cached_net", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["cached_net"] = module
    try:
        spec.loader.exec_module(module)
        model = module.Net()
        assert cached_tensors(model) == []
        model(tf.ones([2, 3]))
        (found,) = cached_tensors(model)
    finally:
        del sys.modules["cached_net"]
    assert (found.kind, found.name) == ("cached-tensor", "Net.mask")
    assert [(frame.path, frame.line) for frame in found.stack] == [(str(path), 13)]


def test_library_layers_may_keep_what_they_like(tf: Any) -> None:
    """A layer of Keras itself is not looked into."""
    from tf_equivalence.worker.sightings import cached_tensors

    layer = tf.keras.layers.Dense(3)
    layer.kept = tf.ones([1])
    assert cached_tensors(layer) == []
