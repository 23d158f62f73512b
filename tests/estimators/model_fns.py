"""Model functions as TF1 code has them: each returns an EstimatorSpec, and most do some of it in a way of their own."""

import tensorflow.compat.v1 as tf
from tensorflow.compat.v1 import estimator
from tensorflow.compat.v1.estimator import EstimatorSpec

tf.disable_v2_behavior()  # as many such modules do; harmless when imported inside of model_fn()


class HParams:
    """Settings by attribute, as `tf.contrib.training.HParams` had them."""

    def __init__(self, **values):
        self.__dict__.update(values)


class Head:
    """What makes a spec of logits, as `tf.contrib.estimator` had it."""

    def create_estimator_spec(self, features, mode, logits, labels, train_op_fn):
        """Return the spec of a regression."""
        del features
        predictions = {"predictions": logits}
        if mode == estimator.ModeKeys.PREDICT:
            exported = {"serving_default": estimator.export.PredictOutput(predictions)}
            return EstimatorSpec(mode, predictions=predictions, export_outputs=exported)
        loss = tf.losses.mean_squared_error(labels, logits)
        if mode == estimator.ModeKeys.EVAL:
            metrics = {"mae": tf.metrics.mean_absolute_error(labels, logits)}
            return EstimatorSpec(mode, predictions, loss, eval_metric_ops=metrics)
        return EstimatorSpec(mode, predictions, loss, train_op_fn(loss))


def images(features, labels, mode, params):
    """Classify: batch norm with its UPDATE_OPS, regularization in the loss, a rate that decays, hooks."""
    training = mode == tf.estimator.ModeKeys.TRAIN
    regularizer = tf.keras.regularizers.l2(params["decay"])
    with tf.variable_scope("images"):
        net = tf.layers.conv2d(features, 4, 3, use_bias=False, kernel_regularizer=regularizer, name="conv")
        net = tf.layers.batch_normalization(net, training=training, epsilon=params["epsilon"], name="bn")
        net = tf.reduce_mean(tf.nn.relu(net), axis=[1, 2])
        logits = tf.layers.dense(net, 3, kernel_regularizer=regularizer, name="logits")
    predictions = {"classes": tf.argmax(logits, axis=1), "probabilities": tf.nn.softmax(logits)}
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode=mode, predictions=predictions)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits) + tf.losses.get_regularization_loss()
    if mode == tf.estimator.ModeKeys.EVAL:
        metrics = {"accuracy": tf.metrics.accuracy(labels, predictions["classes"])}
        return tf.estimator.EstimatorSpec(mode=mode, predictions=predictions, loss=loss, eval_metric_ops=metrics)
    step = tf.train.get_global_step()
    rate = tf.train.exponential_decay(params["rate"], step, 10, 0.5, staircase=True)
    tf.summary.scalar("learning_rate", rate)
    optimizer = tf.train.MomentumOptimizer(rate, 0.9)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = optimizer.minimize(loss, global_step=step)
    hooks = [tf.estimator.LoggingTensorHook({"loss": loss}, every_n_iter=100)]
    return tf.estimator.EstimatorSpec(
        mode=mode,
        predictions=predictions,
        loss=loss,
        train_op=train_op,
        training_hooks=hooks,
        scaffold=tf.train.Scaffold(),
    )


def images_forgotten(features, labels, mode, params):
    """The same with nothing that runs the UPDATE_OPS."""
    spec = images(features, labels, mode, params)
    if mode != tf.estimator.ModeKeys.TRAIN:
        return spec
    step = tf.train.get_global_step()
    rate = tf.train.exponential_decay(params["rate"], step, 10, 0.5, staircase=True)
    return spec._replace(train_op=tf.train.MomentumOptimizer(rate, 0.9).minimize(spec.loss, global_step=step))


def tags(features, labels, mode, params):
    """Regress on a sparse bag of ids, some of it nested: a head by hand, settings as an object, clipped gradients."""
    ids = features["user"]["tags"]
    places = tf.where(tf.greater(ids, 0))
    bag = tf.SparseTensor(places, tf.gather_nd(ids, places), tf.shape(ids, out_type=tf.int64))
    with tf.variable_scope("tags"):
        table = tf.get_variable("table", [params.vocabulary, params.size])
        net = tf.nn.embedding_lookup_sparse(table, bag, None, combiner="mean")
        net = tf.concat([net, features["context"]], axis=1)
        logits = tf.layers.dense(net, 1, name="logits")[:, 0]

    def train(loss):
        optimizer = tf.train.AdamOptimizer(params.rate, epsilon=1e-4)
        gradients, variables = zip(*optimizer.compute_gradients(loss))
        gradients, _ = tf.clip_by_global_norm(gradients, params.norm)
        return optimizer.apply_gradients(zip(gradients, variables), global_step=tf.train.get_global_step())

    return Head().create_estimator_spec(features, mode, logits, labels, train)


def plain(features, labels, mode):
    """A loss alone in training, no global step, and a spec that knows no `params`."""
    logits = tf.layers.dense(features, 2, name="logits")
    if mode == estimator.ModeKeys.PREDICT:
        return EstimatorSpec(mode, predictions=logits)
    loss = tf.losses.softmax_cross_entropy(tf.one_hot(labels, 2), logits)
    if mode == estimator.ModeKeys.EVAL:
        return EstimatorSpec(mode, loss=loss)
    return EstimatorSpec(mode, loss=loss, train_op=tf.train.GradientDescentOptimizer(0.1).minimize(loss))


def untrained(features, labels, mode, params):
    """Other predictions in training, no train operation; params that are changed."""
    params["units"] = params.get("units", 1) * 2
    net = tf.layers.dense(features["x"], params["units"], activation=tf.nn.tanh, name="hidden")
    logits = tf.layers.dense(net, 2, name="logits")
    if mode == tf.estimator.ModeKeys.PREDICT:
        return EstimatorSpec(mode, {"probabilities": tf.nn.softmax(logits)})
    return EstimatorSpec(mode, {"logits": logits}, tf.losses.softmax_cross_entropy(tf.one_hot(labels, 2), logits))
