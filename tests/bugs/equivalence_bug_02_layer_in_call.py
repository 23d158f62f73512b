"""A Keras layer made in `call`: every call makes it anew, with new weights."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class HeadOnce(tf.keras.layers.Layer):
    """Makes its sublayer in `__init__`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.head = tf.keras.layers.Dense(3, name="head")

    def call(self, inputs):
        return self.head(inputs)


class HeadEachTime(tf.keras.layers.Layer):
    """Makes its sublayer anew in each call."""

    def call(self, inputs):
        self.head = tf.keras.layers.Dense(3, name="head")  # BUG
        return self.head(inputs)


class Right(EquivalenceCase):
    """The layer is made once."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return v1.layers.dense(inputs, 3, name="head")

    def tf2(self):
        return HeadOnce(name="net")


class Wrong(Right):
    """The layer is made in `call`."""

    def tf2(self):
        return HeadEachTime(name="net")
