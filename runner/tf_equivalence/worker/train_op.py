"""What TF1's graph holds for training alone: the train operation, the optimizer's variables, the global step."""

import re
from typing import Any, Callable, Iterable, List, Set, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.case import EquivalenceCase
from tf_equivalence.estimator import EstimatorCase
from tf_equivalence.worker import outputs
from tf_equivalence.worker.op_kinds import WRITES

v1 = tf.compat.v1
_OPTIMIZING = ("apply_gradients", "get_updates", "minimize")
APPLY = re.compile(r"(?:Resource)?(?:Sparse)?Apply(.+)")


def builder(case):
    # type: (EquivalenceCase) -> Tuple[Callable[..., Any], str]
    """Return the user's function that builds the TF1 side, and its name for a person."""
    if isinstance(case, EstimatorCase) and type(case).tf1 is EstimatorCase.tf1:
        return case.model_fn, "model_fn()"
    return case.tf1, "tf1()"


def prepare(case):
    # type: (EquivalenceCase) -> None
    """Make the global step in the current graph, as an Estimator does before it calls its model function."""
    if isinstance(case, EstimatorCase):
        v1.train.get_or_create_global_step()
        case._regularization = v1.losses.get_regularization_loss


def placeholder(array):
    # type: (np.ndarray) -> Any
    """Return a placeholder of the current graph for an array."""
    dtype = tf.string if array.dtype.kind in "SU" else tf.as_dtype(array.dtype)
    return v1.placeholder(dtype, array.shape, name="equivalence_input")


def ancestors(elements):
    # type: (Iterable[Any]) -> Set[Any]
    """Return the operations that these tensors and operations depend on, themselves included."""
    pending = [getattr(element, "op", element) for element in elements]
    seen = set(pending)
    while pending:
        op = pending.pop()
        for other in list(op.control_inputs) + [tensor.op for tensor in op.inputs]:
            if other not in seen:
                seen.add(other)
                pending.append(other)
    return seen


def advances(operation, step):
    # type: (Any, Any) -> bool
    """Tell whether running an operation writes a variable of the graph, such as the global step."""
    written = [op.inputs[0].op for op in ancestors([operation]) if op.type in WRITES and op.inputs]
    return step.op in written


def model_variables(case, graph, returned):
    # type: (EquivalenceCase, Any, Any) -> Tuple[Any, ...]
    """Return the global variables of a graph without those that only training has.

    Slots and powers of an optimizer are left out, by the function that made them. So is the global
    step of an Estimator, unless an output depends on it.
    """
    variables = list(graph.get_collection(v1.GraphKeys.GLOBAL_VARIABLES))
    if isinstance(case, EstimatorCase):
        step = v1.train.get_global_step(graph)
        parts = [part for _, leaf in outputs.flatten(returned) for part in outputs.components(leaf)[1]]
        read = ancestors(part for part in parts if tf.is_tensor(part))
        variables = [variable for variable in variables if variable is not step or variable.op in read]
    if _trains(case, graph):
        variables = [variable for variable in variables if variable.trainable or not _is_of_optimizer(variable)]
    return tuple(variables)


def _trains(case, graph):
    # type: (EquivalenceCase, Any) -> bool
    return _train_op(case) is not None or bool(graph.get_collection(v1.GraphKeys.TRAIN_OP))


def _train_op(case):
    # type: (EquivalenceCase) -> Any
    return case._spec.train_op if case._spec is not None else None


def _is_of_optimizer(variable):
    # type: (Any) -> bool
    raw = stacks.raw_from_summary(variable.op.traceback)
    return any(name in _OPTIMIZING for _, _, name in raw)  # of the library, or of an optimizer of the user's own


def updates_run(case, updates, notes):
    # type: (EquivalenceCase, List[Any], List[str]) -> List[Any]
    """Return the UPDATE_OPS that the spec's train operation depends on; all of them without one.

    Args:
        case: Which has built its graph.
        updates: The UPDATE_OPS of the graph.
        notes: What is worth telling about the spec is added to them.
    """
    spec = case._spec
    if spec is not None and spec.loss is not None and type(case).loss is EquivalenceCase.loss:
        notes.append("model_fn's loss is not compared: give the case a `loss(self, outputs, inputs)` for the TF2 side")
    train_op = _train_op(case)
    if train_op is None:
        return updates
    needed = ancestors([train_op])
    run = [update for update in updates if getattr(update, "op", update) in needed]
    applied = [match.group(1) for match in (APPLY.fullmatch(op.type) for op in needed) if match]
    names = " and ".join(sorted(set(applied))).replace("GradientDescent", "gradient descent") or "no optimizer"
    notes.append(
        "train_op applies {} to {} variable{}, and depends on {} of {} UPDATE_OPS".format(
            names, len(applied), "" if len(applied) == 1 else "s", len(run), len(updates)
        )
    )
    return run
