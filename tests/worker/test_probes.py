"""Known changes: each changes something, few for large models, and all is as before afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf_equivalence.recording import PROBES


@pytest.fixture
def probes(tf: Any) -> Any:
    """Return the module, which needs TensorFlow."""
    from tf_equivalence.worker import probes as module

    return module


def variables(tf: Any, count: int) -> list[Any]:
    """Return variables of two shapes."""
    return [tf.Variable(tf.fill([2 + number % 2], float(number + 1)), name=f"v{number}") for number in range(count)]


def test_inputs(probes: Any) -> None:
    """Each numeric input is zeroed, reversed within its examples, and scaled where it has fractions."""
    arrays = {"ids": np.array([[1, 2]]), "image": np.ones((1, 2, 2, 1), np.float32), "name": np.array([b"x"])}
    changes = [change for change in probes.choose(arrays, [], 24) if change.target]
    found = {(change.kind, change.target): change.arrays for change in changes}
    assert set(found) == {
        ("input-zeroed", ("input ids",)),
        ("input-zeroed", ("input image",)),
        ("input-permuted", ("input ids",)),
        ("input-permuted", ("input image",)),
        ("input-scaled", ("input image",)),
    }
    assert found["input-permuted", ("input ids",)]["ids"].tolist() == [[2, 1]]
    assert not found["input-zeroed", ("input image",)]["image"].any()
    assert found["input-scaled", ("input image",)]["image"].dtype == np.float32
    assert all(changed["name"] is arrays["name"] for changed in found.values())


def test_single_input_has_a_plain_name(probes: Any) -> None:
    """One array is `input`, without a path."""
    changes = probes.choose(np.ones((2, 3)), [], 24)
    assert {change.target for change in changes if change.kind.startswith("input")} == {("input",)}


def test_variables(tf: Any, probes: Any) -> None:
    """Those of one shape are swapped; single ones grow by a thousandth; zeros, which cannot, are left out."""
    made = [*variables(tf, 4), tf.Variable(tf.zeros([5]), name="zeros"), tf.Variable([1, 2], name="whole")]
    changes = probes.choose(np.ones((1, 1), np.float32), made, 24)
    swaps = [change for change in changes if change.kind == "variables-swapped"]
    assert [change.target for change in swaps] == [("v0:0", "v2:0"), ("v1:0", "v3:0")]
    scaled = [change for change in changes if change.kind == "variable-scaled"]
    assert [change.target for change in scaled] == [("v0:0",), ("v1:0",), ("v2:0",), ("v3:0",)]
    assert {change.kind for change in changes} < set(PROBES)


def test_applied(tf: Any, probes: Any) -> None:
    """Inside, variables have their new values; afterwards the old ones, also after an exception."""
    one, _, other, _ = made = variables(tf, 4)
    swap = next(change for change in probes.choose(np.ones(1), made, 24) if change.kind == "variables-swapped")
    before = [variable.numpy().tolist() for variable in made]

    def see() -> None:
        with probes.applied(swap):
            assert (one.numpy().tolist(), other.numpy().tolist()) == (before[2], before[0])
            raise KeyError

    with pytest.raises(KeyError):
        see()
    assert [variable.numpy().tolist() for variable in made] == before


@pytest.mark.parametrize("count", [0, 1, 3, 7, 24])
def test_count(tf: Any, probes: Any, count: int) -> None:
    """No more changes than asked for, the same ones every time, of inputs and weights alike."""
    made = variables(tf, 50)
    arrays = np.ones((2, 2), np.float32)
    first, second = (probes.choose(arrays, made, count) for _ in range(2))
    assert len(first) <= count
    assert [(change.kind, change.target) for change in first] == [(change.kind, change.target) for change in second]
    if count >= 3:
        assert {change.kind for change in first} >= {"input-zeroed", "variables-swapped", "variable-scaled"}


@pytest.mark.parametrize(
    ("most", "variables_of_model", "expected"), [(24, 10, 24), (24, 1114, 2), (4, 10, 4), (0, 10, 0)]
)
def test_budget(probes: Any, most: int, variables_of_model: int, expected: int) -> None:
    """Large models get fewer, never more than asked for, and the machine has no say."""
    assert probes.budget(most, variables_of_model) == expected


def test_activations(probes: Any) -> None:
    """Some of them are left out one at a time; where all weights are one constant, one even among few changes."""
    arrays = np.ones((1, 2), np.float32)
    numbers = [change.activation for change in probes.choose(arrays, [], 24) if change.kind == "activation-dropped"]
    assert numbers == [0, 1, 3, 7]
    few = [[change.kind for change in probes.choose(arrays, [], 2, constant)] for constant in (True, False)]
    assert few == [["input-zeroed", "activation-dropped"], ["input-zeroed"]]
