"""What TF1's graph holds for training alone is told from the model."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.estimator import EstimatorCase


@pytest.fixture
def v1(tf: Any) -> Iterator[Any]:
    """Return TF1's names, in a graph of the test's own."""
    with tf.Graph().as_default():
        yield tf.compat.v1


class Case(EstimatorCase):
    """A case whose model function returned a spec."""

    def __init__(self, **spec: Any) -> None:
        self._spec = SimpleNamespace(**{"predictions": None, "loss": None, "train_op": None, **spec})


def normalized(v1: Any) -> tuple[Any, Any]:
    """Build a weight and a moving average with its update, and return output and update."""
    w = v1.get_variable("w", [2], use_resource=False)
    average = v1.get_variable("average", [2], trainable=False, use_resource=False)
    update = v1.assign(average, w * 0.5)
    v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, update)
    return w * 2.0, update


def test_ancestors(v1: Any) -> None:
    """An operation depends on what goes into it, on what controls it, and on itself."""
    from tf_equivalence.worker.train_op import ancestors

    one, two, three = v1.constant(1.0), v1.constant(2.0), v1.constant(3.0)
    with v1.control_dependencies([two]):
        total = one + 1.0
    found = ancestors([total])
    assert {one.op, two.op, total.op} <= found
    assert three.op not in found


def test_variables_of_the_optimizer_are_left_out(v1: Any) -> None:
    """Slots, powers and the global step are no part of the model; its own untrained variables are."""
    from tf_equivalence.worker.train_op import model_variables, prepare

    case = Case()
    prepare(case)
    output, _ = normalized(v1)
    step = v1.train.get_global_step()
    loss = v1.reduce_sum(output)
    case._spec.train_op = v1.train.AdamOptimizer(0.1).minimize(loss, global_step=step)
    graph = v1.get_default_graph()
    assert len(graph.get_collection(v1.GraphKeys.GLOBAL_VARIABLES)) == 7
    names = {variable.op.name for variable in model_variables(case, graph, {"output": output})}
    assert names == {"w", "average"}


def test_a_global_step_that_outputs_read_is_kept(v1: Any) -> None:
    """A model that computes with the step has it among its variables."""
    from tf_equivalence.worker.train_op import model_variables, prepare

    case = Case()
    prepare(case)
    step = v1.cast(v1.train.get_global_step(), "float32")
    names = {v.op.name for v in model_variables(case, v1.get_default_graph(), [step, np.zeros(2)])}
    assert names == {"global_step"}


def test_a_plain_case_keeps_all_variables(v1: Any) -> None:
    """Without a train operation in the graph, nothing is left out."""
    from tf_equivalence.worker.train_op import model_variables

    output, _ = normalized(v1)
    v1.train.get_or_create_global_step()
    names = {v.op.name for v in model_variables(EquivalenceCase(), v1.get_default_graph(), output)}
    assert names == {"w", "average", "global_step"}


@pytest.mark.parametrize("depends", [True, False], ids=["within control dependencies", "forgotten"])
def test_updates_that_the_train_op_runs(v1: Any, depends: bool) -> None:
    """Of the UPDATE_OPS those count that the train operation depends on, and the notes tell how many."""
    from tf_equivalence.worker.train_op import updates_run

    output, update = normalized(v1)
    loss = v1.reduce_sum(output)
    with v1.control_dependencies([update] if depends else []):
        train_op = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    notes: list[str] = []
    assert updates_run(Case(train_op=train_op), [update], notes) == ([update] if depends else [])
    count = 1 if depends else 0
    assert notes == [f"train_op applies gradient descent to 1 variable, and depends on {count} of 1 UPDATE_OPS"]


def test_without_a_train_op_all_updates_count(v1: Any) -> None:
    """A spec without one, and a plain case, say nothing of the updates."""
    from tf_equivalence.worker.train_op import updates_run

    _, update = normalized(v1)
    for case in (Case(), EquivalenceCase()):
        notes: list[str] = []
        assert updates_run(case, [update], notes) == [update]
        assert notes == []


def test_a_loss_that_is_not_compared_is_told(v1: Any) -> None:
    """A spec's loss needs one of the case beside it."""
    from tf_equivalence.worker.train_op import updates_run

    notes: list[str] = []
    updates_run(Case(loss=v1.constant(1.0)), [], notes)
    assert len(notes) == 1
    assert notes[0].startswith("model_fn's loss is not compared")
