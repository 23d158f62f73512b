"""A shortcut for eager execution that was left from debugging: a tf.function takes the other way."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def dense(inputs):
    with v1.variable_scope("net"):
        return v1.layers.dense(inputs, 4, name="logits")


class Scaled(tf.keras.layers.Layer):
    """One way for all modes."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return tf.nn.softmax(dense(inputs))


class ScaledWhenTraced(tf.keras.layers.Layer):
    """Another temperature when traced."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):  # BUG
        temperature = 1.0 if tf.executing_eagerly() else 2.0
        return tf.nn.softmax(dense(inputs) / temperature)


class Right(EquivalenceCase):
    """The same temperature."""

    inputs = ArraySpec((3, 5))

    def tf1(self, inputs, training):
        return tf.nn.softmax(dense(inputs))

    def tf2(self):
        return Scaled()


class Wrong(Right):
    """A temperature that depends on the mode."""

    def tf2(self):
        return ScaledWhenTraced()
