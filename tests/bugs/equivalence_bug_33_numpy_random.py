"""Noise from NumPy in `call`: no seed of TensorFlow reaches it, and a `tf.function` draws it once for ever."""

import numpy as np
import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class TensorFlowNoise(tf.keras.layers.Layer):
    """Draws by TensorFlow."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        if training:
            inputs += tf.random.normal([4])
        return v1.layers.dense(inputs, 3, kernel_initializer=v1.ones_initializer(), name="logits")


class NumpyNoise(tf.keras.layers.Layer):
    """Draws by NumPy."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        if training:
            inputs += np.random.normal(size=[4]).astype("float32")  # BUG
        return v1.layers.dense(inputs, 3, kernel_initializer=v1.ones_initializer(), name="logits")


class Right(EquivalenceCase):
    """The noise is TensorFlow's."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        if training:
            inputs += v1.random_normal([4])
        return v1.layers.dense(inputs, 3, kernel_initializer=v1.ones_initializer(), name="logits")

    def tf2(self):
        return TensorFlowNoise()


class Wrong(Right):
    """The noise is NumPy's."""

    def tf2(self):
        return NumpyNoise()
