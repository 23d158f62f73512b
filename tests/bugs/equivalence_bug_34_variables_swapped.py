"""Two layers of one shape that have each other's name: every weight loads, into the wrong place."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class InOrder(tf.keras.layers.Layer):
    """Names the layers as TF1 did."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        hidden = v1.layers.dense(inputs, 4, activation=tf.nn.relu, name="inner")
        return v1.layers.dense(hidden, 4, name="outer")


class Swapped(tf.keras.layers.Layer):
    """Names the layers the other way round."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        hidden = v1.layers.dense(inputs, 4, activation=tf.nn.relu, name="outer")  # BUG
        return v1.layers.dense(hidden, 4, name="inner")  # BUG


class Right(EquivalenceCase):
    """Every layer has its name."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        hidden = v1.layers.dense(inputs, 4, activation=tf.nn.relu, name="inner")
        return v1.layers.dense(hidden, 4, name="outer")

    def tf2(self):
        return InOrder()


class Wrong(Right):
    """Every layer has the other's name."""

    def tf2(self):
        return Swapped()
