"""A cosine loss: v1's distance is 1 - cos, Keras' similarity is -cos."""

import tensorflow as tf

from tf_equivalence import EquivalenceCase

v1 = tf.compat.v1


def embedding(inputs):
    with v1.variable_scope("net"):
        hidden = v1.layers.dense(inputs, 4, name="embedding")
        return tf.math.l2_normalize(hidden, axis=1)


class Embedding(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return embedding(inputs["features"])


def legacy_loss(targets, outputs):
    return v1.losses.cosine_distance(targets, outputs, axis=1)


def distance(targets, outputs):
    return 1.0 + tf.keras.losses.CosineSimilarity(axis=1)(targets, outputs)


def similarity(targets, outputs):
    return tf.keras.losses.CosineSimilarity(axis=1)(targets, outputs)  # BUG


class Right(EquivalenceCase):
    """One more than Keras' similarity."""

    migrated_loss = staticmethod(distance)

    def inputs(self, rng):
        targets = rng.normal(size=(6, 4)).astype("float32")
        targets /= (targets**2).sum(1, keepdims=True) ** 0.5
        return {"features": rng.normal(size=(6, 5)).astype("float32"), "targets": targets}

    def tf1(self, inputs, training):
        return embedding(inputs["features"])

    def tf2(self):
        return Embedding()

    def loss(self, outputs, inputs):
        function = self.migrated_loss if tf.executing_eagerly() else legacy_loss
        return function(inputs["targets"], outputs)


class Wrong(Right):
    """Keras' similarity as it is."""

    migrated_loss = staticmethod(similarity)
