"""The operation that amplifies the reference's noise is found by walking back from what is noisy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tf_equivalence.worker import noise


@pytest.fixture
def noise_jump(tf: Any) -> Any:
    """Return the module, which needs TensorFlow."""
    from tf_equivalence.worker import noise_jump as module

    return module


def found_in(tf: Any, noise_jump: Any, function: Any, array: np.ndarray) -> Any:
    """Return what is found in a graph of one input."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        given = v1.placeholder(tf.float32, array.shape)
        result = function(given)
        reference = SimpleNamespace(
            leaves=(("output", "tensor", (result.name,)),), placeholders=(given.name,), variables=()
        )
        with v1.Session(graph=graph) as session:
            values = [noise_jump.values_of(reference, session, each) for each in (array, noise.moved("x", 0, array))]
    return noise_jump.find(*values)


ARRAY = np.linspace(1.0, 1.0 + 1e-5, 64).astype(np.float32).reshape(4, 16)


def test_cancellation_is_found(tf: Any, noise_jump: Any) -> None:
    """Of a chain of operations the subtraction is named that leaves rounding alone, with its line."""

    def function(given: Any) -> Any:
        hidden = tf.sqrt(given * 2.0)
        return tf.tanh((hidden - tf.reduce_mean(hidden)) * 1e5) + 1.0

    found = found_in(tf, noise_jump, function, ARRAY)
    assert found.type == "Sub"
    assert found.before < 1e-6 < 1e-3 < found.after
    assert any("(hidden - tf.reduce_mean(hidden))" in frame.text for frame in found.stack)


def test_quiet_branch_is_not_followed(tf: Any, noise_jump: Any) -> None:
    """Where two branches meet, the noisy one is followed."""

    def function(given: Any) -> Any:
        noisy = tf.subtract(given, tf.reduce_mean(given), name="noisy")
        return tf.concat([given * 3.0, noisy * 1e6], axis=1)

    assert found_in(tf, noise_jump, function, ARRAY).name == "noisy"


def test_nothing_noisy(tf: Any, noise_jump: Any) -> None:
    """A well-conditioned result has no such operation."""
    assert found_in(tf, noise_jump, lambda given: tf.exp(given) + 1.0, ARRAY) is None


def test_is_noisy(noise_jump: Any) -> None:
    """A thousandth of the largest value counts, whole numbers and values that are not finite do not."""
    before = {"a": np.array([1.0, 1000.0]), "n": np.array([1, 2]), "x": np.array([np.nan, 1.0])}
    assert not noise_jump.is_noisy(before, {**before, "a": np.array([1.9, 1000.0]), "n": np.array([7, 7])})
    assert noise_jump.is_noisy(before, {**before, "a": np.array([2.1, 1000.0])})
    assert not noise_jump.is_noisy(before, {**before, "x": np.array([5.0, 1.0])})
