"""Both sides written differently, as a rewrite to TF2 has them, with a bug in the rewritten formula.

What a line is to blame for cannot be told to the line here: any line of the formula is accepted.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from random import Random

from benchmarks.pinpoint.blocks import Kind, culprit_of, fill, kind
from benchmarks.pinpoint.model import Case

FAMILY = "rewritten"

_IMAGE, _ROW, _STEPS = "ArraySpec((3, 6, 6, 4))", "ArraySpec((5, 6))", "ArraySpec((3, 4, 6))"
_ZEROS, _ONES = "initializer=v1.zeros_initializer()", "initializer=v1.ones_initializer()"


@dataclass(frozen=True)
class Rewrite:
    """One computation, twice.

    Attributes:
        tf1: Lines that take `hidden` and leave it.
        kind: The same in another form; its space is the inputs.
    """

    tf1: str
    kind: Kind


_BN_VARIABLES = f"""
with v1.variable_scope("bn"):
    gamma = v1.get_variable("gamma", [4], {_ONES})
    beta = v1.get_variable("beta", [4], {_ZEROS})
    mean = v1.get_variable("moving_mean", [4], {_ZEROS}, trainable=False)
    variance = v1.get_variable("moving_variance", [4], {_ONES}, trainable=False)
"""
_FUSED = 'hidden = v1.layers.batch_normalization(hidden, training=False, name="bn")'
_NORM_VARIABLES = f"""
with v1.variable_scope("norm"):
    gamma = v1.get_variable("gamma", [6], {_ONES})
    beta = v1.get_variable("beta", [6], {_ZEROS})
"""
_LAYER_NORM = (
    _NORM_VARIABLES
    + """
mean, variance = tf.nn.moments(hidden, [-1], keepdims=True)
hidden = tf.nn.batch_normalization(hidden, mean, variance, beta, gamma, 1e-3)
"""
)
_CONV_VARIABLES = f"""
with v1.variable_scope("conv"):
    kernel = v1.get_variable("kernel", [3, 3, 4, 4])
    bias = v1.get_variable("bias", [4], {_ZEROS})
"""
_DENSE_VARIABLES = f"""
with v1.variable_scope("dense"):
    kernel = v1.get_variable("kernel", [6, 6])
    bias = v1.get_variable("bias", [6], {_ZEROS})
"""

REWRITES = (
    Rewrite(_FUSED, kind("unfused batch norm, epsilon", _IMAGE, _BN_VARIABLES + """
hidden = (hidden - mean) * tf.math.rsqrt(variance + <<{a}||{b}>>) * gamma + beta
""", "Add AddV2 Rsqrt FusedBatchNorm", variables="bn/", setting="epsilon", values=((1e-3, 1e-5), (1e-3, 1e-2)))),
    Rewrite(_FUSED, kind("unfused batch norm, square root", _IMAGE, _BN_VARIABLES + """
scale = gamma * <<tf.math.rsqrt(variance + 1e-3)||tf.math.reciprocal(variance + 1e-3)>>  #~
hidden = hidden * scale + (beta - mean * scale)  #~
""", "Rsqrt Reciprocal FusedBatchNorm", variables="bn/")),
    Rewrite(_FUSED, kind("unfused batch norm, offset", _IMAGE, _BN_VARIABLES + """
scale = gamma * tf.math.rsqrt(variance + 1e-3)  #~
hidden = hidden * scale + (beta - <<mean * scale||mean>>)  #~
""", "Mul Sub FusedBatchNorm", variables="bn/")),
    Rewrite(_FUSED, kind("batch_normalization, swapped", _IMAGE, _BN_VARIABLES + """
hidden = tf.nn.batch_normalization(hidden, <<mean, variance||variance, mean>>, beta, gamma, 1e-3)
""", "Add AddV2 Rsqrt FusedBatchNorm", variables="bn/")),
    Rewrite('hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", name="conv")',
            kind("conv and bias, strides", _IMAGE, _CONV_VARIABLES + """
hidden = tf.nn.conv2d(hidden, kernel, strides=<<1||2>>, padding="SAME")
hidden = tf.nn.bias_add(hidden, bias)
""", "Conv2D", setting="strides", values=((1, 2),))),
    Rewrite('hidden = v1.layers.conv2d(hidden, 4, 3, padding="valid", name="conv")',
            kind("conv and bias, padding", _IMAGE, _CONV_VARIABLES + """
hidden = tf.nn.conv2d(hidden, kernel, 1, padding="<<VALID||SAME>>") + bias
""", "Conv2D", setting="padding", values=(("VALID", "SAME"),))),
    Rewrite('hidden = v1.layers.conv2d(hidden, 4, 3, activation=tf.nn.relu, name="conv")',
            kind("conv and bias, order", _IMAGE, _CONV_VARIABLES + """
hidden = tf.nn.conv2d(hidden, kernel, 1, padding="VALID")
hidden = <<tf.nn.relu(hidden + bias)||tf.nn.relu(hidden) + bias>>
""", "Relu Add AddV2 BiasAdd")),
    Rewrite('hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", strides=2, name="conv")',
            kind("explicit padding", _IMAGE, _CONV_VARIABLES + """
hidden = tf.pad(hidden, [[0, 0], <<[0, 1], [0, 1]||[1, 0], [1, 0]>>, [0, 0]])  #~
hidden = tf.nn.conv2d(hidden, kernel, 2, padding="VALID") + bias  #~
""", "Pad Conv2D")),
    Rewrite('hidden = v1.layers.conv2d(hidden, 4, 3, dilation_rate=2, name="conv")',
            kind("dilation by hand", _IMAGE, _CONV_VARIABLES + """
hidden = tf.nn.atrous_conv2d(hidden, kernel, rate=<<2||1>>, padding="VALID") + bias
""", "Conv2D SpaceToBatchND BatchToSpaceND SpaceToBatch BatchToSpace", setting="dilation_rate rate",
                 values=((2, 1),))),
    Rewrite('hidden = v1.layers.dense(hidden, 6, name="dense")',
            kind("einsum for matmul", _STEPS, _DENSE_VARIABLES + """
hidden = tf.einsum("<<btd,de->bte||btd,ed->bte>>", hidden, kernel) + bias
""", "Einsum MatMul BatchMatMulV2 Tensordot Transpose", variables="dense/kernel")),
    Rewrite('hidden = v1.layers.dense(hidden, 6, name="dense")',
            kind("matmul and add", _ROW, _DENSE_VARIABLES + """
hidden = tf.matmul(hidden, kernel<<||, transpose_b=True>>) + bias
""", "MatMul", variables="dense/kernel", setting="transpose_b", values=(("False", "True"),))),
    Rewrite('hidden = v1.layers.dense(hidden, 6, name="dense")',
            kind("split product", _ROW, _DENSE_VARIABLES + """
left = tf.matmul(hidden[:, :3], kernel[:3])  #~
right = tf.matmul(<<hidden[:, 3:]||hidden[:, :3]>>, kernel[3:])  #~
hidden = left + right + bias  #~
""", "MatMul StridedSlice Add AddV2", variables="dense/kernel")),
    Rewrite(_LAYER_NORM, kind("layer norm by hand, epsilon", _STEPS, _NORM_VARIABLES + """
centred = hidden - tf.reduce_mean(hidden, -1, keepdims=True)
variance = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
hidden = gamma * centred / tf.sqrt(variance + <<{a}||{b}>>) + beta
""", "Add AddV2 Sqrt Rsqrt", setting="epsilon", values=((1e-3, 1e-5), (1e-3, 0.1)))),
    Rewrite(_LAYER_NORM, kind("layer norm by hand, axis", _STEPS, _NORM_VARIABLES + """
mean = tf.reduce_mean(hidden, <<-1||1>>, keepdims=True)
variance = tf.reduce_mean(tf.math.squared_difference(hidden, mean), -1, keepdims=True)
hidden = (hidden - mean) * tf.math.rsqrt(variance + 1e-3) * gamma + beta
""", "Mean", setting="axis", values=((-1, 1),))),
    Rewrite(_LAYER_NORM, kind("layer norm by hand, centre", _STEPS, _NORM_VARIABLES + """
mean = tf.reduce_mean(hidden, -1, keepdims=True)
variance = tf.reduce_mean(<<tf.square(hidden - mean)||tf.square(hidden)>>, -1, keepdims=True)  #~
hidden = (hidden - mean) * tf.math.rsqrt(variance + 1e-3) * gamma + beta
""", "Square SquaredDifference Mean Sub")),
    Rewrite("hidden = tf.nn.gelu(hidden)", kind("gelu by hand", _ROW, """
hidden = 0.5 * hidden * (1.0 + tf.math.erf(hidden * <<{a}||{b}>>))
""", "Mul Erf", values=((0.7071067811865476, 0.5), (0.7071067811865476, 1.4142135623730951)))),
    Rewrite("hidden = tf.nn.gelu(hidden)", kind("approximate gelu", _ROW, """
hidden = <<0.5 * hidden * (1.0 + tf.math.erf(hidden * 0.7071067811865476))||tf.nn.gelu(hidden, approximate=True)>>
""", "Erf Tanh Pow")),
    Rewrite("hidden = tf.nn.softmax(hidden)", kind("softmax by hand", _ROW, """
powers = tf.exp(hidden - tf.reduce_max(hidden, 1, keepdims=True))  #~
hidden = powers / tf.reduce_sum(powers, <<1||0>>, keepdims=True)  #~
""", "Sum Softmax RealDiv")),
    Rewrite("hidden = tf.nn.softplus(hidden)", kind("softplus by hand", _ROW, """
hidden = tf.math.log(<<1.0||2.0>> + tf.exp(hidden))  #~
""", "Add AddV2 Log Softplus Exp")),
    Rewrite("hidden = tf.nn.l2_normalize(hidden, 1)", kind("norm by hand", _ROW, """
hidden = hidden / tf.norm(hidden, ord=<<2||1>>, axis=1, keepdims=True)
""", "Sum Sqrt Abs RealDiv Rsqrt")),
    Rewrite("hidden = tf.nn.leaky_relu(hidden, 0.2)", kind("leaky relu by hand", _ROW, """
hidden = tf.maximum(hidden, <<0.2||0.3>> * hidden)
""", "Mul Maximum LeakyRelu")),
    Rewrite("hidden = tf.nn.avg_pool2d(hidden, [6, 6], 1, \"VALID\")[:, 0, 0]", kind("global pooling", _IMAGE, """
hidden = tf.reduce_<<mean||max>>(hidden, [1, 2])
""", "AvgPool Mean Max")),
    Rewrite("hidden = v1.layers.flatten(hidden)", kind("flatten order", _IMAGE, """
hidden = tf.reshape(<<hidden||tf.transpose(hidden, [0, 3, 1, 2])>>, [-1, 144])
""", "Transpose Reshape")),
)  # fmt: skip


def cases(seed: int) -> list[Case]:
    """Return each rewrite between two layers that both sides have alike."""
    made = []
    for at, rewrite in enumerate(REWRITES):
        bug = rewrite.kind
        for again in range(1 + (len(bug.values) > 1)):
            made.append(_case(rewrite, bug, Random(f"{seed}/{FAMILY}/{at}/{again}")))
    return made


def _case(rewrite: Rewrite, bug: Kind, rng: Random) -> Case:
    values = rng.choice(bug.values)
    width, last = (4, "return tf.tanh(hidden)") if bug.space == _IMAGE else (6, "return hidden * 2.0")
    first = f'hidden = v1.layers.dense(inputs, {width}, activation=tf.tanh, name="before")'
    formula = bug.block.strip("\n").splitlines()
    of_variables = max((at for at, line in enumerate(formula, 1) if "get_variable" in line), default=0)
    formula[of_variables:] = [line if line.endswith("#~") else f"{line}  #~" for line in formula[of_variables:]]
    legacy, migrated = (
        "def net_{case}(inputs, training):\n"
        + textwrap.indent("\n".join([first, *fill("\n".join(block), 0, *values).splitlines(), last]), "    ")
        for block in (rewrite.tf1.strip("\n").splitlines(), formula)
    )
    make = "Shimmed(net_{case})"
    return Case(FAMILY, bug.name, bug.space, legacy, migrated, make, (culprit_of(bug, 0, values),), bug.step)
