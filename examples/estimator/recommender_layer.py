"""The migrated click predictor: nothing but Keras, and no TF1 code left.

Layer names and initializers are those of the model function, so its checkpoints still load and
its random numbers can be compared.
"""

from __future__ import annotations

import tensorflow as tf

glorot = tf.compat.v1.glorot_uniform_initializer()


class Recommender(tf.keras.layers.Layer):
    """Predicts whether a user clicks the last of the items shown."""

    def __init__(self, items: int, embedding_size: int, hidden_units: list[int], name: str = "recommender") -> None:
        super().__init__(name=name)
        self.items = tf.keras.layers.Embedding(
            items,
            embedding_size,
            embeddings_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.1),
            name="items",
        )
        self.hidden = [
            tf.keras.layers.Dense(units, activation="relu", kernel_initializer=glorot, name=f"hidden_{index}")
            for index, units in enumerate(hidden_units)
        ]
        self.dropout = tf.keras.layers.Dropout(0.2)
        self.logits = tf.keras.layers.Dense(1, kernel_initializer=glorot, name="logits")

    def call(self, features, training=None):
        """Return `logits` and `probability`, both `[batch]`."""
        history = tf.reduce_mean(self.items(features["history"]), axis=1)
        net = tf.concat([history, self.items(features["item"]), features["context"]], axis=1)
        for hidden in self.hidden:
            net = self.dropout(hidden(net), training=training)
        logits = tf.squeeze(self.logits(net), axis=1)
        return {"logits": logits, "probability": tf.sigmoid(logits)}


def click_loss(labels, logits):
    """Return the mean cross-entropy of clicks, labels being 0 or 1."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, logits.dtype), logits))


def make_optimizer(learning_rate):
    """Return what the layer is trained with."""
    return tf.keras.optimizers.Adagrad(learning_rate)
