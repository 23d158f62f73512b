"""An output that the migrated model no longer returns."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Same(tf.keras.layers.Layer):
    """Returns what TF1 returned."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return {"logits": logits, "probabilities": tf.nn.softmax(logits)}


class Dropped(tf.keras.layers.Layer):
    """Returns something else."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return {"logits": logits}  # BUG


class Right(EquivalenceCase):
    """The outputs are the same."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return {"logits": logits, "probabilities": tf.nn.softmax(logits)}

    def tf2(self):
        return Same()


class Wrong(Right):
    """One output is dropped."""

    def tf2(self):
        return Dropped()
