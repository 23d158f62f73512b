"""Inception-ResNet-v2 in tf_slim: TensorFlow 1 code, as a team would have kept it for years.

The architecture is the one of Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4,
Inception-ResNet and the Impact of Residual Connections on Learning" (2016), figures 10 to 15.
Variables have the names under which checkpoints of this net are published.

`import tensorflow.compat.v1` makes it run on TensorFlow 1.15 and on every TensorFlow since.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf
import tf_slim as slim


class Layer(NamedTuple):
    """A convolution or a pooling; its scope tells which, and the height and width of its kernel."""

    scope: str
    filters: int = 0
    stride: int = 1
    padding: str = "SAME"


def reduction(scope: str, filters: int = 0) -> Layer:
    """Return a layer that about halves height and width."""
    return Layer(scope, filters, stride=2, padding="VALID")


# A tower is a chain of layers. The towers of a block share its input and are concatenated.
STEM = [
    reduction("Conv2d_1a_3x3", 32),
    Layer("Conv2d_2a_3x3", 32, padding="VALID"),
    Layer("Conv2d_2b_3x3", 64),
    reduction("MaxPool_3a_3x3"),
    Layer("Conv2d_3b_1x1", 80, padding="VALID"),
    Layer("Conv2d_4a_3x3", 192, padding="VALID"),
    reduction("MaxPool_5a_3x3"),
]
MIXED_5B = [
    [Layer("Conv2d_1x1", 96)],
    [Layer("Conv2d_0a_1x1", 48), Layer("Conv2d_0b_5x5", 64)],
    [Layer("Conv2d_0a_1x1", 64), Layer("Conv2d_0b_3x3", 96), Layer("Conv2d_0c_3x3", 96)],
    [Layer("AvgPool_0a_3x3"), Layer("Conv2d_0b_1x1", 64)],
]
BLOCK35 = [
    [Layer("Conv2d_1x1", 32)],
    [Layer("Conv2d_0a_1x1", 32), Layer("Conv2d_0b_3x3", 32)],
    [Layer("Conv2d_0a_1x1", 32), Layer("Conv2d_0b_3x3", 48), Layer("Conv2d_0c_3x3", 64)],
]
MIXED_6A = [
    [reduction("Conv2d_1a_3x3", 384)],
    [Layer("Conv2d_0a_1x1", 256), Layer("Conv2d_0b_3x3", 256), reduction("Conv2d_1a_3x3", 384)],
    [reduction("MaxPool_1a_3x3")],
]
BLOCK17 = [
    [Layer("Conv2d_1x1", 192)],
    [Layer("Conv2d_0a_1x1", 128), Layer("Conv2d_0b_1x7", 160), Layer("Conv2d_0c_7x1", 192)],
]
MIXED_7A = [
    [Layer("Conv2d_0a_1x1", 256), reduction("Conv2d_1a_3x3", 384)],
    [Layer("Conv2d_0a_1x1", 256), reduction("Conv2d_1a_3x3", 288)],
    [Layer("Conv2d_0a_1x1", 256), Layer("Conv2d_0b_3x3", 288), reduction("Conv2d_1a_3x3", 320)],
    [reduction("MaxPool_1a_3x3")],
]
BLOCK8 = [
    [Layer("Conv2d_1x1", 192)],
    [Layer("Conv2d_0a_1x1", 192), Layer("Conv2d_0b_1x3", 224), Layer("Conv2d_0c_3x1", 256)],
]


def inception_resnet_v2_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    batch_norm_scale: bool = False,
) -> dict[str, Any]:
    """Return the arg scope to build the net in: L2 on weights and biases, batch norm after convolutions."""
    batch_norm = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "scale": batch_norm_scale,
        "updates_collections": tf.GraphKeys.UPDATE_OPS,
        "fused": None,  # fused wherever the kernel allows it
    }
    l2 = slim.l2_regularizer(weight_decay)
    regularized = slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=l2, biases_regularizer=l2)
    normalized = slim.arg_scope(
        [slim.conv2d], activation_fn=tf.nn.relu, normalizer_fn=slim.batch_norm, normalizer_params=batch_norm
    )
    with regularized, normalized as scope:
        return scope


def inception_resnet_v2(
    inputs: tf.Tensor, num_classes: int, is_training: bool, dropout_keep_prob: float = 0.8
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Build the net.

    Args:
        inputs: Images of shape `[batch, height, width, 3]`; the paper's are 299 x 299.
        num_classes: Number of logits.
        is_training: Whether batch norm takes the batch's statistics and dropout drops.
        dropout_keep_prob: Share of the units before the logits that dropout keeps.

    Returns:
        The logits, of shape `[batch, num_classes]`, and the activations on the way to them by name.
    """
    modes = slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training)
    with tf.variable_scope("InceptionResnetV2"), modes:
        net, end_points = _features(inputs)
        end_points["AuxLogits"] = _auxiliary_head(end_points["PreAuxLogits"], num_classes)
        return _head(net, num_classes, dropout_keep_prob, end_points), end_points


def _features(net: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Apply everything below the heads."""
    end_points = {}
    for layer in STEM:
        net = end_points[layer.scope] = _layer(net, layer)
    net = end_points["Mixed_5b"] = _mixed(net, MIXED_5B, "Mixed_5b")
    net = _repeat(net, BLOCK35, times=10, scale=0.17, scope="Repeat", block_scope="block35")
    net = end_points["Mixed_6a"] = _mixed(net, MIXED_6A, "Mixed_6a")
    net = _repeat(net, BLOCK17, times=20, scale=0.10, scope="Repeat_1", block_scope="block17")
    end_points["PreAuxLogits"] = net
    net = end_points["Mixed_7a"] = _mixed(net, MIXED_7A, "Mixed_7a")
    net = _repeat(net, BLOCK8, times=9, scale=0.20, scope="Repeat_2", block_scope="block8")
    net = _residual(net, BLOCK8, scale=1.0, scope="Block8")  # the last one adds without scaling or ReLU
    net = end_points["Conv2d_7b_1x1"] = _layer(net, Layer("Conv2d_7b_1x1", 1536))
    return net, end_points


def _layer(net: tf.Tensor, layer: Layer) -> tf.Tensor:
    """Apply one layer."""
    kind, size = layer.scope.split("_")[0], layer.scope.split("_")[-1]
    kernel = [int(side) for side in size.split("x")]
    where = {"stride": layer.stride, "padding": layer.padding, "scope": layer.scope}
    if kind == "Conv2d":
        return slim.conv2d(net, layer.filters, kernel, **where)
    pool = {"MaxPool": slim.max_pool2d, "AvgPool": slim.avg_pool2d}[kind]
    return pool(net, kernel, **where)


def _towers(net: tf.Tensor, towers: list[list[Layer]]) -> tf.Tensor:
    """Apply the towers side by side and concatenate their channels."""
    outputs = []
    for index, tower in enumerate(towers):
        with tf.variable_scope(f"Branch_{index}"):
            output = net
            for layer in tower:
                output = _layer(output, layer)
        outputs.append(output)
    return tf.concat(outputs, axis=3)


def _mixed(net: tf.Tensor, towers: list[list[Layer]], scope: str) -> tf.Tensor:
    """Apply an Inception block, which has no shortcut."""
    with tf.variable_scope(scope):
        return _towers(net, towers)


def _residual(net: tf.Tensor, towers: list[list[Layer]], scale: float, scope: str) -> tf.Tensor:
    """Add the towers' output, projected to the channels of `net` and scaled down, to `net`."""
    with tf.variable_scope(scope):
        mixed = _towers(net, towers)
        up = slim.conv2d(mixed, net.shape[3], 1, normalizer_fn=None, activation_fn=None, scope="Conv2d_1x1")
        return net + up * scale


def _repeat(
    net: tf.Tensor, towers: list[list[Layer]], times: int, scale: float, scope: str, block_scope: str
) -> tf.Tensor:
    """Chain residual blocks, each followed by a ReLU."""
    with tf.variable_scope(scope):
        for index in range(times):
            net = tf.nn.relu(_residual(net, towers, scale, f"{block_scope}_{index + 1}"))
    return net


def _auxiliary_head(net: tf.Tensor, num_classes: int) -> tf.Tensor:
    """Return logits from halfway up, which training adds to its loss."""
    with tf.variable_scope("AuxLogits"):
        net = slim.avg_pool2d(net, 5, stride=3, padding="VALID", scope="Conv2d_1a_3x3")
        net = slim.conv2d(net, 128, 1, scope="Conv2d_1b_1x1")
        net = slim.conv2d(net, 768, net.shape[1:3], padding="VALID", scope="Conv2d_2a_5x5")
        return slim.fully_connected(slim.flatten(net), num_classes, activation_fn=None, scope="Logits")


def _head(net: tf.Tensor, num_classes: int, keep_prob: float, end_points: dict[str, tf.Tensor]) -> tf.Tensor:
    """Return the logits."""
    with tf.variable_scope("Logits"):
        net = slim.avg_pool2d(net, net.shape[1:3], padding="VALID", scope="AvgPool_1a_8x8")
        end_points["global_pool"] = net
        net = slim.dropout(slim.flatten(net), keep_prob, scope="Dropout")
        end_points["PreLogitsFlatten"] = net
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="Logits")
        end_points["Logits"] = logits
        end_points["Predictions"] = tf.nn.softmax(logits, name="Predictions")
    return logits
