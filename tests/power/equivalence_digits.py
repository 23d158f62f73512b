"""One right migration of a small convolutional net, with the guide's input of ones and with one that varies."""

import numpy as np
import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def digits(images, training):
    net = images
    for number in range(3):
        net = v1.layers.conv2d(net, 8, 3, padding="same", use_bias=False, name=f"conv{number}")
        net = tf.nn.relu(v1.layers.batch_normalization(net, training=training, name=f"norm{number}"))
    return v1.layers.dense(tf.reduce_mean(net, [1, 2]), 10, name="logits")


class Digits(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, images, training=None):
        return digits(images, training)


class Varied(EquivalenceCase):
    inputs = ArraySpec((2, 8, 8, 3))

    def tf1(self, inputs, training):
        return digits(inputs, training)

    def tf2(self):
        return Digits()


class Ones(Varied):
    inputs = np.ones((2, 8, 8, 3), np.float32)
