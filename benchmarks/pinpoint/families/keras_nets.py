"""Keras layers and models in place of `v1.layers`: the setting to blame is where the layer is made."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from benchmarks.pinpoint.blocks import Kind, culprit_of, fill, kind
from benchmarks.pinpoint.model import INVENTORY, TRAINING, Case

FAMILY = "keras"

_IMAGE, _ROW, _STEPS = "ArraySpec((4, 8, 8, 3))", "ArraySpec((5, 6))", "ArraySpec((3, 5, 4))"


@dataclass(frozen=True)
class Pair:
    """A layer of Keras and its counterpart in TF1.

    Attributes:
        tf1: Lines that take and leave `hidden`.
        kind: The Keras layer as the kind's block, without `name=`; its space is the inputs.
        named: The layer's name, if it has variables.
        call: What is given to the layer besides `hidden`.
    """

    tf1: str
    kind: Kind
    named: str = ""
    call: str = ""


_CONV = 'hidden = v1.layers.conv2d(hidden, 4, 3, padding="same"{}, name="target")'
_BN = 'hidden = v1.layers.batch_normalization(hidden{}, training=training, name="target")'

PAIRS = (
    Pair(_BN.format(""), kind("epsilon", _IMAGE, "BatchNormalization(<<epsilon={a}||epsilon={b}>>)", "FusedBatchNorm",
         setting="epsilon", values=((0.001, 0.00001), (0.001, 0.01))), "target", ", training=training"),
    Pair(_BN.format(", epsilon={a}"), kind("epsilon default", _IMAGE, "BatchNormalization(-1<<, epsilon={a}||>>)",
         "FusedBatchNorm", setting="epsilon", values=((0.00001, 0.001),)), "target", ", training=training"),
    Pair(_BN.format(""), kind("epsilon", _ROW, "BatchNormalization(-1<<||, epsilon={b}>>)", "Add AddV2 Rsqrt",
         setting="epsilon", values=((0.001, 0.02),)), "target", ", training=training"),
    Pair("""
with v1.variable_scope("target"):
    gamma = v1.get_variable("gamma", [4], initializer=v1.ones_initializer())
    beta = v1.get_variable("beta", [4], initializer=v1.zeros_initializer())
mean, variance = tf.nn.moments(hidden, [-1], keepdims=True)
hidden = tf.nn.batch_normalization(hidden, mean, variance, beta, gamma, {a})
""", kind("layer norm epsilon", _STEPS, "LayerNormalization(-1<<, epsilon={a}||>>)", "Add AddV2 Rsqrt FusedBatchNorm",
         variables="target/", setting="epsilon", values=((0.1, 0.001), (0.00001, 0.001))), "target"),
    Pair(_CONV.format(", strides={a}"), kind("strides", _IMAGE,
         'Conv2D(4, 3, strides=<<{a}||{b}>>, padding="same")', "Conv2D", setting="strides",
         values=((1, 2), (2, 1))), "target"),
    Pair(_CONV.format(""), kind("padding", _IMAGE, 'Conv2D(4, 3<<, padding="same"||>>)', "Conv2D",
         setting="padding", values=(("same", "valid"),)), "target"),
    Pair(_CONV.format(", dilation_rate=2"), kind("dilation", _IMAGE,
         'Conv2D(4, 3, <<dilation_rate=2, ||>>padding="same")', "Conv2D SpaceToBatchND BatchToSpaceND",
         setting="dilation_rate", values=((2, 1),)), "target"),
    Pair(_CONV.format(", activation=tf.nn.relu"), kind("activation missing", _IMAGE,
         'Conv2D(4, 3, padding="same"<<, activation="relu"||>>)', "Relu"), "target"),
    Pair('hidden = v1.layers.dense(hidden, 6, activation=tf.tanh, name="target")', kind("activation changed", _ROW,
         'Dense(6, activation="<<tanh||{b}>>")', "Tanh Sigmoid Relu",
         values=((None, "sigmoid"), (None, "relu"))), "target"),
    Pair('hidden = v1.layers.dense(hidden, 6, name="target")', kind("bias lost", _ROW,
         "Dense(6<<||, use_bias=False>>)", "BiasAdd", variables="target/bias", step=INVENTORY), "target"),
    Pair('hidden = v1.layers.dense(hidden, 6, name="target")', kind("units", _ROW, "Dense(<<6||7>>)", "MatMul",
         variables="target/kernel target/bias", step=INVENTORY), "target"),
    Pair('hidden = v1.layers.dense(hidden, 6, name="target")', kind("unnamed layer", _ROW,
         'Dense(6<<, name="target"||>>)', "", variables="target/kernel target/bias", step=INVENTORY)),
    Pair('hidden = v1.layers.max_pooling2d(hidden, {a}, 2, padding="same")', kind("pool size", _IMAGE,
         'MaxPooling2D(<<{a}||{b}>>, 2, padding="same")', "MaxPool", setting="pool_size ksize",
         values=((2, 3), (3, 2)))),
    Pair('hidden = v1.layers.average_pooling2d(hidden, 2, 1, padding="same")', kind("pool changed", _IMAGE,
         '<<AveragePooling2D||MaxPooling2D>>(2, 1, padding="same")', "AvgPool MaxPool")),
    Pair('hidden = v1.layers.max_pooling2d(hidden, 2, 1)', kind("pool strides", _IMAGE, "MaxPooling2D(2<<, 1||>>)",
         "MaxPool", setting="strides", values=((1, 2),))),
    Pair("hidden = tf.nn.leaky_relu(hidden, {a})", kind("leaky slope", _IMAGE, "LeakyReLU(<<{a}||>>)", "LeakyRelu",
         setting="alpha", values=((0.2, 0.3), (0.1, 0.3)))),
    Pair("hidden = tf.nn.elu(hidden)", kind("activation layer", _ROW, "<<ELU||ReLU>>()", "Elu Relu")),
    Pair("hidden = tf.nn.softmax(hidden, {a})", kind("softmax axis", _STEPS, "Softmax(<<{a}||{b}>>)",
         "Softmax Transpose", setting="axis", values=((-1, 1), (1, -1)))),
    Pair("hidden = v1.layers.dropout(hidden, {a}, training=training)", kind("dropout rate", _ROW,
         "Dropout(<<{a}||{b}>>)", "GreaterEqual Mul RealDiv SelectV2 Select", setting="rate", step=TRAINING,
         values=((0.25, 0.75), (0.5, 0.2))), "", ", training=training"),
    Pair("hidden = v1.image.resize_nearest_neighbor(hidden, [16, 16])", kind("upsampling", _IMAGE,
         'UpSampling2D(2, interpolation="<<nearest||bilinear>>")',
         "ResizeNearestNeighbor ResizeBilinear")),
    Pair("hidden = tf.pad(hidden, [[0, 0], [0, 1], [0, 1], [0, 0]])", kind("zero padding", _IMAGE,
         "ZeroPadding2D(<<((0, 1), (0, 1))||((1, 0), (1, 0))>>)", "Pad", setting="paddings padding",
         values=(("[[0, 0], [0, 1], [0, 1], [0, 0]]", "[[0, 0], [1, 0], [1, 0], [0, 0]]"),))),
    Pair("hidden = tf.reduce_mean(hidden, [1, 2], keepdims=True)", kind("global pooling", _IMAGE,
         "Global<<Average||Max>>Pooling2D(keepdims=True)", "Mean Max")),
    Pair("hidden = tf.transpose(hidden, [0, 2, 1])", kind("permute", _STEPS, "<<Permute((2, 1))||Reshape((4, 5))>>",
         "Transpose Reshape")),
    Pair('hidden = v1.layers.separable_conv2d(hidden, 4, 3, strides={a}, padding="same", name="target")',
         kind("separable strides", _IMAGE, 'SeparableConv2D(4, 3, strides=<<{a}||{b}>>, padding="same")',
              "DepthwiseConv2dNative", setting="strides", values=((2, 1), (1, 2))), "target"),
    Pair('hidden = v1.layers.dense(hidden, 6, kernel_regularizer=slim.l2_regularizer(0.5), name="target")',
         kind("regularizer scale", _ROW, "Dense(6, kernel_regularizer=tf.keras.regularizers.L2(<<0.25||0.5>>))", "",
              variables="target/kernel"), "target"),
    Pair("hidden = tf.clip_by_value(hidden, 0.0, {a})", kind("bounded relu", _IMAGE, "ReLU(max_value=<<{a}||{b}>>)",
         "Minimum Maximum ClipByValue Relu6", setting="", values=((0.4, 0.2), (0.1, 0.3)))),
)  # fmt: skip

_CALLS = (
    kind("activation in call", _IMAGE, "hidden = <<tf.nn.relu(self.one(hidden))||self.one(hidden)>>", "Relu"),
    kind("training flag not passed", _IMAGE, "hidden = self.bn(hidden, training=<<training||False>>)",
         "FusedBatchNorm Mean", variables="bn/", setting="training", values=(("True", "False"),), step=TRAINING),
    kind("layers in the wrong order", _IMAGE, "hidden = <<self.two(self.one(hidden))||self.one(self.two(hidden))>>",
         "Conv2D", variables="one/kernel two/kernel"),
    kind("layer twice", _IMAGE, "hidden = <<self.two||self.one>>(self.one(hidden))", "Conv2D",
         variables="two/kernel", step=INVENTORY),
    kind("shortcut lost", _IMAGE, "hidden = <<hidden + self.one(hidden)||self.one(hidden)>>", "Add AddV2"),
    kind("names swapped", _IMAGE, 'self.one = tf.keras.layers.Conv2D(3, 3, padding="same", name="<<one||two>>")\n'
         'self.two = tf.keras.layers.Conv2D(3, 3, padding="same", name="<<two||one>>")', "Conv2D",
         variables="one/kernel two/kernel"),
)  # fmt: skip
_CALLS_TF1 = {
    "activation in call": 'hidden = tf.nn.relu(v1.layers.conv2d(hidden, 3, 3, padding="same", name="one"))',
    "training flag not passed": 'hidden = v1.layers.batch_normalization(hidden, training=training, name="bn")',
    "shortcut lost": 'hidden = hidden + v1.layers.conv2d(hidden, 3, 3, padding="same", name="one")',
}
_ONE_TWO = (
    'self.one = tf.keras.layers.Conv2D(3, 3, padding="same", name="one")',
    'self.two = tf.keras.layers.Conv2D(3, 3, padding="same", name="two")',
)
_ONE_TWO_TF1 = (
    'hidden = v1.layers.conv2d(hidden, 3, 3, padding="same", name="one")\n'
    'hidden = v1.layers.conv2d(hidden, 3, 3, padding="same", name="two")'
)


def cases(seed: int) -> list[Case]:
    """Return each layer on `self`, by turns in a `Sequential`, a functional model and `get_or_create_layer`."""
    made = []
    for at, pair in enumerate(PAIRS):
        for again in range(1 + (len(pair.kind.values) > 1)):
            rng = Random(f"{seed}/{FAMILY}/{at}/{again}")
            style = _STYLES[(at + 2 * again) % len(_STYLES)]
            if pair.kind.step == TRAINING:
                style = _on_self  # a model makes all its variables first, so that it draws in another order
            made.append(_case(pair, rng, style))
    for at, bug in enumerate(_CALLS):
        made.append(_call_case(bug, Random(f"{seed}/{FAMILY}/calls/{at}")))
    return made


def _layer(pair: Pair) -> str:
    block = f"tf.keras.layers.{pair.kind.block}"
    if pair.kind.block.startswith("<<"):
        block = pair.kind.block.replace("<<", "<<tf.keras.layers.", 1).replace("||", "||tf.keras.layers.", 1)
    return f'{block[:-1]}, name="{pair.named}")' if pair.named else block


def _case(pair: Pair, rng: Random, style: Callable[[Pair], tuple[str, str]]) -> Case:
    values = rng.choice(pair.kind.values)
    blocks = [_before(pair.kind.space, "tf1"), fill(pair.tf1, 0, *values), _after(pair.kind.space, "tf1")]
    inner = textwrap.indent("\n".join(["hidden = inputs", *blocks]), "        ")
    scope = '"net"' if style in (_on_self, _in_list, _created) else "v1.get_variable_scope()"
    legacy = f"def net_{{case}}(inputs, training):\n    with v1.variable_scope({scope}):\n{inner}\n    return hidden"
    source, make = style(pair)
    culprit = culprit_of(pair.kind, 0, values)
    bug = pair.kind
    return Case(FAMILY, bug.name, bug.space, legacy, fill(source, 0, *values), make, (culprit,), bug.step)


def _before(space: str, side: str) -> str:
    """Return a layer ahead of the one in question."""
    made = {
        _IMAGE: ("conv2d(hidden, 4, 1, activation=tf.tanh, ", 'Conv2D(4, 1, activation="tanh", '),
        _ROW: ("dense(hidden, 6, activation=tf.tanh, ", 'Dense(6, activation="tanh", '),
        _STEPS: ("dense(hidden, 4, ", "Dense(4, "),
    }[space][side != "tf1"]
    return f'hidden = v1.layers.{made}name="before")' if side == "tf1" else f'tf.keras.layers.{made}name="before")'


def _after(space: str, side: str) -> str:
    """Return a layer behind the one in question."""
    made = {
        _IMAGE: ('conv2d(hidden, 3, 3, padding="same", ', 'Conv2D(3, 3, padding="same", '),
        _ROW: ("dense(hidden, 3, ", "Dense(3, "),
        _STEPS: ("dense(hidden, 3, ", "Dense(3, "),
    }[space][side != "tf1"]
    return f'hidden = v1.layers.{made}name="after")' if side == "tf1" else f'tf.keras.layers.{made}name="after")'


def _on_self(pair: Pair) -> tuple[str, str]:
    return _net(
        [
            f"self.before = {_before(pair.kind.space, 'tf2')}",
            f"self.target = {_layer(pair)}",
            f"self.after = {_after(pair.kind.space, 'tf2')}",
        ],
        ["hidden = self.before(inputs)", f"hidden = self.target(hidden{pair.call})", "return self.after(hidden)"],
    )


def _net(made: list[str], called: list[str]) -> tuple[str, str]:
    init, call = (textwrap.indent("\n".join(lines), "        ") for lines in (made, called))
    source = (
        f"class Net_{{case}}(tf.keras.layers.Layer):\n    def __init__(self, **kwargs):\n"
        f"        super().__init__(**kwargs)\n{init}\n\n    def call(self, inputs, training=None):\n{call}"
    )
    return source, 'Net_{case}(name="net")'


def _sequential(pair: Pair) -> tuple[str, str]:
    layers = [_before(pair.kind.space, "tf2"), _layer(pair), _after(pair.kind.space, "tf2")]
    inner = textwrap.indent("".join(f"{layer},\n" for layer in layers), "            ")
    return f"def make_{{case}}():\n    return tf.keras.Sequential(\n        [\n{inner}        ]\n    )", "make_{case}()"


def _in_list(pair: Pair) -> tuple[str, str]:
    """Return a net that keeps its layers in a list, over which it loops."""
    layers = [_before(pair.kind.space, "tf2"), _layer(pair), _after(pair.kind.space, "tf2")]
    inner = textwrap.indent("".join(f"{layer},\n" for layer in layers), "    ")
    return _net([f"self.body = [\n{inner}]"], ["for layer in self.body:\n    inputs = layer(inputs)", "return inputs"])


def _functional(pair: Pair) -> tuple[str, str]:
    space = pair.kind.space
    shape = {_IMAGE: "[8, 8, 3]", _ROW: "[6]", _STEPS: "[5, 4]"}[space]
    lines = [
        f"inputs = tf.keras.Input({shape})",
        f"hidden = {_before(space, 'tf2')}(inputs)",
        f"hidden = {_layer(pair)}(hidden)",
        f"hidden = {_after(space, 'tf2')}(hidden)",
        "return tf.keras.Model(inputs, hidden)",
    ]
    body = textwrap.indent("\n".join(lines), "    ")
    return f"def make_{{case}}():\n{body}", "make_{case}()"


def _created(pair: Pair) -> tuple[str, str]:
    """Return a net that makes its layers on the first call."""
    space = pair.kind.space
    lines = [
        "make = v1.keras.utils.get_or_create_layer",
        f'hidden = make("before", lambda: {_before(space, "tf2")})(inputs)',
        f'hidden = make("target", lambda: {_layer(pair)})(hidden{pair.call})',
        f'return make("after", lambda: {_after(space, "tf2")})(hidden)',
    ]
    body = textwrap.indent("\n".join(lines), "    ")
    return f"def net_{{case}}(inputs, training):\n{body}", 'Shimmed(net_{case}, name="net")'


_STYLES = (_on_self, _sequential, _functional, _created, _in_list)


def _call_case(bug: Kind, rng: Random) -> Case:
    values = rng.choice(bug.values)
    bn = 'self.bn = tf.keras.layers.BatchNormalization(name="bn")'
    needs = {"activation in call": _ONE_TWO[:1], "training flag not passed": (bn,), "shortcut lost": _ONE_TWO[:1]}
    made = [*needs.get(bug.name, _ONE_TWO)]
    called = bug.block
    if bug.name == "names swapped":
        made, called = [bug.block], "hidden = self.one(hidden)  #~\nhidden = self.two(hidden)"
    source, make = _net(made, ["hidden = inputs", called, "return hidden * 2.0"])
    inner = textwrap.indent(_CALLS_TF1.get(bug.name, _ONE_TWO_TF1), "        ")
    legacy = (
        'def net_{case}(inputs, training):\n    hidden = inputs\n    with v1.variable_scope("net"):\n'
        f"{inner}\n    return hidden * 2.0"
    )
    culprit = culprit_of(bug, 0, values)
    return Case(FAMILY, bug.name, bug.space, legacy, source, make, (culprit,), bug.step)
