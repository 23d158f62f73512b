"""Outputs from 1e-12 to 1e+6, and other widths of floats; each class's name is the seed of its inputs."""

import tensorflow as tf
from shims import Shimmed

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class _Scaled(EquivalenceCase):
    """A small net whose outputs are multiplied by `scale`."""

    scale = 1.0
    inputs = ArraySpec((4, 12))

    def net(self, inputs, training):
        hidden = v1.layers.dense(inputs, 16, activation=tf.nn.relu, name="hidden")
        hidden = v1.layers.dense(hidden, 16, activation=tf.sigmoid, name="gate")
        logits = v1.layers.dense(hidden, 5, name="logits") * self.scale
        return {"logits": logits, "probabilities": tf.nn.softmax(logits), "log": tf.nn.log_softmax(logits)}

    def tf1(self, inputs, training):
        return self.net(inputs, training)

    def tf2(self):
        return Shimmed(self.net)


class Outputs1eMinus12(_Scaled):
    scale = 1e-12


class Outputs1eMinus6(_Scaled):
    scale = 1e-6


class Outputs1(_Scaled):
    inputs = ArraySpec((64, 128))


class Outputs1e3(_Scaled):
    scale = 1e3


class Outputs1e6(_Scaled):
    scale = 1e6


class Inputs1e6(_Scaled):
    inputs = ArraySpec((4, 12), low=-1e6, high=1e6)


class Inputs1eMinus12(_Scaled):
    inputs = ArraySpec((4, 12), low=-1e-12, high=1e-12)


class ImagesOfBytes(_Scaled):
    """Values of 0 to 255, not normalized."""

    inputs = ArraySpec((4, 12), low=0, high=255)


class _Typed(_Scaled):
    """Four dense layers, variables and all in `dtype`, summed at the end."""

    dtype = tf.float32

    def net(self, inputs, training):
        hidden = tf.cast(inputs, self.dtype)
        for number in range(4):
            with v1.variable_scope(f"block{number}"):
                kernel = v1.get_variable("kernel", [hidden.shape[-1], 16], self.dtype)
                bias = v1.get_variable("bias", [16], self.dtype, initializer=v1.zeros_initializer())
                hidden = tf.nn.relu(tf.matmul(hidden, kernel) + bias)
        return {"hidden": hidden, "sum": tf.reduce_sum(hidden, axis=-1)}


class Float16(_Typed):
    dtype = tf.float16


class Float16OtherSeed(_Typed):
    dtype = tf.float16


class Bfloat16(_Typed):
    dtype = tf.bfloat16


class Bfloat16OtherSeed(_Typed):
    dtype = tf.bfloat16


class Float64(_Typed):
    dtype = tf.float64


class IntegersAndBooleans(_Scaled):
    """Outputs that are compared exactly."""

    def net(self, inputs, training):
        logits = v1.layers.dense(inputs, 5, name="logits")
        return {"class": tf.argmax(logits, axis=-1), "positive": logits > 0, "logits": logits}
