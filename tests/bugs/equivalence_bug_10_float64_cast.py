"""A float64 input that Keras casts to float32: the variables become float32 too."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Net(tf.keras.layers.Layer):
    """One dense layer of the layer's own dtype."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.logits = tf.keras.layers.Dense(3, name="logits", dtype=self.dtype)

    def call(self, inputs):
        return self.logits(inputs)


class Right(EquivalenceCase):
    """The layer is told its dtype."""

    inputs = ArraySpec((3, 4), dtype="float64")

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return v1.layers.dense(inputs, 3, name="logits")

    def tf2(self):
        return Net(name="net", dtype="float64")


class Wrong(Right):
    """The layer takes Keras' default dtype."""

    def tf2(self):
        return Net(name="net")  # BUG
