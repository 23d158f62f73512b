"""A digit classifier in `tf.layers`: TensorFlow 1 code."""

from __future__ import annotations

import tensorflow.compat.v1 as tf


def digits_cnn(images: tf.Tensor, training: bool) -> tf.Tensor:
    """Return logits of shape `[batch, 10]` for images of shape `[batch, 28, 28, 1]`.

    Every layer has a name: an automatic one would count up with each call of the migrated layer.
    """
    l2 = tf.keras.regularizers.l2(0.0005)
    with tf.variable_scope("digits"):
        net = tf.layers.conv2d(images, 16, 3, use_bias=False, kernel_regularizer=l2, name="conv1")
        net = tf.nn.relu(tf.layers.batch_normalization(net, training=training, name="norm1"))
        net = tf.layers.max_pooling2d(net, 2, 2, name="pool1")
        net = tf.layers.conv2d(net, 32, 3, use_bias=False, kernel_regularizer=l2, name="conv2")
        net = tf.nn.relu(tf.layers.batch_normalization(net, training=training, name="norm2"))
        net = tf.layers.max_pooling2d(net, 2, 2, name="pool2")
        net = tf.layers.flatten(net, name="flatten")
        net = tf.layers.dense(net, 64, activation=tf.nn.relu, kernel_regularizer=l2, name="hidden")
        net = tf.layers.dropout(net, rate=0.4, training=training, name="dropout")
        return tf.layers.dense(net, 10, kernel_regularizer=l2, name="logits")
