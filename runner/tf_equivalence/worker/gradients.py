"""The gradients of a case's loss by every trainable variable, on either side.

The loss and the regularization are differentiated apart: a regularization that one side adds to its
loss and the other does not shows as a difference of the loss's own gradients.
"""

from dataclasses import replace
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import Leaf, RunRecord, rerun
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import outputs
from tf_equivalence.worker.faults import CaseFault, definition, user_code
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.migrated import Migrated, bare, losses_of
from tf_equivalence.worker.objective import KIND, NO_GRADIENT, PHASE, check_finite, objective
from tf_equivalence.worker.probes import probe
from tf_equivalence.worker.reference_runs import record_filled
from tf_equivalence.worker.sessions import Sessions, load, run
from tf_equivalence.worker.watch import plain_name

CONDITION, OPTIMIZED = "gradients", "gradients-optimized"
LOSS, GRADIENT, REGULARIZATION = "loss", "gradients/{}", "regularization-gradients/{}"

_Named = List[Tuple[str, Any]]


def record_tf1(case, reference, sessions, recorder, arrays):
    # type: (EquivalenceCase, Any, Sessions, Recorder, Any) -> None
    """Add the gradients to the graph and record them with named weights, without graph optimization and with it.

    Without it, the graph computes what eager execution computes, often to the last bit, so that no
    noise has to be allowed for.
    """
    with reference.graph.as_default():
        named = graph_gradients(case, reference)
    with user_code(KIND, PHASE, definition(case.loss)):
        leaves = tuple((name,) + tensor_names(value) for name, value in named)
    view = reference._replace(leaves=leaves, losses=(), loss_records=(), total_loss="")
    plain = Sessions(view, optimized=False, reruns=sessions.reruns)
    values = record_filled(case, view, plain, recorder, CONDITION, arrays, fill="named")
    with user_code(KIND, PHASE, definition(case.loss)):
        check_finite(values[(LOSS, 0)])
    again = rerun(CONDITION, sessions.reruns) if sessions.reruns else OPTIMIZED
    optimized = Sessions(view, optimized=True).get()
    load(optimized, dict(fill_values("named", case, reference.variables, {})))
    run(view, optimized, recorder, again, arrays)


def graph_gradients(case, reference):
    # type: (EquivalenceCase, Any) -> _Named
    """Return the loss, and by name the gradient of loss and regularization by each trainable variable, of a graph.

    Raises:
        StopBuild: The loss is none, or depends on no trainable variable.
    """
    variables = reference.graph.get_collection(tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES)
    loss = objective(case, reference.returned, reference.feeds)
    with user_code(KIND, "differentiating the loss", definition(case.loss)):
        if not variables:
            raise CaseFault("not-applicable", "the TF1 side has no trainable variables")
        found = tf.gradients(loss, variables)
        if all(gradient is None for gradient in found):
            raise CaseFault(KIND, NO_GRADIENT, definition(case.loss))
        named = [(LOSS, loss)] + _named(GRADIENT, variables, found, {})
        if reference.total_loss:
            total = reference.graph.get_tensor_by_name(reference.total_loss)
            named += _named(REGULARIZATION, variables, tf.gradients(total, variables), {})
    return named


def _named(template, variables, gradients, tf1_names):
    # type: (str, Sequence[Any], Sequence[Any], Dict[str, str]) -> _Named
    names = [plain_name(variable) for variable in variables]
    return [(template.format(tf1_names.get(n, n) + ":0"), gradient) for n, gradient in zip(names, gradients)]


def tensor_names(value):
    # type: (Any) -> Tuple[str, Tuple[str, ...]]
    """Return a leaf's kind and the names of its tensors."""
    kind, parts = outputs.components(value)
    return kind, tuple(part.name for part in parts)


def record_tf2(migrated, recorder, arrays):
    # type: (Migrated, Recorder, Any) -> None
    """Record the gradients with named weights, and how they change with inputs and weights."""

    def compute(given):
        # type: (Any) -> Tuple[Tuple[Leaf, ...], Dict[str, np.ndarray]]
        return stored(eager_gradients(migrated, case_inputs.map_nest(tf.constant, given)))

    migrated.fill("named")
    with migrated.watch.scope("later call"), migrated.tool.replay(migrated.forward_seeds, True):
        leaves, values = compute(arrays)
    leaves = (replace(leaves[0], stack=definition(migrated.case.loss)),) + leaves[1:]
    recorder.run(CONDITION, RunRecord(CONDITION, leaves, seconds=recorder.lap(CONDITION)), values)
    probe(migrated, recorder, CONDITION, arrays, compute, cost=3)


def eager_gradients(migrated, tensors):
    # type: (Migrated, Any) -> _Named
    """Call the model and return the loss, and by TF1's name the gradient of loss and regularization by each variable.

    Raises:
        StopBuild: The call, the loss or a gradient function raised.
    """
    with tf.GradientTape(persistent=True) as tape:
        returned = migrated.call_with(tensors, migrated.job.training)
        loss = objective(migrated.case, returned, tensors)
        with user_code("call", "reading the model's losses", migrated.definition):
            terms = [tf.convert_to_tensor(term) for term in losses_of(migrated.model)]
            total = tf.add_n(terms) if terms else None
    variables = trainable_variables(migrated)
    names = migrated.tf1_names()
    with user_code(KIND, "differentiating the loss", definition(migrated.case.loss)):
        named = [(LOSS, loss)] + _named(GRADIENT, variables, tape.gradient(loss, variables), names)
        if total is not None:
            named += _named(REGULARIZATION, variables, tape.gradient(total, variables), names)
    return named


def trainable_variables(migrated):
    # type: (Migrated) -> List[Any]
    """Return the model's trainable variables, and those that its calls made without tracking them."""
    model = migrated.model
    tracked = getattr(model, "trainable_variables", None)
    if tracked is None:
        tracked = [variable for variable in model.variables if variable.trainable]
    return [bare(variable) for variable in tracked]


def stored(named):
    # type: (_Named) -> Tuple[Tuple[Leaf, ...], Dict[str, np.ndarray]]
    """Return eager tensors by name as leaves, and their arrays."""
    values = []
    for name, value in named:
        kind, parts = outputs.components(value)
        values.append((name, kind, tuple(outputs.to_array(part.numpy()) for part in parts)))
    return outputs.store(values)
