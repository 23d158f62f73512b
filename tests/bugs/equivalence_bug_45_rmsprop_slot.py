"""RMSProp whose mean square starts at zero, as Keras' does, where TF1's starts at one."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Net(tf.keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = tf.keras.layers.Dense(6, activation="tanh", name="hidden")
        self.logits = tf.keras.layers.Dense(2, name="logits")

    def call(self, inputs):
        return self.logits(self.hidden(inputs))


class FromOne(tf.keras.optimizers.RMSprop):
    """A mean square that starts at one."""

    def build(self, var_list):
        """Make the slots and set them, when first called: each step calls it."""
        first = not getattr(self, "_built", False)
        super().build(var_list)
        for slot in self._velocities if first else ():
            slot.assign(tf.ones_like(slot))


class Right(EquivalenceCase):
    """The slots are set to one before the first step."""

    inputs = ArraySpec((4, 5))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            x = v1.layers.dense(inputs, 6, activation=tf.tanh, name="hidden")
            return v1.layers.dense(x, 2, name="logits")

    def tf2(self):
        return Net(name="net")

    def tf1_optimizer(self):
        return v1.train.RMSPropOptimizer(0.01, epsilon=1e-7)

    def tf2_optimizer(self):
        return FromOne(0.01)


class Wrong(Right):
    """Keras' initial slots."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.RMSprop(0.01)  # BUG
