"""An `ExponentialMovingAverage` made and applied in `call`: every call starts the average anew."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class AveragedOnce(tf.keras.layers.Layer):
    """Makes the average beside its variable, and updates it in each call."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(tf.ones([4]), name="scale")
        self.averages = tf.train.ExponentialMovingAverage(0.9)
        self.averages.apply([self.scale])
        self.average = self.averages.average(self.scale)

    def call(self, inputs):
        self.averages.apply([self.scale])
        return inputs * self.scale


class AveragedEachTime(tf.keras.layers.Layer):
    """Makes the average anew in each call."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(tf.ones([4]), name="scale")

    def call(self, inputs):
        averages = tf.train.ExponentialMovingAverage(0.9)
        averages.apply([self.scale])  # BUG
        self.average = averages.average(self.scale)
        return inputs * self.scale


class Right(EquivalenceCase):
    """The average is made once."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        scale = v1.get_variable("scale", [4], initializer=v1.ones_initializer())
        with tf.control_dependencies([v1.train.ExponentialMovingAverage(0.9).apply([scale])]):
            return inputs * scale

    def tf2(self):
        return AveragedOnce()


class Wrong(Right):
    """The average is made in `call`."""

    def tf2(self):
        return AveragedEachTime()
