"""Two train operations in one run take gradients at the old values; TF2 takes one step after the other."""

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
    """All gradients first."""

    inputs = ArraySpec((4, 5))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            x = v1.layers.dense(inputs, 6, activation=tf.tanh, name="hidden")
            return v1.layers.dense(x, 2, name="logits")

    def tf2(self):
        return Net(name="net")

    def tf1_train_op(self, optimizer, loss, global_step):
        hidden = [variable for variable in v1.trainable_variables() if "hidden" in variable.name]
        logits = [variable for variable in v1.trainable_variables() if "logits" in variable.name]
        return [optimizer.minimize(loss, global_step, hidden), optimizer.minimize(loss, var_list=logits)]

    def tf2_train_step(self, optimizer, loss, variables):
        with tf.GradientTape() as tape:
            value = loss()
        optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))


class Wrong(Right):
    """One after the other."""

    def tf2_train_step(self, optimizer, loss, variables):
        optimizer.minimize(loss, [variable for variable in variables if "hidden" in variable.name])
        optimizer.minimize(loss, [variable for variable in variables if "logits" in variable.name])  # BUG
