"""A learning rate that Python computes in the training step, and a tf.function keeps."""

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
    """A schedule."""

    inputs = ArraySpec((4, 5))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            x = v1.layers.dense(inputs, 6, activation=tf.tanh, name="hidden")
            return v1.layers.dense(x, 2, name="logits")

    def tf2(self):
        return Net(name="net")

    def tf1_optimizer(self):
        rate = v1.train.exponential_decay(0.1, v1.train.get_or_create_global_step(), 2, 0.5, staircase=True)
        return v1.train.GradientDescentOptimizer(rate)

    def tf2_optimizer(self):
        schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True)
        return tf.keras.optimizers.SGD(schedule)


class Wrong(Right):
    """A Python number."""

    def tf2_optimizer(self):
        self.steps = 0
        return tf.keras.optimizers.SGD(0.1)

    def tf2_train_step(self, optimizer, loss, variables):
        optimizer.learning_rate = 0.1 * 0.5 ** (self.steps // 2)  # BUG
        self.steps += 1
        optimizer.minimize(loss, variables)
