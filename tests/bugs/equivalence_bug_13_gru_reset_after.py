"""A Keras GRU with TF2's default `reset_after=True`, where TF1 Keras had `False`: another cell, another bias shape.

The recurrent activation's default changed too; both cases spell it out.
"""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Net(tf.keras.layers.Layer):
    """One GRU."""

    def __init__(self, gru, **kwargs):
        super().__init__(**kwargs)
        self.gru = gru

    def call(self, inputs):
        return self.gru(inputs)  # BUG


class Right(EquivalenceCase):
    """The reset gate comes before the product, as in TF1."""

    inputs = ArraySpec((2, 3, 3))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return v1.keras.layers.GRU(4, name="gru")(inputs)

    def tf2(self):
        return Net(
            tf.keras.layers.GRU(4, recurrent_activation="hard_sigmoid", reset_after=False, name="gru"), name="net"
        )


class Wrong(Right):
    """The reset gate comes after the product."""

    def tf2(self):
        return Net(tf.keras.layers.GRU(4, recurrent_activation="hard_sigmoid", name="gru"), name="net")  # BUG
