"""A `call` that takes no `training`: dropout never happens."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Trains(tf.keras.layers.Layer):
    """Passes the flag on."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        hidden = v1.layers.dropout(inputs, 0.5, training=bool(training))
        return v1.layers.dense(hidden, 3, name="logits")


class NeverTrains(tf.keras.layers.Layer):
    """Knows no flag."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):  # BUG
        hidden = v1.layers.dropout(inputs, 0.5)
        return v1.layers.dense(hidden, 3, name="logits")


class Right(EquivalenceCase):
    """The flag is passed on."""

    inputs = ArraySpec((3, 16))

    def tf1(self, inputs, training):
        hidden = v1.layers.dropout(inputs, 0.5, training=training)
        return v1.layers.dense(hidden, 3, name="logits")

    def tf2(self):
        return Trains()


class Wrong(Right):
    """The flag is not accepted."""

    def tf2(self):
        return NeverTrains()
