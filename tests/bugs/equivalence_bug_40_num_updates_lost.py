"""A moving average whose decay grows with the number of updates in TF1, and is constant in TF2."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
DECAY = 0.99


def averaged(inputs, training):
    with v1.variable_scope("net"):
        steps = v1.get_variable("steps", [], initializer=v1.zeros_initializer(), trainable=False)
        average = v1.get_variable("average", [3], initializer=v1.zeros_initializer(), trainable=False)
        weights = v1.get_variable("weights", [3, 3], initializer=v1.glorot_uniform_initializer())
        outputs = tf.matmul(inputs, weights)
        if training:
            decay = tf.minimum(DECAY, (1.0 + steps) / (10.0 + steps))
            moved = average.assign(average * decay + tf.reduce_mean(inputs, 0) * (1.0 - decay))
            with tf.control_dependencies([moved]):
                v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, steps.assign_add(1.0))
        return outputs


class Averaged(tf.keras.layers.Layer):
    def __init__(self, counts, **kwargs):
        super().__init__(**kwargs)
        self.counts = counts

    def build(self, input_shape):
        self.steps = self.add_weight(name="steps", shape=[], initializer="zeros", trainable=False)
        self.average = self.add_weight(name="average", shape=[3], initializer="zeros", trainable=False)  # BUG
        self.weight = self.add_weight(name="weights", shape=[3, 3], initializer="glorot_uniform")

    def call(self, inputs, training=None):
        if training:
            grown = (1.0 + self.steps) / (10.0 + self.steps)
            decay = tf.minimum(DECAY, grown) if self.counts else DECAY
            self.average.assign(self.average * decay + tf.reduce_mean(inputs, 0) * (1.0 - decay))
            self.steps.assign_add(1.0)
        return tf.matmul(inputs, self.weight)


class Right(EquivalenceCase):
    """The number of updates counts."""

    counts = True
    inputs = ArraySpec((6, 3))

    def tf1(self, inputs, training):
        return averaged(inputs, training)

    def tf2(self):
        return Averaged(self.counts, name="net")


class Wrong(Right):
    """The decay is 0.99 from the beginning."""

    counts = False
