"""Nets of tf_slim: the bug in an `arg_scope`, in one of several, in a call's override, in `repeat` and `stack`."""

from __future__ import annotations

import textwrap
from random import Random

from benchmarks.pinpoint.blocks import Kind, culprit_of, fill, kind
from benchmarks.pinpoint.model import INVENTORY, TRAINING, Case

FAMILY = "slim"

_IMAGE, _ROW = "ArraySpec((4, 10, 10, 3))", "ArraySpec((5, 7))"
_BN_PARAMETERS = 'normalizer_params={"is_training": training<<||, "epsilon": {b}>>}'

KINDS = (
    kind("arg_scope activation", _IMAGE, """
with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.<<relu||elu>>, padding="SAME"):
    hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
    hidden = slim.conv2d(hidden, 4, 3, scope="two{n}")
""", "Relu Elu"),
    kind("arg_scope activation missing", _IMAGE, """
with slim.arg_scope([slim.conv2d], <<||activation_fn=None, >>padding="SAME"):
    hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
    hidden = slim.conv2d(hidden, 4, 1, scope="two{n}")
""", "Relu"),
    kind("arg_scope epsilon", _IMAGE, f"""
with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, {_BN_PARAMETERS}):
    hidden = slim.conv2d(hidden, 4, 3, scope="one{{n}}")
    hidden = slim.conv2d(hidden, 4, 3, scope="two{{n}}")
""", "FusedBatchNorm", setting="epsilon", values=((0.001, 0.01), (0.001, 0.00001))),
    kind("arg_scope epsilon", _IMAGE, """
with slim.arg_scope([slim.batch_norm], is_training=training, epsilon=<<{a}||{b}>>):
    hidden = slim.conv2d(hidden, 4, 3, normalizer_fn=slim.batch_norm, scope="one{n}")
    hidden = slim.batch_norm(slim.conv2d(hidden, 4, 3, scope="two{n}"), scope="two{n}_bn")
""", "FusedBatchNorm", setting="epsilon", values=((0.001, 0.00001), (0.00001, 0.001))),
    kind("arg_scope padding", _IMAGE, """
with slim.arg_scope([slim.conv2d, slim.max_pool2d], stride=1, padding="<<{a}||{b}>>"):
    hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
    hidden = slim.max_pool2d(hidden, 2)
""", "Conv2D", setting="padding", values=(("SAME", "VALID"), ("VALID", "SAME"))),
    kind("arg_scope stride", _IMAGE, """
with slim.arg_scope(
    [slim.conv2d, slim.avg_pool2d],
    stride=<<{a}||{b}>>,
    padding="SAME",
):
    hidden = slim.avg_pool2d(hidden, 3)
    hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
""", "AvgPool", setting="strides stride", values=((1, 2), (2, 1))),
    kind("arg_scope training flag", _IMAGE, """
with slim.arg_scope([slim.batch_norm], is_training=<<training||False>>):
    hidden = slim.conv2d(hidden, 4, 3, normalizer_fn=slim.batch_norm, scope="one{n}")
""", "FusedBatchNorm Mean", variables="one{n}/BatchNorm/", setting="training is_training",
         values=(("True", "False"),), step=TRAINING),
    kind("arg_scope keep_prob", _IMAGE, """
with slim.arg_scope([slim.dropout], is_training=training, keep_prob=<<1.0 - {a}||1.0 - {b}>>):
    hidden = slim.dropout(slim.conv2d(hidden, 4, 3, scope="one{n}"))
""", "GreaterEqual Mul RealDiv SelectV2 Select", setting="rate", step=TRAINING,
         values=((0.2, 0.8), (0.5, 0.25))),
    kind("arg_scope regularizer", _IMAGE, """
with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(<<0.2||0.1>>)):
    hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
""", "", variables="one{n}/weights"),
    kind("override stride", _IMAGE, """
with slim.arg_scope([slim.conv2d], stride=1, padding="SAME"):
    hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
    hidden = slim.conv2d(hidden, 4, 3, <<stride=2, ||>>scope="two{n}")
""", "Conv2D", setting="strides stride", values=((2, 1),)),
    kind("override activation", _IMAGE, """
with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.relu6):
    hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
    hidden = slim.conv2d(hidden, 4, 1, <<||activation_fn=None, >>scope="two{n}")
""", "Relu6"),
    kind("override epsilon", _IMAGE, """
with slim.arg_scope([slim.batch_norm], is_training=training, epsilon=1e-3):
    hidden = slim.batch_norm(hidden, scope="one{n}")
    hidden = slim.batch_norm(slim.conv2d(hidden, 4, 3, scope="two{n}"), <<||epsilon={b}, >>scope="three{n}")
""", "FusedBatchNorm", setting="epsilon", values=((0.001, 0.00001), (0.001, 0.05))),
    kind("nested activation", _IMAGE, """
with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.relu, padding="SAME"):
    hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
    with slim.arg_scope([slim.conv2d], activation_fn=<<tf.nn.elu||tf.nn.selu>>):
        hidden = slim.conv2d(hidden, 4, 3, scope="two{n}")
    hidden = slim.conv2d(hidden, 4, 3, scope="three{n}")
""", "Elu Selu"),
    kind("nested padding", _IMAGE, """
with slim.arg_scope([slim.conv2d], padding="SAME"):
    with slim.arg_scope([slim.conv2d, slim.max_pool2d], stride=2):
        hidden = slim.max_pool2d(hidden, 2)
        with slim.arg_scope([slim.conv2d], padding="<<{a}||{b}>>", stride=1):
            hidden = slim.conv2d(hidden, 4, 3, scope="one{n}")
""", "Conv2D", setting="padding", values=(("SAME", "VALID"), ("VALID", "SAME"))),
    kind("nested epsilon lost", _IMAGE, """
with slim.arg_scope([slim.batch_norm], is_training=training, epsilon=0.001):  #~
    with slim.arg_scope([slim.batch_norm], <<epsilon=0.05, ||>>scale=True):
        hidden = slim.conv2d(hidden, 4, 3, normalizer_fn=slim.batch_norm, scope="one{n}")
""", "FusedBatchNorm", setting="epsilon", values=((0.05, 0.001),)),
    kind("scope function", _IMAGE, """
def net_scope(slope):
    with slim.arg_scope([slim.conv2d], activation_fn=lambda x: tf.nn.leaky_relu(x, slope)):
        with slim.arg_scope([slim.max_pool2d], stride=1, padding="SAME") as scope:
            return scope

with slim.arg_scope(net_scope(<<{a}||{b}>>)):
    hidden = slim.max_pool2d(slim.conv2d(hidden, 4, 3, scope="one{n}"), 2)
""", "LeakyRelu", setting="alpha", values=((0.2, 0.1), (0.1, 0.3))),
    kind("repeat activation", _IMAGE, """
hidden = slim.repeat(hidden, {n}, slim.conv2d, 4, 3, <<||activation_fn=tf.nn.elu, >>scope="repeated")
""", "Relu Elu"),
    kind("repeat rate", _IMAGE, """
hidden = slim.repeat(hidden, 2, slim.conv2d, 4, 3, rate=<<{a}||{b}>>, scope="repeated{n}")
""", "Conv2D SpaceToBatchND BatchToSpaceND", setting="dilation_rate rate", values=((1, 2), (2, 1))),
    kind("repeat count", _IMAGE, """
hidden = slim.repeat(hidden, <<3||2>>, slim.conv2d, 4, 3, scope="repeated{n}")
""", "", variables="repeated{n}/repeated{n}_3/weights repeated{n}/repeated{n}_3/biases", step=INVENTORY),
    kind("stack activation", _ROW, """
hidden = slim.stack(hidden, slim.fully_connected, [6, 6, 6], <<||activation_fn=tf.nn.elu, >>scope="stacked{n}")
""", "Relu Elu"),
    kind("fully connected activation", _ROW, """
hidden = slim.fully_connected(hidden, 6, scope="one{n}")
hidden = slim.fully_connected(hidden, 6, activation_fn=<<tf.tanh||tf.sigmoid>>, scope="two{n}")
""", "Tanh Sigmoid"),
    kind("pool kernel", _IMAGE, """
hidden = slim.avg_pool2d(hidden, <<{a}||{b}>>, stride=1, padding="SAME", scope="pool{n}")
""", "AvgPool", setting="pool_size ksize kernel_size", values=((2, 3), (3, 2))),
    kind("pool changed", _IMAGE, """
hidden = slim.<<max||avg>>_pool2d(hidden, 2, stride=1, scope="pool{n}")
""", "MaxPool AvgPool"),
    kind("bias lost", _IMAGE, """
hidden = slim.conv2d(hidden, 4, 3, <<||biases_initializer=None, >>scope="one{n}")
""", "BiasAdd", variables="one{n}/biases", step=INVENTORY),
    kind("separable stride", _IMAGE, """
hidden = slim.separable_conv2d(hidden, 4, 3, depth_multiplier=1, stride=<<{a}||{b}>>, scope="one{n}")
""", "DepthwiseConv2dNative", setting="strides stride", values=((1, 2), (2, 1))),
    kind("branches", _IMAGE, """
with v1.variable_scope("mixed{n}"):
    with slim.arg_scope([slim.conv2d], padding="SAME"):
        left = slim.conv2d(hidden, 2, 1, scope="left")
        right = slim.conv2d(slim.conv2d(hidden, 3, 1, scope="a"), 2, 3, scope="b")
        hidden = tf.concat(<<[left, right]||[right, left]>>, 3)
""", "ConcatV2"),
)  # fmt: skip

_FILLS = {
    _IMAGE: (
        'hidden = slim.conv2d(hidden, 4, 3, scope="fill{n}")',
        'hidden = slim.batch_norm(hidden, is_training=training, scope="fill{n}")',
        'hidden = hidden + slim.conv2d(hidden, 4, 3, activation_fn=None, scope="fill{n}")',
    ),
    _ROW: ('hidden = slim.fully_connected(hidden, 6, activation_fn=tf.tanh, scope="fill{n}")',),
}  # fmt: skip
_HEAD = {_IMAGE: "tf.reduce_mean(hidden, [1, 2])", _ROW: "hidden"}


def cases(seed: int) -> list[Case]:
    """Return a case of each kind, and another one where there is more to vary than the net around it."""
    made = []
    for at, bug in enumerate(KINDS):
        for again in range(1 + (len(bug.values) > 1)):
            made.append(_case(bug, Random(f"{seed}/{FAMILY}/{at}/{again}"), 1 + (at + 3 * again) % 6))
    return made


def _case(bug: Kind, rng: Random, depth: int) -> Case:
    place, values = rng.randrange(depth), rng.choice(bug.values)
    number = 2 + place
    blocks = [
        fill(bug.block, number, *values) if at == place else fill(rng.choice(_FILLS[bug.space]), 2 + at)
        for at in range(depth)
    ]
    stem = "hidden = slim.conv2d(inputs, 4, 3, activation_fn=tf.tanh, scope=\"stem\")" if bug.space == _IMAGE else (
        "hidden = slim.fully_connected(inputs, 6, activation_fn=None, scope=\"stem\")"
    )  # fmt: skip
    last = f'return slim.fully_connected({_HEAD[bug.space]}, 3, activation_fn=None, scope="logits")'
    inner = textwrap.indent("\n".join([stem, *blocks, last]), "    ")
    body = f'with v1.variable_scope("net"):\n{inner}'
    net = f"def net_{{case}}(inputs, training):\n{textwrap.indent(body, '    ')}"
    culprit = culprit_of(bug, number, values)
    return Case(FAMILY, bug.name, bug.space, net, net, "Shimmed(net_{case})", (culprit,), bug.step)
