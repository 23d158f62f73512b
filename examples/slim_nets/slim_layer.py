"""A net of `tf_slim.nets`, migrated: the slim function inside a TF2 Keras layer."""

from __future__ import annotations

import tensorflow as tf
import tf_slim as slim


class SlimNet(tf.keras.layers.Layer):
    """Runs a slim net eagerly; the decorator keeps its variables and regularization losses."""

    def __init__(self, net, arg_scope, num_classes: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.net = net
        self.arg_scope = arg_scope
        self.num_classes = num_classes

    @tf.compat.v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        """Return logits and end points."""
        with slim.arg_scope(self.arg_scope):
            return self.net(inputs, self.num_classes, is_training=bool(training))
