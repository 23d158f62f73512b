"""Small nets, right and wrong, traced on one side: `python traced_nets.py tf1|tf2 DIRECTORY`.

Each net is a TF1 function and the TF2 object that replaces it. Every trace is written to a directory
of its own below DIRECTORY.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

from tf_equivalence import recording
from tf_equivalence.worker import call_arguments, repair, trace_eager, trace_graph, weights

v1 = tf.compat.v1
Forward = Callable[[Any, bool], Any]


class Net(NamedTuple):
    """A TF1 function, what makes the TF2 object, the input's shape and the training flag."""

    tf1: Forward
    tf2: Callable[[], Any]
    shape: tuple[int, ...]
    training: bool = False


class Shim(tf.keras.layers.Layer):  # type: ignore[misc]
    """A TF1 function as a TF2 layer."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.forward = forward

    @v1.keras.utils.track_tf1_style_variables  # type: ignore[untyped-decorator]
    def call(self, inputs: Any, training: bool = False) -> Any:
        """Run the function."""
        return self.forward(inputs, training)


class Normalized(tf.keras.layers.Layer):  # type: ignore[misc]
    """A Keras convolution and batch normalization with the variable names of TF1's."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(name="normalized")
        self.conv = tf.keras.layers.Conv2D(4, 3, name="conv")
        self.norm = tf.keras.layers.BatchNormalization(name="norm", **settings)

    @v1.keras.utils.track_tf1_style_variables  # type: ignore[untyped-decorator]
    def call(self, inputs: Any, training: bool = False) -> Any:
        """Run both, then Relu."""
        return tf.nn.relu(self.norm(self.conv(inputs), training=training))


def dense(activation: Any, *names: str) -> Forward:
    """Dense layers of these names, each followed by `activation`."""

    def forward(inputs: Any, training: bool) -> Any:
        for name in names or ("a", "b"):
            inputs = activation(v1.layers.dense(inputs, 5, name=name))
        return inputs

    return forward


def slim_net(epsilon: float) -> Forward:
    """A convolution whose batch normalization is set up by `arg_scope`."""

    def forward(inputs: Any, training: bool) -> Any:
        import tf_slim as slim

        norm = {"is_training": training, "epsilon": epsilon}
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params=norm):
            return slim.conv2d(slim.conv2d(inputs, 4, 3, scope="one"), 4, 3, scope="two")

    return forward


def lstm(forget_bias: float) -> Forward:
    """A recurrence in a graph loop."""

    def forward(inputs: Any, training: bool) -> Any:
        cell = v1.nn.rnn_cell.LSTMCell(4, name="lstm_cell", forget_bias=forget_bias)
        outputs, _ = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
        return v1.layers.dense(outputs, 2, name="out")

    return forward


def hand_lstm(inputs: Any, training: bool) -> Any:
    """The same recurrence, run by Python, with the gates in Keras' order."""
    kernel = v1.get_variable("rnn/lstm_cell/kernel", (9, 16))
    bias = v1.get_variable("rnn/lstm_cell/bias", (16,))
    hidden = cell = tf.zeros((2, 4))
    outputs = []
    for step in tf.unstack(inputs, axis=1):
        gates = tf.nn.bias_add(tf.matmul(tf.concat([step, hidden], 1), kernel), bias)
        i, f, j, o = tf.split(gates, 4, 1)
        cell = tf.sigmoid(f + 1.0) * cell + tf.sigmoid(i) * tf.tanh(j)
        hidden = tf.sigmoid(o) * tf.tanh(cell)
        outputs.append(hidden)
    return v1.layers.dense(tf.stack(outputs, 1), 2, name="out")


def normalized(fused: bool) -> Forward:
    """A convolution, a batch normalization of epsilon 1e-3, and Relu."""

    def forward(inputs: Any, training: bool) -> Any:
        hidden = v1.layers.conv2d(inputs, 4, 3, name="conv")
        hidden = v1.layers.batch_normalization(hidden, epsilon=1e-3, training=training, fused=fused, name="norm")
        return tf.nn.relu(hidden)

    return forward


def scores(axis: int) -> Forward:
    """A softmax over this axis."""
    return lambda inputs, training: tf.nn.softmax(v1.layers.dense(inputs, 4, name="a"), axis=axis)


def dropped(drop: Callable[[Any], Any]) -> Forward:
    """A dropout between two layers."""
    return lambda inputs, training: dense(tf.identity, "b")(drop(dense(tf.identity, "a")(inputs, training)), training)


def shim(forward: Forward) -> Callable[[], Any]:
    """Make the TF2 object of a TF1 function."""
    return lambda: Shim(forward)


IMAGE, ROWS, STEPS = (2, 6, 6, 3), (2, 5), (2, 3, 5)
NETS = {
    "right": Net(dense(tf.nn.relu), shim(dense(tf.nn.relu)), ROWS),
    "activation": Net(dense(tf.nn.relu), shim(dense(tf.nn.tanh)), ROWS),
    "no-activation": Net(dense(tf.nn.relu), shim(dense(tf.identity)), ROWS),
    "swapped": Net(dense(tf.nn.relu, "a", "b"), shim(dense(tf.nn.relu, "b", "a")), ROWS),
    "slim-right": Net(slim_net(1e-3), shim(slim_net(1e-3)), IMAGE, training=True),
    "slim-epsilon": Net(slim_net(1e-3), shim(slim_net(1e-5)), IMAGE),
    "keras-epsilon": Net(normalized(fused=False), lambda: Normalized(epsilon=1e-5), IMAGE),
    "keras-frozen": Net(
        normalized(fused=True), lambda: Normalized(epsilon=1e-3, trainable=False), IMAGE, training=True
    ),
    "keras-right": Net(normalized(fused=False), lambda: Normalized(epsilon=1e-3), IMAGE),
    "lstm-right": Net(lstm(1.0), shim(lstm(1.0)), STEPS),
    "lstm-forget-bias": Net(lstm(1.0), shim(lstm(0.0)), STEPS),
    "lstm-gates": Net(lstm(1.0), shim(hand_lstm), STEPS),
    "softmax-axis": Net(scores(-1), shim(scores(1)), STEPS),
    "resize": Net(
        lambda inputs, training: v1.image.resize_bilinear(inputs, (9, 9)),
        shim(lambda inputs, training: tf.image.resize(inputs, (9, 9))),
        IMAGE,
    ),
    "keep-prob": Net(
        dropped(lambda hidden: v1.nn.dropout(hidden, keep_prob=0.8, seed=3)),
        shim(dropped(lambda hidden: tf.nn.dropout(hidden, rate=0.8, seed=3))),
        ROWS,
        training=True,
    ),
}


def trace_tf1(net: Net, directory: str) -> None:
    """Trace the TF1 side with the weights that follow from the names."""
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        v1.set_random_seed(1)
        placeholder = v1.placeholder(tf.float32, net.shape)
        with call_arguments.GraphRecorder() as recorder:
            result = net.tf1(placeholder, net.training)
        names = []
        for variable in v1.global_variables():
            names.append(variable.op.name)
            variable.load(weights.named_value(names[-1], tuple(variable.shape.as_list()), np.dtype("float32")), session)
        feeds = {placeholder: inputs(net)}
        _write(directory, *trace_graph.trace(graph, session, [result], feeds, names, recorder))


def trace_tf2(net: Net, directory: str) -> None:
    """Trace the TF2 side, which has TF1's names."""
    model, given = net.tf2(), tf.constant(inputs(net))
    model(given, training=net.training)
    # Keras puts the model's own name in front, which TF1 did not.
    named = {variable.name.split(":")[0].removeprefix("normalized/"): variable for variable in model.variables}
    for name, variable in named.items():
        variable.assign(weights.named_value(name, tuple(variable.shape.as_list()), np.dtype("float32")))
    tf.random.set_seed(1)
    with trace_eager.EagerTracer(named, given) as tracer:
        result = model(given, training=net.training)
    _write(directory, *tracer.result(result))


def inputs(net: Net) -> Any:
    """Return the same random input on both sides."""
    return np.random.RandomState(0).uniform(-1, 1, net.shape).astype(np.float32)


def _write(directory: str, found: Any, arrays: Any) -> None:
    recording.write_record(directory, "trace", found)
    recording.write_arrays(directory, "trace", arrays)


def main() -> None:
    """Trace every net on the side that the command line names."""
    side, root = sys.argv[1], Path(sys.argv[2])
    if side == "tf1":
        v1.disable_v2_behavior()
    repair.repair_imports()
    for name, net in NETS.items():
        directory = root / name / side
        directory.mkdir(parents=True)
        (trace_tf1 if side == "tf1" else trace_tf2)(net, str(directory))


if __name__ == "__main__":
    main()
