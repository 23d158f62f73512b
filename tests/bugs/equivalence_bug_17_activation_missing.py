"""A hidden layer that lost its activation."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Activated(tf.keras.layers.Layer):
    """Has the activation that TF1 had."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        hidden = v1.layers.dense(inputs, 8, activation=tf.nn.relu, name="hidden")
        return v1.layers.dense(hidden, 3, name="logits")


class Linear(tf.keras.layers.Layer):
    """Has none."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        hidden = v1.layers.dense(inputs, 8, name="hidden")  # BUG
        return v1.layers.dense(hidden, 3, name="logits")


class Right(EquivalenceCase):
    """The activation is there."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        hidden = v1.layers.dense(inputs, 8, activation=tf.nn.relu, name="hidden")
        return v1.layers.dense(hidden, 3, name="logits")

    def tf2(self):
        return Activated()


class Wrong(Right):
    """The activation is missing."""

    def tf2(self):
        return Linear()
