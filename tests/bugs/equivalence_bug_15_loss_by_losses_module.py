"""A regularization loss added by `compat.v1.losses.add_loss`, which does nothing in eager execution."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def penalty(kernel):
    return 0.1 * tf.reduce_sum(tf.abs(kernel))


class AddsLoss(tf.keras.layers.Layer):
    """Gives the loss to Keras."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        kernel = v1.get_variable("kernel", [4, 3], initializer=v1.glorot_uniform_initializer())
        self.add_loss(penalty(kernel))
        return tf.matmul(inputs, kernel)


class CallsLosses(tf.keras.layers.Layer):
    """Gives the loss to a module that collects only in graphs."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        kernel = v1.get_variable("kernel", [4, 3], initializer=v1.glorot_uniform_initializer())
        v1.losses.add_loss(penalty(kernel), v1.GraphKeys.REGULARIZATION_LOSSES)  # BUG
        return tf.matmul(inputs, kernel)


class Right(EquivalenceCase):
    """The loss reaches the layer."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        kernel = v1.get_variable("kernel", [4, 3], initializer=v1.glorot_uniform_initializer())
        v1.losses.add_loss(penalty(kernel), v1.GraphKeys.REGULARIZATION_LOSSES)
        return tf.matmul(inputs, kernel)

    def tf2(self):
        return AddsLoss()


class Wrong(Right):
    """The loss gets lost."""

    def tf2(self):
        return CallsLosses()
