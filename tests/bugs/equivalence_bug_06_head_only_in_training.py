"""An auxiliary head built only in training: the first training call after an inference call creates variables."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class BothHeads(tf.keras.layers.Layer):
    """Builds both heads in every call."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return {
            "logits": v1.layers.dense(inputs, 3, name="logits"),
            "auxiliary": v1.layers.dense(inputs, 3, name="auxiliary"),
        }


class HeadOnDemand(tf.keras.layers.Layer):
    """Builds the auxiliary head when it is first needed."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        outputs = {"logits": v1.layers.dense(inputs, 3, name="logits")}
        if training:
            outputs["auxiliary"] = v1.layers.dense(inputs, 3, name="auxiliary")  # BUG
        return outputs


class Right(EquivalenceCase):
    """Both heads are always built."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        return {
            "logits": v1.layers.dense(inputs, 3, name="logits"),
            "auxiliary": v1.layers.dense(inputs, 3, name="auxiliary"),
        }

    def tf2(self):
        return BothHeads()


class Wrong(Right):
    """The auxiliary head is built in training alone."""

    def tf2(self):
        return HeadOnDemand()
