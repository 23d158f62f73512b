"""The default of a variance scaling initializer: a factor of 2 in slim, of 1 in TensorFlow."""

import tensorflow as tf
import tf_slim as slim

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
    """The initializer is slim's own."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        hidden = v1.layers.dense(inputs, 4, kernel_initializer=v1.glorot_normal_initializer(), name="hidden")
        return v1.layers.dense(hidden, 3, kernel_initializer=slim.variance_scaling_initializer(), name="logits")

    def tf2(self):
        return Net(slim.variance_scaling_initializer())


class Wrong(Right):
    """The initializer is TensorFlow's of like name."""

    def tf2(self):
        return Net(v1.variance_scaling_initializer())  # BUG
