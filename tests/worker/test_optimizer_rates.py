"""Learning rates are read in whatever form they are given, and a step that sets one is seen."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def rates(tf: Any) -> Any:
    """Return the module, which needs TensorFlow."""
    from tf_equivalence.worker import optimizer_rates

    return optimizer_rates


def made(optimizer: Any) -> Any:
    """Return an optimizer as the worker holds it."""
    from tf_equivalence.worker.optimizer_made import Made, Maker

    return Made(optimizer, [Maker(optimizer, ())], True)


@pytest.mark.parametrize("kind", ["SGD", "legacy.SGD"])
def test_a_rate_is_read(tf: Any, rates: Any, kind: str) -> None:
    """A number, a schedule at its present step, and a function all give the rate of the next step."""
    make = tf.keras.optimizers.legacy.SGD if kind.startswith("legacy") else tf.keras.optimizers.SGD
    schedule = tf.keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.5, 0.25])
    optimizer = make(schedule)
    assert rates.eager_rate(made(make(0.125))) == 0.125
    assert rates.eager_rate(made(optimizer)) == 0.5
    optimizer.iterations.assign(1)
    assert rates.eager_rate(made(optimizer)) == 0.25
    assert rates.eager_rate(made(tf.compat.v1.train.GradientDescentOptimizer(lambda: 0.75))) == 0.75
    assert rates.eager_rate(made(object())) is None


@pytest.mark.parametrize("kind", ["SGD", "legacy.SGD"])
def test_a_step_that_sets_its_rate_is_seen(tf: Any, rates: Any, kind: str) -> None:
    """Setting the attribute and assigning to its variable are noted with their lines; Keras' own books are not."""
    make = tf.keras.optimizers.legacy.SGD if kind.startswith("legacy") else tf.keras.optimizers.SGD
    optimizer = make(0.5)
    variable = tf.Variable(1.0)
    found: list[Any] = []
    with rates.noting_rates(made(optimizer), found):
        optimizer.learning_rate = 0.25
        optimizer.learning_rate.assign(0.125)
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert [stack[0].text for stack in found] == [
        "optimizer.learning_rate = 0.25",
        "optimizer.learning_rate.assign(0.125)",
    ]
    optimizer.learning_rate = 0.5
    assert len(found) == 2
    scheduled = make(tf.keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5))
    with rates.noting_rates(made(scheduled), found):
        scheduled.apply_gradients([(tf.constant(1.0), variable)])
    assert len(found) == 2
