"""Per-name weights: stable for ever, different for every name, and kind to the model."""

from __future__ import annotations

import numpy as np
import pytest

from tf_equivalence.worker.weights import half_width, named_value


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "expected"),
    [
        pytest.param(
            "conv/kernel",
            (2, 3),
            "float64",
            [
                [0.8158108363940513, 0.0672073893382803, 1.062658587294791],
                [0.9366066963643203, -0.0646248214104519, 0.014447017989724031],
            ],
            id="kernel",
        ),
        pytest.param(
            "bn/moving_variance",
            (3,),
            "float32",
            [1.4506592750549316, 0.7267980575561523, 1.0942972898483276],
            id="variance",
        ),
        pytest.param("bn/beta", (2,), "float64", [-0.07501693164859564, -0.06949669806125354], id="offset"),
        pytest.param("global_step", (), "int64", 1, id="integer"),
        pytest.param("flag", (4,), "bool", [True, False, True, True], id="boolean"),
        pytest.param(
            "z",
            (2,),
            "complex128",
            [1.0531941216598373 + 0.30431039814916405j, 1.0283024979406188 - 0.31834085713156324j],
            id="complex",
        ),
    ],
)
def test_values_are_golden(name: str, shape: tuple[int, ...], dtype: str, expected: object) -> None:
    """A name stands for the same numbers on every platform, and in every version of this project."""
    value = named_value(name, shape, np.dtype(dtype))
    assert value.dtype == dtype
    np.testing.assert_allclose(value, np.asarray(expected, dtype), rtol=1e-12 if dtype != "float32" else 1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 0, 3)], ids=str)
def test_shape_and_dtype_are_as_asked(shape: tuple[int, ...], dtype: str) -> None:
    """Scalars and empty variables get arrays too."""
    value = named_value("w", shape, np.dtype(dtype))
    assert isinstance(value, np.ndarray)
    assert (value.shape, value.dtype) == (shape, np.dtype(dtype))


def test_names_differ() -> None:
    """Same-shape variables get different values, so a swap shows; also names that differ by little."""
    names = ["a/kernel", "b/kernel", "a/kernel_1", "A/kernel", "a/b/kernel", "kernel"]
    values = [named_value(name, (4, 4), np.dtype("float32")) for name in names]
    for i, one in enumerate(values):
        for other in values[i + 1 :]:
            assert np.abs(one - other).max() > 0.1


def test_shapes_differ() -> None:
    """A transposed variable is not the transpose of the other's values."""
    one = named_value("kernel", (3, 4), np.dtype("float32"))
    other = named_value("kernel", (4, 3), np.dtype("float32"))
    assert np.abs(one - other.T).max() > 0.1
    assert np.abs(one.reshape(-1) - other.reshape(-1)).max() > 0.1


def test_dtype_only_rounds() -> None:
    """A variable in another precision has the same values up to rounding."""
    one = named_value("kernel", (3, 4), np.dtype("float64"))
    np.testing.assert_array_equal(named_value("kernel", (3, 4), np.dtype("float32")), one.astype(np.float32))


def test_swapped_variables_change_a_models_output() -> None:
    """In a small net two same-shape kernels swapped move the output far beyond any rounding."""
    inputs = np.random.RandomState(0).uniform(-1, 1, (2, 8))
    first, second = (named_value(f"layer{i}/kernel", (8, 8), np.dtype("float64")) for i in (1, 2))
    one = np.maximum(inputs @ first, 0) @ second
    other = np.maximum(inputs @ second, 0) @ first
    assert np.abs(one - other).max() > 1e-2 * np.abs(one).max()


@pytest.mark.parametrize(
    "name",
    ["bn/moving_variance", "bn/gamma", "layer_norm/scale", "prelu/alpha", "x/stddev", "sigma", "Adagrad/accumulator"],
)
def test_divisors_and_roots_are_positive(name: str) -> None:
    """What a model may divide by, or take the root or logarithm of, stays away from zero."""
    assert named_value(name, (1000,), np.dtype("float32")).min() >= 0.5


@pytest.mark.parametrize("name", ["dense/bias", "conv/biases", "bn/beta", "bn/moving_mean", "b", "cell/w_b"])
def test_offsets_are_small(name: str) -> None:
    """Offsets are near zero, of both signs, and never zero."""
    values = named_value(name, (1000,), np.dtype("float32"))
    assert 0.09 < np.abs(values).max() <= 0.1
    assert values.min() < 0 < values.max()
    assert np.count_nonzero(values) == 1000


@pytest.mark.parametrize(
    ("name", "shape", "fan_in"),
    [
        pytest.param("dense/kernel", (50, 20), 50, id="dense"),
        pytest.param("conv/weights", (3, 3, 16, 32), 144, id="convolution"),
        pytest.param("sep/depthwise_weights", (3, 3, 16, 1), 9, id="depthwise"),
        pytest.param("anything", (50, 20), 50, id="any-matrix"),
    ],
)
def test_kernels_keep_the_variance_of_what_flows_through(name: str, shape: tuple[int, ...], fan_in: int) -> None:
    """A kernel has variance 1 / fan-in, so that a deep net neither dies out nor explodes."""
    assert half_width(name, shape) == (0.0, pytest.approx(np.sqrt(3 / fan_in)))
    values = named_value(name, shape, np.dtype("float64"))
    assert values.var() * fan_in == pytest.approx(1, rel=0.35)


def test_embeddings_are_not_scaled_by_the_vocabulary() -> None:
    """A row of an embedding is looked up, not summed over, so its size does not shrink with the table."""
    assert half_width("words/embeddings", (100000, 8)) == (0.0, 1.0)
