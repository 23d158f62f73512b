"""A quotient of integers by `/`: `tf.div` of TF1 rounded down, `/` returns fractions."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class RoundsDown(tf.keras.layers.Layer):
    """Divides as TF1 did."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        bucket = tf.cast(inputs // 10, tf.float32)
        return v1.layers.dense(bucket, 3, name="logits")


class Fractions(tf.keras.layers.Layer):
    """Divides as Python 3 does."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        bucket = tf.cast(inputs / 10, tf.float32)  # BUG
        return v1.layers.dense(bucket, 3, name="logits")


class Right(EquivalenceCase):
    """The quotient is an integer."""

    inputs = ArraySpec((3, 4), dtype="int32", high=100)

    def tf1(self, inputs, training):
        bucket = tf.cast(v1.div(inputs, 10), tf.float32)
        return v1.layers.dense(bucket, 3, name="logits")

    def tf2(self):
        return RoundsDown()


class Wrong(Right):
    """The quotient has a fraction."""

    def tf2(self):
        return Fractions()
