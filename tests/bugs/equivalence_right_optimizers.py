"""Pairs of optimizers that compute the same, and schedules that do: no step may differ."""

import numpy as np
import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
schedules = tf.keras.optimizers.schedules


class Net(tf.keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = tf.keras.layers.Dense(6, activation="tanh", name="hidden")
        self.logits = tf.keras.layers.Dense(2, name="logits")

    def call(self, inputs):
        return self.logits(self.hidden(inputs))


class _Dense(EquivalenceCase):
    inputs = ArraySpec((4, 5))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            x = v1.layers.dense(inputs, 6, activation=tf.tanh, name="hidden")
            return v1.layers.dense(x, 2, name="logits")

    def tf2(self):
        return Net(name="net")


class GradientDescent(_Dense):
    """Plain steps."""

    def tf1_optimizer(self):
        return v1.train.GradientDescentOptimizer(0.1)

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1)


class Momentum(_Dense):
    """TF1 keeps gradients, Keras steps."""

    def tf1_optimizer(self):
        return v1.train.MomentumOptimizer(0.1, 0.9)

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1, momentum=0.9)


class MomentumOfNoise(EquivalenceCase):
    """The gradient by a bias ahead of a normalization is rounding noise, and so is its momentum."""

    inputs = ArraySpec((4, 8, 8, 3))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            x = v1.layers.conv2d(inputs, 6, 3, name="conv")
            x = tf.nn.relu(v1.layers.batch_normalization(x, training=training, name="norm"))
            return v1.layers.dense(tf.reduce_mean(x, (1, 2)), 3, name="logits")

    def tf2(self):
        return Normalized(name="net")

    def tf1_optimizer(self):
        return v1.train.MomentumOptimizer(0.1, 0.9)


class Normalized(tf.keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = tf.keras.layers.Conv2D(6, 3, name="conv")
        self.norm = tf.keras.layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name="norm")
        self.logits = tf.keras.layers.Dense(3, name="logits")

    def call(self, inputs, training=None):
        x = tf.nn.relu(self.norm(self.conv(inputs), training=training))
        return self.logits(tf.reduce_mean(x, (1, 2)))


class Nesterov(_Dense):
    """The same, looking ahead."""

    def tf1_optimizer(self):
        return v1.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True)

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)


class Ftrl(_Dense):
    """With both regularizations."""

    def tf1_optimizer(self):
        return v1.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01, l2_regularization_strength=0.02)

    def tf2_optimizer(self):
        return tf.keras.optimizers.Ftrl(0.1, l1_regularization_strength=0.01, l2_regularization_strength=0.02)


class Adam(_Dense):
    """With TF1's epsilon, in the class of either Keras."""

    def tf1_optimizer(self):
        return v1.train.AdamOptimizer(0.01)

    def tf2_optimizer(self):
        return tf.keras.optimizers.Adam(0.01, epsilon=1e-8)


class AdagradByDefault(_Dense):
    """The counterpart that the tool takes."""

    def tf1_optimizer(self):
        return v1.train.AdagradOptimizer(0.1)


class AdadeltaByDefault(_Dense):
    """The counterpart that the tool takes."""

    def tf1_optimizer(self):
        return v1.train.AdadeltaOptimizer(1.0)


class RmspropByDefault(_Dense):
    """The counterpart that the tool takes, with TF1's initial slots."""

    def tf1_optimizer(self):
        return v1.train.RMSPropOptimizer(0.01, momentum=0.9)


class ClippedByHand(_Dense):
    """The migrated loop clips as TF1's does."""

    def tf1_train_op(self, optimizer, loss, global_step):
        gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
        clipped, _ = tf.clip_by_global_norm(gradients, 0.5)
        return optimizer.apply_gradients(zip(clipped, variables, strict=True), global_step=global_step)

    def tf2_train_step(self, optimizer, loss, variables):
        with tf.GradientTape() as tape:
            value = loss()
        clipped, _ = tf.clip_by_global_norm(tape.gradient(value, variables), 0.5)
        optimizer.apply_gradients(zip(clipped, variables, strict=True))


class SparseAdam(EquivalenceCase):
    """Adam moves all rows of an embedding on either side."""

    inputs = np.array([[0, 3, 5], [3, 3, 1]], np.int32)

    def tf1(self, inputs, training):
        with v1.variable_scope("words"):
            words = v1.get_variable("embeddings", (12, 4))
        return tf.reduce_mean(tf.nn.embedding_lookup(words, inputs), axis=1)

    def tf2(self):
        return Mean(name="words")

    def tf1_optimizer(self):
        return v1.train.AdamOptimizer(0.01)

    def tf2_optimizer(self):
        return tf.keras.optimizers.Adam(0.01, epsilon=1e-8)


class Mean(tf.keras.layers.Embedding):
    def __init__(self, **kwargs):
        super().__init__(12, 4, **kwargs)

    def call(self, inputs):
        return tf.reduce_mean(super().call(inputs), axis=1)


class _Scheduled(_Dense):
    def tf1_optimizer(self):
        return v1.train.GradientDescentOptimizer(self.tf1_rate(v1.train.get_or_create_global_step()))

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(self.tf2_rate())


class PolynomialDecay(_Scheduled):
    def tf1_rate(self, step):
        return v1.train.polynomial_decay(0.1, step, 1000, 0.001, power=2.0)

    def tf2_rate(self):
        return schedules.PolynomialDecay(0.1, 1000, 0.001, power=2.0)


class ExponentialDecay(_Scheduled):
    def tf1_rate(self, step):
        return v1.train.exponential_decay(0.1, step, 10, 0.9, staircase=True)

    def tf2_rate(self):
        return schedules.ExponentialDecay(0.1, 10, 0.9, staircase=True)


class InverseTimeDecay(_Scheduled):
    def tf1_rate(self, step):
        return v1.train.inverse_time_decay(0.1, step, 100, 0.5)

    def tf2_rate(self):
        return schedules.InverseTimeDecay(0.1, 100, 0.5)


class CosineDecay(_Scheduled):
    def tf1_rate(self, step):
        return v1.train.cosine_decay(0.1, step, 1000, alpha=0.1)

    def tf2_rate(self):
        return schedules.CosineDecay(0.1, 1000, alpha=0.1)


class PiecewiseConstant(_Scheduled):
    def tf1_rate(self, step):
        return v1.train.piecewise_constant(step, [2, 1000], [0.1, 0.05, 0.01])

    def tf2_rate(self):
        return schedules.PiecewiseConstantDecay([2, 1000], [0.1, 0.05, 0.01])


class RateSetByTheLoop(_Scheduled):
    """The migrated loop sets the rate itself, and the rate lives in a variable."""

    def tf1_rate(self, step):
        return v1.train.piecewise_constant(step, [1], [0.1, 0.05])

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1)

    def tf2_train_step(self, optimizer, loss, variables):
        optimizer.learning_rate.assign(tf.where(optimizer.iterations > 1, 0.05, 0.1))
        optimizer.minimize(loss, variables)
