"""A mixed-precision policy on the TF2 side alone: bfloat16 outputs, with bfloat16's rounding."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Net(tf.keras.layers.Layer):
    """Two dense layers, the second with a policy of its own."""

    def __init__(self, policy, **kwargs):
        super().__init__(**kwargs)
        self.hidden = tf.keras.layers.Dense(4, name="hidden")
        self.logits = tf.keras.layers.Dense(3, dtype=policy, name="logits")

    def call(self, inputs):
        hidden = self.hidden(inputs)
        return self.logits(hidden)  # BUG


class Right(EquivalenceCase):
    """Everything is float32."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return v1.layers.dense(v1.layers.dense(inputs, 4, name="hidden"), 3, name="logits")

    def tf2(self):
        return Net("float32", name="net")


class Wrong(Right):
    """One layer computes in bfloat16."""

    def tf2(self):
        return Net("mixed_bfloat16", name="net")  # BUG
