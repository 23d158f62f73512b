"""An output that the migrated model returns under another name."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Same(tf.keras.layers.Layer):
    """Returns what TF1 returned."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return {"logits": logits, "probabilities": tf.nn.softmax(logits)}


class Renamed(tf.keras.layers.Layer):
    """Returns something else."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return {"logits": logits, "predictions": tf.nn.softmax(logits)}  # BUG


class Right(EquivalenceCase):
    """The outputs are the same."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        logits = v1.layers.dense(inputs, 3, name="logits")
        return {"logits": logits, "probabilities": tf.nn.softmax(logits)}

    def tf2(self):
        return Same()


class Wrong(Right):
    """One output is renamed."""

    def tf2(self):
        return Renamed()
