"""A convolution with another activation than in TF1."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Relu(tf.keras.layers.Layer):
    """Has the activation that TF1 had."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        hidden = v1.layers.conv2d(inputs, 4, 3, activation=tf.nn.relu, name="conv")
        return v1.layers.dense(tf.reduce_mean(hidden, [1, 2]), 3, name="logits")


class Elu(tf.keras.layers.Layer):
    """Has another."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        hidden = v1.layers.conv2d(inputs, 4, 3, activation=tf.nn.elu, name="conv")  # BUG
        return v1.layers.dense(tf.reduce_mean(hidden, [1, 2]), 3, name="logits")


class Right(EquivalenceCase):
    """The activation is the same."""

    inputs = ArraySpec((2, 6, 6, 3))

    def tf1(self, inputs, training):
        hidden = v1.layers.conv2d(inputs, 4, 3, activation=tf.nn.relu, name="conv")
        return v1.layers.dense(tf.reduce_mean(hidden, [1, 2]), 3, name="logits")

    def tf2(self):
        return Relu()


class Wrong(Right):
    """The activation is another."""

    def tf2(self):
        return Elu()
