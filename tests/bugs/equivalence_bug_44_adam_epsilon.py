"""Adam with Keras' epsilon of 1e-7 where TF1's is 1e-8."""

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


class Right(EquivalenceCase):
    """TF1's epsilon."""

    inputs = ArraySpec((4, 5))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            x = v1.layers.dense(inputs, 6, activation=tf.tanh, name="hidden")
            return v1.layers.dense(x, 2, name="logits")

    def tf2(self):
        return Net(name="net")

    def tf1_optimizer(self):
        return v1.train.AdamOptimizer(0.001)

    def tf2_optimizer(self):
        return tf.keras.optimizers.Adam(0.001, epsilon=1e-8)


class Wrong(Right):
    """Keras' default."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.Adam(0.001)  # BUG
