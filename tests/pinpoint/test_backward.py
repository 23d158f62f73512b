"""Going back along the gradients: the operation that stops one, that only one side has, that computes another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tf_equivalence.pinpoint.backward import locate_backward
from tf_equivalence.pinpoint.comparison import Comparison
from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.trace import Source

from .synthetic import Builder, operation, variable

VALUE = np.linspace(-1.0, 1.0, 4, dtype=np.float32)
GRADIENT = np.linspace(1.0, 2.0, 4, dtype=np.float32)


def chain(side: str, stopped: bool = False) -> Builder:
    """Build `loss(b, c)` of one operation `a`: `b` takes it, and `c` perhaps behind a stop_gradient."""
    built = Builder(side)
    built.add("Relu", VALUE, variable("w"))
    built.add("Exp", VALUE + 2, operation(0))
    built.add("Square", VALUE * 3, replace(built._filled(operation(0)), stopped=stopped))
    built.add("Mul", np.float32(5.0), operation(1), operation(2))
    return built


def gradients(built: Builder, **changed: object) -> dict[str, np.ndarray]:
    """Return a gradient for each output, some of them changed; None takes one out."""
    found = {key: GRADIENT * (number + 1) for number, key in enumerate(sorted(built.arrays))}
    for place, value in changed.items():
        key = f"{built.side}:{place.removeprefix('op')}:0"
        found.pop(key)
        if value is not None:
            found[key] = np.asarray(value)
    return found


def locate(tf1: Builder, tf2: Builder, **changed: object) -> Divergence | None:
    """Locate with gradients that agree but for those of TF2 that are changed."""
    both = Comparison(tf1.trace(), tf1.arrays, tf2.trace(), tf2.arrays, lambda name: name)
    return locate_backward(both, gradients(tf1), gradients(tf2, **changed))


def test_nothing_is_found_where_gradients_agree() -> None:
    """Equal gradients have no cause, nor have those that rounding tells apart."""
    assert locate(chain("tf1"), chain("tf2")) is None
    assert locate(chain("tf1"), chain("tf2"), op0=GRADIENT * np.float32(1 + 1e-6)) is None


def test_without_gradients_nothing_is_found() -> None:
    """A step without a loss says nothing of gradients, whoever takes a value once more."""
    tf2 = chain("tf2", stopped=True)
    both = Comparison(chain("tf1").trace(), chain("tf1").arrays, tf2.trace(), tf2.arrays, lambda name: name)
    assert locate_backward(both, {}, {}) is None


def test_a_lost_stop_is_named() -> None:
    """The operation that takes its input behind a stop_gradient on one side only is the cause."""
    found = locate(chain("tf1", stopped=True), chain("tf2"), op0=GRADIENT * 7)
    assert found is not None
    assert found.kind == "operation-gradient"
    assert [(d.name, d.tf1, d.tf2) for d in found.differences] == [("stop_gradient", True, False)]
    assert (found.tf1 and found.tf1.type, found.tf2 and found.tf2.type) == ("Square", "Square")
    assert found.stack[0].line == 202


@pytest.mark.parametrize("value", [None, GRADIENT * 9])
def test_the_last_gradient_that_differs_counts(value: object) -> None:
    """What is further from the loss only carries the difference on; the taker of the last one is to blame."""
    found = locate(chain("tf1"), chain("tf2"), op0=GRADIENT * 7, op1=value)
    assert found is not None
    assert found.tf2 is not None
    assert found.tf2.type == "Mul"


def test_a_taker_of_one_side_is_named() -> None:
    """A value that TF2 uses once more gets gradient from there."""
    tf2 = chain("tf2")
    tf2.add("Neg", -VALUE, operation(0))
    found = locate(chain("tf1"), tf2, op0=GRADIENT * 7)
    assert found is not None
    assert found.tf2 is not None
    assert found.tf2.type == "Neg"


def test_negligible_gradients_are_left_alone() -> None:
    """Beside the largest gradient, rounding noise tells nothing."""
    tf1, tf2 = chain("tf1"), chain("tf2")
    both = Comparison(tf1.trace(), tf1.arrays, tf2.trace(), tf2.arrays, lambda name: name)
    one, other = gradients(tf1), gradients(tf2)
    one["tf1:0:0"], other["tf2:0:0"] = GRADIENT * np.float32(1e-9), -GRADIENT * np.float32(1e-9)
    assert locate_backward(both, one, other) is None


def test_a_variable_behind_a_stop_is_named() -> None:
    """Where every output's gradient agrees, a variable that one side stops is still told."""
    tf1, tf2 = chain("tf1"), chain("tf2")
    read = tf2.ops[0].sources[0]
    tf2.ops[0] = replace(tf2.ops[0], sources=(replace(read, stopped=True),))
    found = locate(tf1, tf2)
    assert found is not None
    assert found.differences[0].tf2 is True
    assert isinstance(read, Source)
