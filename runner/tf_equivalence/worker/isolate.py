"""Gives every operation of a TF2 call the reference's own inputs, so that each is judged by itself.

An operation that differs although it was given TF1's values is a cause; what only carries on
another one's difference agrees. So accumulated rounding is told apart from a local cause, and
several independent causes are all seen.
"""

from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import numpy as np
import tensorflow as tf

from tf_equivalence.trace import Effect, Effects, IsolationPlan
from tf_equivalence.worker import op_kinds
from tf_equivalence.worker.change import relative_change
from tf_equivalence.worker.substitute import Substitution
from tf_equivalence.worker.trace_eager import EagerTracer

Arrays = Dict[str, np.ndarray]

_ROUNDING = 32.0  # units of rounding; as pinpointing has it
_MOST_CAUSES = 6


class Mismatch(Exception):
    """The call executed other operations than the traced one."""


class _Local(NamedTuple):
    """An operation that differs by itself.

    Attributes:
        executed: Its place.
        output: Which of its outputs.
        error: What to add to its output so that it is TF1's, where that is a number.
    """

    executed: int
    output: int
    error: np.ndarray


class Isolation:
    """One isolated call: TF1's values take the place of every aligned operation's outputs.

    Attributes:
        locals: What differs by itself, in the order of execution.
        results: TF1's results; None where one is not known.
        scope: To call the model in.
    """

    def __init__(self, plan, arrays, tracer):
        # type: (IsolationPlan, Arrays, EagerTracer) -> None
        self._targets = {target.executed: target for target in plan.targets}
        self._arrays = arrays
        self._tracer = tracer
        self.locals = []  # type: List[_Local]
        self.results = [arrays.get(key) for key in plan.results]
        self.scope = Substitution(self._give)

    def _give(self, executed, op_type, outputs):
        # type: (int, str, List[Any]) -> List[Any]
        target = self._targets.get(executed)
        if target is None:
            return outputs
        if target.type != op_type:
            raise Mismatch("{} instead of {}".format(op_type, target.type))
        given = list(outputs)
        for at, (tensor, key) in enumerate(zip(outputs, target.outputs)):
            reference = self._arrays.get(key)
            if reference is None:
                continue
            computed = op_kinds.storable(tensor.numpy())
            if computed is None or reference.shape != computed.shape or reference.dtype != computed.dtype:
                continue
            error = _local_error(reference, computed, tensor.dtype.name)
            if error is not None:
                self.locals.append(_Local(executed, at, error))
            given[at] = self._tracer.give(tensor, reference.astype(tensor.dtype.as_numpy_dtype))
        return given


def _local_error(reference, computed, dtype):
    # type: (np.ndarray, np.ndarray, str) -> Any
    """Return the difference of two arrays where it is more than rounding; None where it is not."""
    if np.array_equal(reference, computed) or computed.dtype.kind not in "fc":
        return None
    wide = np.complex128 if computed.dtype.kind == "c" else np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        error = reference.astype(wide) - computed.astype(wide)
        error = np.where(np.isfinite(error), error, 0.0)
        scale = np.abs(np.where(np.isfinite(reference), reference, 0.0)).max() if reference.size else 0.0
    eps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float64": 2.0**-52, "complex128": 2.0**-52}.get(dtype, 2.0**-23)
    return error if np.abs(error).max() > _ROUNDING * eps * scale else None


def effects(found, line, call, results):
    # type: (Sequence[_Local], Callable[[int], Any], Callable[[], Sequence[np.ndarray]], Sequence[Any]) -> Effects
    """Return what each cause alone does to the results; nothing for a single cause.

    Args:
        found: What differs by itself.
        line: Tells the line of user code of an executed operation.
        call: Calls the model and returns its results as arrays.
        results: TF1's; None where one is not known.
    """
    causes = {}  # type: Dict[Any, List[_Local]]
    for local in found:
        causes.setdefault(line(local.executed), []).append(local)
    groups = list(causes.values())[:_MOST_CAUSES]
    if len(groups) < 2:
        return Effects()
    measured = []
    for group in groups:
        others = [local for other in causes.values() if other is not group for local in other]
        with Substitution(_Correction(others)):
            returned = call()
        difference = max(
            (relative_change(one, other) for one, other in zip(results, returned) if one is not None), default=0.0
        )
        measured.append(Effect(tuple(sorted({local.executed for local in group})), difference))
    return Effects(tuple(measured))


class _Correction:
    """Adds to outputs what they lack, to the first order: as measured when inputs were TF1's."""

    def __init__(self, found):
        # type: (Sequence[_Local]) -> None
        self._errors = {(local.executed, local.output): local.error for local in found}

    def __call__(self, executed, op_type, outputs):  # noqa: ARG002 - a `Replace`
        # type: (int, str, List[Any]) -> List[Any]
        corrected = list(outputs)
        for at, tensor in enumerate(outputs):
            error = self._errors.get((executed, at))
            if error is not None and error.shape == tuple(tensor.shape):
                value = tensor.numpy()
                corrected[at] = tf.constant((value + error).astype(value.dtype), tensor.dtype)
        return corrected
