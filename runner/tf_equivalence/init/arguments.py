"""Decides what a call of the TF1 function and one of the TF2 class pass, guessing where nothing says it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tf_equivalence.init.names import plain
from tf_equivalence.init.shapes import find_calls, passed
from tf_equivalence.init.signature import (
    Parameter,
    Roles,
    is_rate,
    mode_values,
    rate,
    read_parameters,
    setting,
    without_self,
)
from tf_equivalence.init.sources import Source
from tf_equivalence.init.values import UnknownValueError, literal

_CLASSES = ("num_classes", "n_classes", "num_outputs", "num_labels")


@dataclass(frozen=True)
class Constant:
    """A constant at the top of the case, which both sides take.

    Attributes:
        parameter: The parameter that takes it.
        name: In capitals.
        value: As Python source; None where nothing tells.
        why: What the value rests on, or what must be said where there is none.
        module_level: Whether it is imported from the TF1 file instead, under this name.
    """

    parameter: str
    name: str
    value: str | None
    why: str
    module_level: bool = False


@dataclass(frozen=True)
class Argument:
    """One argument of a call.

    Attributes:
        keyword: The parameter's name where it is passed by keyword; else empty.
        text: The expression; what a constant is worth is left to `constant`.
        constant: The constant that it is, if it is one.
        guess: What the expression rests on, where it is a guess.
    """

    keyword: str
    text: str
    constant: Constant | None = None
    guess: str = ""


def decide_arguments(
    source: Source, node: ast.FunctionDef, roles: Roles, sources: Sequence[Source], place: str
) -> tuple[Argument, ...]:
    """Return what a call of the TF1 function passes, its inputs apart.

    Args:
        source: Its file.
        node: The function.
        roles: What its parameters are for.
        sources: Where to look for callers.
        place: The function's file and line, for messages.
    """
    found: list[Argument] = []
    if roles.labels is not None and roles.labels.required:
        found.append(_labels(node, roles.labels))
    if roles.flag is not None:
        found.append(_flag(node, roles.flag))
    for parameter in roles.others:
        if parameter.required or (parameter.name in _CLASSES and parameter.is_none):
            if is_rate(parameter.name):
                why = f"how much {node.name} keeps in training; inference must keep all"
                found.append(Argument(parameter.name, rate(parameter.name), guess=why))
                continue
            constant = _constant(source, node, parameter, sources, place)
            found.append(Argument(parameter.name, constant.name, constant))
    return tuple(found)


def _flag(node: ast.FunctionDef, flag: Parameter) -> Argument:
    if flag.name != "mode":
        return Argument(flag.name, "training")
    train, infer = mode_values(node)
    return Argument("mode", f"{train} if training else {infer}")


def _labels(node: ast.FunctionDef, labels: Parameter) -> Argument:
    text = ast.unparse(node)
    if f"{labels.name} is None" in text or f"{labels.name} is not None" in text:
        return Argument(labels.name, "None")
    whole = are_whole(node)
    why = "labels of the right kind for the loss; the predictions do not depend on them"
    return Argument(labels.name, f"tf.zeros([2], tf.{'int32' if whole else 'float32'})", guess=why)


def are_whole(node: ast.FunctionDef) -> bool:
    """Return whether the labels of a function are whole numbers, by what it computes of them."""
    text = ast.unparse(node)
    return any(word in text for word in ("sparse_softmax", "one_hot", "accuracy"))


def _constant(
    source: Source, node: ast.FunctionDef, parameter: Parameter, sources: Sequence[Source], place: str
) -> Constant:
    name = parameter.name.upper()
    if name in source.constants:
        return Constant(parameter.name, name, name, "", module_level=True)
    for caller, call in find_calls(node.name, sources):
        argument = passed(node, call, parameter.name)
        text = None if argument is None else as_literal(argument, caller)
        if text is not None and text != "None":
            return Constant(parameter.name, name, text, f"what {caller.shown}:{call.lineno} passes")
    value = setting(parameter.name)
    if value == "":
        return Constant(parameter.name, name, f'"{node.name}"', f"some name for `{parameter.name}` of {node.name}")
    if value is not None:
        return Constant(parameter.name, name, value, f"some value for `{parameter.name}` of {node.name}")
    return Constant(parameter.name, name, None, _ask(node, parameter, place))


def _ask(node: ast.FunctionDef, parameter: Parameter, place: str) -> str:
    keys = sorted(
        {
            inner.slice.value
            for inner in ast.walk(node)
            if isinstance(inner, ast.Subscript)
            and plain(inner.value) == parameter.name
            and isinstance(inner.slice, ast.Constant)
            and isinstance(inner.slice.value, str)
        }
        | {
            inner.attr
            for inner in ast.walk(node)
            if isinstance(inner, ast.Attribute) and plain(inner.value) == parameter.name
        }
    )
    reads = f", of which it reads {', '.join(keys)}" if keys else ""
    return f"what {node.name} ({place}) gets as `{parameter.name}`{reads}"


def as_literal(node: ast.expr, source: Source) -> str | None:
    """Return an expression's value as Python source on one line, where the file says what it is worth."""
    try:
        text = repr(literal(node, source))
    except UnknownValueError:
        return None
    return _double_quoted(text) if len(text) <= 60 else None


def _double_quoted(text: str) -> str:
    return text.replace("'", '"') if '"' not in text and "\\" not in text else text


def constructor(node: ast.ClassDef | ast.FunctionDef) -> tuple[tuple[Parameter, ...], bool, bool]:
    """Return the parameters that making the TF2 side takes, and whether it takes a name, and says one itself."""
    if isinstance(node, ast.FunctionDef):
        parameters = read_parameters(node)
        return parameters, any(p.name == "name" for p in parameters), False
    init = _init(node)
    if init is None:
        return (), True, False
    parameters = read_parameters(init)
    named = next((p for p in parameters if p.name == "name"), None)
    says = any(
        key.arg == "name"
        for call in ast.walk(init)
        if isinstance(call, ast.Call) and plain(call.func).split(".")[-1] == "__init__"
        for key in call.keywords
        if isinstance(key.value, ast.Constant)
    )
    takes = named is not None or (init.args.kwarg is not None and not says)
    return parameters, takes, says or (named is not None and not named.required and not named.is_none)


def _init(node: ast.ClassDef) -> ast.FunctionDef | None:
    """Return a class's `__init__` without its `self`, if it has one."""
    methods = (item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
    return next((without_self(method) for method in methods), None)


def decide_constructor(
    source: Source,
    node: ast.ClassDef | ast.FunctionDef,
    tf1: tuple[Source, ast.FunctionDef],
    shared: Sequence[Constant],
    sources: Sequence[Source],
) -> tuple[Argument, ...]:
    """Return what making the TF2 side passes.

    Args:
        source: The class's file.
        node: The class, or a function that makes the model.
        tf1: The TF1 function and its file.
        shared: Constants that the TF1 side takes.
        sources: Where to look for callers.
    """
    found = []
    for parameter in constructor(node)[0]:
        same = next((constant for constant in shared if constant.parameter == parameter.name), None)
        if parameter.name == "name" or not (parameter.required or (same is not None and parameter.is_none)):
            continue
        constant = same or _from_params(parameter, tf1[0], shared) or _from_default(parameter, tf1)
        if constant is None:
            constant = _constructor_constant(source, node, parameter, sources)
        found.append(Argument(parameter.name, constant.name, constant))
    return tuple(found)


def _from_params(parameter: Parameter, source: Source, shared: Sequence[Constant]) -> Constant | None:
    """Return the entry of this name in a dict of settings that the TF1 side takes."""
    for constant in shared:
        value = source.constants.get(constant.name) if constant.module_level else None
        keys = value.keys if isinstance(value, ast.Dict) else ()
        if any(isinstance(key, ast.Constant) and key.value == parameter.name for key in keys):
            return replace(constant, name=f'{constant.name}["{parameter.name}"]')
    return None


def _from_default(parameter: Parameter, tf1: tuple[Source, ast.FunctionDef]) -> Constant | None:
    """Return the default that the TF1 function has for a parameter of the same name."""
    same = next((p for p in read_parameters(tf1[1]) if p.name == parameter.name), None)
    text = as_literal(same.default, tf1[0]) if same is not None and same.default is not None else None
    if text is None or text == "None":
        return None
    return Constant(parameter.name, parameter.name.upper(), text, f"the default of {tf1[1].name}")


def _constructor_constant(
    source: Source, node: ast.ClassDef | ast.FunctionDef, parameter: Parameter, sources: Sequence[Source]
) -> Constant:
    name = parameter.name.upper()
    init = node if isinstance(node, ast.FunctionDef) else _init(node)
    for caller, call in find_calls(node.name, sources):
        argument = None if init is None else passed(init, call, parameter.name)
        text = None if argument is None else as_literal(argument, caller)
        if text is not None:
            return Constant(parameter.name, name, text, f"what {caller.shown}:{call.lineno} passes")
    value = setting(parameter.name)
    if value:
        return Constant(parameter.name, name, value, f"some value for `{parameter.name}` of {node.name}")
    ask = f"what {node.name} ({source.shown}:{node.lineno}) gets as `{parameter.name}`"
    return Constant(parameter.name, name, None, ask)
