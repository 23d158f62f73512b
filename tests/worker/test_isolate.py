"""Isolated operations get the reference's values: each cause is seen by itself, and what it alone does is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf_equivalence.trace import IsolationPlan, IsolationTarget

X = np.linspace(-1.0, 1.0, 6, dtype=np.float32)


@pytest.fixture
def isolate(tf: Any) -> Any:
    """Return the module, which needs TensorFlow."""
    from tf_equivalence.worker import isolate as module

    return module


def reference(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return what TF1 computes, operation by operation."""
    added = values + np.float32(1.0)
    scaled = added * np.float32(2.0)
    return {"added": added, "scaled": scaled, "exp": np.exp(scaled)}


def model(tf: Any, values: Any, added: float = 1.0, factor: float = 2.0) -> Any:
    """Compute the same, or not."""
    with tf.name_scope("net"):
        hidden = values + added
        hidden = hidden * factor
        return tf.exp(hidden)


PLAN = IsolationPlan(
    "",
    (
        IsolationTarget(0, "AddV2", ("added",)),
        IsolationTarget(1, "Mul", ("scaled",)),
        IsolationTarget(2, "Exp", ("exp",)),
    ),
    ("exp",),
)


def isolated(tf: Any, isolate: Any, plan: IsolationPlan = PLAN, **wrong: float) -> tuple[Any, Any]:
    """Call the model in isolation; return what was found and the tracer."""
    from tf_equivalence.worker.trace_eager import EagerTracer

    values = tf.constant(X)
    tracer = EagerTracer({}, [values])
    found = isolate.Isolation(plan, reference(X), tracer)
    with tracer, found.scope:
        found.returned = model(tf, values, **wrong)
    return found, tracer


def test_nothing_differs(tf: Any, isolate: Any) -> None:
    """The same computation has no cause in it."""
    found, _ = isolated(tf, isolate)
    assert found.locals == []


def test_only_the_cause_differs(tf: Any, isolate: Any) -> None:
    """What follows the wrong operation is given TF1's values, and so agrees."""
    found, tracer = isolated(tf, isolate, factor=2.5)
    assert [(local.executed, local.output) for local in found.locals] == [(1, 0)]
    np.testing.assert_array_equal(found.returned, reference(X)["exp"])
    trace, arrays = tracer.result([found.returned])
    add, mul, exp = trace.ops
    np.testing.assert_allclose(arrays[mul.outputs[0]], (X + 1) * 2.5, rtol=1e-6)  # as it computed
    np.testing.assert_array_equal(arrays[exp.sources[0].array], reference(X)["scaled"])  # as it was given
    assert exp.inputs == (mul.index,)
    assert add.index == 0


def test_every_cause_is_seen_and_ranked(tf: Any, isolate: Any) -> None:
    """Of two causes each one's effect on the results is that of correcting all others."""
    found, tracer = isolated(tf, isolate, added=1.01, factor=2.5)
    assert [local.executed for local in found.locals] == [0, 1]

    def call() -> list[np.ndarray]:
        return [model(tf, tf.constant(X), added=1.01, factor=2.5).numpy()]

    def line(executed: int) -> tuple[str, int]:
        return tracer.line(executed)

    first, second = isolate.effects(found.locals, line, call, found.results).effects
    assert (first.executed, second.executed) == ((0,), (1,))
    right = reference(X)["exp"]
    assert first.difference == pytest.approx(np.abs(np.exp((X + 1.01) * 2.0) - right).max() / right.max(), rel=0.3)
    assert second.difference == pytest.approx(np.abs(np.exp((X + 1) * 2.5) - right).max() / right.max(), rel=0.3)


def test_a_single_cause_is_not_ranked(tf: Any, isolate: Any) -> None:
    """It explains everything, so nothing is called again."""
    found, _ = isolated(tf, isolate, factor=2.5)

    def never() -> list[np.ndarray]:
        raise AssertionError

    assert isolate.effects(found.locals, lambda executed: None, never, found.results).effects == ()


def test_other_operations_are_refused(tf: Any, isolate: Any) -> None:
    """A call that executes other operations than the traced one is not judged by their numbers."""
    plan = IsolationPlan("", (IsolationTarget(1, "Sub", ("scaled",)),))
    with pytest.raises(isolate.Mismatch):
        isolated(tf, isolate, plan)


def test_other_shapes_and_dtypes_are_left_alone(tf: Any, isolate: Any) -> None:
    """An array that cannot take an output's place does not."""
    plan = IsolationPlan("", (IsolationTarget(0, "AddV2", ("other",)),))
    from tf_equivalence.worker.trace_eager import EagerTracer

    for other in (np.zeros(3, np.float32), np.zeros(6, np.float64)):
        values = tf.constant(X)
        tracer = EagerTracer({}, [values])
        found = isolate.Isolation(plan, {"other": other}, tracer)
        with tracer, found.scope:
            returned = model(tf, values)
        np.testing.assert_allclose(returned, reference(X)["exp"], rtol=1e-6)
        assert found.locals == []
