"""Outputs: every leaf by its path, every array kept exactly, and nothing returned is a fault."""

from __future__ import annotations

import collections
import dataclasses
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from tf_equivalence.recording import read_arrays, write_arrays
from tf_equivalence.worker.faults import CaseFault


@pytest.fixture
def outputs(tf: Any) -> ModuleType:
    """Return the module, which imports TensorFlow."""
    from tf_equivalence.worker import outputs

    return outputs


class Pair(NamedTuple):
    """A nest with named fields."""

    logits: Any
    state: Any


@dataclasses.dataclass
class Heads:
    """A nest as a dataclass."""

    main: Any
    extra: Any


@pytest.mark.parametrize(
    ("nest", "names"),
    [
        pytest.param(1.0, ["output"], id="single"),
        pytest.param([1.0, 2.0], ["0", "1"], id="list"),
        pytest.param((1.0, {"Logits": 2.0}), ["0", "1/Logits"], id="tuple-of-dict"),
        pytest.param({"b": 1.0, "a": [2.0, None]}, ["b", "a/0", "a/1"], id="dict-with-none"),
        pytest.param(collections.OrderedDict(z=1.0, a=2.0), ["z", "a"], id="ordered-dict"),
        pytest.param(Pair(1.0, (2.0, 3.0)), ["logits", "state/0", "state/1"], id="named-tuple"),
        pytest.param(Heads(1.0, {3: 2.0}), ["main", "extra/3"], id="dataclass"),
        pytest.param([[], 1.0], ["1"], id="with-an-empty-part"),
    ],
)
def test_leaves_are_named_by_their_path(outputs: ModuleType, nest: Any, names: list[str]) -> None:
    """Dict keys, fields and positions name the outputs."""
    assert [name for name, _ in outputs.flatten(nest)] == names


@pytest.mark.parametrize(
    "nest",
    [
        pytest.param(None, id="none"),
        pytest.param([], id="empty-list"),
        pytest.param({"a": {}}, id="nested-empty"),
        pytest.param([None, None], id="only-none"),
    ],
)
def test_returning_nothing_is_a_fault(outputs: ModuleType, nest: Any) -> None:
    """Zero outputs are refused: nothing would be compared."""
    with pytest.raises(CaseFault, match="returned no outputs"):
        outputs.flatten(nest)


def test_two_outputs_of_one_name_are_a_fault(outputs: ModuleType) -> None:
    """Names that collide would hide an output."""
    with pytest.raises(CaseFault, match="one name: 1"):
        outputs.flatten({1: 1.0, "1": 2.0})


def test_kinds_and_components(tf: Any, outputs: ModuleType) -> None:
    """Each kind of tensor is taken apart into its arrays."""
    sparse = tf.SparseTensor([[0, 1]], [5.0], [2, 3])
    ragged = tf.ragged.constant([[1.0], [2.0, 3.0]])
    slices = tf.IndexedSlices(tf.ones([2, 3]), tf.constant([4, 5]))
    kinds = [(outputs.components(leaf)[0], len(outputs.components(leaf)[1])) for leaf in (sparse, ragged, slices)]
    assert kinds == [("sparse", 3), ("ragged", 2), ("indexed-slices", 2)]
    assert outputs.components(None) == ("none", ())
    for leaf in (tf.ones([2]), tf.Variable(1.0), np.ones(2), 1.5, True):
        assert outputs.components(leaf)[0] == "tensor"
    assert [name for name, _ in outputs.flatten([sparse, ragged, slices])] == ["0", "1", "2"]


def test_what_is_no_number_is_a_fault(outputs: ModuleType) -> None:
    """An object that is neither a tensor nor a number cannot be compared."""
    with pytest.raises(CaseFault, match="returned a object"):
        outputs.components(object())


def test_stored_leaves_have_their_arrays(tf: Any, outputs: ModuleType, tmp_path: Path) -> None:
    """Names, dtypes and shapes are kept beside arrays that survive the disk without pickling."""
    nest = {
        "half": tf.constant([1.5, 2.5], tf.bfloat16),
        "text": tf.constant([b"a\x00", b"\xffb"]),
        "ragged": tf.ragged.constant([[[1]], [[2, 3], []]]),
        "none": None,
        "scalar": np.float64(3),
    }
    named = []
    for name, leaf in outputs.flatten(nest):
        kind, parts = outputs.components(leaf)
        named.append((name, kind, tuple(part.numpy() if tf.is_tensor(part) else part for part in parts)))
    leaves, arrays = outputs.store(named)
    write_arrays(str(tmp_path), "run", arrays)
    read = read_arrays(str(tmp_path), "run")
    by_name = {leaf.name: leaf for leaf in leaves}
    assert {name: (leaf.kind, leaf.dtype, leaf.shape) for name, leaf in by_name.items()} == {
        "half": ("tensor", "bfloat16", (2,)),
        "text": ("tensor", "string", (2,)),
        "ragged": ("ragged", "int32", (3,)),
        "none": ("none", "", ()),
        "scalar": ("tensor", "float64", ()),
    }
    assert read[by_name["half"].arrays[0]].tolist() == [1.5, 2.5]
    assert read[by_name["text"].arrays[0]].tolist() == [b"a\x00|", b"\xffb|"]
    assert [read[key].tolist() for key in by_name["ragged"].arrays] == [[1, 2, 3], [0, 1, 3], [0, 1, 3, 3]]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(np.array([b"a", b"bc"], object), id="objects"),
        pytest.param(np.array([b"a", b"bc"]), id="bytes"),
        pytest.param(np.array(["a", "bc"]), id="str"),
    ],
)
def test_text_is_stored_in_one_form(outputs: ModuleType, text: np.ndarray) -> None:
    """A string tensor and a NumPy array of the same text compare equal."""
    assert outputs.storable(text).tolist() == [b"a|", b"bc|"]
    assert outputs.dtype_name(text) == "string"
