"""A softmax over the last axis, where TF1's ran over the time steps."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class OverSteps(tf.keras.layers.Layer):
    """Attends over the steps."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        scores = v1.layers.dense(inputs, 3, name="scores")
        return tf.nn.softmax(scores, axis=1)


class OverScores(tf.keras.layers.Layer):
    """Attends over the scores of one step."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        scores = v1.layers.dense(inputs, 3, name="scores")
        return tf.nn.softmax(scores)  # BUG


class Right(EquivalenceCase):
    """The axis is the same."""

    inputs = ArraySpec((2, 5, 4))

    def tf1(self, inputs, training):
        scores = v1.layers.dense(inputs, 3, name="scores")
        return tf.nn.softmax(scores, axis=1)

    def tf2(self):
        return OverSteps()


class Wrong(Right):
    """The axis is the default."""

    def tf2(self):
        return OverScores()
