"""The default of a truncated normal initializer: a standard deviation of 1 in TF1, of 0.05 in Keras."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Net(tf.keras.layers.Layer):
    """Two layers, one of which is started by the given initializer."""

    def __init__(self, initializer):
        super().__init__()
        self.initializer = initializer

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        hidden = v1.layers.dense(inputs, 4, kernel_initializer=v1.glorot_normal_initializer(), name="hidden")
        return v1.layers.dense(hidden, 3, kernel_initializer=self.initializer, name="logits")


class Right(EquivalenceCase):
    """The standard deviation is spelled out."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        hidden = v1.layers.dense(inputs, 4, kernel_initializer=v1.glorot_normal_initializer(), name="hidden")
        return v1.layers.dense(hidden, 3, kernel_initializer=v1.truncated_normal_initializer(), name="logits")

    def tf2(self):
        return Net(v1.truncated_normal_initializer(stddev=1.0))


class Wrong(Right):
    """The standard deviation is left to Keras."""

    def tf2(self):
        return Net(v1.keras.initializers.TruncatedNormal())  # BUG
