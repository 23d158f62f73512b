"""Two outputs of one shape in another order."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class InOrder(tf.keras.layers.Layer):
    """Returns the outputs as TF1 did."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return logits, tf.nn.softmax(logits)


class Reordered(tf.keras.layers.Layer):
    """Returns the outputs the other way round."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return tf.nn.softmax(logits), logits  # BUG


class Right(EquivalenceCase):
    """The order is the same."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return logits, tf.nn.softmax(logits)

    def tf2(self):
        return InOrder()


class Wrong(Right):
    """The order is another."""

    def tf2(self):
        return Reordered()
