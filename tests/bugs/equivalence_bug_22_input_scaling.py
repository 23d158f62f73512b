"""Images scaled to [0, 1], where TF1's were scaled to [-1, 1]."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Symmetric(tf.keras.layers.Layer):
    """Scales as TF1 did."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        image = inputs / 127.5 - 1.0
        return v1.layers.conv2d(image, 4, 3, name="conv")


class Positive(tf.keras.layers.Layer):
    """Scales as other models do."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        image = inputs / 255.0  # BUG
        return v1.layers.conv2d(image, 4, 3, name="conv")


class Right(EquivalenceCase):
    """The scaling is the same."""

    inputs = ArraySpec((2, 6, 6, 3), low=0, high=255)

    def tf1(self, inputs, training):
        image = inputs / 127.5 - 1.0
        return v1.layers.conv2d(image, 4, 3, name="conv")

    def tf2(self):
        return Symmetric()


class Wrong(Right):
    """The scaling is another."""

    def tf2(self):
        return Positive()
