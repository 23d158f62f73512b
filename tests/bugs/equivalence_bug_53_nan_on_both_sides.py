"""NaN on both sides: a zero vector divided by its length tells nothing about the migration.

The two cases differ on both sides, since the right one must compute numbers.
"""

import numpy as np
import tensorflow as tf

from tf_equivalence import EquivalenceCase

v1 = tf.compat.v1


class Guarded(tf.keras.layers.Layer):
    """Returns zero for a vector without length."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        length = tf.sqrt(tf.reduce_sum(tf.square(inputs), axis=1, keepdims=True))
        return v1.layers.dense(tf.math.divide_no_nan(inputs, length), 3, name="logits")


class Unguarded(tf.keras.layers.Layer):
    """Returns NaN for a vector without length."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        length = tf.sqrt(tf.reduce_sum(tf.square(inputs), axis=1, keepdims=True))
        return v1.layers.dense(inputs / length, 3, name="logits")  # BUG


class Right(EquivalenceCase):
    """Both sides return numbers."""

    inputs = np.array([[0, 0, 0, 0], [1, -2, 3, 0.5], [0.1, 0.2, 0.3, 0.4]], "float32")

    def tf1(self, inputs, training):
        length = tf.sqrt(tf.reduce_sum(tf.square(inputs), axis=1, keepdims=True))
        return v1.layers.dense(tf.math.divide_no_nan(inputs, length), 3, name="logits")

    def tf2(self):
        return Guarded()


class Wrong(Right):
    """Both sides return NaN."""

    def tf1(self, inputs, training):
        length = tf.sqrt(tf.reduce_sum(tf.square(inputs), axis=1, keepdims=True))
        return v1.layers.dense(inputs / length, 3, name="logits")

    def tf2(self):
        return Unguarded()
