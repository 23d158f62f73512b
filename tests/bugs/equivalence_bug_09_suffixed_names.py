"""A scope entered twice by a default name: its second layer becomes `block_1` where TF1 shared `block`."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def block(inputs, scope=None, reuse=None):
    with v1.variable_scope(scope, "block", [inputs], reuse=reuse):
        return v1.layers.dense(inputs, 4, name="dense")


class Shared(tf.keras.layers.Layer):
    """Names the scope, so that both blocks share their variables."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("net"):
            return block(block(inputs), "block", reuse=True)


class Suffixed(tf.keras.layers.Layer):
    """Lets the second scope have a name of its own."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("net"):
            return block(block(inputs))  # BUG


class Right(EquivalenceCase):
    """Two blocks, one set of variables."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return block(block(inputs), "block", reuse=True)

    def tf2(self):
        return Shared()


class Wrong(Right):
    """Two blocks, two sets of variables."""

    def tf2(self):
        return Suffixed()
