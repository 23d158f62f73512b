"""What nets are built of: blocks of lines that take `hidden` and leave `hidden`, and their composition."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.pinpoint.model import NAMED, Case, Culprit, Setting

IMAGE, VECTOR, SEQUENCE = "image", "vector", "sequence"

_FILLS = {
    IMAGE: (
        'hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", activation=tf.nn.relu, name="conv{n}")',
        (
            'hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", use_bias=False, name="conv{n}")\n'
            'hidden = tf.nn.relu(v1.layers.batch_normalization(hidden, training=training, name="bn{n}"))'
        ),
        'hidden = hidden + v1.layers.conv2d(hidden, 4, 1, activation=tf.tanh, name="conv{n}")',
        'hidden = v1.layers.separable_conv2d(hidden, 4, 3, padding="same", name="conv{n}")',
        (
            'left = v1.layers.conv2d(hidden, 2, 1, name="left{n}")\n'
            'right = v1.layers.conv2d(hidden, 2, 3, padding="same", activation=tf.nn.relu6, name="right{n}")\n'
            "hidden = tf.concat([left, right], -1)"
        ),
        'hidden = v1.layers.average_pooling2d(hidden, 2, 1, padding="same")',
    ),
    VECTOR: (
        'hidden = v1.layers.dense(hidden, 6, activation=tf.nn.elu, name="dense{n}")',
        'hidden = v1.layers.dense(hidden, 6, activation=tf.tanh, name="dense{n}")',
        'hidden = hidden + v1.layers.dense(hidden, 6, name="dense{n}")',
        'hidden = hidden * tf.sigmoid(v1.layers.dense(hidden, 6, name="gate{n}"))',
    ),
    SEQUENCE: (
        'hidden = v1.layers.dense(hidden, 6, activation=tf.tanh, name="dense{n}")',
        'hidden = v1.layers.conv1d(hidden, 6, 3, padding="same", name="conv{n}")',
        'hidden = hidden + v1.layers.dense(hidden, 6, activation=tf.nn.relu, name="dense{n}")',
    ),
}
_STEM = {
    IMAGE: 'hidden = v1.layers.conv2d(inputs, 4, 3, padding="same", activation=tf.tanh, name="stem")',
    VECTOR: 'hidden = v1.layers.dense(inputs, 6, activation=tf.tanh, name="stem")',
    SEQUENCE: 'hidden = v1.layers.dense(inputs, 6, name="stem")',
}
# Not the same for every row, or a transposed image would be as good.
_HEAD = {
    IMAGE: 'return v1.layers.dense(tf.reduce_mean(hidden[:, 1:], [1, 2]), 3, name="head")',
    VECTOR: 'return v1.layers.dense(hidden, 3, name="head")',
    SEQUENCE: 'return v1.layers.dense(tf.reduce_mean(hidden[:, 1:], 1), 3, name="head")',
}
_ALTERNATIVES = re.compile(r"<<(?:\d:)?(.*?)\|\|(.*?)>>", re.DOTALL)
_MAKE = "Shimmed(net_{case})"


@dataclass(frozen=True)
class Kind:
    """One way to get a block wrong.

    Attributes:
        name: A word or two.
        space: What it takes and leaves: `image`, `vector` or `sequence`.
        block: Its lines as a template: `{n}` is the block's number, `{a}` and `{b}` the right and the wrong value.
        operations: See `Culprit`.
        variables: See `Culprit`; `{n}` is the block's number.
        setting: Names of the setting to blame; None where there is none, empty where it has no name.
        values: Pairs to choose from for `{a}` and `{b}`, as source.
        step: The step that must diverge.
        size: Height and width of an image, or steps of a sequence; 0 for any.
        bare: Whether it must not stand in a variable scope of its own, where automatic names do not count up.
    """

    name: str
    space: str
    block: str
    operations: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    setting: tuple[str, ...] | None = None
    values: tuple[tuple[object, object], ...] = ((None, None),)
    step: str = NAMED
    size: int = 0
    bare: bool = False


def kind(name: str, space: str, block: str, operations: str = "", **options: object) -> Kind:
    """Return a kind; operations, variables and names of settings are words of one string."""
    for key in ("setting", "variables"):
        if isinstance(options.get(key), str):
            options[key] = tuple(str(options[key]).split())
    return Kind(name, space, block.strip("\n"), tuple(operations.split()), **options)  # type: ignore[arg-type]


def fill(block: str, number: int, a: object = None, b: object = None) -> str:
    """Return a block's lines with its number and its values."""
    return block.replace("{n}", str(number)).replace("{a}", str(a)).replace("{b}", str(b))


def culprit_of(made: Kind, number: int, values: tuple[object, object], prefix: str = "") -> Culprit:
    """Return what names a kind's bug in block `number`; `prefix` is the variable scope around it, with its slash."""
    setting = Setting(made.setting, *map(_value, values)) if made.setting is not None else None
    variables = tuple(prefix + fill(name, number) for name in made.variables)
    return Culprit(made.operations, variables, setting)


def _value(source: object) -> object:
    if not isinstance(source, str):
        return source
    return {"True": True, "False": False}.get(source, source.strip('"'))


def stacked(
    family: str,
    rng: Random,
    bugs: Sequence[Kind],
    depth: int,
    fills: dict[str, tuple[str, ...]] | None = None,
) -> Case:
    """Return a net of `depth` blocks between stem and head, the bugs at chosen places among them.

    Args:
        family: Of the case.
        rng: Decides on everything else: blocks, places, scopes, sizes.
        bugs: Of one space.
        depth: At least as many.
        fills: Blocks by space, other than those of `compat.v1.layers`.
    """
    space = bugs[0].space
    places = sorted(rng.sample(range(depth), len(bugs)))
    blocks, culprits = [], []
    for number in range(depth):
        bug = places.index(number) + 1 if number in places else 0
        if not bug:
            text, _ = scoped(rng, fill(rng.choice((fills or _FILLS)[space]), number), number)
            blocks.append(text)
            continue
        made = bugs[bug - 1]
        values = rng.choice(made.values)
        lines = fill(made.block, number, *values)
        lines = numbered(lines, bug) if len(bugs) > 1 else lines
        text, prefix = (lines, "") if made.bare else scoped(rng, lines, number)
        blocks.append(text)
        culprits.append(culprit_of(made, number, values, prefix))
    body = "\n".join([_STEM[space], *blocks, _HEAD[space]])
    net = f"def net_{{case}}(inputs, training):\n{textwrap.indent(body, '    ')}"
    size = max(made.size for made in bugs) or rng.choice((8, 10, 12) if space == IMAGE else (4, 5, 7))
    inputs = {IMAGE: (4, size, size, 3), VECTOR: (5, 7), SEQUENCE: (3, size, 5)}[space]
    name = " + ".join(made.name for made in bugs)
    return Case(family, name, f"ArraySpec({inputs})", net, net, _MAKE, tuple(culprits), bugs[0].step)


def numbered(block: str, bug: int) -> str:
    """Say which of several bugs a block holds."""
    return block.replace("<<", f"<<{bug}:").replace("#~", f"#~{bug}")


def scoped(rng: Random, lines: str, number: int) -> tuple[str, str]:
    """Return the lines within none to two variable scopes of their own, and the scopes' prefix."""
    prefix = ""
    if any(not _ALTERNATIVES.sub(form, lines).strip() for form in (r"\1", r"\2")):
        return lines, prefix  # a scope needs a line
    for level in range(rng.choice((0, 0, 1, 2))):
        name = f"scope{number}{'abc'[level]}"
        lines = f'with v1.variable_scope("{name}"):\n{textwrap.indent(lines, "    ")}'
        prefix = f"{name}/{prefix}"
    return lines, prefix


def function(family: str, made: Kind, rng: Random, make: str = _MAKE, inputs: str = "") -> Case:
    """Return a case of which the kind's block is the whole body of both sides' function, `return` included."""
    values = rng.choice(made.values)
    net = f"def net_{{case}}(inputs, training):\n{textwrap.indent(fill(made.block, 0, *values), '    ')}"
    return Case(family, made.name, inputs or made.space, net, net, make, (culprit_of(made, 0, values),), made.step)
