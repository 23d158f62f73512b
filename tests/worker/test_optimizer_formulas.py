"""The update formulas against the optimizers that they stand for, dense and sparse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tf_equivalence.judge.optimizer_formulas import Optimizer, Values, trajectory

RATE = 0.1
START = np.linspace(-0.5, 0.5, 12).reshape(4, 3)
GRADIENTS = [np.cos(np.arange(12.0) + 3 * step).reshape(4, 3) for step in range(3)]
ROWS = [[0, 2], [1, 2], [0, 0]]

# The three kinds by their families, with the arguments that they get after the learning rate.
MAKERS: dict[str, tuple[str, dict[str, Any]]] = {
    "v1 sgd": ("v1.GradientDescentOptimizer", {}),
    "v1 momentum": ("v1.MomentumOptimizer", {"momentum": 0.9}),
    "v1 nesterov": ("v1.MomentumOptimizer", {"momentum": 0.9, "use_nesterov": True}),
    "v1 adam": ("v1.AdamOptimizer", {"epsilon": 1e-3}),
    "v1 rmsprop": ("v1.RMSPropOptimizer", {"momentum": 0.5, "epsilon": 1e-3}),
    "v1 adagrad": ("v1.AdagradOptimizer", {}),
    "v1 adadelta": ("v1.AdadeltaOptimizer", {"epsilon": 1e-3}),
    "v1 ftrl": ("v1.FtrlOptimizer", {"l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02}),
    "legacy momentum": ("legacy.SGD", {"momentum": 0.9}),
    "legacy nesterov": ("legacy.SGD", {"momentum": 0.9, "nesterov": True}),
    "legacy adam": ("legacy.Adam", {"epsilon": 1e-3}),
    "legacy rmsprop": ("legacy.RMSprop", {"epsilon": 1e-3}),
    "legacy rmsprop with momentum": ("legacy.RMSprop", {"momentum": 0.5, "epsilon": 1e-3}),
    "legacy adagrad": ("legacy.Adagrad", {"epsilon": 1e-3}),
    "legacy adadelta": ("legacy.Adadelta", {"epsilon": 1e-3}),
    "legacy ftrl": ("legacy.Ftrl", {"l1_regularization_strength": 0.01}),
    "keras sgd": ("keras.SGD", {}),
    "keras momentum": ("keras.SGD", {"momentum": 0.9}),
    "keras nesterov": ("keras.SGD", {"momentum": 0.9, "nesterov": True}),
    "keras adam": ("keras.Adam", {"epsilon": 1e-3}),
    "keras rmsprop": ("keras.RMSprop", {"epsilon": 1e-3}),
    "keras adagrad": ("keras.Adagrad", {"epsilon": 1e-3}),
    "keras adadelta": ("keras.Adadelta", {"epsilon": 1e-3}),
    "keras ftrl": ("keras.Ftrl", {"l1_regularization_strength": 0.01}),
}


@pytest.fixture
def make(request: pytest.FixtureRequest, tf: Any) -> Callable[[], Any]:
    """Return what makes the optimizer of this name."""
    name, arguments = MAKERS[request.param]
    kind, _, attribute = name.partition(".")
    homes = {"v1": tf.compat.v1.train, "legacy": tf.keras.optimizers.legacy, "keras": tf.keras.optimizers}
    return lambda: getattr(homes[kind], attribute)(learning_rate=RATE, **arguments)


def computed(tf: Any, optimizer: Any, gradients: list[Any]) -> list[Values]:
    """Return a variable after each step of TensorFlow's own."""
    variable = tf.Variable(START.astype(np.float32))
    found = []
    for gradient in gradients:
        optimizer.apply_gradients([(gradient, variable)])
        found.append(variable.numpy().astype(np.float64))
    return found


def by_formula(optimizer: Any, gradients: list[Values], rows: list[Any] | None = None) -> list[Values]:
    """Return it by the formula of that optimizer."""
    from tf_equivalence.worker.optimizer_made import api_of, family_of, settings_of

    settings = settings_of(optimizer)
    first = {"rmsprop": {"mean-square": 1.0}} if api_of(optimizer) == "v1" else {}
    kept = {"accumulator": settings.get("initial_accumulator_value", 0.0)}
    slots = first.get(family_of(optimizer), kept if family_of(optimizer) in ("adagrad", "ftrl") else {})
    known = Optimizer(family_of(optimizer), api_of(optimizer), settings, RATE)
    assert known.is_known
    return trajectory(known, START, gradients, rows, slots)


@pytest.mark.parametrize("make", MAKERS, indirect=True)
def test_dense_gradients(tf: Any, make: Callable[[], Any]) -> None:
    """Each step of the formula is TensorFlow's, up to what float32 rounds."""
    theirs = computed(tf, make(), [tf.constant(gradient, tf.float32) for gradient in GRADIENTS])
    ours = by_formula(make(), GRADIENTS)
    for one, other in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=2e-6)


@pytest.mark.parametrize("make", MAKERS, indirect=True)
def test_sparse_gradients(tf: Any, make: Callable[[], Any]) -> None:
    """Rows that a gradient does not hold move, or stay, as TensorFlow moves or leaves them."""
    parts = [gradient[: len(rows)] for gradient, rows in zip(GRADIENTS, ROWS, strict=True)]
    slices = [
        tf.IndexedSlices(tf.constant(part, tf.float32), tf.constant(rows), tf.constant(START.shape))
        for part, rows in zip(parts, ROWS, strict=True)
    ]
    dense = [np.zeros(START.shape) for _ in parts]
    for gradient, part, rows in zip(dense, parts, ROWS, strict=True):
        np.add.at(gradient, rows, part)
    held = [np.isin(np.arange(len(START)), rows) for rows in ROWS]
    for one, other in zip(computed(tf, make(), slices), by_formula(make(), dense, held), strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=2e-6)


def test_epsilon_matters_next_to_tiny_gradients() -> None:
    """Adam's first step is ``rate * g / (|g| + epsilon / sqrt(1 - beta_2))``: gradients of 1e-8 tell epsilons apart."""
    settings = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
    gradient = np.full(2, 1e-8)
    step = trajectory(Optimizer("adam", "v1", settings, 1.0), np.zeros(2), [gradient])[0]
    np.testing.assert_allclose(step, -1e-8 / (1e-8 + 1e-8 / np.sqrt(1e-3)), rtol=1e-9)


@pytest.mark.parametrize("extra", ["weight_decay", "clipnorm", "centered", "amsgrad", "use_ema"])
def test_what_changes_a_formula_makes_it_unknown(extra: str) -> None:
    """No size of a difference is told for an optimizer that does more than its formula says."""
    assert not Optimizer("adam", "keras", {"beta_1": 0.9, extra: 1.0}, RATE).is_known
    assert not Optimizer("", "v1", {}, RATE).is_known
