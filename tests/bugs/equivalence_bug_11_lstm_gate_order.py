"""The gates of an LSTM in Keras' order (i, f, c, o) on a kernel in TF1's (i, c, f, o)."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
UNITS = 4


class Lstm(tf.keras.layers.Layer):
    """An LSTM with the variables of TF1's `LSTMCell`."""

    def gates(self, joined):
        i, c, f, o = tf.split(joined, 4, axis=1)
        return i, c, f, o

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("rnn/lstm_cell"):
            kernel = v1.get_variable("kernel", [3 + UNITS, 4 * UNITS], initializer=v1.glorot_uniform_initializer())
            bias = v1.get_variable("bias", [4 * UNITS], initializer=v1.zeros_initializer())
        hidden = cell = tf.zeros([tf.shape(inputs)[0], UNITS])
        for step in tf.unstack(inputs, axis=1):
            i, c, f, o = self.gates(tf.nn.bias_add(tf.matmul(tf.concat([step, hidden], 1), kernel), bias))
            cell = tf.sigmoid(f + 1.0) * cell + tf.sigmoid(i) * tf.tanh(c)
            hidden = tf.sigmoid(o) * tf.tanh(cell)
        return hidden


class KerasOrder(Lstm):
    """The same with the gates in another order."""

    def gates(self, joined):
        i, f, c, o = tf.split(joined, 4, axis=1)  # BUG
        return i, c, f, o


class Right(EquivalenceCase):
    """The gates are in TF1's order."""

    inputs = ArraySpec((2, 3, 3))

    def tf1(self, inputs, training):
        cell = v1.nn.rnn_cell.LSTMCell(UNITS, initializer=v1.glorot_uniform_initializer())
        outputs, _ = v1.nn.static_rnn(cell, tf.unstack(inputs, axis=1), dtype=tf.float32)
        return outputs[-1]

    def tf2(self):
        return Lstm()


class Wrong(Right):
    """The gates are in Keras' order."""

    def tf2(self):
        return KerasOrder()
