"""A logarithm without the lower bound that TF1 put below its argument: minus infinity instead of a number."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Bounded(tf.keras.layers.Layer):
    """Keeps the argument above zero."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        rate = v1.layers.dense(inputs, 8, activation=tf.nn.relu, name="rate")
        return tf.math.log(tf.maximum(rate, 1e-7))


class Unbounded(tf.keras.layers.Layer):
    """Does not."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        rate = v1.layers.dense(inputs, 8, activation=tf.nn.relu, name="rate")
        return tf.math.log(rate)  # BUG


class Right(EquivalenceCase):
    """The bound is the same."""

    inputs = ArraySpec((4, 4))

    def tf1(self, inputs, training):
        rate = v1.layers.dense(inputs, 8, activation=tf.nn.relu, name="rate")
        return v1.log(tf.maximum(rate, 1e-7))

    def tf2(self):
        return Bounded()


class Wrong(Right):
    """The bound is gone."""

    def tf2(self):
        return Unbounded()
