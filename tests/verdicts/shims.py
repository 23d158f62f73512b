"""What the cases of this directory share: a layer that runs a TF1 function, and blocks to stack."""

import tensorflow as tf

v1 = tf.compat.v1


class Shimmed(tf.keras.layers.Layer):
    """Runs a TF1 function of inputs and training eagerly."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return self.function(inputs, bool(training))


class ShimmedLoop(Shimmed):
    """Makes its variables before any graph is built around it, in which a loop could not make them."""

    @v1.keras.utils.track_tf1_style_variables
    def build(self, shape):
        self.function(tf.zeros([1, *shape[1:]]), False)


def dense_stack(inputs, depth, block):
    """Apply `block` so often, each in a scope of its own."""
    hidden = inputs
    for number in range(depth):
        with v1.variable_scope(f"block{number}"):
            hidden = block(hidden)
    return hidden


def tanh(hidden):
    """A dense layer as wide as its input, with tanh."""
    return v1.layers.dense(hidden, hidden.shape[-1], activation=tf.tanh, name="dense")


def layer_norm_gelu(hidden):
    """Layer normalization, a dense layer as wide as its input, and GELU."""
    width = hidden.shape[-1]
    mean, variance = tf.nn.moments(hidden, [-1], keepdims=True)
    scale = v1.get_variable("gamma", [width], initializer=v1.ones_initializer())
    offset = v1.get_variable("beta", [width], initializer=v1.zeros_initializer())
    hidden = tf.nn.batch_normalization(hidden, mean, variance, offset, scale, 1e-6)
    return tf.nn.gelu(v1.layers.dense(hidden, width, name="dense"))
