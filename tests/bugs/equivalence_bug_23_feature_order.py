"""Features concatenated in the order they were declared: `input_layer` of TF1 sorted them by name."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
FEATURES = ("income", "age", "height")


class Sorted(tf.keras.layers.Layer):
    """Concatenates by name."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        row = tf.concat([inputs[name] for name in sorted(FEATURES)], axis=1)
        return v1.layers.dense(row, 3, name="logits")


class Declared(tf.keras.layers.Layer):
    """Concatenates as declared."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        row = tf.concat([inputs[name] for name in FEATURES], axis=1)  # BUG
        return v1.layers.dense(row, 3, name="logits")


class Right(EquivalenceCase):
    """The order is by name."""

    inputs = {name: ArraySpec((4, 1)) for name in FEATURES}

    def tf1(self, inputs, training):
        columns = [tf.feature_column.numeric_column(name) for name in FEATURES]
        row = v1.feature_column.input_layer(inputs, columns)
        return v1.layers.dense(row, 3, name="logits")

    def tf2(self):
        return Sorted()


class Wrong(Right):
    """The order is that of the declaration."""

    def tf2(self):
        return Declared()
