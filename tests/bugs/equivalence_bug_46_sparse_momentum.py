"""Momentum for an embedding: Keras' SGD moves all rows by it, TF1 those that a gradient holds."""

import numpy as np
import tensorflow as tf

from tf_equivalence import EquivalenceCase

v1 = tf.compat.v1


class Net(tf.keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.words = tf.keras.layers.Embedding(12, 4, name="words")
        self.logits = tf.keras.layers.Dense(2, name="logits")

    def call(self, inputs):
        return self.logits(tf.reduce_mean(self.words(inputs), axis=1))


class Right(EquivalenceCase):
    """Legacy Keras has v1's kernels."""

    inputs = np.array([[0, 3, 5], [3, 3, 1]], np.int32)

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            with v1.variable_scope("words"):
                words = v1.get_variable("embeddings", (12, 4))
            x = tf.reduce_mean(tf.nn.embedding_lookup(words, inputs), axis=1)
            return v1.layers.dense(x, 2, name="logits")

    def tf2(self):
        return Net(name="net")

    def tf1_optimizer(self):
        return v1.train.MomentumOptimizer(0.1, 0.9)

    def tf2_optimizer(self):
        return tf.keras.optimizers.legacy.SGD(0.1, momentum=0.9)


class Wrong(Right):
    """Keras decays the momentum of all rows, and applies it."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1, momentum=0.9)  # BUG
