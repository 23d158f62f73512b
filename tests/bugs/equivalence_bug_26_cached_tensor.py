"""A tensor computed on the first call and kept: later calls go on with the first batch's value."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Computes(tf.keras.layers.Layer):
    """Computes the peak of each batch."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        peak = tf.reduce_max(tf.abs(inputs))
        return v1.layers.dense(inputs / peak, 3, name="logits")


class Remembers(tf.keras.layers.Layer):
    """Keeps the peak of the first batch."""

    def __init__(self):
        super().__init__()
        self.peak = None

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        if self.peak is None:
            self.peak = tf.reduce_max(tf.abs(inputs))  # BUG
        return v1.layers.dense(inputs / self.peak, 3, name="logits")


class Right(EquivalenceCase):
    """Every call computes its own."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        peak = tf.reduce_max(tf.abs(inputs))
        return v1.layers.dense(inputs / peak, 3, name="logits")

    def tf2(self):
        return Computes()


class Wrong(Right):
    """The first call computes it for all."""

    def tf2(self):
        return Remembers()
