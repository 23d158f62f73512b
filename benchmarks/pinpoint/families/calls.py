"""User functions that call each other, one to five deep and over several modules, and `tf.function`.

Where both sides call the same helper, its lines are right: what is wrong is an argument that TF2's own code passes.
"""

from __future__ import annotations

import textwrap
from random import Random

from benchmarks.pinpoint.blocks import Kind, culprit_of, fill, kind
from benchmarks.pinpoint.model import TRAINING, Case

FAMILY = "calls"

_HEADER = "import tensorflow as tf\nimport tf_slim as slim\n\nv1 = tf.compat.v1\n"
_INPUTS = "ArraySpec((4, 8, 8, 4))"
_CONV = 'v1.layers.conv2d(value, 4, 3, padding="same", name=name)'

# Lines of the innermost helper, which takes `value` and `name`.
OWN = (
    kind("epsilon", _INPUTS, "value = v1.layers.batch_normalization(value, epsilon=<<{a}||{b}>>, name=name)",
         "FusedBatchNorm", setting="epsilon", values=((1e-3, 1e-5), (1e-2, 1e-3))),
    kind("activation", _INPUTS, f"value = {_CONV}\nvalue = tf.nn.<<elu||selu>>(value)", "Elu Selu"),
    kind("strides", _INPUTS, f"value = {_CONV}\nvalue = tf.nn.avg_pool2d(value, 2, <<{{a}}||{{b}}>>, \"SAME\")",
         "AvgPool", setting="strides", values=((1, 2), (2, 1))),
    kind("constant", _INPUTS, f"value = tf.tanh({_CONV})\nvalue = value * <<{{a}}||{{b}}>>", "Mul", setting="",
         values=((0.5, 0.4), (1.5, 2.0))),
    kind("axis", _INPUTS, f"value = {_CONV}\nvalue = tf.nn.softmax(value, axis=<<{{a}}||{{b}}>>)",
         "Softmax Transpose", setting="axis dim", values=((1, 2), (-1, 1))),
    kind("missing line", _INPUTS, f"value = {_CONV}\n<<value = tf.nn.relu(value)||>>", "Relu"),
)  # fmt: skip

# A shared helper's parameters and lines, and the argument that is passed.
SHARED = (
    ("epsilon", "value = v1.layers.batch_normalization(value, epsilon=setting, name=name)",
     kind("shared: epsilon", _INPUTS, "<<{a}||{b}>>", "FusedBatchNorm", setting="epsilon",
          values=((1e-3, 1e-5), (1e-2, 1e-3)))),
    ("slope", f"value = tf.nn.leaky_relu({_CONV}, setting)",
     kind("shared: slope", _INPUTS, "<<{a}||{b}>>", "LeakyRelu", setting="alpha", values=((0.2, 0.1), (0.1, 0.3)))),
    ("activation", f"value = setting({_CONV})",
     kind("shared: activation", _INPUTS, "tf.<<tanh||sigmoid>>", "Tanh Sigmoid")),
    ("scale", f"value = value + setting * {_CONV}",
     kind("shared: scale", _INPUTS, "<<{a}||{b}>>", "Mul", setting="", values=((0.2, 0.1), (0.3, 0.17)))),
    ("axis", f"value = value - tf.reduce_max({_CONV}, setting, keepdims=True)",
     kind("shared: axis", _INPUTS, "<<{a}||{b}>>", "Max", setting="axis", values=((1, 2), (3, 1)))),
    ("rate", f"value = v1.layers.dropout({_CONV}, setting, training=training)",
     kind("shared: dropout rate", _INPUTS, "<<{a}||{b}>>", "GreaterEqual Mul RealDiv SelectV2 Select", setting="rate",
          values=((0.25, 0.75), (0.4, 0.3)), step=TRAINING)),
)  # fmt: skip

# Whole functions; TF1 has them without `tf.function`.
FUNCTIONS = (
    kind("tf.function", _INPUTS, """
@tf.function
def squash(value):
    value = value - 0.1
    return tf.nn.leaky_relu(value, <<{a}||{b}>>)

return squash(v1.layers.conv2d(inputs, 4, 3, name="conv"))
""", "LeakyRelu", setting="alpha", values=((0.2, 0.1), (0.1, 0.3))),
    kind("tf.function in tf.function", _INPUTS, """
@tf.function
def inner(value):
    return tf.reduce_<<mean||sum>>(value, [1, 2])

@tf.function
def outer(value):
    return tf.tanh(inner(value) * 0.3)

return outer(v1.layers.conv2d(inputs, 4, 3, name="conv"))
""", "Mean Sum"),
    kind("tf.function, twice", _INPUTS, """
@tf.function
def scaled(value, factor):
    return tf.tanh(value) * factor

value = scaled(v1.layers.conv2d(inputs, 4, 3, name="conv"), tf.constant(0.5))
return scaled(value, <<tf.constant(0.75)||tf.constant(0.25)>>)
""", "Mul", setting="", values=((0.75, 0.25),)),
    kind("tf.function, condition", _INPUTS, """
@tf.function
def gated(value):
    if tf.reduce_sum(tf.abs(value)) > 0.0:
        return value <<*||+>> 2.0
    return value

value = v1.layers.conv2d(inputs, 4, 3, name="conv")
return gated(value)
""".replace("if tf.reduce_sum(tf.abs(value)) > 0.0:\n        return", "if value.shape.rank == 4:\n        return"),
         "Mul Add AddV2"),
    kind("lambda", _INPUTS, """
steps = [
    lambda value: tf.nn.relu(value),
    lambda value: <<tf.nn.relu6(value * 3.0)||tf.nn.relu6(value * 2.0)>>,
    lambda value: tf.tanh(value),
]
value = v1.layers.conv2d(inputs, 4, 3, name="conv")
for step in steps:
    value = step(value)
return value
""", "Mul", setting="", values=((3.0, 2.0),)),
    kind("partial", _INPUTS, """
pool = functools.partial(tf.nn.max_pool2d, ksize=<<{a}||{b}>>, strides=1, padding="SAME")
value = v1.layers.conv2d(inputs, 4, 3, name="conv")
return pool(value)  #~
""", "MaxPool", setting="pool_size ksize", values=((2, 3), (3, 2))),
    kind("default argument", _INPUTS, """
def block(value, slope=<<{a}||{b}>>):
    return tf.nn.leaky_relu(value, slope)  #~

value = v1.layers.conv2d(inputs, 4, 3, name="conv")
return block(value)
""", "LeakyRelu", setting="alpha", values=((0.2, 0.1), (0.01, 0.2))),
    kind("table of settings", _INPUTS, """
value = inputs
for number, (filters, slope) in enumerate([(4, 0.1), (3, <<{a}||{b}>>), (4, 0.3)]):
    value = v1.layers.conv2d(value, filters, 1, name="conv%d" % number)
    value = tf.nn.leaky_relu(value, slope)  #~
return value
""", "LeakyRelu", setting="alpha", values=((0.2, 0.3), (0.1, 0.2))),
    kind("method", _INPUTS, """
class Block:
    def __init__(self, name, slope):
        self.name, self.slope = name, slope

    def __call__(self, value):
        return tf.nn.leaky_relu(v1.layers.conv2d(value, 4, 1, name=self.name), self.slope)

return Block("two", <<{a}||{b}>>)(Block("one", 0.2)(inputs))
""", "LeakyRelu", setting="alpha", values=((0.2, 0.3), (0.1, 0.2))),
    kind("decorator", _INPUTS, """
def residual(function):
    @functools.wraps(function)
    def wrapped(value):
        return value + <<{a}||{b}>> * function(value)
    return wrapped

@residual
def block(value):
    return tf.tanh(v1.layers.conv2d(value, 4, 1, name="conv"))

return block(inputs)
""", "Mul", setting="", values=((0.5, 0.25), (1.5, 0.5))),
)  # fmt: skip


def cases(seed: int) -> list[Case]:
    """Return chains of one to five functions, own and shared ones, and the other forms of a call."""
    made = []
    for at, bug in enumerate(OWN):
        for again in range(2):
            made.append(_own(bug, Random(f"{seed}/{FAMILY}/own/{at}/{again}"), 1 + (at + 3 * again) % 5))
    for at, (parameter, lines, bug) in enumerate(SHARED):
        for again in range(2):
            rng = Random(f"{seed}/{FAMILY}/shared/{at}/{again}")
            made.append(_shared(parameter, lines, bug, rng, 1 + (at + 2 * again) % 5))
    for at, bug in enumerate(FUNCTIONS):
        made.append(_function(bug, Random(f"{seed}/{FAMILY}/functions/{at}")))
    return made


def _level(number: int, inner: str, extra: str = "") -> str:
    """Return a function that calls the one below it and does a little itself."""
    own = ("inner + value", "tf.exp(-inner)", "0.5 * inner", "tf.concat([inner[..., :2], value[..., 2:]], -1)")
    return (
        f"\n\ndef level{number}(value, name{extra}):\n    inner = {inner}\n"
        f"    return tf.tanh({own[number % len(own)].replace('value', 'inner')})\n"
    )


def _own(bug: Kind, rng: Random, depth: int) -> Case:
    """Return a chain of which each side has its own copy, the innermost function in a module of its own."""
    values = rng.choice(bug.values)
    lines = textwrap.indent(fill(bug.block, 0, *values), "    ")
    innermost = f"{_HEADER}\n\ndef level0(value, name):\n{lines}\n    return value\n"
    upper = f"{_HEADER}\nfrom inner_{{case}} import level0\n"
    for number in range(1, depth):
        upper += _level(number, f'level{number - 1}(value, name + "_{number}")')
    net = (
        "def net_{case}(inputs, training):\n"
        f'    value = outer_{{case}}.level{depth - 1}(inputs, "one")\n'
        f'    return outer_{{case}}.level{depth - 1}(value, "two")'
    )
    files = (("inner_{case}", innermost), ("outer_{case}", upper))
    culprit = culprit_of(bug, 0, values)
    return Case(FAMILY, bug.name, bug.space, net, net, "Shimmed(net_{case})", (culprit,), bug.step, files)


def _shared(parameter: str, lines: str, bug: Kind, rng: Random, depth: int) -> Case:
    """Return a chain of helpers that both sides use; the wrong argument is passed where TF2's own code calls it."""
    values = rng.choice(bug.values)
    extra = f", {parameter}, training"
    body = lines.replace("setting", parameter)
    helpers = f"{_HEADER}\n\ndef level0(value, name{extra}):\n    {body}\n    return value\n"
    for number in range(1, depth):
        helpers += _level(number, f'level{number - 1}(value, name + "_{number}"{extra})', extra)
    right, wrong = fill(bug.block.replace("<<", "").split("||")[0], 0, *values), fill(bug.block, 0, *values)
    call = f"helpers_shared_{{number}}.level{depth - 1}"
    net = (
        "def net_{case}(inputs, training):\n"
        f'    value = {call}(inputs, "one", {right}, training)\n'
        f'    value = {call}(value, "two", {wrong}, training)\n'
        f'    return {call}(value, "three", {right}, training)'
    )
    culprit = culprit_of(bug, 0, values)
    shared = (("helpers_{case}", helpers),)
    return Case(FAMILY, bug.name, bug.space, net, net, "Shimmed(net_{case})", (culprit,), bug.step, shared=shared)


def _function(bug: Kind, rng: Random) -> Case:
    values = rng.choice(bug.values)
    net = f"def net_{{case}}(inputs, training):\n{textwrap.indent(fill(bug.block, 0, *values), '    ')}"
    legacy = net.replace("    @tf.function\n", "")
    return Case(
        FAMILY, bug.name, bug.space, legacy, net, "Shimmed(net_{case})", (culprit_of(bug, 0, values),), bug.step
    )
