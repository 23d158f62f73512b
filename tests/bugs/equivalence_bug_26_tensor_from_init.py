"""A tensor drawn in `__init__` and kept: TF1 drew it anew in each run."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class DrawsEachTime(tf.keras.layers.Layer):
    """Draws its noise in each call."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        noise = tf.random.normal([4])
        return v1.layers.dense(inputs + noise, 3, kernel_initializer=v1.ones_initializer(), name="logits")


class DrawsOnce(tf.keras.layers.Layer):
    """Draws its noise when it is made."""

    def __init__(self):
        super().__init__()
        self.noise = tf.random.normal([4])  # BUG

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return v1.layers.dense(inputs + self.noise, 3, kernel_initializer=v1.ones_initializer(), name="logits")


class Right(EquivalenceCase):
    """Every call draws its own."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        noise = v1.random_normal([4])
        return v1.layers.dense(inputs + noise, 3, kernel_initializer=v1.ones_initializer(), name="logits")

    def tf2(self):
        return DrawsEachTime()


class Wrong(Right):
    """All calls share one draw."""

    def tf2(self):
        return DrawsOnce()
