"""The migrated digit classifier: the `tf.layers` function inside a TF2 Keras layer."""

from __future__ import annotations

import tensorflow as tf
from digits import digits_cnn


class Digits(tf.keras.layers.Layer):
    """Runs the function eagerly; the decorator keeps its variables and regularization losses."""

    @tf.compat.v1.keras.utils.track_tf1_style_variables
    def call(self, images, training=None):
        """Return logits of shape `[batch, 10]`."""
        return digits_cnn(images, training=bool(training))
