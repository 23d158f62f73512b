"""Existing TF1 checkpoints in a real run: every format that loads, and what must be refused with its remedy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

MODULE = """
import tensorflow as tf
from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def net(inputs, partitioner=None):
    with v1.variable_scope("net", partitioner=partitioner):
        return v1.layers.dense(v1.layers.dense(inputs, 6, tf.nn.relu, name="hidden"), 3, name="logits")


class Net(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return net(inputs)


class Keras(tf.keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = tf.keras.layers.Dense(6, "relu", name="first")
        self.logits = tf.keras.layers.Dense(3, name="second")

    def call(self, inputs):
        return self.logits(self.hidden(inputs))


class _Case(EquivalenceCase):
    inputs = ArraySpec((5, 4))

    def tf1(self, inputs, training):
        return net(inputs)

    def tf2(self):
        return Net()


class Made(_Case):
    pass


class V1Format(_Case):
    checkpoint = "checkpoints/v1"


class V2Format(_Case):
    checkpoint = "checkpoints/v2-7"


class BySuffix(_Case):
    checkpoint = "checkpoints/v2-7.index"


class ByFolder(_Case):
    checkpoint = "checkpoints/latest"


class Partitioned(_Case):
    checkpoint = "checkpoints/partitioned"

    def tf1(self, inputs, training):
        return net(inputs, v1.fixed_size_partitioner(2))


class Merged(_Case):
    checkpoint = "checkpoints/partitioned"


class Averages(_Case):
    checkpoint = "checkpoints/averages"


class Renamed(_Case):
    checkpoint = "checkpoints/v2-7"
    variable_names = {
        "net/hidden/kernel": "net/first/kernel", "net/hidden/bias": "net/first/bias",
        "net/logits/kernel": "net/second/kernel", "net/logits/bias": "net/second/bias",
    }

    def tf2(self):
        return Keras(name="net")


class Unmapped(Renamed):
    variable_names = {}


class Missing(_Case):
    checkpoint = "checkpoints/nowhere"


class Truncated(_Case):
    checkpoint = "checkpoints/truncated"


class OtherModel(_Case):
    checkpoint = "checkpoints/other"


class ObjectBased(_Case):
    checkpoint = "checkpoints/objects-1"


class NotFinite(_Case):
    checkpoint = "checkpoints/nan"
"""

WRITE = """
import os, sys
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saver_pb2

v1 = tf.compat.v1
os.chdir(sys.argv[1])
objects = tf.train.Checkpoint(w=tf.Variable([1.0, 2.0]))
objects.save("objects")


def save(prefix, version=saver_pb2.SaverDef.V2, partitioner=None, units=6, bad=False, shadows=False, step=None):
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("net", partitioner=partitioner):
            inputs = v1.placeholder(tf.float32, (5, 4))
            hidden = v1.layers.dense(inputs, units, name="hidden")
            v1.layers.dense(hidden, 3, name="logits")
        v1.train.get_or_create_global_step()
        random = np.random.RandomState(3)
        session.run(v1.global_variables_initializer())
        for variable in v1.trainable_variables():
            variable.load(random.normal(size=variable.shape.as_list()).astype("float32"), session)
        if bad:
            v1.trainable_variables()[1].load(np.full(6, np.nan, "float32"), session)
        names = None
        if shadows:
            names = {v.op.name + "/ExponentialMovingAverage": v for v in v1.trainable_variables()}
        v1.train.Saver(names, write_version=version).save(session, prefix, global_step=step)


v1.disable_v2_behavior()
save("v1", saver_pb2.SaverDef.V1)
save("v2", step=7)
os.makedirs("latest")
save("latest/model", step=3)
save("partitioned", partitioner=v1.fixed_size_partitioner(2))
save("averages", shadows=True)
save("other", units=7)
save("nan", bad=True)
save("truncated")
path = "truncated.data-00000-of-00001"
os.truncate(path, os.path.getsize(path) // 2)
"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The step of each case, from one run."""
    root = tmp_path_factory.mktemp("checkpoints")
    (root / "checkpoints").mkdir()
    (root / "write.py").write_text(WRITE)
    made = subprocess.run(
        [sys.executable, str(root / "write.py"), str(root / "checkpoints")],
        env={"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    (root / "equivalence_nets.py").write_text(MODULE)
    command = [
        sys.executable,
        "-P",
        "-m",
        "tf_equivalence",
        "run",
        ".",
        "--step",
        "checkpoint",
        "--json-file",
        "r.json",
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr[-3000:]
    cases = json.loads((root / "r.json").read_text("utf-8"))["cases"]
    return {case["id"].rpartition("::")[2]: case["steps"][0] for case in cases}


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("Made", "TF1 wrote with named weights"),
        ("V1Format", "checkpoints/v1"),
        ("V2Format", "1 keys that neither side reads: global_step"),
        ("BySuffix", "checkpoints/v2-7"),
        ("ByFolder", "checkpoints/latest/model-3"),
        ("Partitioned", "4 keys loaded"),
        ("Merged", "4 keys loaded"),
        ("Averages", "moving averages read in the place of 4 variables"),
        ("Renamed", "4 keys loaded"),
    ],
)
def test_what_loads(steps: dict[str, dict[str, Any]], name: str, note: str) -> None:
    """Outputs agree, power was measured, and the notes say what was read."""
    step = steps[name]
    assert step["outcome"] == "passed", step["message"]
    assert any(note in text for text in step["notes"]), step["notes"]
    assert step["power"]["caught"] >= 0.5 * step["power"]["probes"] > 0


def test_lost_names_diverge(steps: dict[str, dict[str, Any]]) -> None:
    """Variables without a key, and keys without a variable, are told with their lines and the nearest names."""
    step = steps["Unmapped"]
    assert step["outcome"] == "diverged"
    kinds = [finding["kind"] for finding in step["findings"]]
    assert kinds.count("checkpoint-missing") == 4
    assert kinds.count("checkpoint-unexpected") == 4
    first = step["findings"][0]
    assert first["location"]["path"] == "equivalence_nets.py"
    assert "variable_names" in first["message"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Missing", ("no checkpoint of this prefix", "tried", "Saver.save")),
        ("Truncated", ("cannot be read", "truncated")),
        ("OtherModel", ("not of this model", "net/hidden/kernel is [4, 7] there and [4, 6]")),
        ("ObjectBased", ("object-based", "Saver")),
        ("NotFinite", ("NaN or infinity in net/hidden/bias", "Give an earlier")),
    ],
)
def test_what_is_refused(steps: dict[str, dict[str, Any]], name: str, words: tuple[str, ...]) -> None:
    """One clear message with the remedy, as an error of the case."""
    step = steps[name]
    assert step["outcome"] == "error"
    message = step["findings"][0]["message"]
    assert [word for word in words if word not in message] == [], message
    assert step["location"]["path"] == "equivalence_nets.py"
    assert "Traceback" not in message
