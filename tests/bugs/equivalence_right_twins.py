"""Migrations that are right and look suspicious: other initializers, loops, deep stacks, renames."""

import tensorflow as tf
import tf_slim as slim

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
DEPTH = 40


class Shimmed(tf.keras.layers.Layer):
    """Runs a TF1 function eagerly."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return self.function(inputs, bool(training))


def dense(inputs, initializer):
    return v1.layers.dense(inputs, 5, kernel_initializer=initializer, name="dense")


class XavierAgainstGlorot(EquivalenceCase):
    """Slim's Xavier initializer is TensorFlow's Glorot uniform."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        return dense(inputs, slim.xavier_initializer())

    def tf2(self):
        return Shimmed(lambda inputs, training: dense(inputs, v1.glorot_uniform_initializer()))


def lstm(inputs, training):
    cell = v1.nn.rnn_cell.LSTMCell(4, name="lstm")
    outputs, state = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
    return {"outputs": outputs, "cell": state.c, "hidden": state.h}


class ShimmedLstm(Shimmed):
    """Makes its variables before any graph is built around it, in which `dynamic_rnn` could not make them."""

    @v1.keras.utils.track_tf1_style_variables
    def build(self, shape):
        self.function(tf.zeros([1, *shape[1:]]), False)


class LstmByDynamicRnn(EquivalenceCase):
    """An LSTM in a loop that only the graph has."""

    inputs = ArraySpec((2, 6, 3))

    def tf1(self, inputs, training):
        return lstm(inputs, training)

    def tf2(self):
        return ShimmedLstm(lstm)


def convolutions(inputs, training):
    hidden = inputs
    for number in range(DEPTH):
        with v1.variable_scope("block{}".format(number)):
            hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", use_bias=False, name="conv")
            hidden = tf.nn.relu(v1.layers.batch_normalization(hidden, training=training, name="bn"))
    return hidden


class DeepConvolutions(EquivalenceCase):
    """Forty convolutions with batch normalization and ReLU."""

    inputs = ArraySpec((4, 6, 6, 3))

    def tf1(self, inputs, training):
        return convolutions(inputs, training)

    def tf2(self):
        return Shimmed(convolutions)


def tanh_stack(inputs, training):
    hidden = inputs
    for number in range(DEPTH):
        hidden = v1.layers.dense(hidden, 16, activation=tf.tanh, name="dense{}".format(number))
    return hidden


class DeepTanh(EquivalenceCase):
    """Forty layers of tanh."""

    inputs = ArraySpec((4, 16))

    def tf1(self, inputs, training):
        return tanh_stack(inputs, training)

    def tf2(self):
        return Shimmed(tanh_stack)


def normalized_stack(inputs, training):
    hidden = inputs
    for number in range(DEPTH):
        with v1.variable_scope("block{}".format(number)):
            mean, variance = tf.nn.moments(hidden, [-1], keepdims=True)
            scale = v1.get_variable("gamma", [16], initializer=v1.ones_initializer())
            offset = v1.get_variable("beta", [16], initializer=v1.zeros_initializer())
            hidden = tf.nn.batch_normalization(hidden, mean, variance, offset, scale, 1e-6)
            hidden = tf.nn.gelu(v1.layers.dense(hidden, 16, name="dense"))
    return hidden


class DeepLayerNorm(EquivalenceCase):
    """Forty layers of layer normalization and GELU."""

    inputs = ArraySpec((4, 16))

    def tf1(self, inputs, training):
        return normalized_stack(inputs, training)

    def tf2(self):
        return Shimmed(normalized_stack)


class Renamed(tf.keras.layers.Layer):
    """Keras layers under new names."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = tf.keras.layers.Dense(4, activation="relu", name="encoder")
        self.head = tf.keras.layers.Dense(3, name="decoder")

    def call(self, inputs):
        return self.head(self.hidden(inputs))


class DeliberateRenames(EquivalenceCase):
    """Names that changed on purpose, and a mapping that says so."""

    inputs = ArraySpec((3, 4))
    variable_names = {
        "fc1/kernel": "model/encoder/kernel",
        "fc1/bias": "model/encoder/bias",
        "fc2/kernel:0": "model/decoder/kernel:0",
        "fc2/bias:0": "model/decoder/bias:0",
    }

    def tf1(self, inputs, training):
        return v1.layers.dense(v1.layers.dense(inputs, 4, activation=tf.nn.relu, name="fc1"), 3, name="fc2")

    def tf2(self):
        return Renamed(name="model")
