"""Inputs: the same on both sides and for ever, other ones for the second call, nests kept."""

from __future__ import annotations

import collections
from typing import Any, NamedTuple

import numpy as np
import pytest

from tf_equivalence import ArraySpec, EquivalenceCase
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker.faults import CaseFault


class Pair(NamedTuple):
    """A nest with named fields."""

    left: Any
    right: Any


def case(given: Any, name: str = "Net") -> EquivalenceCase:
    """Return a case with these inputs."""
    return type(name, (EquivalenceCase,), {"inputs": given})()


def test_draws_are_repeatable() -> None:
    """Two draws of one call are equal, whatever happened between; the two calls differ."""
    spec = ArraySpec((4, 3))
    first = case_inputs.draw(case(spec), 0)
    np.random.seed(1)
    np.testing.assert_array_equal(case_inputs.draw(case(spec), 0), first)
    assert np.abs(case_inputs.draw(case(spec), 1) - first).max() > 0.1


def test_draws_are_golden() -> None:
    """The stream of a case depends on its name alone, and stays what it is."""
    values = case_inputs.draw(case(ArraySpec((3,), "float64"), "Golden"), 0)
    np.testing.assert_allclose(values, [0.27873485655814245, -0.11876767420136725, 0.8590503232731779], rtol=1e-12)


def test_other_cases_draw_other_inputs() -> None:
    """Two classes of one module do not share their inputs."""
    one, other = (case_inputs.draw(case(ArraySpec((4,)), name), 0) for name in ("A", "B"))
    assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize(
    "nest",
    [
        pytest.param({"a": ArraySpec((2,)), "b": [ArraySpec((2,)), ArraySpec((2,), "int32")]}, id="dict-of-list"),
        pytest.param((ArraySpec((2,)), {"x": ArraySpec((2,))}), id="tuple-of-dict"),
        pytest.param(Pair(ArraySpec((2,)), (ArraySpec((2,)),)), id="named-tuple"),
        pytest.param(collections.OrderedDict(z=ArraySpec((2,)), a=ArraySpec((2,))), id="ordered-dict"),
    ],
)
def test_nests_keep_their_structure(nest: Any) -> None:
    """What comes out has the types, keys and order of what was given, with arrays at the leaves."""
    drawn = case_inputs.draw(case(nest), 0)

    def skeleton(value: Any) -> Any:
        if isinstance(value, dict):
            return type(value), [(key, skeleton(item)) for key, item in value.items()]
        if isinstance(value, (list, tuple)):
            return type(value), [skeleton(item) for item in value]
        return "leaf"

    assert skeleton(drawn) == skeleton(nest)
    assert all(isinstance(leaf, np.ndarray) for leaf in case_inputs.leaves(drawn))


def test_specs_of_one_shape_differ() -> None:
    """Two inputs of one shape get different values, so that a mix-up shows."""
    left, right = case_inputs.draw(case([ArraySpec((4,)), ArraySpec((4,))]), 0)
    assert np.abs(left - right).max() > 0.1


def test_fixed_arrays_are_reversed_for_the_second_call() -> None:
    """A given array is used as it is, and reversed the second time, so that each value keeps its range."""
    given = np.arange(6, dtype=np.int64).reshape(2, 3)
    np.testing.assert_array_equal(case_inputs.draw(case(given), 0), given)
    np.testing.assert_array_equal(case_inputs.draw(case(given), 1), given[::-1, ::-1])
    assert case_inputs.draw(case(np.float32(3)), 1) == 3


def test_method_draws_from_the_generator() -> None:
    """`inputs` as a method gets a generator of its own stream for each call."""

    class Net(EquivalenceCase):
        """Draws by itself."""

        def inputs(self, rng: np.random.RandomState) -> Any:
            """Return ids below ten."""
            return {"ids": rng.randint(0, 10, (50,))}

    first, again, second = (case_inputs.draw(Net(), call)["ids"] for call in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()


@pytest.mark.parametrize("text", [np.array(["a", "bé"]), np.array([b"a", b"b"])], ids=["str", "bytes"])
def test_text_is_an_input(text: np.ndarray) -> None:
    """Arrays of text are taken."""
    assert case_inputs.draw(case(text), 0).tolist() == text.tolist()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(None, "not defined", id="none"),
        pytest.param({}, "empty nest", id="empty-dict"),
        pytest.param([[], {}], "empty nest", id="nested-empty"),
        pytest.param({"a": object()}, "holds object", id="object"),
        pytest.param([np.array([None])], "holds ndarray", id="object-array"),
    ],
)
def test_unusable_inputs_are_faults(given: Any, says: str) -> None:
    """What cannot be fed is refused before any model is called."""
    with pytest.raises(CaseFault, match=says) as caught:
        case_inputs.draw(case(given), 0)
    assert caught.value.fault.kind == "inputs"


@pytest.mark.parametrize(
    ("shapes", "batch"),
    [
        pytest.param([(4, 3)], 4, id="one"),
        pytest.param([(4, 3), (4,)], 4, id="shared"),
        pytest.param([(4, 3), (5,)], None, id="different"),
        pytest.param([(4, 3), ()], None, id="scalar"),
        pytest.param([(0, 3)], None, id="empty"),
    ],
)
def test_common_batch(shapes: list[tuple[int, ...]], batch: int | None) -> None:
    """A batch size is what all inputs share."""
    assert case_inputs.common_batch([np.zeros(shape) for shape in shapes]) == batch


def test_larger_batch_repeats_the_first_example() -> None:
    """The second batch size has valid examples only."""
    larger = case_inputs.larger_batch({"a": np.array([[1, 2], [3, 4]])})
    assert larger["a"].tolist() == [[1, 2], [3, 4], [1, 2]]


def test_shapes_for_a_message() -> None:
    """Shapes and dtypes of all inputs on one line."""
    assert case_inputs.shapes_text([np.zeros((2, 3), "float32"), np.zeros((), "int64")]) == "float32[2, 3], int64[]"
