"""A layer that scales and shifts, migrated twice: once wrong, once right."""

from __future__ import annotations

import tensorflow as tf


class BrokenScalingLayer(tf.keras.layers.Layer):
    """Wrong: every call makes new variables, so nothing is ever learned."""

    @tf.compat.v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        """Return the scaled inputs."""
        scale = tf.Variable(2.0, name="scale")
        bias = tf.Variable(2.0, name="bias")
        return inputs * scale + bias


class FixedScalingLayer(tf.keras.layers.Layer):
    """Right: the first call makes the variables and keeps them, later calls find them."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.scale = None
        self.bias = None

    @tf.compat.v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        """Return the scaled inputs."""
        if self.scale is None:
            self.scale = tf.Variable(2.0, name="scale")
            self.bias = tf.Variable(2.0, name="bias")
        return inputs * self.scale + self.bias
