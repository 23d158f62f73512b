"""A loss that takes the regularization from the graph's collection, which is empty in eager execution."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def classifier(inputs):
    with v1.variable_scope("net"):
        regularizer = tf.keras.regularizers.l2(0.05)
        hidden = v1.layers.dense(inputs, 6, tf.nn.relu, kernel_regularizer=regularizer, name="hidden")
        return v1.layers.dense(hidden, 3, kernel_regularizer=regularizer, name="logits")


class Classifier(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return classifier(inputs)


class Right(EquivalenceCase):
    """The loss of the data; the regularization losses are compared beside it."""

    inputs = ArraySpec((5, 4))

    def tf1(self, inputs, training):
        return classifier(inputs)

    def tf2(self):
        return Classifier()

    def loss(self, outputs, inputs):
        return tf.reduce_mean(tf.square(outputs - 1.0))


class Wrong(Right):
    """Adds the collection's losses, of which TF2 has none."""

    def loss(self, outputs, inputs):  # BUG
        return tf.reduce_mean(tf.square(outputs - 1.0)) + v1.losses.get_regularization_loss()
