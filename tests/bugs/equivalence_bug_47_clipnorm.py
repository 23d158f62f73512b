"""Gradients clipped each by its own norm, where TF1 clips them by their common one."""

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
    """The common norm."""

    inputs = ArraySpec((4, 5))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            x = v1.layers.dense(inputs, 6, activation=tf.tanh, name="hidden")
            return v1.layers.dense(x, 2, name="logits")

    def tf2(self):
        return Net(name="net")

    def tf1_optimizer(self):
        return v1.train.GradientDescentOptimizer(0.1)

    def tf1_train_op(self, optimizer, loss, global_step):
        gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
        clipped, _ = tf.clip_by_global_norm(gradients, 1.0)
        return optimizer.apply_gradients(zip(clipped, variables, strict=True), global_step=global_step)

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1, global_clipnorm=1.0)


class Wrong(Right):
    """Each its own."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1, clipnorm=1.0)  # BUG
