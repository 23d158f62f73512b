"""TF1's minimize() gets no global step, so that its schedule stands still; TF2's goes on."""

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
    """The constant rate that TF1 trained with."""

    inputs = ArraySpec((4, 5))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            x = v1.layers.dense(inputs, 6, activation=tf.tanh, name="hidden")
            return v1.layers.dense(x, 2, name="logits")

    def tf2(self):
        return Net(name="net")

    def tf1_optimizer(self):
        rate = v1.train.exponential_decay(0.1, v1.train.get_or_create_global_step(), 100, 0.9)
        return v1.train.GradientDescentOptimizer(rate)

    def tf1_train_op(self, optimizer, loss, global_step):
        return optimizer.minimize(loss)  # BUG

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1)


class Wrong(Right):
    """The schedule that TF1 has and does not follow."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(tf.keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9))
