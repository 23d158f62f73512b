"""The migrated Inception-ResNet-v2: the slim function inside a TF2 Keras layer."""

from __future__ import annotations

import tensorflow as tf
import tf_slim as slim
from inception_resnet_v2 import inception_resnet_v2, inception_resnet_v2_arg_scope


class InceptionResnetV2(tf.keras.layers.Layer):
    """Runs the slim net eagerly; the decorator keeps its variables and regularization losses."""

    def __init__(self, num_classes: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes

    @tf.compat.v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        """Return logits and end points; `training=None`, Keras' way to say "undecided", means inference."""
        with slim.arg_scope(inception_resnet_v2_arg_scope(batch_norm_scale=True)):
            return inception_resnet_v2(inputs, self.num_classes, is_training=bool(training))
