"""Comparing what two operations were told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tf_equivalence.pinpoint import settings
from tf_equivalence.trace import Source

from .synthetic import Builder, constant, operation

INPUT = Source("input", name="x")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SAME", "same", True),
        ("NHWC", "channels_last", True),
        ("NHWC", "channels_first", False),
        (2, [2, 2], True),
        ([2], [2, 2], True),
        ([1, 2], [2, 2], False),
        (0.001, 0.0010000000474974513, True),
        (0.001, 0.00101, False),
        (True, 1, True),
        (True, False, False),
        (float("nan"), float("nan"), True),
        (None, "relu", False),
        ({"shape": [20], "sum": 1.0}, {"shape": [20], "sum": 1.0 + 1e-9}, True),
        ({"shape": [20], "sum": 1.0}, {"shape": [20], "sum": 1.1}, False),
    ],
)
def test_same_setting(one: object, other: object, same: bool) -> None:
    """Spelling, scalars for tuples and float32 rounding do not make a difference."""
    assert settings.same_setting(one, other) is same
    assert settings.same_setting(other, one) is same


@pytest.mark.parametrize(
    ("type_", "position", "tf1", "tf2", "name"),
    [
        ("Transpose", 1, [0, 1], [1, 0], "perm"),
        ("Mean", 1, [0], [1], "axis"),
        ("ConcatV2", 1, 0, 1, "axis"),
        ("PadV2", 1, [[0, 0], [1, 1]], [[0, 0], [2, 0]], "paddings"),
        ("StridedSlice", 1, [0], [1], "begin"),
        ("Mul", 1, 1.25, 5.0, "input 1"),
        ("Reshape", 1, [2, -1], [2, 4], None),
        ("Mean", 1, [-1], [1], None),
    ],
)
def test_constants_are_named_by_meaning(type_: str, position: int, tf1: object, tf2: object, name: str | None) -> None:
    """Known positions have names; a shape and an axis counted from the end are no difference."""
    nets = Builder("tf1"), Builder("tf2")
    for net, value in zip(nets, (tf1, tf2), strict=True):
        net.add(type_, np.ones((2, 4)), *[INPUT] * position, constant(value))
    found = settings.constant_differences(nets[0].ops[0], nets[1].ops[0], (nets[0].trace(), nets[1].trace()))
    assert [difference.name for difference in found] == ([name] if name else [])


def test_the_rate_of_a_dropout_is_named() -> None:
    """What a uniform number is compared with is the rate."""
    nets = Builder("tf1"), Builder("tf2")
    for net, rate in zip(nets, (0.2, 0.8), strict=True):
        at = net.add("RandomUniform", np.ones(3), constant([3]))
        net.add("GreaterEqual", np.ones(3), operation(at), constant(rate))
    found = settings.constant_differences(nets[0].ops[1], nets[1].ops[1], (nets[0].trace(), nets[1].trace()))
    assert [difference.name for difference in found] == ["rate"]


def requests(tf1: Mapping[str, Any], tf2: Mapping[str, Any]) -> list[tuple[str, object, object, str]]:
    """Compare an operation with these call arguments (`call`) or layer settings (`layer`) on each side."""
    nets = Builder("tf1"), Builder("tf2")
    for net, told in zip(nets, (tf1, tf2), strict=True):
        net.add("Mul", np.ones(3), INPUT, **told)
    found = settings.request_differences(nets[0].ops, nets[1].ops)
    return [(difference.name, difference.tf1, difference.tf2, difference.source) for difference in found]


def test_aliases_of_an_argument_are_one() -> None:
    """TF1's `variance_epsilon` is TF2's `epsilon`."""
    found = requests({"call": ("f", {"variance_epsilon": 1e-3})}, {"call": ("g", {"epsilon": 1e-5})})
    assert found == [("epsilon", 1e-3, 1e-5, "call argument")]


def test_keep_prob_is_one_minus_rate() -> None:
    """So that the two can be held against each other."""
    kept = {"call": ("dropout", {"keep_prob": 0.8})}
    assert requests(kept, {"call": ("dropout", {"rate": 0.2})}) == []
    assert requests(kept, {"call": ("dropout", {"rate": 0.8})}) == [("rate", 0.2, 0.8, "call argument")]


def test_a_call_is_held_against_a_layer() -> None:
    """TF1 says it in a call, TF2 in a layer's configuration."""
    found = requests({"call": ("batch_norm", {"epsilon": 1e-3})}, {"layer": ("BN", "bn", {"epsilon": 1e-5})})
    assert found == [("epsilon", 1e-3, 1e-5, "layer configuration")]


def test_names_and_initializers_are_no_settings() -> None:
    """What does not change the numbers of this call is left out, as are defaults that the library fills in."""
    tf1 = {"call": ("f", {"kernel_initializer": "a", "reuse": True, "axis": None, "units": 3})}
    tf2 = {"call": ("f", {"kernel_initializer": "b", "reuse": False, "axis": 1, "units": 4})}
    assert requests(tf1, tf2) == []
