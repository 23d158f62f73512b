"""A call counter in a Python attribute: eager calls see it change, a tf.function keeps the value of its trace."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def dense(inputs):
    with v1.variable_scope("net"):
        return v1.layers.dense(inputs, 4, name="logits")


class Annealed(tf.keras.layers.Layer):
    """Scales by the number of the call, which a variable counts."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.factor = 1.0

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return dense(inputs) * self.factor


class Counting(Annealed):
    """Anneals by Python arithmetic."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        outputs = dense(inputs) * self.factor
        self.factor = self.factor * 0.9  # BUG
        return outputs


class Right(EquivalenceCase):
    """A constant factor."""

    inputs = ArraySpec((3, 5))

    def tf1(self, inputs, training):
        return dense(inputs)

    def tf2(self):
        return Annealed()


class Wrong(Right):
    """A factor that each call changes."""

    def tf2(self):
        return Counting()
