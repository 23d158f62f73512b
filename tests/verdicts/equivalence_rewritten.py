"""The same formulas in another order of operations, as a rewrite to TF2 has them: only rounding differs."""

import tensorflow as tf
from shims import Shimmed, dense_stack, layer_norm_gelu, tanh

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def affine(hidden, width):
    """A dense layer's variables, and its product by columns in two halves."""
    with v1.variable_scope("dense"):
        kernel = v1.get_variable("kernel", [hidden.shape[-1], width])
        bias = v1.get_variable("bias", [width], initializer=v1.zeros_initializer())
    half = hidden.shape[-1] // 2
    return bias + (tf.matmul(hidden[:, half:], kernel[half:]) + tf.matmul(hidden[:, :half], kernel[:half]))


def rewritten_tanh(hidden):
    return tf.tanh(affine(hidden, hidden.shape[-1]))


def rewritten_layer_norm_gelu(hidden):
    width = hidden.shape[-1]
    scale = v1.get_variable("gamma", [width], initializer=v1.ones_initializer())
    offset = v1.get_variable("beta", [width], initializer=v1.zeros_initializer())
    centred = hidden - tf.reduce_mean(hidden, -1, keepdims=True)
    variance = tf.reduce_mean(centred * centred, -1, keepdims=True)
    hidden = affine(scale * (centred / tf.sqrt(variance + 1e-6)) + offset, width)
    return 0.5 * hidden * (1.0 + tf.math.erf(hidden * 0.7071067811865476))


class _Rewritten(EquivalenceCase):
    """`depth` blocks, written otherwise on the TF2 side."""

    depth = 1
    blocks = (tanh, rewritten_tanh)
    inputs = ArraySpec((8, 32))

    def tf1(self, inputs, training):
        return dense_stack(inputs, self.depth, self.blocks[0])

    def tf2(self):
        return Shimmed(lambda inputs, training: dense_stack(inputs, self.depth, self.blocks[1]))


class RewrittenTanh(_Rewritten):
    """One layer."""


class RewrittenTanhDeep(_Rewritten):
    depth = 40


class RewrittenTanhDeepOtherSeed(_Rewritten):
    depth = 40


class RewrittenLayerNorm(_Rewritten):
    blocks = (layer_norm_gelu, rewritten_layer_norm_gelu)


class RewrittenLayerNormShallow(_Rewritten):
    depth = 10
    blocks = (layer_norm_gelu, rewritten_layer_norm_gelu)


class RewrittenLayerNormDeep(_Rewritten):
    depth = 40
    blocks = (layer_norm_gelu, rewritten_layer_norm_gelu)


class RewrittenLayerNormDeepOtherSeed(_Rewritten):
    depth = 40
    blocks = (layer_norm_gelu, rewritten_layer_norm_gelu)
