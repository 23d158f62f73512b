"""Shapes: what docstrings, callers and first operations say of an input."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tf_equivalence.init.shapes import Spec, guess_spec, read_keys
from tf_equivalence.init.sources import Source

HEAD = "import tensorflow.compat.v1 as tf\n"


def source(text: str) -> Source:
    """Return a file of this text."""
    return Source(Path("/repository/model.py"), "model.py", ast.parse(HEAD + text))


def guess(text: str, key: str = "") -> Spec:
    """Return what is guessed for the first parameter of the function `net`."""
    found = source(text)
    node = found.functions["net"]
    return guess_spec(found, node, node.args.args[0].arg, key, [found])


@pytest.mark.parametrize(
    ("text", "shape", "dtype"),
    [
        ('def net(x):\n    """Take x, of shape [batch, 12, 5]."""', (2, 12, 5), "float32"),
        ('def net(x):\n    """x: `[batch_size, height, width, channels]`."""', (2, 224, 224, 3), "float32"),
        ("def net(x):\n    pass\nnet.default_image_size = 96", (2, 96, 96, 3), "float32"),
        ("def net(x):\n    return tf.layers.dense(x, 3)", (2, 16), "float32"),
        ("def net(x):\n    y = x\n    return tf.layers.conv1d(y, 3, 2)", (2, 8, 16), "float32"),
        ("def net(x):\n    return tf.nn.embedding_lookup(t, x)", (2, 8), "int32"),
        ("def net(x):\n    return tf.reshape(x, [-1, 28, 28, 1])", (2, 28, 28, 1), "float32"),
        ("def net(x):\n    w = tf.get_variable('w', [7, 4])\n    return tf.matmul(x, w)", (2, 7), "float32"),
        (
            "def net(x):\n    return inner(x)\ndef inner(z):\n    return tf.layers.conv2d(z, 1, 1)",
            (2, 32, 32, 3),
            "float32",
        ),
        ("def net(x):\n    pass\nN = 3 * 4\np = tf.placeholder(tf.int32, [None, N])\nnet(p)", (2, 12), "int32"),
        ("def net(x):\n    pass\nnet(tf.zeros((5, 8, 8, 1)))", (2, 8, 8, 1), "float32"),
        ("def net(x):\n    return x * 2", None, "float32"),
    ],
)
def test_guesses(text: str, shape: tuple[int, ...] | None, dtype: str) -> None:
    """Each source of knowledge gives a shape, and without any there is none."""
    found = guess(text)
    assert (found.shape, found.dtype) == (shape, dtype)
    assert bool(found.why) is (shape is not None)


def test_keys() -> None:
    """Keys of a dict of features are read in the order of their lines, each once."""
    text = 'def net(f):\n    a = f["ids"]\n    b = f.get("age", 0)\n    return f["ids"], tf.nn.embedding_lookup(t, a)'
    assert read_keys(source(text).functions["net"], "f") == ("ids", "age")
    assert guess(text, "ids").dtype == "int32"


def test_a_loop_of_names_ends() -> None:
    """Names that are bound to each other, and functions that call each other, end in no guess."""
    text = "def net(x):\n    return other(x)\ndef other(x):\n    return net(x)\na = b\nb = a\nnet(a)\nnet(tf.zeros(b))"
    assert guess(text).shape is None
