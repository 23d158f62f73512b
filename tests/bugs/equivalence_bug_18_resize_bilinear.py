"""`tf.image.resize` for `resize_bilinear`: TF2 samples at pixel centres, TF1 at corners."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Corners(tf.keras.layers.Layer):
    """Keeps the TF1 operation."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        large = v1.image.resize_bilinear(inputs, [7, 7])
        return v1.layers.conv2d(large, 2, 3, name="conv")


class Centres(tf.keras.layers.Layer):
    """Takes the TF2 function of like name."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        large = tf.image.resize(inputs, [7, 7])  # BUG
        return v1.layers.conv2d(large, 2, 3, name="conv")


class Right(EquivalenceCase):
    """The operation is the same."""

    inputs = ArraySpec((2, 4, 4, 3))

    def tf1(self, inputs, training):
        large = v1.image.resize_bilinear(inputs, [7, 7])
        return v1.layers.conv2d(large, 2, 3, name="conv")

    def tf2(self):
        return Corners()


class Wrong(Right):
    """The operation has other flags."""

    def tf2(self):
        return Centres()
