"""A GRU with reset and update gate in Keras' order (z, r) on a kernel in TF1's (r, z)."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
UNITS = 4


def get_weights(name, outputs):
    kernel = v1.get_variable(name + "/kernel", [3 + UNITS, outputs], initializer=v1.glorot_uniform_initializer())
    return kernel, v1.get_variable(name + "/bias", [outputs], initializer=v1.zeros_initializer())


class Gru(tf.keras.layers.Layer):
    """A GRU with the variables of TF1's `GRUCell`."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("rnn/gru_cell"):
            gates, candidate = get_weights("gates", 2 * UNITS), get_weights("candidate", UNITS)
        state = tf.zeros([tf.shape(inputs)[0], UNITS])
        for step in tf.unstack(inputs, axis=1):
            joined = tf.sigmoid(tf.nn.bias_add(tf.matmul(tf.concat([step, state], 1), gates[0]), gates[1]))
            reset, update = tf.split(joined, 2, axis=1)
            joined = tf.concat([step, reset * state], 1)
            proposed = tf.tanh(tf.nn.bias_add(tf.matmul(joined, candidate[0]), candidate[1]))
            state = update * state + (1 - update) * proposed
        return state


class KerasOrder(tf.keras.layers.Layer):
    """The same with the gates in another order."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("rnn/gru_cell"):
            gates, candidate = get_weights("gates", 2 * UNITS), get_weights("candidate", UNITS)
        state = tf.zeros([tf.shape(inputs)[0], UNITS])
        for step in tf.unstack(inputs, axis=1):
            joined = tf.sigmoid(tf.nn.bias_add(tf.matmul(tf.concat([step, state], 1), gates[0]), gates[1]))
            update, reset = tf.split(joined, 2, axis=1)  # BUG
            joined = tf.concat([step, reset * state], 1)  # BUG
            proposed = tf.tanh(tf.nn.bias_add(tf.matmul(joined, candidate[0]), candidate[1]))
            state = update * state + (1 - update) * proposed  # BUG
        return state


class Right(EquivalenceCase):
    """The gates are in TF1's order."""

    inputs = ArraySpec((2, 3, 3))

    def tf1(self, inputs, training):
        cell = v1.nn.rnn_cell.GRUCell(
            UNITS, kernel_initializer=v1.glorot_uniform_initializer(), bias_initializer=v1.zeros_initializer()
        )
        _, state = v1.nn.static_rnn(cell, tf.unstack(inputs, axis=1), dtype=tf.float32)
        return state

    def tf2(self):
        return Gru()


class Wrong(Right):
    """The gates are in Keras' order."""

    def tf2(self):
        return KerasOrder()
