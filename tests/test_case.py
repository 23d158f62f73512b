"""The contract with user modules: what may be written, and what is refused where it is written."""

from __future__ import annotations

import numpy as np
import pytest

import tf_equivalence
from tf_equivalence.case import ArraySpec, EquivalenceCase, Tolerance


def draw(spec: ArraySpec, seed: int = 0) -> np.ndarray:
    """Return what a spec draws from a fresh generator."""
    return spec.draw(np.random.RandomState(seed))


@pytest.mark.parametrize("name", tf_equivalence.__all__)
def test_public_names_exist(name: str) -> None:
    """Every name that `__all__` promises can be imported."""
    assert getattr(tf_equivalence, name).__name__ == name


def test_unknown_public_name_is_an_attribute_error() -> None:
    """A misspelt import fails as Python users expect."""
    with pytest.raises(AttributeError, match="ArraySpecs"):
        _ = tf_equivalence.ArraySpecs


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        pytest.param("float32", -1, 1, id="float32"),
        pytest.param("float64", -1, 1, id="float64"),
        pytest.param("float16", -1, 1, id="float16"),
        pytest.param("int32", 0, 1, id="int32"),
        pytest.param("int64", 0, 1, id="int64"),
        pytest.param("uint8", 0, 1, id="uint8"),
    ],
)
def test_draws_within_default_range(dtype: str, low: float, high: float) -> None:
    """A spec without bounds draws the documented range, and spreads over it."""
    values = draw(ArraySpec((40, 25), dtype))
    assert values.dtype == dtype
    assert values.shape == (40, 25)
    assert values.min() >= low
    assert values.max() <= high
    assert values.min() < low + 0.1 * (high - low)
    assert values.max() > high - 0.1 * (high - low)


def test_draws_within_given_range() -> None:
    """`low` and `high` bound the values; for integers `high` is never reached."""
    values = draw(ArraySpec((1000,), "int32", low=5, high=8))
    assert set(values.tolist()) == {5, 6, 7}


def test_booleans_are_fair() -> None:
    """A boolean spec draws both values."""
    values = draw(ArraySpec((1000,), "bool"))
    assert values.dtype == bool
    assert 400 < values.sum() < 600


def test_complex_parts_are_drawn_apart() -> None:
    """Real and imaginary parts of a complex spec are independent."""
    values = draw(ArraySpec((1000,), "complex64"))
    assert values.dtype == np.complex64
    assert abs(np.corrcoef(values.real, values.imag)[0, 1]) < 0.1


def test_draw_is_golden() -> None:
    """The stream is the same one on every platform and NumPy version."""
    uniform = np.array([0.07630828937395717, 0.7799187922401146, 0.4384092314408935])
    np.testing.assert_allclose(draw(ArraySpec((3,), "float64"), 7), 2 * uniform - 1, rtol=1e-12)
    np.testing.assert_array_equal(draw(ArraySpec((6,), "int32", high=10), 7), [4, 9, 6, 3, 3, 7])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        pytest.param((7,), TypeError, "sequence of integers", id="shape-is-a-number"),
        pytest.param(((None, 3),), TypeError, "sequence of integers", id="unknown-dimension"),
        pytest.param(((2.5,),), TypeError, "sequence of integers", id="fractional-dimension"),
        pytest.param((("2", "3"),), TypeError, "sequence of integers", id="text-dimension"),
        pytest.param(((-1, 3),), ValueError, "fully known", id="negative-dimension"),
        pytest.param(((2,), "string"), TypeError, "string", id="text"),
        pytest.param(((2,), "object"), TypeError, "numeric or bool", id="object"),
        pytest.param(((2,), "float32", 1, 1), ValueError, "low must be below high", id="empty-range"),
        pytest.param(((2,), "float32", float("nan"), 1), ValueError, "low must be below high", id="nan-bound"),
    ],
)
def test_bad_specs_are_refused(arguments: tuple, error: type[Exception], text: str) -> None:
    """What cannot be drawn is refused where it is written."""
    with pytest.raises(error, match=text):
        ArraySpec(*arguments)


def test_spec_shows_itself() -> None:
    """The representation tells everything about a spec."""
    assert repr(ArraySpec((2, 3), low=0)) == "ArraySpec((2, 3), 'float32', low=0, high=1)"


@pytest.mark.parametrize(
    ("rtol", "atol", "error"),
    [
        pytest.param("1e-6", 0, TypeError, id="text"),
        pytest.param(True, 0, TypeError, id="boolean"),
        pytest.param(None, 0, TypeError, id="none"),
        pytest.param(-1e-6, 0, ValueError, id="negative"),
        pytest.param(0, float("nan"), ValueError, id="nan"),
        pytest.param(0, float("inf"), ValueError, id="infinite"),
    ],
)
def test_bad_tolerances_are_refused(rtol: float, atol: float, error: type[Exception]) -> None:
    """A tolerance that would let everything or nothing pass is refused."""
    with pytest.raises(error, match=r"Tolerance: [ra]tol must be"):
        Tolerance(rtol, atol)


def test_tolerance_holds_floats() -> None:
    """NumPy and Python numbers are taken alike, as plain floats."""
    tolerance = Tolerance(np.float32(0.5), 1)
    assert tolerance == (0.5, 1.0)
    assert [type(value) for value in tolerance] == [float, float]


@pytest.mark.parametrize("member", ["tf1", "tf2"])
def test_missing_side_says_what_to_write(member: str) -> None:
    """A case without `tf1` or `tf2` names its class and the missing signature."""

    class Empty(EquivalenceCase):
        """A case that defines nothing."""

    arguments = (None, False) if member == "tf1" else ()
    with pytest.raises(NotImplementedError, match=rf"Empty\.{member}\(self"):
        getattr(Empty(), member)(*arguments)


def test_operation_seed_outside_of_a_run_is_an_error() -> None:
    """The seed exists only while the runner aligns random numbers, and the message says so."""
    with pytest.raises(RuntimeError, match="only while"):
        _ = EquivalenceCase().operation_seed
    with pytest.raises(RuntimeError, match="only while"):
        EquivalenceCase().operation_seed = 3


def test_operation_seed_goes_to_the_tool() -> None:
    """Reading and setting the seed reaches the tool that hands seeds out."""

    class Tool:
        """Stands for the aligned random numbers."""

        operation_seed = 5

    case = EquivalenceCase()
    case._random_tool = Tool()
    assert case.operation_seed == 5
    case.operation_seed = 9
    assert case._random_tool.operation_seed == 9
