"""A slim layer without a scope: the second call names it `fully_connected_1` and makes new weights."""

import tensorflow as tf
import tf_slim as slim

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Scoped(tf.keras.layers.Layer):
    """Runs the slim layer in a named scope, in which automatic names start anew in each call."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("net"):
            return slim.fully_connected(inputs, 3)


class Unscoped(tf.keras.layers.Layer):
    """Runs the slim layer outside of any scope."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return slim.fully_connected(inputs, 3)  # BUG


class Right(EquivalenceCase):
    """The layer lies in a named scope."""

    inputs = ArraySpec((3, 4))
    variable_names = {
        "fully_connected/weights": "net/fully_connected/weights",
        "fully_connected/biases": "net/fully_connected/biases",
    }

    def tf1(self, inputs, training):
        return slim.fully_connected(inputs, 3)

    def tf2(self):
        return Scoped()


class Wrong(Right):
    """The layer lies in none."""

    variable_names = {}

    def tf2(self):
        return Unscoped()
