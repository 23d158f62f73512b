"""Height and width swapped."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class AsGiven(tf.keras.layers.Layer):
    """Takes the image as it is."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return v1.layers.conv2d(inputs, 4, 3, activation=tf.nn.relu, name="conv")


class Transposed(tf.keras.layers.Layer):
    """Turns the image first."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        image = tf.transpose(inputs, [0, 2, 1, 3])  # BUG
        return v1.layers.conv2d(image, 4, 3, activation=tf.nn.relu, name="conv")


class Right(EquivalenceCase):
    """The image is the same."""

    inputs = ArraySpec((2, 6, 6, 3))

    def tf1(self, inputs, training):
        return v1.layers.conv2d(inputs, 4, 3, activation=tf.nn.relu, name="conv")

    def tf2(self):
        return AsGiven()


class Wrong(Right):
    """The image is turned."""

    def tf2(self):
        return Transposed()
