"""The migrated classifier and its optimizer: Keras layers under TF1's names."""

from __future__ import annotations

import tensorflow as tf
from sentiment import WIDTH, WORDS


class Sentiment(tf.keras.Model):
    """Words to logits; the labels and weights among the inputs are the loss's."""

    def __init__(self):
        super().__init__(name="sentiment")
        # TF1's default; that of Keras' embeddings is another.
        glorot = tf.keras.initializers.GlorotUniform()
        self.words = tf.keras.layers.Embedding(WORDS, WIDTH, embeddings_initializer=glorot, name="words")
        self.norm = tf.keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name="norm")
        self.hidden = tf.keras.layers.Dense(24, activation="relu", name="hidden")
        self.logits = tf.keras.layers.Dense(2, name="logits")

    def call(self, inputs, training=None):
        """Return logits of shape `[batch, 2]`."""
        net = tf.reduce_mean(self.words(inputs["tokens"]), axis=1)
        return self.logits(self.hidden(self.norm(net, training=training)))


def weighted_loss(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Return the cross entropy, divided by the number of examples that count."""
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_sum(each * weights) / tf.cast(tf.math.count_nonzero(weights), tf.float32)


def optimizer() -> tf.keras.optimizers.Optimizer:
    """Return Adam with TF1's epsilon, clipping and schedule, none of which are Keras' defaults."""
    rate = tf.keras.optimizers.schedules.ExponentialDecay(0.001, 1000, 0.9)
    return tf.keras.optimizers.Adam(rate, epsilon=1e-8, global_clipnorm=5.0)
