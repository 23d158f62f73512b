"""Small repositories of TF1 code, as teams have them: a path and a text for each file."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

LENET = '''\
"""LeNet in slim."""

import tensorflow.compat.v1 as tf
import tf_slim as slim


def lenet(images, num_classes=10, is_training=False, dropout_keep_prob=0.5, scope="LeNet"):
    """Build LeNet.

    Args:
      images: A batch of images, a tensor of size [batch_size, image_size, image_size, 1].
      num_classes: The number of classes.
      is_training: Whether dropout is on.
      dropout_keep_prob: How much dropout keeps.
      scope: The variable scope.

    Returns:
      The logits, a tensor of size [batch_size, num_classes], and the end points.
    """
    end_points = {}
    with tf.variable_scope(scope, "LeNet", [images]):
        net = end_points["conv1"] = slim.conv2d(images, 8, [5, 5], scope="conv1")
        net = end_points["pool1"] = slim.max_pool2d(net, [2, 2], 2, scope="pool1")
        net = end_points["conv2"] = slim.conv2d(net, 16, [5, 5], scope="conv2")
        net = slim.flatten(slim.max_pool2d(net, [2, 2], 2, scope="pool2"))
        net = slim.fully_connected(net, 32, scope="fc3")
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout3")
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="fc4")
    end_points["Predictions"] = slim.softmax(logits, scope="Predictions")
    return logits, end_points


lenet.default_image_size = 28


def lenet_arg_scope(weight_decay=0.0005):
    """Return the arg scope."""
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(weight_decay),
        weights_initializer=tf.truncated_normal_initializer(stddev=0.1),
        activation_fn=tf.nn.relu,
    ) as scope:
        return scope
'''

CIFARNET = """\
import tensorflow.compat.v1 as tf
import tf_slim as slim

trunc_normal = lambda stddev: tf.truncated_normal_initializer(stddev=stddev)


def cifarnet(images, num_classes=10, is_training=False, dropout_keep_prob=0.5, scope="CifarNet"):
    with tf.variable_scope(scope, "CifarNet", [images]):
        net = slim.conv2d(images, 8, [5, 5], scope="conv1")
        net = slim.max_pool2d(net, [2, 2], 2, scope="pool1")
        net = tf.nn.lrn(net, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75, name="norm1")
        net = slim.flatten(net)
        net = slim.fully_connected(net, 24, scope="fc3")
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout3")
        return slim.fully_connected(
            net, num_classes, weights_initializer=trunc_normal(1 / 24.0), activation_fn=None, scope="logits"
        )


cifarnet.default_image_size = 32


def cifarnet_arg_scope(weight_decay=0.004):
    with slim.arg_scope([slim.conv2d], weights_initializer=trunc_normal(0.05), activation_fn=tf.nn.relu):
        with slim.arg_scope([slim.fully_connected], weights_regularizer=slim.l2_regularizer(weight_decay)) as scope:
            return scope
"""

MOBILENET = '''\
import collections

import tensorflow.compat.v1 as tf
import tf_slim as slim

Conv = collections.namedtuple("Conv", ["stride", "depth"])
DepthSepConv = collections.namedtuple("DepthSepConv", ["stride", "depth"])
_CONV_DEFS = [Conv(2, 8), DepthSepConv(1, 16), DepthSepConv(2, 32)]


def mobilenet_v1_base(inputs, conv_defs=None, scope=None):
    """Build all layers but the logits; inputs is a tensor of shape [batch_size, height, width, channels]."""
    end_points = {}
    with tf.variable_scope(scope, "MobilenetV1", [inputs]):
        net = inputs
        for number, conv in enumerate(conv_defs or _CONV_DEFS):
            name = "Conv2d_%d" % number
            if isinstance(conv, DepthSepConv):
                net = slim.separable_conv2d(
                    net, None, [3, 3], depth_multiplier=1, stride=conv.stride, scope=name + "_depthwise"
                )
                net = slim.conv2d(net, conv.depth, [1, 1], scope=name + "_pointwise")
            else:
                net = slim.conv2d(net, conv.depth, [3, 3], stride=conv.stride, scope=name)
            end_points[name] = net
    return net, end_points


def mobilenet_v1(inputs, num_classes=1000, dropout_keep_prob=0.999, is_training=True, reuse=None, scope="MobilenetV1"):
    """Build Mobilenet v1.

    Args:
      inputs: a tensor of shape [batch_size, height, width, channels].
      num_classes: number of predicted classes.
      is_training: specifies if training.
    """
    with tf.variable_scope(scope, "MobilenetV1", [inputs], reuse=reuse) as scope:
        with slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training):
            net, end_points = mobilenet_v1_base(inputs, scope=scope)
            net = tf.reduce_mean(net, [1, 2], keepdims=True, name="global_pool")
            net = slim.dropout(net, keep_prob=dropout_keep_prob, scope="Dropout_1b")
            logits = slim.conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="Logits")
            logits = tf.squeeze(logits, [1, 2], name="SpatialSqueeze")
    return logits, end_points


mobilenet_v1.default_image_size = 64


def mobilenet_v1_arg_scope(is_training=True, weight_decay=0.00004, stddev=0.09):
    """Return the arg scope."""
    with slim.arg_scope([slim.conv2d, slim.separable_conv2d],
                        weights_initializer=tf.truncated_normal_initializer(stddev=stddev),
                        activation_fn=tf.nn.relu6, normalizer_fn=slim.batch_norm):
        with slim.arg_scope([slim.batch_norm], is_training=is_training, decay=0.99, epsilon=0.001):
            with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(weight_decay)) as scope:
                return scope
'''

V1_LAYERS = """\
import tensorflow.compat.v1 as tf

from .blocks import dense_block


def regression(x, hidden_units, training):
    with tf.variable_scope("regression"):
        net = dense_block(x, hidden_units, "hidden")
        net = tf.layers.dropout(net, 0.3, training=training, name="dropout")
        return tf.layers.dense(net, 1, name="output")
"""

BLOCKS = """\
import tensorflow.compat.v1 as tf


def dense_block(x, units, name):
    return tf.layers.dense(x, units, activation=tf.nn.relu, name=name)
"""

TRAIN = """\
import tensorflow.compat.v1 as tf

from app.models.regression import regression

FEATURES = 6


def main():
    x = tf.placeholder(tf.float32, [None, FEATURES])
    prediction = regression(x, 12, training=True)
    with tf.Session() as session:
        session.run(prediction)
"""

ESTIMATOR = '''\
import tensorflow.compat.v1 as tf


def cnn_model_fn(features, labels, mode):
    """Model function for a CNN."""
    images = tf.reshape(features["x"], [-1, 28, 28, 1])
    net = tf.layers.conv2d(images, 4, [5, 5], padding="same", activation=tf.nn.relu, name="conv1")
    net = tf.layers.max_pooling2d(net, [2, 2], 2, name="pool1")
    net = tf.layers.flatten(net, name="flatten")
    net = tf.layers.dropout(net, 0.4, training=mode == tf.estimator.ModeKeys.TRAIN, name="dropout")
    logits = tf.layers.dense(net, 10, name="logits")
    predictions = {"classes": tf.argmax(logits, axis=1), "probabilities": tf.nn.softmax(logits)}
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode=mode, predictions=predictions)
    loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)
    return tf.estimator.EstimatorSpec(mode=mode, predictions=predictions, loss=loss)
'''

TEXT = """\
import tensorflow.compat.v1 as tf


def classifier(tokens, mask, keep_prob, vocabulary, is_training=False):
    with tf.variable_scope("classifier"):
        table = tf.get_variable("table", [len(vocabulary), 8])
        net = tf.nn.embedding_lookup(table, tokens) * tf.expand_dims(mask, -1)
        net = tf.nn.dropout(tf.reduce_mean(net, 1), rate=1 - keep_prob)
        return tf.layers.dense(net, 3, name="logits")
"""

CLASS = '''\
import tensorflow.compat.v1 as tf


class SmallNet(object):
    """A net as a class."""

    def __init__(self, num_classes, filters=4):
        self.num_classes = num_classes
        self.filters = filters

    def _block(self, inputs, training):
        net = tf.layers.conv2d(inputs, self.filters, 3, name="conv")
        return tf.nn.relu(tf.layers.batch_normalization(net, training=training, name="norm"))

    def __call__(self, inputs, training):
        """Return logits; inputs is a tensor of shape [batch, 16, 16, 3]."""
        with tf.variable_scope("small"):
            net = tf.reduce_mean(self._block(inputs, training), [1, 2])
            return tf.layers.dense(net, self.num_classes, name="dense")
'''

SRC_LAYER = """\
import tensorflow as tf
import tf_slim as slim

from company.models.lenet import lenet, lenet_arg_scope


class LeNet(tf.keras.Model):
    def __init__(self, num_classes, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes

    @tf.compat.v1.keras.utils.track_tf1_style_variables
    def call(self, images, training=None):
        with slim.arg_scope(lenet_arg_scope(weight_decay=0.001)):
            return lenet(images, self.num_classes, is_training=bool(training))
"""

BARE = """\
import tensorflow as tf
from tensorflow.contrib import slim
import somecompanylib


def perceptron(x, n_classes):
    with tf.variable_scope("perceptron"):
        weights = tf.get_variable("weights", [784, n_classes])
        return tf.matmul(x, weights)
"""

REPOSITORIES: Mapping[str, Mapping[str, str]] = {
    "lenet": {"nets/__init__.py": "", "nets/lenet.py": LENET},
    "cifarnet": {"cifarnet.py": CIFARNET},
    "mobilenet_v1": {"nets/mobilenet_v1.py": MOBILENET},
    "relative imports": {
        "app/__init__.py": "",
        "app/models/__init__.py": "",
        "app/models/regression.py": V1_LAYERS,
        "app/models/blocks.py": BLOCKS,
        "train.py": TRAIN,
    },
    "estimator": {"cnn.py": ESTIMATOR},
    "class": {"small_net.py": CLASS},
    "src layout": {
        "src/company/__init__.py": "",
        "src/company/models/__init__.py": "",
        "src/company/models/lenet.py": LENET,
        "src/company/models/lenet_layer.py": SRC_LAYER,
    },
    "namespace": {
        "legacy/lenet.py": LENET,
        "migrated/lenet.py": SRC_LAYER.replace("company.models.lenet", "legacy.lenet"),
    },
    "unreadable": {"old.py": "import tensorflow\nprint 'python 2'\n", "lenet.py": LENET},
}
UNANSWERED: Mapping[str, Mapping[str, str]] = {"text": {"text.py": TEXT}, "bare": {"perceptron.py": BARE}}


def make_repository(root: Path, files: Mapping[str, str]) -> Path:
    """Write the files below a root, which becomes a repository."""
    (root / ".git").mkdir(parents=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def slim_nets(*names: str) -> dict[str, str]:
    """Return the source of installed nets of slim, as files of a package `nets`."""
    spec = importlib.util.find_spec("tf_slim")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "nets"
    return {"nets/__init__.py": "", **{f"nets/{name}.py": (folder / f"{name}.py").read_text() for name in names}}
