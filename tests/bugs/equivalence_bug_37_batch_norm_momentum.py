"""A batch normalization whose momentum went from 0.999 to Keras' default of 0.99."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Normalized(tf.keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.bn = tf.keras.layers.BatchNormalization(momentum=0.999, name="bn")

    def call(self, inputs, training=None):
        return self.bn(inputs, training=training)


class Forgetful(tf.keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.bn = tf.keras.layers.BatchNormalization(name="bn")  # BUG

    def call(self, inputs, training=None):
        return self.bn(inputs, training=training)


class Right(EquivalenceCase):
    """The same momentum."""

    inputs = ArraySpec((4, 5, 5, 3))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return v1.layers.batch_normalization(inputs, momentum=0.999, training=training, name="bn")

    def tf2(self):
        return Normalized(name="net")


class Wrong(Right):
    """Keras' default."""

    def tf2(self):
        return Forgetful(name="net")
