"""Everything that is written about one pair of a TF1 function and a TF2 class, decided."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tf_equivalence.errors import UsageError
from tf_equivalence.init.arguments import (
    Argument,
    Constant,
    are_whole,
    constructor,
    decide_arguments,
    decide_constructor,
)
from tf_equivalence.init.candidates import Tf1Function, Tf2Class
from tf_equivalence.init.imports import Place
from tf_equivalence.init.scopes import ArgScope, find_arg_scope
from tf_equivalence.init.shapes import BATCH, Spec, documented_keys, guess_spec, is_mapping, read_keys
from tf_equivalence.init.signature import Roles, is_model_fn, mode_values, read_roles
from tf_equivalence.init.sources import Source

_GENERIC = (
    "model model_fn build build_model build_net build_network net network inference forward create_model make_model "
    "get_model main_model create build_graph"
).split()

# What `mode_values` finds where a function compares its mode with `tf.estimator.ModeKeys`, or with their values.
_MODES = (('"train"', '"infer"'), ('"train"', '"eval"'))


@dataclass(frozen=True)
class Plan:
    """What to write about one model.

    Attributes:
        name: Of the model, in lower case with underscores.
        tf1: The TF1 function.
        tf1_place: How it is imported.
        roles: What its parameters are for.
        scope: Its arg scope, if it is a slim net with one.
        arguments: What it gets beside its inputs.
        owner_arguments: What making the object takes, where the TF1 function is a method.
        specs: What goes in: by key or parameter, or one under the empty name.
        labels: The labels of a model function that an `EstimatorCase` can call; None for any other.
        keyed: Whether the function takes one dict of tensors rather than tensors.
        tf2: The TF2 side; None where a first layer is to be written, or nothing.
        tf2_place: How it is imported, or the layer to be written will be.
        tf2_arguments: What making it takes.
        layer_name: The `name` to make it with, so that variables are named as in TF1; or empty.
        layer: The class name of a layer to be written; or empty.
    """

    name: str
    tf1: Tf1Function
    tf1_place: Place
    roles: Roles
    scope: ArgScope | None
    arguments: tuple[Argument, ...]
    owner_arguments: tuple[Argument, ...]
    specs: tuple[tuple[str, Spec], ...]
    labels: Spec | None
    keyed: bool
    tf2: Tf2Class | None
    tf2_place: Place | None
    tf2_arguments: tuple[Argument, ...]
    layer_name: str
    layer: str

    @property
    def class_name(self) -> str:
        """The case's class."""
        return camel(self.name)

    @property
    def tf1_arguments(self) -> tuple[Argument, ...]:
        """All that the TF1 side takes beside its inputs."""
        return (*self.owner_arguments, *self.arguments)

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The constants that either side takes, each once."""
        arguments = (*self.tf1_arguments, *self.tf2_arguments)
        found = [argument.constant for argument in arguments if argument.constant is not None]
        return tuple({constant.name.split("[")[0]: constant for constant in reversed(found)}.values())[::-1]


def camel(name: str) -> str:
    """Return a name in lower case with underscores as that of a class; digits stay apart from digits."""
    words = [word for word in re.split(r"_+", name) if word]
    text = ""
    for word in words:
        text += ("_" if text[-1:].isdigit() and word[0].isdigit() else "") + word[0].upper() + word[1:]
    return text if text.isidentifier() else f"Case{text}"


def model_name(tf1: Tf1Function) -> str:
    """Return what to call the model: the function's name, or where that says nothing its file's or its scope's."""
    if tf1.owner is not None:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", tf1.owner.name).lower().strip("_") or "model"
    name = re.sub(r"^(build|create|make|get)_|_?(model_fn|_fn)$", "", tf1.name.strip("_").lower()).strip("_")
    if not name or name in _GENERIC:
        stem = tf1.source.path.stem if tf1.source.path.stem != "__init__" else tf1.source.path.parent.name
        name = stem if stem not in _GENERIC else tf1.scope or stem
    return re.sub(r"\W+", "_", name.lower()).strip("_") or "model"


def _keys(node: ast.FunctionDef, name: str, tf2: Tf2Class | None) -> tuple[str, ...]:
    """Return the keys of a dict of inputs, as the TF1 side reads them, or the TF2 side, or the docstring names them."""
    found = read_keys(node, name)
    if found or not is_mapping(node, name):
        return found
    methods = tf2.node.body if tf2 is not None and isinstance(tf2.node, ast.ClassDef) else []
    for method in methods:
        if isinstance(method, ast.FunctionDef) and method.name in ("call", "__call__") and len(method.args.args) > 1:
            found = read_keys(method, method.args.args[1].arg)
    return found or documented_keys(node)


def decide_inputs(
    tf1: Tf1Function, tf2: Tf2Class | None, roles: Roles, given: Mapping[str, Spec], sources: Sequence[Source]
) -> tuple[tuple[tuple[str, Spec], ...], bool]:
    """Return what goes in, and whether the function takes it as one dict.

    Args:
        tf1: The function.
        tf2: Its TF2 side, if there is one.
        roles: What its parameters are for.
        given: What `--input` says, by name; the empty name for one without.
        sources: Where to look for callers.

    Raises:
        UsageError: A name that was given is no input of the function.
    """
    node, source = tf1.node, tf1.source
    main = roles.inputs[0]
    several = [parameter.name for parameter in roles.inputs] if len(roles.inputs) > 1 else []
    keys = () if several or f"isinstance({main.name}, dict)" in ast.unparse(node) else _keys(node, main.name, tf2)
    names = several or list(keys)
    unknown = [name for name in given if name and name not in (names or [main.name])]
    if unknown and (several or keys):
        raise UsageError(f"--input: {tf1.name} has no input {unknown[0]!r} (inputs: {', '.join(names)})")
    if unknown:
        return tuple(given.items()), True
    if "" in given and names:
        example = " ".join(f"--input {name}=2,8" for name in names)
        raise UsageError(f"--input: {tf1.name} has several inputs, so each needs its name, as in {example}")
    if not names:
        spec = given.get(main.name) or given.get("") or guess_spec(source, node, main.name, "", sources)
        return (("", spec),), False
    specs = []
    for name in names:
        parameter, key = (name, "") if several else (main.name, name)
        specs.append((name, given.get(name) or guess_spec(source, node, parameter, key, sources)))
    return tuple(specs), not several


def make_plan(  # noqa: PLR0913 - every part of a plan is decided before it
    tf1: Tf1Function,
    tf1_place: Place,
    tf2: Tf2Class | None,
    tf2_place: Place | None,
    *,
    given: Mapping[str, Spec],
    sources: Sequence[Source],
    layer: bool,
) -> Plan:
    """Decide what to write.

    Raises:
        UsageError: The function has no input, or an input that was named does not exist.
    """
    try:
        roles = read_roles(tf1.node)
    except ValueError as error:
        raise UsageError(f"--tf1: {tf1.place}: {error}; name a function that takes the model's input") from None
    specs, keyed = decide_inputs(tf1, tf2, roles, given, sources)
    arguments = decide_arguments(tf1.source, tf1.node, roles, sources, tf1.place)
    owner_arguments: tuple[Argument, ...] = ()
    if tf1.owner is not None:
        owner_arguments = decide_constructor(tf1.source, tf1.owner, (tf1.source, tf1.node), (), sources)
    taken = (*owner_arguments, *arguments)
    shared = [argument.constant for argument in taken if argument.constant is not None]
    tf2_arguments: tuple[Argument, ...] = ()
    if tf2 is not None:
        tf2_arguments = decide_constructor(tf2.source, tf2.node, (tf1.source, tf1.node), shared, sources)
    name = model_name(tf1)
    if tf2 is None and layer:
        tf2_arguments = tuple(argument for argument in taken if argument.constant is not None)
    return Plan(
        name=name,
        tf1=tf1,
        tf1_place=tf1_place,
        roles=roles,
        scope=find_arg_scope(tf1.source, tf1.node, sources),
        arguments=arguments,
        owner_arguments=owner_arguments,
        specs=specs,
        labels=_labels(tf1, roles, sources),
        keyed=keyed,
        tf2=tf2,
        tf2_place=tf2_place,
        tf2_arguments=tf2_arguments,
        layer_name=_layer_name(tf1, tf2),
        layer=f"{camel(name)}Layer" if tf2 is None and layer else "",
    )


def _layer_name(tf1: Tf1Function, tf2: Tf2Class | None) -> str:
    """Return the TF1 scope where the TF2 side takes its variables' prefix from its own name."""
    if tf2 is None or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", tf1.scope):
        return ""
    _, takes_name, says = constructor(tf2.node)
    makes = any(call in tf2.calls for call in ("Variable", "add_weight", "Dense", "Conv2D", "BatchNormalization"))
    return tf1.scope if takes_name and not says and (makes or not tf2.shim) else ""


def _labels(tf1: Tf1Function, roles: Roles, sources: Sequence[Source]) -> Spec | None:
    """Return the labels of a model function whose modes are those of an Estimator; None for any other."""
    if roles.labels is None or not returns_spec(tf1) or mode_values(tf1.node) not in _MODES:
        return None
    spec = guess_spec(tf1.source, tf1.node, roles.labels.name, "", sources)
    shape = spec.shape or (BATCH,)
    return Spec(shape, "int32" if are_whole(tf1.node) else "float32", spec.why or "by its name")


def returns_spec(tf1: Tf1Function) -> bool:
    """Return whether the function returns an `EstimatorSpec`, of which the predictions count."""
    return is_model_fn(tf1.node) and "EstimatorSpec" in ast.unparse(tf1.node)
