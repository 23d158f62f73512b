"""Pairs of runs that differ in a way that other tools are known to let pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tf_equivalence.judge.evidence import Preset
from tf_equivalence.judge.outputs import judge_run
from tf_equivalence.recording import Leaf, Loss, RunRecord

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Hazard:
    """Two runs that must not be taken for the same.

    Attributes:
        name: One line.
        tf1: Output arrays by name, in their order.
        tf2: The same of the other side.
        tf1_losses: Regularization losses by variable.
        tf2_losses: The same of the other side.
    """

    name: str
    tf1: Arrays
    tf2: Arrays
    tf1_losses: dict[str, float] = field(default_factory=dict)
    tf2_losses: dict[str, float] = field(default_factory=dict)

    def caught(self, tolerance: Preset) -> bool:
        """Tell whether our judge finds a difference."""
        sides = [
            _record(self.tf1, self.tf1_losses),
            _record(self.tf2, self.tf2_losses),
        ]
        (tf1, tf1_arrays), (tf2, tf2_arrays) = sides
        return bool(judge_run(tf1, tf1_arrays, (), tf2, tf2_arrays, tolerance, tf2_names=str).findings)

    def for_peers(self) -> tuple[Arrays, Arrays]:
        """Return the arrays of both sides, each loss as an array of its own."""
        return _with_losses(self.tf1, self.tf1_losses), _with_losses(self.tf2, self.tf2_losses)


def _with_losses(outputs: Arrays, losses: dict[str, float]) -> Arrays:
    return outputs | {f"loss of {name}": np.asarray(value, np.float32) for name, value in losses.items()}


def _record(outputs: Arrays, losses: dict[str, float]) -> tuple[RunRecord, Arrays]:
    leaves = tuple(
        Leaf(name, "tensor", "string" if array.dtype.kind == "S" else array.dtype.name, array.shape, (f"o.{name}",))
        for name, array in outputs.items()
    )
    records = tuple(Loss(f"{name}/loss", (name,), f"loss.{name}", ()) for name in losses)
    arrays = {f"o.{name}": array for name, array in outputs.items()}
    arrays |= {f"loss.{name}": np.asarray(value, np.float32) for name, value in losses.items()}
    return RunRecord("named", leaves, records), arrays


def _one(name: str, tf1: Any, tf2: Any, dtype: str = "float32", other: str = "") -> Hazard:
    """Return a hazard of one output."""
    return Hazard(name, {"output": np.array(tf1, dtype)}, {"output": np.array(tf2, other or dtype)})


_X, _Y = np.linspace(-1, 1, 6, dtype=np.float32), np.linspace(2, 5, 6, dtype=np.float32)
_RANDOM = np.random.RandomState(0).uniform(-1, 1, (64, 64)).astype(np.float32)
_NAN, _INF = float("nan"), float("inf")


def _one_of_many(change: float) -> Arrays:
    array = _RANDOM.copy()
    array[63, 62] += np.float32(change)
    return {"output": array}


HAZARDS = (
    _one("means compared instead of elements", [1, 2, 3, 4], [4, 3, 2, 1]),
    _one("NaN against NaN", [1, _NAN, 3], [1, _NAN, 3]),
    _one("NaN throughout, on both sides", [_NAN, _NAN], [_NAN, _NAN]),
    _one("NaN against a number", [1, 2, 3], [1, _NAN, 3]),
    _one("+inf against -inf", [1, _INF], [1, -_INF]),
    _one("inf against the largest number", [1, _INF], [1, 3.4028235e38]),
    _one("broadcastable: scalar against array", 1, [1, 1, 1]),
    _one("broadcastable: a row against a matrix", [[1, 2]], [[1, 2], [1, 2]]),
    _one("broadcastable: (3,) against (3, 1)", [1, 1, 1], [[1], [1], [1]]),
    _one("silent transpose, square", [[1, 2], [3, 4]], [[1, 3], [2, 4]]),
    _one("silent transpose, equal values", np.ones((2, 3)), np.ones((3, 2))),
    _one("silently flattened", np.ones((2, 3)), np.ones(6)),
    _one("empty against empty of another shape", np.zeros((0, 3)), np.zeros((0, 5))),
    Hazard("nothing against nothing", {}, {}),
    _one("float64 stored as float32", [0.5, 0.25], [0.5, 0.25], "float64", "float32"),
    _one("float32 stored as float16", [0.5, 0.25], [0.5, 0.25], "float32", "float16"),
    _one("integers where floats were", [1, 2], [1, 2], "float32", "int32"),
    Hazard("outputs matched by index: names exchanged", {"logits": _X, "scores": _Y}, {"scores": _X, "logits": _Y}),
    Hazard("outputs matched by index: one renamed", {"logits": _X, "scores": _Y}, {"logits": _X, "probabilities": _Y}),
    _one("int32 overflow in the difference", [2147483647], [-2147483648], "int32"),
    _one("int64 overflow in the difference", [2**63 - 1], [-(2**63)], "int64"),
    _one("uint8 wrap-around", [0, 255], [255, 0], "uint8"),
    _one("int64 that are equal as float64", [2**53 + 1], [2**53], "int64"),
    _one("large integers within a relative tolerance", [10_000_000], [10_000_001], "int32"),
    _one("float16 overflow in the difference", [60000], [-60000], "float16"),
    _one("booleans", [True, False], [True, True], "bool"),
    _one("text", [b"cat", b"dog"], [b"cat", b"cow"], "S3"),
    _one("imaginary part", [1 + 1j], [1 - 1j], "complex64"),
    Hazard("missing output skipped", {"logits": _X, "scores": _Y}, {"logits": _X}),
    Hazard("unexpected output skipped", {"logits": _X}, {"logits": _X, "scores": _Y}),
    Hazard("outputs all missing", {"logits": _X}, {}),
    Hazard("one of 4,096 elements, by 1e-3", {"output": _RANDOM}, _one_of_many(1e-3)),
    Hazard("one of 4,096 elements, by 8e-6", {"output": _RANDOM}, _one_of_many(8e-6)),
    _one("outputs of 1e-12, twice as large", [1e-12, 2e-12], [2e-12, 4e-12]),
    _one("outputs of 1e-12 against zeros", [1e-12, 2e-12], [0, 0]),
    _one("outputs of 1e-6, of the other sign", [1e-6, 2e-6], [-1e-6, -2e-6]),
    _one("float64 wrong beyond float32's digits", [1.0, 2.0], [1.0, 2.0 + 1e-9], "float64"),
    Hazard("a loss of 1e-7 twice as large", {"output": _X}, {"output": _X}, {"w": 1e-7}, {"w": 2e-7}),
    Hazard("a loss of 1e-7 missing", {"output": _X}, {"output": _X}, {"v": 1.0, "w": 1e-7}, {"v": 1.0}),
    Hazard("losses of 1e-6 exchanged", {"output": _X}, {"output": _X}, {"v": 1e-6, "w": 2e-6}, {"v": 2e-6, "w": 1e-6}),
)
