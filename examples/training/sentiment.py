"""A sentiment classifier and how it is trained: TensorFlow 1 code."""

from __future__ import annotations

import tensorflow.compat.v1 as tf

WORDS, WIDTH = 500, 16


def sentiment(tokens: tf.Tensor, training: bool) -> tf.Tensor:
    """Return logits of shape `[batch, 2]` for words of shape `[batch, length]`."""
    with tf.variable_scope("sentiment"):
        with tf.variable_scope("words"):
            table = tf.get_variable("embeddings", (WORDS, WIDTH))
        net = tf.reduce_mean(tf.nn.embedding_lookup(table, tokens), axis=1)
        net = tf.layers.batch_normalization(net, momentum=0.9, epsilon=1e-3, training=training, name="norm")
        net = tf.layers.dense(net, 24, activation=tf.nn.relu, name="hidden")
        return tf.layers.dense(net, 2, name="logits")


def weighted_loss(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Return the cross entropy; examples of weight 0 do not count, by the default of `tf.losses`."""
    return tf.losses.sparse_softmax_cross_entropy(labels, logits, weights=weights)


def optimizer() -> tf.train.Optimizer:
    """Return Adam, whose rate decays with the global step."""
    rate = tf.train.exponential_decay(0.001, tf.train.get_or_create_global_step(), 1000, 0.9)
    return tf.train.AdamOptimizer(rate)


def train_op(adam: tf.train.Optimizer, loss: tf.Tensor, global_step: tf.Variable) -> tf.Operation:
    """Return one step of the training loop, which clips gradients by their common norm."""
    gradients, variables = zip(*adam.compute_gradients(loss), strict=True)
    clipped, _ = tf.clip_by_global_norm(gradients, 5.0)
    return adam.apply_gradients(zip(clipped, variables, strict=True), global_step=global_step)
