"""`.numpy()` in the call: it has a value in eager execution, and none while a tf.function is traced."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def dense(inputs):
    with v1.variable_scope("net"):
        return v1.layers.dense(inputs, 4, name="logits")


class Clipped(tf.keras.layers.Layer):
    """Clips by TensorFlow."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        outputs = dense(inputs)
        return outputs / tf.maximum(tf.reduce_max(tf.abs(outputs)), 1e-6)


class ClippedByNumpy(tf.keras.layers.Layer):
    """Clips by a Python number."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        outputs = dense(inputs)
        return outputs / max(float(abs(outputs.numpy()).max()), 1e-6)  # BUG


class Right(EquivalenceCase):
    """Tensors only."""

    inputs = ArraySpec((3, 5))

    def tf1(self, inputs, training):
        outputs = dense(inputs)
        return outputs / tf.maximum(tf.reduce_max(tf.abs(outputs)), 1e-6)

    def tf2(self):
        return Clipped()


class Wrong(Right):
    """Reads a tensor's value."""

    def tf2(self):
        return ClippedByNumpy()
