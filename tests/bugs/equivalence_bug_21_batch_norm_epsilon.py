"""Batch normalization with an epsilon of 1e-5, where TF1's was 1e-3."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class SameEpsilon(tf.keras.layers.Layer):
    """Keeps the default of `compat.v1.layers`."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        hidden = v1.layers.conv2d(inputs, 4, 3, use_bias=False, name="conv")
        return v1.layers.batch_normalization(hidden, training=bool(training), name="bn")


class SmallEpsilon(tf.keras.layers.Layer):
    """Takes another."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        hidden = v1.layers.conv2d(inputs, 4, 3, use_bias=False, name="conv")
        return v1.layers.batch_normalization(hidden, epsilon=1e-5, training=bool(training), name="bn")  # BUG


class Right(EquivalenceCase):
    """The epsilon is the same."""

    inputs = ArraySpec((4, 6, 6, 3))

    def tf1(self, inputs, training):
        hidden = v1.layers.conv2d(inputs, 4, 3, use_bias=False, name="conv")
        return v1.layers.batch_normalization(hidden, training=training, name="bn")

    def tf2(self):
        return SameEpsilon()


class Wrong(Right):
    """The epsilon is smaller."""

    def tf2(self):
        return SmallEpsilon()
