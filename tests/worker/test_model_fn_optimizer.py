"""The optimizer of a model function: which one it is, what is known of it, and its counterpart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tf_equivalence.estimator import EstimatorCase


@pytest.fixture
def v1(tf: Any) -> Iterator[Any]:
    """Return TF1's names, in a graph of the test's own."""
    with tf.Graph().as_default():
        yield tf.compat.v1


Train = Callable[[Any, Any], Any]


def built(v1: Any, train: Train | None) -> Any:
    """Return a case whose model function has run in the current graph, `train` making its train operation."""
    from tf_equivalence.worker import model_fn_optimizer
    from tf_equivalence.worker.train_op import prepare

    class Case(EstimatorCase):
        features = np.ones([3, 2], np.float32)
        labels = np.ones([3], np.float32)

        def model_fn(self, features: Any, labels: Any, mode: str) -> Any:  # type: ignore[override]
            w = v1.get_variable("w", [2], use_resource=False)
            outputs = v1.reduce_sum(features * w, axis=1)
            loss = v1.reduce_mean(v1.square(outputs - 1.0))
            train_op = train(v1, loss) if train is not None else None
            return SimpleNamespace(predictions=outputs, loss=loss, train_op=train_op)

        def loss(self, outputs: Any, inputs: Any) -> Any:
            raise AssertionError("not on the TF1 side")

        def tf2(self) -> Any:
            return None

    case = Case()
    prepare(case)
    with model_fn_optimizer.noting(case):
        case.tf1({"features": v1.constant(case.features), "labels": v1.constant(case.labels)}, True)
    return case


def minimized(v1: Any, loss: Any) -> Any:
    """Take a whole step."""
    return v1.train.AdamOptimizer(0.1, epsilon=0.5).minimize(loss, global_step=v1.train.get_global_step())


def clipped(v1: Any, loss: Any) -> Any:
    """Clip gradients in between, and count no steps."""
    optimizer = v1.train.AdamOptimizer(0.1)
    gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    gradients, _ = v1.clip_by_global_norm(gradients, 0.5)
    return optimizer.apply_gradients(zip(gradients, variables, strict=True))


def applied(v1: Any, loss: Any) -> Any:
    """Apply gradients as they are, from an iterator."""
    optimizer = v1.train.AdamOptimizer(0.1)
    return optimizer.apply_gradients(iter(optimizer.compute_gradients(loss)), v1.train.get_global_step())


def decayed(v1: Any, loss: Any) -> Any:
    """Let the learning rate decay."""
    step = v1.train.get_global_step()
    rate = v1.train.exponential_decay(0.1, step, 10, 0.5)
    return v1.train.GradientDescentOptimizer(rate).minimize(loss, step)


def chosen(v1: Any, loss: Any) -> Any:
    """Train with one of the optimizers that are made."""
    made = {"adam": v1.train.AdamOptimizer(0.1), "sgd": v1.train.GradientDescentOptimizer(0.2)}
    made["adam"].minimize(loss)
    return made["sgd"].minimize(loss, v1.train.get_global_step())


def own(v1: Any, loss: Any) -> Any:
    """Train as BERT does: an optimizer of its own, and steps counted beside it."""

    class Own(v1.train.Optimizer):
        def __init__(self) -> None:
            super().__init__(False, "own")

        def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: Any = None) -> Any:
            return v1.group(*[v1.assign_sub(variable, 0.1 * gradient) for gradient, variable in grads_and_vars])

    variables, step = v1.trainable_variables(), v1.train.get_global_step()
    gradients, _ = v1.clip_by_global_norm(v1.gradients(loss, variables), 1.0)
    return v1.group(Own().apply_gradients(zip(gradients, variables, strict=True)), step.assign(step + 1))


def both(v1: Any, loss: Any) -> Any:
    """Train with two optimizers at once."""
    step = v1.train.get_global_step()
    adam, sgd = v1.train.AdamOptimizer(0.1), v1.train.GradientDescentOptimizer(0.2)
    return v1.group(adam.minimize(loss, step), sgd.minimize(loss))


def test_nothing_is_made_where_nothing_trains(v1: Any) -> None:
    """A spec without a train operation has no optimizer, and no step of its own."""
    from tf_equivalence.worker import model_fn_optimizer
    from tf_equivalence.worker.optimizer_steps import Applied

    case = built(v1, None)
    assert model_fn_optimizer.made_of(case) is None
    assert model_fn_optimizer.step_of(case, case._spec.loss, Applied()) == []


@pytest.mark.parametrize(
    ("train", "kind", "counts", "changes"),
    [
        (minimized, "AdamOptimizer", True, False),
        (clipped, "AdamOptimizer", False, True),
        (applied, "AdamOptimizer", True, False),
        (decayed, "GradientDescentOptimizer", True, False),
        (chosen, "GradientDescentOptimizer", True, False),
        (own, "Own", True, True),
    ],
)
def test_the_optimizer_of_the_train_op(v1: Any, train: Train, kind: str, counts: bool, changes: bool) -> None:
    """It is the one whose step is taken, with whether steps are counted and gradients changed; its line is noted."""
    from tf_equivalence.worker import model_fn_optimizer

    case = built(v1, train)
    made = model_fn_optimizer.made_of(case)
    assert made is not None
    assert type(made.optimizer).__name__ == kind
    assert (made.counts, bool(made.changes)) == (counts, changes)
    assert any(frame.path == __file__ for frame in made.stack)
    assert ("does not advance the global step" in made.note) == (not counts)


def test_the_step_is_the_specs_own(v1: Any) -> None:
    """Training runs the spec's `train_op`, whose variables are written after the loss was computed."""
    from tf_equivalence.worker import model_fn_optimizer
    from tf_equivalence.worker.optimizer_steps import Applied, clips_of
    from tf_equivalence.worker.train_op import ancestors

    case = built(v1, clipped)
    seen = Applied()
    assert model_fn_optimizer.step_of(case, case._spec.loss, seen) == [case._spec.train_op]
    assert seen.stacks
    update = next(op for op in ancestors([case._spec.train_op]) if op.type == "ApplyAdam")
    assert case._spec.loss.op in ancestors([update])
    assert clips_of(model_fn_optimizer.operations_of(case, case._spec.loss)) == ("clip_by_global_norm",)


@pytest.mark.parametrize("train", [minimized, decayed, own])
def test_the_same_in_another_graph(tf: Any, v1: Any, train: Train) -> None:
    """The optimizer steps there, too, and its steps are counted as the spec's are, by whichever code."""
    from tf_equivalence.worker import model_fn_optimizer
    from tf_equivalence.worker.optimizer_steps import Applied, train_op

    case = built(v1, train)
    with tf.Graph().as_default() as graph:
        step = v1.train.get_or_create_global_step()
        variable = v1.Variable([1.0, 2.0], use_resource=False, name="other")
        made = model_fn_optimizer.made_of(case)
        assert made is not None
        operations = train_op(case, made, v1.reduce_sum(variable), step, Applied())
        initializer = v1.global_variables_initializer()
    assert case._training.graph is not graph
    with v1.Session(graph=graph) as session:
        session.run(initializer)
        session.run(operations)
        assert session.run(step) == 1
        assert session.run(variable)[0] < 1.0


def test_several_optimizers_have_no_counterpart(tf: Any, v1: Any) -> None:
    """In another graph, or on the TF2 side, a message asks for what the case can give."""
    from tf_equivalence.worker import model_fn_optimizer
    from tf_equivalence.worker.faults import StopBuild

    case = built(v1, both)
    made = model_fn_optimizer.made_of(case)
    assert made is not None
    assert "several optimizers: AdamOptimizer, GradientDescentOptimizer" in made.note
    with tf.Graph().as_default(), pytest.raises(StopBuild, match="tf2_optimizer"):
        model_fn_optimizer.made_of(case)
    with pytest.raises(StopBuild, match=r"several optimizers .AdamOptimizer, GradientDescentOptimizer."):
        model_fn_optimizer.counterpart_of(case)


def test_clipped_gradients_have_no_counterpart(v1: Any) -> None:
    """What clips is named."""
    from tf_equivalence.worker import model_fn_optimizer
    from tf_equivalence.worker.faults import StopBuild

    with pytest.raises(StopBuild, match=r"before it applies them by tf\.clip_by_global_norm.*tf2_optimizer"):
        model_fn_optimizer.counterpart_of(built(v1, clipped))


def test_a_rate_that_decays_has_no_counterpart(v1: Any) -> None:
    """A schedule is for the migrated code to say."""
    from tf_equivalence.worker import model_fn_optimizer
    from tf_equivalence.worker.faults import StopBuild

    with pytest.raises(StopBuild, match=r"learning rate of TF1's optimizer is no number.*schedules"):
        model_fn_optimizer.counterpart_of(built(v1, decayed))


def test_looking_leaves_nothing_behind(tf: Any, v1: Any) -> None:
    """The TF2 side's look at a model function keeps the optimizer alone; its counterpart has the same settings."""
    from tf_equivalence.worker import model_fn_optimizer

    case = built(v1, minimized)
    case._spec = case._training = None
    switch, before = v1.disable_v2_behavior, len(v1.get_default_graph().get_operations())
    model_fn_optimizer.look(case)
    assert case._spec is None
    assert v1.disable_v2_behavior is switch
    assert len(v1.get_default_graph().get_operations()) == before
    with tf.init_scope():
        made = model_fn_optimizer.counterpart_of(case)
    assert made is not None
    assert type(made.optimizer).__name__ == "Adam"
    assert made.optimizer.epsilon == 0.5
    assert any(frame.path == __file__ for frame in made.stack)


def test_a_model_function_that_needs_a_session_is_told(v1: Any) -> None:
    """What cannot run on the TF2 side ends with what to give instead."""
    from tf_equivalence.worker import model_fn_optimizer
    from tf_equivalence.worker.faults import StopBuild

    case = built(v1, None)

    def raises(features: Any, labels: Any, mode: str) -> Any:
        raise RuntimeError("no eager execution here")

    case.model_fn = raises
    with pytest.raises(StopBuild, match=r"no eager execution here; it was called on the TF2 side.*tf2_optimizer\(\)"):
        model_fn_optimizer.look(case)
