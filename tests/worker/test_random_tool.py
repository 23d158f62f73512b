"""Aligned random numbers: the guide's numbers, the guide's operation seed, and a session's second run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RUNNER = Path(__file__).resolve().parents[2] / "runner"


@pytest.fixture
def aligned(tf: Any) -> Callable[[str], Any]:
    """Return the maker of tools."""
    from tf_equivalence.worker.random_tool import AlignedRandom

    return AlignedRandom


def program(tf: Any) -> list[np.ndarray]:
    """Draw by every stateful operation, and by initializers and dropout."""
    v1 = tf.compat.v1
    x = tf.ones([4, 5])
    drawn = [
        tf.random.uniform([3]),
        tf.random.normal([3], dtype=tf.float64),
        tf.random.truncated_normal([3]),
        tf.random.shuffle(tf.range(10)),
        tf.random.uniform([4], 0, 100, dtype=tf.int32),
        tf.random.categorical(tf.zeros([1, 5]), 6),
        tf.random.gamma([3], 2.0),
        tf.nn.dropout(x, 0.5),
        v1.nn.dropout(x, keep_prob=0.5),
        v1.glorot_uniform_initializer()([3, 3]),
        v1.keras.initializers.VarianceScaling()([3, 3]),
    ]
    return [value.numpy() for value in drawn]


@pytest.mark.parametrize("mode", ["num_random_ops", "constant"])
def test_numbers_are_the_guides(tf: Any, aligned: Callable[[str], Any], mode: str) -> None:
    """Number for number what `DeterministicRandomTestTool` draws, in both modes."""
    guide = tf.compat.v1.keras.utils.DeterministicRandomTestTool(mode=mode)
    with guide.scope():
        expected = program(tf)
    with aligned(mode).scope():
        found = program(tf)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(other, one)


def test_numbers_are_a_graphs(tf: Any, aligned: Callable[[str], Any]) -> None:
    """An eager program draws what the same program draws in a TF1 graph and a session."""
    with tf.Graph().as_default(), aligned("num_random_ops").scope():
        tensors = [tf.random.normal([3]), tf.nn.dropout(tf.ones([8]), 0.5), tf.random.uniform([2])]
        with tf.compat.v1.Session() as session:
            expected = session.run(tensors)
    with aligned("num_random_ops").scope():
        found = [tf.random.normal([3]), tf.nn.dropout(tf.ones([8]), 0.5), tf.random.uniform([2])]
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(other.numpy(), one)


def test_seed_counts_up(tf: Any, aligned: Callable[[str], Any]) -> None:
    """Each draw takes the next operation seed, and the census has it."""
    tool = aligned("num_random_ops")
    assert tool.operation_seed == 0
    with tool.scope():
        one, other = tf.random.uniform([3]), tf.random.uniform([3])
    assert tool.operation_seed == 2
    assert [draw.seed for draw in tool.draws] == [0, 1]
    assert (one.numpy() != other.numpy()).any()


def test_constant_mode_keeps_the_seed(tf: Any, aligned: Callable[[str], Any]) -> None:
    """In mode `constant` every draw is the same one, and the seed may be set freely."""
    tool = aligned("constant")
    with tool.scope():
        one, other = tf.random.uniform([3]), tf.random.uniform([3])
        assert tool.operation_seed == 0
        tool.operation_seed = 7
        third = tf.random.uniform([3])
    np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert (third.numpy() != one.numpy()).any()


def test_setting_the_seed_aligns_another_order(tf: Any, aligned: Callable[[str], Any]) -> None:
    """Two programs that draw in another order agree once the seed is set."""
    with aligned("num_random_ops").scope():
        a, b = tf.random.uniform([3]), tf.random.normal([3])
    tool = aligned("num_random_ops")
    with tool.scope():
        tool.operation_seed = 1
        other_b = tf.random.normal([3])
        tool.operation_seed = 0
        other_a = tf.random.uniform([3])
    np.testing.assert_array_equal(a.numpy(), other_a.numpy())
    np.testing.assert_array_equal(b.numpy(), other_b.numpy())


def test_used_seed_is_refused(tf: Any, aligned: Callable[[str], Any]) -> None:
    """A seed whose turn has come before is refused, as in the guide, with what to set instead."""
    tool = aligned("num_random_ops")
    with tool.scope():
        tf.random.uniform([3])
        tf.random.uniform([3])
        tool.operation_seed = 0
        with pytest.raises(ValueError, match=r"operation_seed 0 was used already.*above 1"):
            tf.random.uniform([3])


def test_running_into_a_used_seed_is_refused(tf: Any, aligned: Callable[[str], Any]) -> None:
    """Counting up from a seed that was set runs into used ones, too."""
    tool = aligned("num_random_ops")
    with tool.scope():
        tool.operation_seed = 1
        tf.random.uniform([3])
        tool.operation_seed = 0
        tf.random.uniform([3])
        with pytest.raises(ValueError, match="operation_seed 1 was used already"):
            tf.random.uniform([3])


def test_second_run_of_a_session_is_replayed(tf: Any, aligned: Callable[[str], Any]) -> None:
    """An eager second call draws what a session's second run draws; a new session starts anew."""
    with tf.Graph().as_default(), aligned("num_random_ops").scope():
        tensors = [tf.random.uniform([3]), tf.nn.dropout(tf.ones([9]), 0.5)]
        with tf.compat.v1.Session() as session:
            runs = [session.run(tensors) for _ in range(3)]

    def call() -> list[np.ndarray]:
        return [tf.random.uniform([3]).numpy(), tf.nn.dropout(tf.ones([9]), 0.5).numpy()]

    tool = aligned("num_random_ops")
    with tool.scope():
        calls = [call()]
        seeds = tool.forward_seeds()
        for restart in (False, False, True):
            with tool.replay(seeds, restart):
                calls.append(call())
    for expected, found in zip([*runs, runs[0]], calls, strict=True):
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_array_equal(other, one)
    assert (runs[0][0] != runs[1][0]).any()


def test_replayed_call_may_draw_more(tf: Any, aligned: Callable[[str], Any]) -> None:
    """A training call after an inference call draws more; a seed that the call sets is no reuse then."""
    tool = aligned("num_random_ops")

    def call(training: bool) -> Any:
        tool.operation_seed = 100
        x = tf.random.uniform([3])
        return tf.nn.dropout(x, 0.5) if training else x

    with tool.scope():
        call(training=False)
        seeds = tool.forward_seeds()
        for _ in range(2):
            with tool.replay(seeds, restart=True):
                call(training=True)
    drawn = [draw.seed for draw in tool.draws]
    assert drawn[0] == drawn[1] == drawn[3] == 100
    assert len({100, drawn[2], drawn[4]}) == 3


def test_initializers_are_told_from_the_forward_pass(tf: Any, aligned: Callable[[str], Any]) -> None:
    """Draws within a variable's creation carry its name and are not replayed."""
    from tf_equivalence.worker.watch import CreationWatch

    tool = aligned("num_random_ops")
    watch = CreationWatch(tool)
    with tool.scope(), watch.scope("first call"):
        layer = tf.keras.layers.Dense(3, name="head")
        tf.nn.dropout(layer(tf.ones([2, 4])), 0.5)
    assert [draw.record().variable for draw in tool.draws] == ["head/kernel", ""]
    assert tool.forward_seeds() == [tool.draws[-1].seed]


def test_keras_objects_made_at_import_are_aligned(tf: Any, aligned: Callable[[str], Any]) -> None:
    """An initializer that a module made while it was imported draws what a TF1 graph draws."""
    from tf_equivalence.worker.random_tool import stateful_keras_draws

    with tf.Graph().as_default(), aligned("num_random_ops").scope(), tf.compat.v1.Session() as session:
        expected = session.run(tf.keras.initializers.GlorotUniform()([3, 3]))
    with stateful_keras_draws():
        initializer = tf.keras.initializers.GlorotUniform()
    tool = aligned("num_random_ops")
    with tool.scope():
        np.testing.assert_array_equal(initializer([3, 3]).numpy(), expected)
    assert len(tool.draws) == 1


def test_census_knows_operation_shape_dtype_and_line(tf: Any, aligned: Callable[[str], Any]) -> None:
    """A record has what was asked for and the user's line."""
    tool = aligned("num_random_ops")
    with tool.scope():
        tf.random.normal([2, 3], dtype=tf.float64)
    record = tool.draws[0].record()
    assert record.op == "random_normal"
    assert (record.shape, record.dtype) == ((2, 3), "float64")
    assert (record.stack[0].library, record.stack[1].path) == ("tensorflow", __file__)
    assert record.stack[1].text == "tf.random.normal([2, 3], dtype=tf.float64)"


def test_scope_leaves_tensorflow_as_it_was(tf: Any, aligned: Callable[[str], Any]) -> None:
    """After the scope, seeds and Keras draw as before."""
    from tensorflow.python.framework import random_seed
    from tf_keras.src import backend

    before = random_seed.get_seed, backend.RandomGenerator._set_rng_type
    with pytest.raises(KeyError), aligned("num_random_ops").scope():
        raise KeyError
    assert (random_seed.get_seed, backend.RandomGenerator._set_rng_type) == before


def test_unknown_mode_is_refused(aligned: Callable[[str], Any]) -> None:
    """Only the guide's two modes exist."""
    with pytest.raises(ValueError, match="num_random_ops"):
        aligned("random")


MODULE = """\
from tf_equivalence import ArraySpec, EquivalenceCase


class {name}(EquivalenceCase):
    inputs = ArraySpec((2, 3))

    def tf1(self, inputs, training):
        import tensorflow.compat.v1 as tf
        w = tf.get_variable("net/w", [3], initializer=tf.random_normal_initializer())
        noise = tf.random.uniform([3])
        scale = tf.random.normal([3])
        return inputs * w * noise * scale

    def tf2(self):
        import tensorflow as tf
        case = self

        class Net(tf.keras.layers.Layer):
            def build(self, shape):
                self.w = self.add_weight("w", [3], initializer=tf.compat.v1.random_normal_initializer())

            def call(self, inputs, training=None):
                {before}
                scale = tf.random.normal([3])
                {between}
                noise = tf.random.uniform([3])
                return inputs * self.w * noise * scale

        return Net(name="net")
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of the command over three cases that draw in another order, by class name."""
    root = tmp_path_factory.mktemp("seeds")
    acts = {
        "Unaligned": ("pass", "pass"),
        "Aligned": ("case.operation_seed = 2", "case.operation_seed = 1"),
        "Reused": ("case.operation_seed = 2", "case.operation_seed = 2"),
    }
    for name, (before, between) in acts.items():
        text = MODULE.format(name=name, before=before, between=between)
        (root / f"equivalence_{name.lower()}.py").write_text(text)
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", ".", "--step", "random-inference"]
    command += ["--step", "variables-once", "--json-file", "out.json", "--annotations", "none"]
    environ = {**os.environ, "PYTHONPATH": str(RUNNER)}
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    assert (root / "out.json").exists(), done.stderr[-3000:]
    cases = json.loads((root / "out.json").read_text())["cases"]
    return {case["id"].rpartition("::")[2]: {step["id"]: step for step in case["steps"]} for case in cases}


def test_case_that_draws_in_another_order_diverges(report: dict[str, Any]) -> None:
    """Without alignment the first draw out of order is named with both lines."""
    step = report["Unaligned"]["random-inference"]
    assert step["outcome"] == "diverged"
    finding = step["findings"][0]
    assert finding["kind"] == "random-op-order"
    assert finding["metrics"]["tf1_line"] == "equivalence_unaligned.py:10"
    assert finding["location"] == {"path": "equivalence_unaligned.py", "line": 24}


def test_case_aligns_two_orders(report: dict[str, Any]) -> None:
    """A case that sets its `operation_seed` in the call passes, in every way of calling it."""
    steps = report["Aligned"]
    assert {step_id: (step["outcome"], step["findings"]) for step_id, step in steps.items()} == {
        "variables-once": ("passed", []),
        "random-inference": ("passed", []),
    }
    assert not any("without effect" in note for note in steps["random-inference"]["notes"])


def test_case_that_reuses_a_seed_has_a_clear_error(report: dict[str, Any]) -> None:
    """A reused seed is an error at the draw that took it."""
    step = report["Reused"]["random-inference"]
    assert step["outcome"] == "error"
    assert "operation_seed 2 was used already" in step["findings"][0]["message"]
    assert step["location"] == {"path": "equivalence_reused.py", "line": 26}
