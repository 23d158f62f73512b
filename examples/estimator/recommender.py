"""A click predictor as a model function of an Estimator: TensorFlow 1 code."""

from __future__ import annotations

from typing import Any

import tensorflow.compat.v1 as tf
from tensorflow.compat.v1.estimator import EstimatorSpec, ModeKeys

PARAMS = {"items": 50, "embedding_size": 8, "hidden_units": [32, 16], "learning_rate": 0.05}


def model_fn(features: dict[str, tf.Tensor], labels: tf.Tensor | None, mode: str, params: dict[str, Any]):
    """Predict whether a user clicks the last of the items shown.

    Args:
        features: `history`, the ids of the items seen, `[batch, length]`; `item`, the id of the item
            shown, `[batch]`; `context`, numbers about the visit, `[batch, numbers]`.
        labels: 0 or 1, `[batch]`; None when predicting.
        mode: Of `ModeKeys`.
        params: See `PARAMS`.

    Returns:
        An `EstimatorSpec` with the predictions `logits` and `probability`, both `[batch]`.
    """
    with tf.variable_scope("recommender"):
        with tf.variable_scope("items"):
            table = tf.get_variable(
                "embeddings",
                [params["items"], params["embedding_size"]],
                initializer=tf.truncated_normal_initializer(stddev=0.1),
            )
        history = tf.reduce_mean(tf.nn.embedding_lookup(table, features["history"]), axis=1)
        item = tf.nn.embedding_lookup(table, features["item"])
        net = tf.concat([history, item, features["context"]], axis=1)
        glorot = tf.glorot_uniform_initializer()
        for index, units in enumerate(params["hidden_units"]):
            name = f"hidden_{index}"
            net = tf.layers.dense(net, units, activation=tf.nn.relu, kernel_initializer=glorot, name=name)
            net = tf.layers.dropout(net, rate=0.2, training=mode == ModeKeys.TRAIN, name=f"dropout_{index}")
        logits = tf.layers.dense(net, 1, kernel_initializer=glorot, name="logits")
    logits = tf.squeeze(logits, axis=1)
    predictions = {"logits": logits, "probability": tf.sigmoid(logits)}
    if mode == ModeKeys.PREDICT:
        return EstimatorSpec(mode, predictions)
    loss = tf.losses.sigmoid_cross_entropy(labels, logits)
    if mode == ModeKeys.EVAL:
        metrics = {"auc": tf.metrics.auc(labels, predictions["probability"])}
        return EstimatorSpec(mode, predictions, loss, eval_metric_ops=metrics)
    optimizer = tf.train.AdagradOptimizer(params["learning_rate"])
    return EstimatorSpec(mode, predictions, loss, optimizer.minimize(loss, tf.train.get_global_step()))
