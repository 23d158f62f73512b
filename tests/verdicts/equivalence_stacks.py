"""Deep stacks, in several sizes; each class's name is the seed of its inputs."""

import tensorflow as tf
from shims import Shimmed, dense_stack, layer_norm_gelu, tanh

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class _Tanh(EquivalenceCase):
    """`depth` dense layers of tanh."""

    depth = 40

    def net(self, inputs, training):
        return dense_stack(inputs, self.depth, tanh)

    def tf1(self, inputs, training):
        return self.net(inputs, training)

    def tf2(self):
        return Shimmed(self.net)


class TanhDeepSmall(_Tanh):
    inputs = ArraySpec((2, 8))


class TanhDeepWide(_Tanh):
    inputs = ArraySpec((8, 64))


class TanhDeepOtherSeed(_Tanh):
    inputs = ArraySpec((8, 64))


class TanhDeeper(_Tanh):
    depth = 80
    inputs = ArraySpec((4, 16))


class _LayerNorm(_Tanh):
    """`depth` blocks of layer normalization, dense layer and GELU."""

    def net(self, inputs, training):
        return dense_stack(inputs, self.depth, layer_norm_gelu)


class LayerNormShallow(_LayerNorm):
    depth = 10
    inputs = ArraySpec((4, 16))


class LayerNormShallowOtherSeed(_LayerNorm):
    depth = 10
    inputs = ArraySpec((4, 16))


class LayerNormDeep(_LayerNorm):
    inputs = ArraySpec((4, 32))


class LayerNormDeepOtherSeed(_LayerNorm):
    inputs = ArraySpec((4, 32))


class LayerNormDeepBatchOfOne(_LayerNorm):
    inputs = ArraySpec((1, 16))


class _BatchNorm(_Tanh):
    """Convolutions with batch normalization and ReLU, on a batch of 2."""

    depth = 12

    def net(self, inputs, training):
        hidden = inputs
        for number in range(self.depth):
            with v1.variable_scope(f"block{number}"):
                hidden = v1.layers.conv2d(hidden, 8, 3, padding="same", use_bias=False, name="conv")
                hidden = tf.nn.relu(v1.layers.batch_normalization(hidden, training=training, name="bn"))
        return {"features": hidden, "logits": v1.layers.dense(tf.reduce_mean(hidden, [1, 2]), 5, name="logits")}


class BatchNormOfTwo(_BatchNorm):
    inputs = ArraySpec((2, 8, 8, 3))


class BatchNormOfTwoOtherSeed(_BatchNorm):
    inputs = ArraySpec((2, 8, 8, 3))


class BatchNormOfTwoLarger(_BatchNorm):
    inputs = ArraySpec((2, 33, 17, 3))


class BatchNormOfTwoOnePixel(_BatchNorm):
    inputs = ArraySpec((2, 1, 1, 3))
