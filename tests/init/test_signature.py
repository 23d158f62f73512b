"""Signatures: which argument is the input, which the flag, which a setting."""

from __future__ import annotations

import ast

import pytest

from tf_equivalence.init.signature import mode_values, read_parameters, read_roles, setting


def function(text: str) -> ast.FunctionDef:
    """Return the syntax tree of a function."""
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


@pytest.mark.parametrize(
    ("signature", "inputs", "flag", "others"),
    [
        ("net(images, num_classes=10, is_training=False)", ["images"], "is_training", ["num_classes"]),
        ("net(x, training)", ["x"], "training", []),
        ("net(num_units, x)", ["x"], None, ["num_units"]),
        ("net(*, inputs, train)", ["inputs"], "train", []),
        ("model_fn(features, labels, mode, params)", ["features"], "mode", ["params"]),
        ("net(user, item, hidden_size)", ["user", "item"], None, ["hidden_size"]),
        ("net(x: tf.Tensor, y: tf.Tensor, z: str)", ["x", "y"], None, ["z"]),
        ("net(board)", ["board"], None, []),
    ],
)
def test_roles(signature: str, inputs: list[str], flag: str | None, others: list[str]) -> None:
    """Names, annotations and uses tell the arguments apart."""
    body = "return tf.concat([tf.layers.dense(user, 2), item], 1)"
    roles = read_roles(function(f"def {signature}:\n    {body}\n"))
    assert [parameter.name for parameter in roles.inputs] == inputs
    assert (roles.flag.name if roles.flag else None) == flag
    assert [parameter.name for parameter in roles.others] == others


def test_no_input() -> None:
    """A function without parameters is no model."""
    with pytest.raises(ValueError, match="net has no parameter that could be its input"):
        read_roles(function("def net(is_training): pass"))


def test_defaults_and_stars() -> None:
    """Positional and keyword-only parameters keep their defaults."""
    parameters = read_parameters(function("def net(a, b=1, /, c=None, *rest, d, e=2, **more): pass"))
    assert [(p.name, p.required, p.keyword_only) for p in parameters] == [
        ("a", True, False),
        ("b", False, False),
        ("c", False, False),
        ("d", True, True),
        ("e", False, True),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_classes", "10"), ("vocab_size", "100"), ("hidden_units", "16"), ("params", None), ("vocabulary", None)],
)
def test_settings(name: str, value: str | None) -> None:
    """Names that say what kind of number they are have a value to begin with; others have none."""
    assert setting(name) == value


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("mode == 'TRAIN' or mode == 'test'", ('"TRAIN"', '"test"')),
        ("mode == tf.estimator.ModeKeys.TRAIN", ('"train"', '"infer"')),
        ("mode in ('a',)", ('"train"', '"infer"')),
    ],
)
def test_modes(body: str, expected: tuple[str, str]) -> None:
    """What a function compares its mode with is what it is called with."""
    node = function(f"def model_fn(features, labels, mode):\n    return {body}\n")
    assert mode_values(node) == expected
