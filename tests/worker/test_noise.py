"""The reference's own noise: values moved by one unit in the last place, and batches without variance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf_equivalence.worker import noise


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_one_unit_up_or_down(dtype: Any) -> None:
    """Every value but zero moves to a neighbour, in both directions among many, the same in every run."""
    value = np.linspace(-2, 2, 101).astype(dtype)
    result = noise.moved("w", 0, value)
    ups, downs = np.nextafter(value, dtype(np.inf)), np.nextafter(value, dtype(-np.inf))
    assert np.all((result == ups) | (result == downs) | ((value == 0) & (result == 0)))
    assert (result > value).any()
    assert (result < value).any()
    assert result.dtype == value.dtype
    assert np.array_equal(result, noise.moved("w", 0, value))
    assert not np.array_equal(result, noise.moved("w", 1, value))
    assert not np.array_equal(result, noise.moved("v", 0, value))


@pytest.mark.parametrize(
    "value",
    [np.array([1, 2]), np.array([True]), np.array([b"x"]), np.array([0.0, np.inf, -np.inf, np.finfo(np.float64).max])],
    ids=["integers", "booleans", "strings", "no neighbours"],
)
def test_what_does_not_move(value: np.ndarray) -> None:
    """Whole numbers, text, zero and what is not finite stay, and nothing becomes infinite."""
    result = noise.moved("w", 0, value)
    assert result.dtype == value.dtype
    if value.dtype.kind == "f":
        assert result[:3].tolist() == value[:3].tolist()
        assert np.isfinite(result[3])
    else:
        assert np.array_equal(result, value)


def test_bfloat16_moves_by_its_own_unit(tf: Any) -> None:
    """A dtype that NumPy does not know has neighbours of its own."""
    value = np.full([64], 1.0, tf.bfloat16.as_numpy_dtype)
    result = noise.moved("w", 0, value)
    assert result.dtype == value.dtype
    assert set(result.astype(np.float64)) == {1.0 + 2.0**-7, 1.0 - 2.0**-8}


def test_nests_of_inputs() -> None:
    """Every leaf moves in its own directions, and the nest stays."""
    arrays = {"a": np.ones(64), "b": (np.ones(64), np.ones(3, int))}
    result = noise.moved_inputs(0, arrays)
    assert not np.array_equal(result["a"], arrays["a"])
    assert not np.array_equal(result["a"], result["b"][0])
    assert result["b"][1].tolist() == [1, 1, 1]


def test_degenerate() -> None:
    """A channel whose spread is rounding is named; one that is zero throughout amplifies nothing."""
    varied = ("varied", np.array([1.0]), np.array([0.5]))
    dead = ("dead", np.array([0.0]), np.array([0.0]))
    constant = ("net/bn", np.array([0.0, 3.0]), np.array([0.0, 1e-14]))
    assert noise.degenerate([]) == noise.degenerate([varied, dead]) == ()
    (remark,) = noise.degenerate([varied, constant, dead])
    assert "net/bn:" in remark
    assert "its input is constant" in remark
    assert " and 1 more" in noise.degenerate([constant, constant])[0]


@pytest.mark.parametrize(("fused", "training", "expected"), [(True, True, 1), (False, True, 1), (True, False, 0)])
def test_moments_of_batch_normalizations(tf: Any, fused: bool, training: bool, expected: int) -> None:
    """Those that compute statistics of the batch are found, fused or not."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        images = v1.placeholder(tf.float32, [2, 4, 4, 3])
        v1.layers.batch_normalization(images, training=training, fused=fused, name="bn")
        moments = noise.batch_moments(graph)
        assert [scope for scope, _, _ in moments] == ["bn"] * expected
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            values = np.ones((2, 4, 4, 3), np.float32)
            found = session.run([tensors[1:] for tensors in moments], {images: values})
    assert bool(noise.degenerate([("bn", *pair) for pair in found])) is bool(expected)
