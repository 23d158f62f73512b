"""Nets of `compat.v1.layers`, three to twelve blocks deep, with the bug in any of them."""

from __future__ import annotations

from random import Random

from benchmarks.pinpoint.blocks import IMAGE, SEQUENCE, VECTOR, kind, stacked
from benchmarks.pinpoint.families.layers_operations import OPERATIONS
from benchmarks.pinpoint.model import INVENTORY, TRAINING, Case

FAMILY = "layers"

_CONV = 'hidden = v1.layers.conv2d(hidden, 4, 3, {}padding="same", name="conv{{n}}")'
_BN = 'hidden = v1.layers.batch_normalization(hidden, {}training=training, name="bn{{n}}")'
_DILATED = "Conv2D SpaceToBatchND BatchToSpaceND"
_STATISTICS = "FusedBatchNorm Mean SquaredDifference Rsqrt"

KINDS = (
    kind("epsilon", IMAGE, _BN.format("<<||epsilon={b}, >>"), "FusedBatchNorm", setting="epsilon",
         values=((1e-3, 1e-5), (1e-3, 1e-2), (1e-3, 1e-4))),
    kind("epsilon", VECTOR, _BN.format("epsilon=<<{a}||{b}>>, "), "Add AddV2 Rsqrt FusedBatchNorm",
         setting="epsilon", values=((1e-3, 1e-5), (1e-2, 1e-3), (1e-6, 1e-3))),
    kind("strides", IMAGE, _CONV.format("strides=<<{a}||{b}>>, "), "Conv2D", setting="strides",
         values=((1, 2), (2, 1))),
    kind("padding", IMAGE, 'hidden = v1.layers.conv2d(hidden, 4, 3, padding="<<{a}||{b}>>", name="conv{n}")',
         "Conv2D", setting="padding", values=(("same", "valid"), ("valid", "same"))),
    kind("padding", IMAGE, """
hidden = v1.layers.max_pooling2d(
    hidden,
    pool_size=3,
    strides=2,
    padding="<<same||valid>>",
    name="pool{n}",
)""", "MaxPool", setting="padding", values=(("same", "valid"),)),
    kind("dilation", IMAGE, _CONV.format("<<||dilation_rate=2, >>"), _DILATED, setting="dilation_rate",
         values=((1, 2),)),
    kind("dilation", IMAGE, _CONV.format("dilation_rate=<<{a}||{b}>>, "), _DILATED, setting="dilation_rate",
         values=((3, 2), (2, 1))),
    kind("activation changed", IMAGE, _CONV.format("activation=tf.nn.<<{a}||{b}>>, "),
         "Relu Elu Relu6 Selu Tanh Softplus", values=(("relu", "elu"), ("relu", "selu"), ("softplus", "relu"))),
    kind("activation changed", VECTOR,
         'hidden = v1.layers.dense(hidden, 6, activation=tf.<<{a}||{b}>>, name="dense{n}")',
         "Relu Elu Tanh Sigmoid", values=(("tanh", "sigmoid"), ("nn.relu", "nn.elu"), ("sigmoid", "tanh"))),
    kind("activation missing", IMAGE, _CONV.format("<<activation=tf.nn.relu, ||>>"), "Relu"),
    kind("activation missing", IMAGE, _BN.format("") + "\n<<hidden = tf.nn.relu(hidden)||>>\n"
         'hidden = v1.layers.conv2d(hidden, 4, 1, name="after{n}")', "Relu"),
    kind("activation extra", VECTOR, 'hidden = v1.layers.dense(hidden, 6, name="dense{n}"<<||, activation=tf.tanh>>)',
         "Tanh"),
    kind("softmax axis", IMAGE, "hidden = hidden * v1.nn.softmax(hidden<<||, axis={b}>>)", "Softmax Transpose",
         setting="axis dim", values=((-1, 1), (-1, 2))),
    kind("softmax axis", SEQUENCE, "hidden = tf.nn.softmax(hidden, axis=<<{a}||{b}>>)", "Softmax Transpose",
         setting="axis dim", values=((1, -1), (-1, 1), (1, 2))),
    kind("pool size", IMAGE, 'hidden = v1.layers.max_pooling2d(hidden, <<{a}||{b}>>, 1, padding="same")', "MaxPool",
         setting="pool_size ksize", values=((2, 3), (3, 2))),
    kind("pool size", IMAGE, 'hidden = v1.layers.average_pooling2d(hidden, <<{a}||{b}>>, 2, padding="same")',
         "AvgPool", setting="pool_size ksize", values=((2, 3), (3, 2))),
    kind("pool strides", IMAGE, 'hidden = v1.layers.max_pooling2d(hidden, 3, <<{a}||{b}>>, padding="same")',
         "MaxPool", setting="strides", values=((1, 2), (2, 1))),
    kind("pool changed", IMAGE, 'hidden = v1.layers.<<max||average>>_pooling2d(hidden, 2, 1, padding="same")',
         "MaxPool AvgPool"),
    kind("dropout rate", IMAGE, "hidden = v1.layers.dropout(hidden, rate=<<{a}||{b}>>, training=training)",
         "GreaterEqual Mul RealDiv SelectV2 Select", setting="rate", values=((0.25, 0.75), (0.4, 0.5)), step=TRAINING),
    kind("dropout rate", VECTOR, "hidden = v1.layers.dropout(hidden, <<{a}||{b}>>, training=training)",
         "GreaterEqual Mul RealDiv SelectV2 Select", setting="rate", values=((0.2, 0.8), (0.3, 0.1)), step=TRAINING),
    kind("dropout missing", IMAGE, "<<hidden = v1.layers.dropout(hidden, 0.4, training=training)||>>",
         "RandomUniform random_uniform Mul GreaterEqual", step=TRAINING),
    kind("training flag lost", IMAGE, 'hidden = v1.layers.batch_normalization(hidden<<, training=training||>>, '
         'name="bn{n}")', _STATISTICS, variables="bn{n}/", setting="training is_training",
         values=(("True", "False"),), step=TRAINING),
    kind("training flag stuck", IMAGE, 'hidden = v1.layers.batch_normalization(hidden, training=<<training||True>>, '
         'name="bn{n}")', _STATISTICS, variables="bn{n}/", setting="training is_training",
         values=(("False", "True"),)),
    kind("bias lost", IMAGE, _CONV.format("<<||use_bias=False, >>"), "BiasAdd", variables="conv{n}/bias",
         step=INVENTORY),
    kind("bias lost", VECTOR, 'hidden = v1.layers.dense(hidden, 6, <<||use_bias=False, >>name="dense{n}")', "BiasAdd",
         variables="dense{n}/bias", step=INVENTORY),
    kind("no scale", IMAGE, _BN.format("<<||scale=False, >>"), "", variables="bn{n}/gamma", step=INVENTORY),
    kind("regularizer scale", IMAGE,
         _CONV.format("kernel_regularizer=slim.l2_regularizer(<<0.2||0.1>>), "), "", variables="conv{n}/kernel"),
    kind("regularizer missing", VECTOR, "hidden = v1.layers.dense(\n    hidden,\n    6,\n"
         "    <<kernel_regularizer=slim.l2_regularizer(0.3),||>>\n    name=\"dense{n}\",\n)", "",
         variables="dense{n}/kernel"),
    kind("swapped variables", IMAGE,
         'hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", activation=tf.nn.relu, name="<<first||second>>{n}")\n'
         'hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", name="<<second||first>>{n}")', "Conv2D",
         variables="first{n}/kernel second{n}/kernel"),
    kind("swapped variables", VECTOR,
         'query = v1.layers.dense(hidden, 6, name="<<query||key>>{n}")\n'
         'key = v1.layers.dense(hidden, 6, activation=tf.sigmoid, name="<<key||query>>{n}")\n'
         "hidden = query * key", "MatMul", variables="query{n}/kernel key{n}/kernel"),
    kind("order of layers", IMAGE, "<<" + _BN.format("") + "\nhidden = tf.nn.relu(hidden)||"
         "hidden = tf.nn.relu(hidden)\n" + _BN.format("") + ">>", "Relu FusedBatchNorm"),
    kind("separable strides", IMAGE, 'hidden = v1.layers.separable_conv2d(hidden, 4, 3, strides=<<{a}||{b}>>, '
         'padding="same", name="conv{n}")', "DepthwiseConv2dNative", setting="strides", values=((1, 2), (2, 1))),
    kind("transposed strides", IMAGE, 'hidden = v1.layers.conv2d_transpose(hidden, 4, 3, strides=<<{a}||{b}>>, '
         'padding="same", name="conv{n}")', "Conv2DBackpropInput", setting="strides", values=((2, 1), (1, 2))),
    kind("in a loop", IMAGE, "for number in range(3):\n"
         '    with v1.variable_scope("loop{n}_%d" % number):\n'
         "        hidden = v1.layers.batch_normalization(\n"
         "            hidden, epsilon=<<{a}||{a} if number < {c} else {b}>>, training=training, name=\"bn\"\n"
         "        )".replace("{c}", "1"), "FusedBatchNorm", setting="epsilon", values=((1e-3, 1e-5), (1e-3, 1e-2))),
    kind("in a loop", VECTOR, "for number in range(4):\n"
         '    hidden = v1.layers.dense(hidden, 6, <<tf.tanh||tf.tanh if number != 2 else None>>, '
         'name="loop{n}_%d" % number)', "Tanh"),
    kind("conv1d padding", SEQUENCE,
         'hidden = v1.layers.conv1d(hidden, 6, 3, padding="<<{a}||{b}>>", name="conv{n}")',
         "Conv2D", setting="padding", values=(("same", "valid"),), size=7),
)  # fmt: skip


_DEPTHS = (3, 5, 4, 6, 3, 8, 4, 5, 10, 3, 7, 4, 12)


def cases(seed: int) -> list[Case]:
    """Return a case of each kind, and another where values vary, in nets of other depths with the bug elsewhere."""
    made = []
    for at, bug in enumerate((*KINDS, *OPERATIONS)):
        for again in range(1 + (len(bug.values) > 1)):
            rng = Random(f"{seed}/{FAMILY}/{bug.name}/{at}/{again}")
            made.append(stacked(FAMILY, rng, (bug,), _DEPTHS[(at + 5 * again) % len(_DEPTHS)]))
    return made
