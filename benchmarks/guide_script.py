"""The baseline of the speed benchmark: the four steps of TensorFlow's migration guide by hand.

It is what a team has without this project: one script, one process, one step after the other,
each building what it needs. It prints the figures that the steps compare, and a last line of JSON with
seconds and memory. Run it as `python benchmarks/guide_script.py`.
"""

import json
import os
import resource
import sys
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

start = time.perf_counter()
os.environ["TF_USE_LEGACY_KERAS"] = "1"  # the Keras that has track_tf1_style_variables
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples" / "inception_resnet_v2"))

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.python.framework import ops, tensor  # noqa: E402

v1 = tf.compat.v1


def repair_tf_slim():
    """Put back the names that tf_slim imports and that TensorFlow has moved since."""
    for name in ("", ".base", ".convolutional", ".core", ".normalization", ".pooling"):
        sys.modules["tf_keras.legacy_tf_layers" + name] = import_module("tf_keras.src.legacy_tf_layers" + name)
    ops.Tensor = tensor.Tensor


repair_tf_slim()

import tf_slim as slim  # noqa: E402
from inception_resnet_v2 import inception_resnet_v2, inception_resnet_v2_arg_scope  # noqa: E402
from inception_resnet_v2_layer import InceptionResnetV2  # noqa: E402

SHAPE = (1, 299, 299, 3)
NUM_CLASSES = 1000
TOLERANCE = {"rtol": 1e-6, "atol": 1e-5}


def forward_tf1(is_training):
    """Add the TF1 forward pass on an input of ones to the current graph; return the logits."""
    with slim.arg_scope(inception_resnet_v2_arg_scope(batch_norm_scale=True)):
        logits, _ = inception_resnet_v2(tf.ones(SHAPE), NUM_CLASSES, is_training=is_training)
    return logits


def total_regularization_loss():
    """Return the sum of the current graph's regularization losses."""
    return tf.math.add_n(v1.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES))


def compare(label, loss1, loss2, output1, output2):
    """Print what the two sides computed and stop if it is not the same."""
    difference = np.abs(output1 - output2.numpy()).max()
    print(
        f"{label}: regularization loss TF1 {loss1} TF2 {loss2.numpy()}, "
        f"output[0, 0] TF1 {output1[0, 0]} TF2 {output2.numpy()[0, 0]}, max abs difference {difference:.2g}"
    )
    np.testing.assert_allclose(loss1, loss2.numpy(), **TOLERANCE)
    np.testing.assert_allclose(output1, output2.numpy(), **TOLERANCE)


# Step 1: variables are created once.


@contextmanager
def refuse_variables():
    """Raise as soon as a variable is created."""

    def refuse(_, **kwargs):
        raise ValueError(f"a new variable instead of an existing one: {kwargs}")

    with tf.variable_creator_scope(refuse):
        yield


@contextmanager
def report_variables():
    """Raise at the end if variables were created."""
    created = []

    def remember(next_creator, **kwargs):
        created.append(next_creator(**kwargs))
        return created[-1]

    with tf.variable_creator_scope(remember):
        yield
    if created:
        raise ValueError(f"created variables: {created}")


model = InceptionResnetV2(NUM_CLASSES)
inputs = tf.ones(SHAPE)
model(inputs)
with refuse_variables():
    model(inputs)
with report_variables():
    model(inputs)
print("step 1, variables created after the first call: 0")


# Step 2: count, names, shapes and trainable flags of the variables agree.

graph = tf.Graph()
with graph.as_default(), v1.Session(graph=graph) as session:
    forward_tf1(is_training=False)
    tf1_variables = {v.name: (v.trainable, v.shape) for v in v1.global_variables()}
    tf1_count = len(v1.global_variables())
    tf1_losses = len(v1.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES))

model = InceptionResnetV2(NUM_CLASSES)
inputs = tf.ones(SHAPE)
model(inputs, training=False)
model(inputs, training=False)
tf2_variables = {v.name: (v.trainable, v.shape) for v in model.variables}
tf2_count = len(model.variables)  # names are not unique in TF2: the dict may be shorter

print(f"step 2, variables: TF1 {tf1_count} TF2 {tf2_count}")
print(f"step 2, regularization losses: TF1 {tf1_losses} TF2 {len(model.losses)}")
assert tf1_count == tf2_count
assert tf1_variables == tf2_variables


# Step 3: with every variable at 0.001 and no randomness, the numbers agree.

graph = tf.Graph()
with graph.as_default(), v1.Session(graph=graph) as session:
    logits = forward_tf1(is_training=False)
    session.run(tf.group([v.assign(tf.ones_like(v) * 0.001) for v in v1.global_variables()]))
    tf1_loss = session.run(total_regularization_loss())
    tf1_output = session.run(logits)

model = InceptionResnetV2(NUM_CLASSES)
inputs = tf.ones(SHAPE)
model(inputs, training=False)
for variable in model.variables:
    variable.assign(tf.ones_like(variable) * 0.001)
tf2_output, _ = model(inputs, training=False)
tf2_loss = tf.math.add_n(model.losses)

compare("step 3, constant weights, inference", tf1_loss, tf2_loss, tf1_output, tf2_output)


# Step 4: with random numbers aligned, the numbers agree in inference ...

tool = v1.keras.utils.DeterministicRandomTestTool(mode="num_random_ops")
with tool.scope():
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        logits = forward_tf1(is_training=False)
        session.run(v1.global_variables_initializer())
        tf1_loss = session.run(total_regularization_loss())
        tf1_output = session.run(logits)

tool = v1.keras.utils.DeterministicRandomTestTool(mode="num_random_ops")
with tool.scope():
    model = InceptionResnetV2(NUM_CLASSES)
    tf2_output, _ = model(tf.ones(SHAPE), training=False)
    tf2_loss = tf.math.add_n(model.losses)

compare("step 4, num_random_ops, inference", tf1_loss, tf2_loss, tf1_output, tf2_output)


# ... in training ...

tool = v1.keras.utils.DeterministicRandomTestTool(mode="num_random_ops")
with tool.scope():
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        logits = forward_tf1(is_training=True)
        session.run(v1.global_variables_initializer())
        tf1_loss = session.run(total_regularization_loss())
        tf1_output = session.run(logits)

tool = v1.keras.utils.DeterministicRandomTestTool(mode="num_random_ops")
with tool.scope():
    model = InceptionResnetV2(NUM_CLASSES)
    tf2_output, _ = model(tf.ones(SHAPE), training=True)
    tf2_loss = tf.math.add_n(model.losses)

compare("step 4, num_random_ops, training", tf1_loss, tf2_loss, tf1_output, tf2_output)


# ... and in training inside a functional model, where only one constant seed can be aligned.

tool = v1.keras.utils.DeterministicRandomTestTool()
with tool.scope():
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        logits = forward_tf1(is_training=True)
        session.run(v1.global_variables_initializer())
        tf1_loss = session.run(total_regularization_loss())
        tf1_output = session.run(logits)

tool = v1.keras.utils.DeterministicRandomTestTool()
with tool.scope():
    keras_input = tf.keras.Input(shape=SHAPE[1:])
    layer = InceptionResnetV2(NUM_CLASSES)
    model = tf.keras.Model(inputs=keras_input, outputs=layer(keras_input))
    tf2_output, _ = model(tf.ones(SHAPE), training=True)
    tf2_loss = tf.math.add_n(model.losses)

compare("step 4, constant, functional, training", tf1_loss, tf2_loss, tf1_output, tf2_output)


print(
    json.dumps(
        {
            "wall_s": round(time.perf_counter() - start, 2),
            "cpu_s": round(time.process_time(), 2),
            "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),  # Linux counts KiB
        }
    )
)
