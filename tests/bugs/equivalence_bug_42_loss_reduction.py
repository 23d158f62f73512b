"""A weighted loss: v1.losses divides by the number of weights that are not zero, Keras by the size of the batch."""

import numpy as np
import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
WEIGHTS = np.array([1, 0, 2, 0, 1, 0], np.float32)
LABELS = np.array([[1], [0], [0], [1], [1], [0]], np.float32)


def score(inputs):
    with v1.variable_scope("net"):
        return v1.layers.dense(inputs, 1, name="score")


class Score(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return score(inputs["features"])


def legacy_loss(labels, logits, weights):
    return v1.losses.sigmoid_cross_entropy(labels, logits, weights[:, None])


def by_count(labels, logits, weights):
    each = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    return tf.reduce_sum(each * weights[:, None]) / tf.cast(tf.math.count_nonzero(weights), tf.float32)


def by_size(labels, logits, weights):
    each = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(each * weights[:, None])  # BUG


class Right(EquivalenceCase):
    """Divides by the number of weights that are not zero."""

    migrated_loss = staticmethod(by_count)
    inputs = {"features": ArraySpec((6, 5)), "labels": LABELS, "weights": WEIGHTS}

    def tf1(self, inputs, training):
        return score(inputs["features"])

    def tf2(self):
        return Score()

    def loss(self, outputs, inputs):
        function = self.migrated_loss if tf.executing_eagerly() else legacy_loss
        return function(inputs["labels"], outputs, inputs["weights"])


class Wrong(Right):
    """Divides by the size of the batch."""

    migrated_loss = staticmethod(by_size)
