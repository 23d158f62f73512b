"""Every cause in an isolated trace is found by itself, and what is one cause is one divergence."""

from __future__ import annotations

import numpy as np

from tf_equivalence.pinpoint.comparison import Comparison
from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.pinpoint.locate import locate_all
from tf_equivalence.trace import Source

from .synthetic import Builder, operation, variable

X = np.linspace(-1.0, 1.0, 24).reshape(4, 6).astype(np.float32)
W = np.random.RandomState(0).uniform(-1, 1, (6, 6)).astype(np.float32)
INPUT = Source("input", name="x")


def net(side: str, slopes: tuple[float, ...], wrong: tuple[float, ...] = ()) -> Builder:
    """A chain of leaky ReLUs between products; `wrong` slopes are what TF2 computes with on TF1's own values."""
    built = Builder(side)
    value, source = X, INPUT
    for number, slope in enumerate(slopes):
        product = value @ W
        at = built.add("MatMul", product, source, variable(f"w{number}"))
        value = np.where(product > 0, product, slope * product)
        used = wrong[number] if wrong else slope
        computed = np.where(product > 0, product, used * product)
        at = built.add("LeakyRelu", computed, operation(at), attrs={"alpha": used})
        # What follows is given TF1's value, whatever this one computed.
        key = f"{side}:given:{number}"
        built.arrays[key] = value
        source = Source("operation", at, array=key)
    built.add("MatMul", value @ W, source, variable("out"))
    return built


def causes(slopes: tuple[float, ...], wrong: tuple[float, ...]) -> tuple[Divergence, ...]:
    """Return what is found when TF2 computes with other slopes."""
    tf1, tf2 = net("tf1", slopes), net("tf2", slopes, wrong)
    return locate_all(Comparison(tf1.trace(), tf1.arrays, tf2.trace(), tf2.arrays, lambda name: name))


def test_nothing_differs() -> None:
    """Without a cause there is no divergence."""
    assert causes((0.1, 0.2, 0.3), (0.1, 0.2, 0.3)) == ()


def test_two_causes_are_two() -> None:
    """The second is found although the first comes before it, each with its own setting."""
    found = causes((0.1, 0.2, 0.3), (0.5, 0.2, 0.7))
    told = [[(d.name, d.tf1, d.tf2) for d in cause.differences] for cause in found]
    assert told == [[("alpha", 0.1, 0.5)], [("alpha", 0.3, 0.7)]]
    assert all(cause.relative_input_difference == 0.0 for cause in found)


def test_one_line_that_differs_often_is_one_cause() -> None:
    """Operations of one line with one difference are counted and not repeated."""
    tf1, tf2 = net("tf1", (0.1, 0.1)), net("tf2", (0.1, 0.1), (0.5, 0.5))
    line = tf2.ops[1].stack
    for at, op in enumerate(tf2.ops):
        tf2.ops[at] = type(op)(**{**vars(op), "stack": line, "executed": at})
    found = locate_all(Comparison(tf1.trace(), tf1.arrays, tf2.trace(), tf2.arrays, lambda name: name))
    assert [cause.executed for cause in found] == [(1, 3)]
