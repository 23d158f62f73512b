"""TF1's updates are in a collection that nothing runs; TF2's layer updates its averages in every training call."""

import tensorflow as tf
import tf_slim as slim

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def normalized(inputs, training, collection):
    with v1.variable_scope("net"):
        hidden = slim.fully_connected(inputs, 6, activation_fn=None, scope="hidden")
        return slim.batch_norm(hidden, is_training=training, updates_collections=collection, scope="bn")


class Normalized(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return normalized(inputs, bool(training), v1.GraphKeys.UPDATE_OPS)


class Right(EquivalenceCase):
    """TF1's updates are among the UPDATE_OPS."""

    inputs = ArraySpec((8, 4))

    def tf1(self, inputs, training):
        return normalized(inputs, training, v1.GraphKeys.UPDATE_OPS)

    def tf2(self):
        return Normalized()


class Wrong(Right):
    """TF1's updates are where no train operation looks."""

    def tf1(self, inputs, training):
        return normalized(inputs, training, "batch_norm_updates")
