"""CTC: TF1's blank is the last class, and tf.nn.ctc_loss takes the first one unless told otherwise."""

import numpy as np
import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
TIME, BATCH, CLASSES = 6, 2, 5


def scores(inputs):
    with v1.variable_scope("net"):
        return v1.layers.dense(inputs, CLASSES, name="scores")


class Scores(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return scores(inputs["audio"])


class Right(EquivalenceCase):
    """The blank stays the last class."""

    blank = -1
    inputs = {"audio": ArraySpec((TIME, BATCH, 3)), "labels": np.array([[1, 2], [3, 1]], np.int32)}

    def tf1(self, inputs, training):
        return scores(inputs["audio"])

    def tf2(self):
        return Scores()

    def loss(self, outputs, inputs):
        times, labels = [TIME] * BATCH, inputs["labels"]
        if not tf.executing_eagerly():
            return tf.reduce_mean(v1.nn.ctc_loss_v2(labels, outputs, [2, 2], times, blank_index=CLASSES - 1))
        return tf.reduce_mean(tf.nn.ctc_loss(labels, outputs, [2, 2], times, blank_index=self.blank))  # BUG


class Wrong(Right):
    """The blank is the first class."""

    blank = 0
