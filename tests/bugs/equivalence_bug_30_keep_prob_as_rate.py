"""The probability to keep a unit passed as the rate of dropping it."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
KEEP_PROB = 0.75


class Drops(tf.keras.layers.Layer):
    """Turns one into the other."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        if training:
            inputs = tf.nn.dropout(inputs, rate=1 - KEEP_PROB)
        return v1.layers.dense(inputs, 3, name="logits")


class Keeps(tf.keras.layers.Layer):
    """Takes one for the other."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        if training:
            inputs = tf.nn.dropout(inputs, rate=KEEP_PROB)  # BUG
        return v1.layers.dense(inputs, 3, name="logits")


class Right(EquivalenceCase):
    """The rate is the complement."""

    inputs = ArraySpec((3, 16))

    def tf1(self, inputs, training):
        if training:
            inputs = v1.nn.dropout(inputs, keep_prob=KEEP_PROB)
        return v1.layers.dense(inputs, 3, name="logits")

    def tf2(self):
        return Drops()


class Wrong(Right):
    """The rate is the probability to keep."""

    def tf2(self):
        return Keeps()
