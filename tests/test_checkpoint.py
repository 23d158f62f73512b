"""Existing TF1 checkpoints in a real run: every format that loads, keys that do not fit, and what is kept of them."""

from __future__ import annotations

import json
import os
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


class WithHead(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("head"):
            v1.layers.dense(inputs, 2, name="dense")
        return net(inputs)


class Scaled(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("net"):
            hidden = v1.layers.dense(inputs, 6, tf.nn.relu, name="hidden")
            return v1.layers.dense(hidden, 3, use_bias=False, name="logits")


class Keras(tf.keras.layers.Layer):
    def __init__(self, units=6, bias="float32", **kwargs):
        super().__init__(**kwargs)
        names = ("hidden", "logits") if units != 6 or bias != "float32" else ("first", "second")
        self.hidden = tf.keras.layers.Dense(units, "relu", name=names[0])
        self.logits = tf.keras.layers.Dense(3, name=names[1], dtype=bias)

    def call(self, inputs):
        return tf.cast(self.logits(self.hidden(inputs)), tf.float32)


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


class PreferredAverages(_Case):
    checkpoint = "checkpoints/both"
    moving_averages = True


class NamedAverages(_Case):
    checkpoint = "checkpoints/named_averages"
    moving_averages = "ema"


class SlicedAverages(Partitioned):
    checkpoint = "checkpoints/sliced_averages"


class Leftovers(_Case):
    checkpoint = "checkpoints/trained"


class BothHeads(_Case):
    checkpoint = "checkpoints/trained"

    def tf2(self):
        return WithHead()


class Wider(_Case):
    checkpoint = "checkpoints/v2-7"

    def tf2(self):
        return Keras(name="net", units=7)


class Double(_Case):
    checkpoint = "checkpoints/v2-7"

    def tf2(self):
        return Keras(name="net", bias="float64")


class Lost(_Case):
    checkpoint = "checkpoints/v2-7"

    def tf2(self):
        return Scaled()


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
"""

WRITE = """
import os
import sys

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saver_pb2

v1 = tf.compat.v1
os.chdir(sys.argv[1])


def save(prefix, version=saver_pb2.SaverDef.V2, partitioner=None, average="", raw=True, step=None, trained=False):
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("net", partitioner=partitioner):
            inputs = v1.placeholder(tf.float32, (5, 4))
            hidden = v1.layers.dense(inputs, 6, name="hidden")
            logits = v1.layers.dense(hidden, 3, name="logits")
        v1.train.get_or_create_global_step()
        if trained:
            with v1.variable_scope("head"):
                head = v1.layers.dense(inputs, 2, name="dense")
            v1.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(logits) + tf.reduce_sum(head))
        averages = v1.train.ExponentialMovingAverage(0.9, name=average or "unused")
        made = averages.apply(v1.trainable_variables()) if average else tf.no_op()
        random = np.random.RandomState(3)
        session.run(v1.global_variables_initializer())
        for variable in v1.trainable_variables():
            variable.load(random.normal(size=variable.shape.as_list()).astype("float32"), session)
        session.run(made)
        wanted = [v for v in v1.global_variables() if raw or v not in v1.trainable_variables()]
        v1.train.Saver(wanted, write_version=version).save(session, prefix, global_step=step)


v1.disable_v2_behavior()
save("v1", saver_pb2.SaverDef.V1)
save("v2", step=7)
os.makedirs("latest")
save("latest/model", step=3)
save("partitioned", partitioner=v1.fixed_size_partitioner(2))
DEFAULT = "ExponentialMovingAverage"
save("averages", average=DEFAULT, raw=False)
save("both", average=DEFAULT)
save("named_averages", average="ema")
save("sliced_averages", partitioner=v1.fixed_size_partitioner(2), average=DEFAULT, raw=False)
save("trained", trained=True)
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints of every kind, and what one run of the step makes of them."""
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
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", ".", "--step", "checkpoint"]
    command += ["--json-file", "r.json", "--checkpoint-dir", "kept"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr[-3000:]
    return root


@pytest.fixture(scope="module")
def steps(workspace: Path) -> dict[str, dict[str, Any]]:
    """The step of each case."""
    cases = json.loads((workspace / "r.json").read_text("utf-8"))["cases"]
    return {case["id"].rpartition("::")[2]: case["steps"][0] for case in cases}


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("Made", "TF1 wrote with named weights"),
        ("V1Format", "checkpoints/v1"),
        ("V2Format", "1 key of training that neither side reads: global_step"),
        ("BySuffix", "checkpoints/v2-7"),
        ("ByFolder", "checkpoints/latest/model-3"),
        ("Partitioned", "4 keys loaded"),
        ("Merged", "4 keys loaded"),
        ("Averages", "moving averages read in the place of 4 variables"),
        ("PreferredAverages", "moving averages read in the place of 4 variables"),
        ("NamedAverages", "moving averages read in the place of 4 variables"),
        ("SlicedAverages", "moving averages read in the place of 4 variables"),
        ("Leftovers", "7 keys of training that neither side reads: global_step, head/dense/bias/Momentum"),
        ("Leftovers", "2 keys that neither side reads: head/dense/bias, head/dense/kernel. TF1's graph"),
        ("BothHeads", "4 keys loaded from checkpoints/trained"),
        ("Renamed", "4 keys loaded"),
        ("V2Format", "converted: 4 variables"),
        ("Made", "not converted: the case names no `checkpoint`"),
    ],
)
def test_what_loads(steps: dict[str, dict[str, Any]], name: str, note: str) -> None:
    """Outputs agree, power was measured, and the notes say what was read."""
    step = steps[name]
    assert step["outcome"] == "passed", step["message"]
    assert any(note in text for text in step["notes"]), step["notes"]
    assert step["power"]["caught"] >= 0.5 * step["power"]["probes"] > 0


def test_lost_names_diverge(steps: dict[str, dict[str, Any]]) -> None:
    """Variables without a key are told with their line, the nearest key that is left over, and its line."""
    step = steps["Unmapped"]
    assert step["outcome"] == "diverged"
    found = [finding for finding in step["findings"] if finding["kind"].startswith("checkpoint-")]
    assert [finding["kind"] for finding in found] == ["checkpoint-missing"] * 4
    assert {finding["metrics"]["tf1"]: finding["name"] for finding in found} == {
        "net/hidden/kernel": "net/first/kernel:0",
        "net/hidden/bias": "net/first/bias:0",
        "net/logits/kernel": "net/second/kernel:0",
        "net/logits/bias": "net/second/bias:0",
    }
    for finding in found:
        assert finding["location"]["path"] == "equivalence_nets.py"
        assert finding["metrics"]["tf1_line"].startswith("equivalence_nets.py:")
        assert f'variable_names = {{"{finding["metrics"]["tf1"]}"' in finding["message"]


@pytest.mark.parametrize(
    ("name", "kind", "about", "words"),
    [
        ("Wider", "checkpoint-shape", "net/hidden/kernel:0", ("[4, 6] in the checkpoint", "[4, 7] in TF2")),
        ("Double", "checkpoint-dtype", "net/logits/kernel:0", ("float32 in the checkpoint", "float64 in TF2")),
        (
            "Lost",
            "checkpoint-unexpected",
            "net/logits/bias:0",
            ("TF1 reads net/logits/bias", "what was trained is lost"),
        ),
    ],
)
def test_what_does_not_fit(
    steps: dict[str, dict[str, Any]], name: str, kind: str, about: str, words: tuple[str, ...]
) -> None:
    """Keys that TF2 cannot take as they are diverge, each by a finding that says both and where."""
    step = steps[name]
    assert step["outcome"] == "diverged"
    finding = next(finding for finding in step["findings"] if finding["name"] == about)
    assert finding["kind"] == kind
    assert [word for word in words if word not in finding["message"]] == [], finding["message"]
    assert finding["location"]["path"] == "equivalence_nets.py"
    assert finding["metrics"]["tf1_line"].startswith("equivalence_nets.py:")


LOAD = """
import sys

import numpy as np
import tensorflow as tf

import equivalence_nets as nets

folder, name = sys.argv[1:]
model = getattr(nets, name)().tf2()
model(tf.zeros((5, 4)))
status = tf.train.Checkpoint(model=model).restore(tf.train.latest_checkpoint(folder))
status.assert_existing_objects_matched()
reader = tf.train.load_checkpoint("checkpoints/v2-7")
names = {new: old for old, new in getattr(nets, name).variable_names.items()}
for variable in model.variables:
    key = variable.name.split(":")[0]
    np.testing.assert_array_equal(variable.numpy(), reader.get_tensor(names.get(key, key)))
print(len(model.variables), "variables")
"""


@pytest.mark.parametrize("name", ["V2Format", "Renamed"])
def test_converted_checkpoint_loads(workspace: Path, name: str) -> None:
    """A new model takes the converted checkpoint by its objects, all of it, and then holds TF1's values."""
    (workspace / "load.py").write_text(LOAD)
    folder = workspace / "kept" / "equivalence_nets" / name
    environ = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "load.py", str(folder), name],
        cwd=workspace,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "4 variables" in done.stdout


def test_converted_checkpoint_tells_its_mapping(workspace: Path) -> None:
    """Beside it stands which variable came from which key, and how to load it."""
    text = (workspace / "kept" / "equivalence_nets" / "Renamed" / "mapping.txt").read_text("utf-8")
    assert "net/first/kernel\tnet/hidden/kernel\t[4, 6]\tfloat32" in text
    assert "converted from v2-7" in text
    assert "assert_existing_objects_matched()" in text
    averaged = (workspace / "kept" / "equivalence_nets" / "PreferredAverages" / "mapping.txt").read_text("utf-8")
    assert "net/hidden/kernel\tnet/hidden/kernel/ExponentialMovingAverage" in averaged


def test_only_what_passed_is_kept(workspace: Path, steps: dict[str, dict[str, Any]]) -> None:
    """A checkpoint that did not come through whole is not handed on, nor one of made-up weights."""
    kept = {path.parent.name for path in (workspace / "kept").rglob("mapping.txt")}
    assert kept == {name for name, step in steps.items() if step["outcome"] == "passed"} - {"Made"}
