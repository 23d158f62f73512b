"""A Keras batch normalization with `trainable=False`: in TF2 that also means inference, in TF1 it did not."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class BatchStatistics(tf.keras.layers.Layer):
    """Keeps the TF1 layer."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        with v1.variable_scope("net"):
            return v1.layers.batch_normalization(inputs, training=bool(training), trainable=False, name="bn")


class MovingStatistics(tf.keras.layers.Layer):
    """Takes the Keras layer with the same arguments."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.bn = tf.keras.layers.BatchNormalization(trainable=False, name="bn")  # BUG

    def call(self, inputs, training=None):
        return self.bn(inputs, training=training)  # BUG


class Right(EquivalenceCase):
    """Training uses the statistics of the batch."""

    inputs = ArraySpec((4, 5, 5, 3))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return v1.layers.batch_normalization(inputs, training=training, trainable=False, name="bn")

    def tf2(self):
        return BatchStatistics()


class Wrong(Right):
    """Training uses the moving statistics."""

    def tf2(self):
        return MovingStatistics(name="net")
