"""A Keras layer that was not given the TF1 name: checkpoints by name no longer load."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Named(tf.keras.layers.Layer):
    """Gives the sublayer its TF1 name."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.logits = tf.keras.layers.Dense(3, name="logits")

    def call(self, inputs):
        return self.logits(inputs)


class Unnamed(tf.keras.layers.Layer):
    """Leaves the name to Keras."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.logits = tf.keras.layers.Dense(3)

    def call(self, inputs):
        return self.logits(inputs)  # BUG


class Right(EquivalenceCase):
    """The names are those of TF1."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return v1.layers.dense(inputs, 3, name="logits")

    def tf2(self):
        return Named(name="net")


class Wrong(Right):
    """The names are those of Keras."""

    def tf2(self):
        return Unnamed(name="net")
