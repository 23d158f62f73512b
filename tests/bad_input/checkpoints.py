"""Checkpoints that are no checkpoints of the model, or of nothing, and some that only look so."""

from __future__ import annotations

from .workspace import Hazard

# Saves variables as TF1 does, from whichever side imports the module: the one writes what the other did.
_SAVED = """
import os

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saver_pb2

v1 = tf.compat.v1
W = {"w": np.full((2, 2), 2.0, np.float32)}


def saved(name, values=None, version=saver_pb2.SaverDef.V2):
    prefix = os.path.join(os.path.dirname(os.path.abspath(__file__)), "saved", name)
    os.makedirs(os.path.dirname(prefix), exist_ok=True)
    with tf.Graph().as_default(), v1.Session() as session:
        found = {key: v1.Variable(value) for key, value in (values or W).items()}
        session.run(v1.global_variables_initializer())
        v1.train.Saver(found, write_version=version).save(session, prefix, write_meta_graph=False)
    return prefix


def cut(prefix, suffix, keep):
    os.truncate(prefix + suffix, keep)
    return prefix
"""


def _hazard(name: str, statements: str, *says: str, outcome: str = "error", kind: str = "checkpoint") -> Hazard:
    lines = [f"    {line}" for line in statements.splitlines()]
    body = "\n".join(["from saved import *", "", "", "class Case(_Tiny):", *lines, ""])
    return Hazard(f"checkpoint_{name}", body, says, outcome, files={"saved.py": _SAVED}, kind=kind if says else "")


CHECKPOINTS = (
    _hazard("missing", 'checkpoint = "saved/nowhere-7"  # BAD', "no checkpoint of this prefix", "tried", "Saver.save"),
    _hazard("is_number", "checkpoint = 1000  # BAD", "`checkpoint` is int 1000", "a string or a path"),
    _hazard("is_empty_text", 'checkpoint = ""  # BAD', "names ''", "Saver.save"),
    _hazard("is_url", 'checkpoint = "gs://bucket/model.ckpt-7"  # BAD', "only files are read", "copy it first"),
    _hazard(
        "in_empty_folder",
        'os.makedirs("empty", exist_ok=True)\ncheckpoint = "empty"  # BAD',
        "no checkpoint of this prefix",
        "Saver.save",
    ),
    _hazard(
        "of_another_step",
        'saved("steps/model.ckpt-1000")\ncheckpoint = "saved/steps/model.ckpt-2000"  # BAD',
        "no checkpoint of this prefix",
        "has model.ckpt-1000",
    ),
    _hazard(
        "data_truncated",
        'checkpoint = cut(saved("cut"), ".data-00000-of-00001", 5)  # BAD',
        "cannot be read",
        "truncated",
        "Copy all of its files again",
    ),
    _hazard(
        "data_missing",
        'checkpoint = saved("lost")  # BAD\nos.remove(checkpoint + ".data-00000-of-00001")',
        "cannot be read",
        "a part of it missing",
    ),
    _hazard("index_truncated", 'checkpoint = cut(saved("short"), ".index", 20)  # BAD', "cannot be read", "again"),
    _hazard(
        "index_is_no_index",
        'checkpoint = saved("text")  # BAD\nopen(checkpoint + ".index", "w").write("lorem ipsum " * 50)',
        "cannot be read",
        "again",
    ),
    _hazard(
        "v1_truncated",
        'checkpoint = cut(saved("old", version=saver_pb2.SaverDef.V1), "", 60)  # BAD',
        "cannot be read",
        "again",
    ),
    _hazard(
        "object_based",
        'checkpoint = saved("objects", {**W, "_CHECKPOINTABLE_OBJECT_GRAPH": "of objects"})  # BAD',
        "object-based",
        "Saver",
    ),
    _hazard(
        "of_another_model",
        'checkpoint = saved("other", {"net/v": np.ones(3), "net/ww": np.ones(3)})  # BAD',
        "not of this model",
        "lacks 1 of 1 variables",
        "Give the checkpoint that this graph was trained with",
    ),
    _hazard(
        "below_a_scope",
        'checkpoint = saved("scope", {"tower/net/w": W["w"]})  # BAD',
        "it lacks 1 of 1 variables, w",
        "tf.variable_scope('tower/net')",
    ),
    _hazard(
        "of_other_shape",
        'checkpoint = saved("shape", {"w": np.ones((2, 3), np.float32)})  # BAD',
        "w is [2, 3] there and [2, 2] in TF1's graph",
    ),
    _hazard(
        "of_other_dtype",
        'checkpoint = saved("dtype", {"w": np.ones((2, 2))})  # BAD',
        "w is float64 there and float32 in TF1's graph",
    ),
    _hazard(
        "not_finite",
        'checkpoint = saved("nan", {"w": np.array([[1, np.inf], [0, np.nan]], np.float32)})  # BAD',
        "NaN or infinity in w",
        "Give an earlier one",
    ),
    _hazard(
        "without_averages",
        'moving_averages = True\ncheckpoint = saved("raw")  # BAD',
        "has none",
        "/ExponentialMovingAverage",
        "leave it out",
    ),
    _hazard(
        "tf1_raises",
        "def tf1(self, inputs, training):\n    raise ValueError('no graph today')  # BAD",
        "tf1() raised ValueError: no graph today",
        kind="call",
    ),
    _hazard(
        "tf1_ends_the_process",
        "def tf1(self, inputs, training):\n    os._exit(9)  # BAD",
        "os._exit(9)",
        kind="exit",
    ),
    _hazard(
        "tf1_is_killed",
        "def tf1(self, inputs, training):  # BAD\n    os.kill(os.getpid(), 9)",
        "SIGKILL",
        kind="signal",
    ),
    _hazard(
        "restored_with_wrong_names",
        'checkpoint = saved("names")\n'
        "def tf2(self):\n"
        "    model = Scale(name='scale')\n"
        "    if self.checkpoint:\n"
        "        tf.train.load_checkpoint(self.checkpoint).get_tensor('scale/w')  # BAD\n"
        "    return model",
        "scale/w not found in checkpoint",
        "under TF1's names",
        kind="call",
    ),
    _hazard("fine", 'checkpoint = saved("fine")', outcome="passed"),
    _hazard("property", '@property\ndef checkpoint(self):\n    return saved("property")', outcome="passed"),
    _hazard(
        "of_no_variables",
        "def tf1(self, inputs, training):\n    return tf.matmul(inputs, tf.ones([2, 2]))",
        outcome="skipped",
    ),
)
