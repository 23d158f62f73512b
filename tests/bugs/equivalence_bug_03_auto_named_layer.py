"""A `compat.v1.layers` layer without a name: the second call names it `dense_1` and makes new weights."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Named(tf.keras.layers.Layer):
    """Spells out the name that TF1 made up."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return v1.layers.dense(inputs, 3, name="dense")


class AutoNamed(tf.keras.layers.Layer):
    """Leaves the name to the library."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return v1.layers.dense(inputs, 3)  # BUG


class Right(EquivalenceCase):
    """The layer has a name."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        return v1.layers.dense(inputs, 3)

    def tf2(self):
        return Named()


class Wrong(Right):
    """The layer has none."""

    def tf2(self):
        return AutoNamed()
