"""Repairs: tf_slim and legacy Keras work with the pinned nightly, without the user doing anything."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tf_equivalence.worker import repair

RUNNER = Path(__file__).resolve().parents[2] / "runner"


def test_legacy_keras_is_selected() -> None:
    """The switch is set before TensorFlow looks at it, whatever it was."""
    environ = {"TF_USE_LEGACY_KERAS": "0"}
    repair.select_legacy_keras(environ)
    assert environ == {"TF_USE_LEGACY_KERAS": "1"}


def test_legacy_keras_has_what_the_guide_needs(tf: Any) -> None:
    """The decorator and the random tool are there."""
    utils = tf.compat.v1.keras.utils
    assert callable(utils.track_tf1_style_variables)
    assert callable(utils.DeterministicRandomTestTool)


@pytest.mark.parametrize("module", ["base", "convolutional", "core", "normalization", "pooling"])
def test_moved_modules_are_the_same_ones(tf: Any, module: str) -> None:
    """The old name leads to the module at its new place, not to a copy of it."""
    old = importlib.import_module(f"tf_keras.legacy_tf_layers.{module}")
    assert old is importlib.import_module(f"tf_keras.src.legacy_tf_layers.{module}")


def test_repairing_twice_changes_nothing(tf: Any) -> None:
    """A module that was put back is not put back again."""
    before = importlib.import_module("tf_keras.legacy_tf_layers.base")
    repair.repair_imports()
    assert importlib.import_module("tf_keras.legacy_tf_layers.base") is before


SLIM = """
import os
from tf_equivalence.worker import repair
repair.select_legacy_keras(os.environ)
import tensorflow.compat.v1 as tf
repair.repair_imports()
if {v1}:
    tf.disable_v2_behavior()
import tf_slim as slim

def net(x):
    x = slim.conv2d(x, 4, 3, normalizer_fn=slim.batch_norm, scope="conv")
    x = slim.flatten(slim.max_pool2d(x, 2))
    x = slim.batch_norm(x, updates_collections=None, is_training=True, scope="flat")
    return slim.fully_connected(x, 2, scope="head")

if {v1}:
    with tf.Graph().as_default(), tf.Session() as session:
        output = net(tf.ones([2, 4, 4, 1]))
        session.run(tf.global_variables_initializer())
        print(session.run(output).shape)
else:
    class Net(tf.keras.layers.Layer):
        @tf.keras.utils.track_tf1_style_variables
        def call(self, x):
            return net(x)
    print(tuple(Net()(tf.ones([2, 4, 4, 1])).shape))
"""


@pytest.mark.parametrize("v1", [True, False], ids=["graph", "shim"])
def test_slim_layers_run(v1: bool) -> None:
    """The slim layers whose imports broke run in a TF1 graph and under the shim."""
    environ = {**os.environ, "PYTHONPATH": str(RUNNER), "TF_USE_LEGACY_KERAS": "0"}
    command = [sys.executable, "-P", "-c", SLIM.format(v1=v1)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(2, 2)", done.stderr[-3000:]


def test_a_stand_in_for_estimator(tf: Any) -> None:
    """Model functions find the modes and the spec that TensorFlow dropped, under both of its names."""
    assert tf.compat.v1.estimator is tf.estimator
    keys = tf.estimator.ModeKeys
    assert (keys.TRAIN, keys.EVAL, keys.PREDICT) == ("train", "eval", "infer")
    assert issubclass(tf.estimator.LoggingTensorHook, tf.compat.v1.train.SessionRunHook)
    spec = tf.estimator.EstimatorSpec(keys.PREDICT, predictions=1, export_outputs=tf.estimator.export.PredictOutput(2))
    assert (spec.mode, spec.predictions, spec.loss) == ("infer", 1, None)


@pytest.mark.parametrize(
    "line",
    [
        "from tensorflow.compat.v1 import estimator as found; found.ModeKeys.TRAIN",
        "from tensorflow.compat.v1.estimator import EstimatorSpec, ModeKeys",
        "from tensorflow.estimator.export import PredictOutput",
        "import tensorflow.compat.v1.estimator as found; found.EstimatorSpec('infer')",
        "from tensorflow.compat.v1.estimator.tpu import TPUEstimatorSpec; TPUEstimatorSpec(mode=1, loss=1).scaffold_fn",
        "import tensorflow.compat.v1 as tf; tf.estimator.tpu.TPUEstimatorSpec('train').host_call",
    ],
)
def test_the_stand_in_is_imported_as_users_do(tf: Any, line: str) -> None:
    """Each way to name what a model function takes works."""
    exec(line, {})


def test_what_the_stand_in_lacks_is_told(tf: Any) -> None:
    """What trains is gone for good, and the message says so."""
    with pytest.raises(AttributeError, match=r"tensorflow.estimator' has no attribute 'Estimator': TensorFlow dropped"):
        tf.compat.v1.estimator.Estimator  # noqa: B018 - the access is the test
    assert not hasattr(tf.estimator.export, "build_raw_serving_input_receiver_fn")
