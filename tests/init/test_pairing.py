"""Pairs: which class is the TF2 side of which function."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tf_equivalence.init.candidates import find_tf1, find_tf2
from tf_equivalence.init.pairing import rank_pairs
from tf_equivalence.init.sources import Source

TF1 = """\
import tensorflow.compat.v1 as tf

def {name}(inputs, is_training):
    with tf.variable_scope("{scope}"):
        return tf.layers.dense(inputs, 2)
"""
TF2 = """\
import tensorflow as tf
from old import lenet

class {name}({base}):
    def call(self, inputs):
        return {body}
"""


def pairs(name: str, scope: str, *classes: tuple[str, str, str]) -> list[str]:
    """Return the names of the classes that fit a function, the likeliest first."""
    tf1 = Source(Path("/r/old.py"), "old.py", ast.parse(TF1.format(name=name, scope=scope)))
    texts = [TF2.format(name=cls, base=base, body=body) for cls, base, body in classes]
    tf2 = [Source(Path(f"/r/new{i}.py"), f"new{i}.py", ast.parse(text)) for i, text in enumerate(texts)]
    (function,) = find_tf1([tf1])
    return [candidate.name for candidate in rank_pairs(function, find_tf2([tf1, *tf2]))]


@pytest.mark.parametrize(
    ("name", "scope", "cls", "fits"),
    [
        ("lenet", "LeNet", "LeNet", True),
        ("lenet", "LeNet", "LenetLayer", True),
        ("resnet_v1_50", "resnet", "ResNetV1_50", True),
        ("resnet_v1_50", "resnet_v1_50", "ResNetV1_101", False),
        ("legacy_scaling", "scaling", "FixedScaling", True),
        ("model_fn", "recommender", "Recommender", True),
        ("lenet", "LeNet", "Recommender", False),
    ],
)
def test_names(name: str, scope: str, cls: str, fits: bool) -> None:
    """Names pair what belongs together, and numbers keep members of a family apart."""
    assert pairs(name, scope, (cls, "tf.keras.layers.Layer", "inputs")) == ([cls] if fits else [])


def test_the_caller_comes_first() -> None:
    """A class that runs the function is its TF2 side, whatever it is called."""
    runner = ("Wrapper", "tf.keras.Model", "lenet(inputs)")
    assert pairs("lenet", "LeNet", ("LeNet", "tf.keras.Model", "inputs"), runner)[0] == "Wrapper"


@pytest.mark.parametrize("base", ["tf.keras.layers.Layer", "tf.keras.Model", "tf.Module", "tf.keras.models.Model"])
def test_bases(base: str) -> None:
    """Layers, models and modules count; other classes do not."""
    assert pairs("lenet", "LeNet", ("Lenet", base, "inputs")) == ["Lenet"]
    assert pairs("lenet", "LeNet", ("Lenet", "object", "inputs")) == []
