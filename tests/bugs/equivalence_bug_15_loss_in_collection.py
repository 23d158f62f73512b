"""A regularization loss added to a graph collection: eager execution has none, so the loss is gone."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class AddsLoss(tf.keras.layers.Layer):
    """Gives the loss to Keras."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        kernel = v1.get_variable("kernel", [4, 3], initializer=v1.glorot_uniform_initializer())
        self.add_loss(0.5 * tf.nn.l2_loss(kernel))
        return tf.matmul(inputs, kernel)


class WritesCollection(tf.keras.layers.Layer):
    """Gives the loss to a collection, as TF1 did."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        kernel = v1.get_variable("kernel", [4, 3], initializer=v1.glorot_uniform_initializer())
        v1.add_to_collection(v1.GraphKeys.REGULARIZATION_LOSSES, 0.5 * tf.nn.l2_loss(kernel))  # BUG
        return tf.matmul(inputs, kernel)


class Right(EquivalenceCase):
    """The loss reaches the layer."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        kernel = v1.get_variable("kernel", [4, 3], initializer=v1.glorot_uniform_initializer())
        v1.add_to_collection(v1.GraphKeys.REGULARIZATION_LOSSES, 0.5 * tf.nn.l2_loss(kernel))
        return tf.matmul(inputs, kernel)

    def tf2(self):
        return AddsLoss()


class Wrong(Right):
    """The loss gets lost."""

    def tf2(self):
        return WritesCollection()
