"""Distillation: v1's softmax cross entropy stops the gradient into the labels, TF2's lets it through."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def networks(inputs):
    with v1.variable_scope("net"):
        return {
            "teacher": v1.layers.dense(inputs, 4, tf.nn.softmax, name="teacher"),
            "student": v1.layers.dense(inputs, 4, name="student"),
        }


class Networks(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return networks(inputs)


def legacy_loss(outputs):
    return v1.nn.softmax_cross_entropy_with_logits(labels=outputs["teacher"], logits=outputs["student"])


def stopped_loss(outputs):
    return tf.nn.softmax_cross_entropy_with_logits(tf.stop_gradient(outputs["teacher"]), outputs["student"])


def open_loss(outputs):
    return tf.nn.softmax_cross_entropy_with_logits(outputs["teacher"], outputs["student"])  # BUG


class Right(EquivalenceCase):
    """The labels are constants to the loss."""

    inputs = ArraySpec((6, 5))
    migrated_loss = staticmethod(stopped_loss)

    def tf1(self, inputs, training):
        return networks(inputs)

    def tf2(self):
        return Networks()

    def loss(self, outputs, inputs):
        function = self.migrated_loss if tf.executing_eagerly() else legacy_loss
        return tf.reduce_mean(function(outputs))


class Wrong(Right):
    """The loss trains the teacher, too."""

    migrated_loss = staticmethod(open_loss)
