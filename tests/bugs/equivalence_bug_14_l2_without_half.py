"""Keras' L2 regularizer with the scale of slim's: slim halves the sum of squares, Keras does not."""

import tensorflow as tf
import tf_slim as slim

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
SCALE = 0.5


class Net(tf.keras.layers.Layer):
    """One regularized dense layer after one that is not."""

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.body = tf.keras.layers.Dense(4, name="body")
        self.logits = tf.keras.layers.Dense(3, kernel_regularizer=tf.keras.regularizers.L2(scale), name="logits")

    def call(self, inputs):
        return self.logits(self.body(inputs))


class Right(EquivalenceCase):
    """The scale is halved."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            body = v1.layers.dense(inputs, 4, name="body")
            return v1.layers.dense(body, 3, kernel_regularizer=slim.l2_regularizer(SCALE), name="logits")

    def tf2(self):
        return Net(SCALE / 2, name="net")


class Wrong(Right):
    """The scale is taken over as it was."""

    def tf2(self):
        return Net(SCALE, name="net")  # BUG
