"""A stack whose rounding adds up, held to a tolerance of nothing: it diverges, and no line is to blame."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase, Tolerance

v1 = tf.compat.v1


def net(inputs):
    hidden = inputs
    for number in range(12):
        with v1.variable_scope(f"layer{number}"):
            dense = v1.layers.dense(hidden, 32, name="dense")
            mean, variance = tf.nn.moments(dense, [-1], keepdims=True)
            normal = (dense - mean) * tf.math.rsqrt(variance + 1e-6)
            hidden = hidden + 0.5 * normal * (1.0 + tf.math.erf(normal / 1.4142135))
    return hidden


class Same(tf.keras.layers.Layer):
    """The same net."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return net(inputs)


class Rounding(EquivalenceCase):
    """Graph optimization rounds in another order."""

    inputs = ArraySpec((4, 32))
    tolerance = Tolerance(0.0, 0.0)

    def tf1(self, inputs, training):
        return net(inputs)

    def tf2(self):
        return Same()
