"""A `tf.Variable` made in `call`: every call makes another one, and training never reaches it."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class ScaledOnce(tf.keras.layers.Layer):
    """Makes its variable when it is built."""

    def build(self, shape):
        self.scale = self.add_weight(name="scale", shape=[shape[-1]], initializer="ones")

    def call(self, inputs):
        return inputs * self.scale


class ScaledEachTime(tf.keras.layers.Layer):
    """Makes its variable anew in each call."""

    def call(self, inputs):
        self.scale = tf.Variable(tf.ones([4]), name="scale")  # BUG
        return inputs * self.scale


class Right(EquivalenceCase):
    """The variable is made once."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return inputs * v1.get_variable("scale", [4], initializer=v1.ones_initializer())

    def tf2(self):
        return ScaledOnce(name="net")


class Wrong(Right):
    """The variable is made in `call`."""

    def tf2(self):
        return ScaledEachTime(name="net")
