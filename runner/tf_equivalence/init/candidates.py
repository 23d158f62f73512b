"""Finds functions that build TF1 graphs and classes that are their TF2 side, by what they call and derive from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeGuard

from tf_equivalence.init.names import plain
from tf_equivalence.init.signature import FLAGS, is_model_fn, read_parameters, without_self
from tf_equivalence.init.sources import Source

# What a call says about the function that makes it.
_EVIDENCE = (
    ("tf.variable_scope", 3),
    ("tf.get_variable", 3),
    ("slim.arg_scope", 2),
    ("slim.", 2),
    ("tf.layers.", 3),
    ("tf.contrib.", 3),
    ("tf.nn.dynamic_rnn", 3),
    ("tf.nn.static_rnn", 3),
    ("tf.nn.bidirectional_dynamic_rnn", 3),
    ("tf.nn.rnn_cell.", 3),
    ("tf.Variable", 1),
    ("tf.name_scope", 1),
    ("tf.nn.", 0.5),
)
_ENOUGH, _ENOUGH_OF_A_CLASS = 2.0, 3.0
# Who calls these runs a model rather than being one.
_RUNNERS = ("tf.Session", "tf.InteractiveSession", "tf.train.MonitoredTrainingSession", "tf.app.run", "tf.placeholder")
_PARTS = re.compile(r"(^|_)(loss|losses|train|train_op|evaluate|eval|metrics?|block|cell|unit|stack|base|helper)(_|$)")
_KERAS = re.compile(r"tf\.(keras\.(layers\.)?(Layer|Model|Sequential)|keras\.(models|engine)\..*|Module)$")
_SHIM = "track_tf1_style_variables"


@dataclass(frozen=True)
class Tf1Function:
    """A function that builds a TF1 graph.

    Attributes:
        source: Where it is.
        node: Its syntax tree.
        scope: The first variable scope that it opens, as far as that is written out; else empty.
        score: How likely it is to be a whole model.
        calls: The plain names that it calls.
        part: Whether another function found calls it, or its name says that it is private.
        owner: The class that it is a method of, if any; its `self` is left out.
    """

    source: Source
    node: ast.FunctionDef
    scope: str
    score: float
    calls: frozenset[str]
    part: bool = False
    owner: ast.ClassDef | None = None

    @property
    def name(self) -> str:
        """The function's name; a method's with its class."""
        return f"{self.owner.name}.{self.node.name}" if self.owner else self.node.name

    @property
    def symbol(self) -> str:
        """What to import for it: the function, or the class."""
        return self.owner.name if self.owner else self.node.name

    @property
    def place(self) -> str:
        """Its file and line."""
        return f"{self.source.shown}:{self.node.lineno}"


@dataclass(frozen=True)
class Tf2Class:
    """A class that is a layer, a model or a module; or a function that makes one, where it was named.

    Attributes:
        source: Where it is.
        node: Its syntax tree.
        shim: Whether a method has the decorator that keeps TF1-style variables.
        calls: The plain names that its methods call.
        strings: The texts in it: names of layers and scopes among them.
    """

    source: Source
    node: ast.ClassDef | ast.FunctionDef
    shim: bool
    calls: frozenset[str]
    strings: frozenset[str]

    @property
    def name(self) -> str:
        """The class's name."""
        return self.node.name

    @property
    def place(self) -> str:
        """Its file and line."""
        return f"{self.source.shown}:{self.node.lineno}"


def find_tf1(sources: Iterable[Source]) -> tuple[Tf1Function, ...]:
    """Return the functions that build TF1 graphs, the likeliest model first."""
    found: list[Tf1Function] = []
    for source in sources:
        found += [*_functions(source), *_methods(source)]
    called = {name for function in found for name in function.calls - {function.node.name}}
    ranked = [replace(function, part=function.part or function.node.name in called) for function in found]
    ranked.sort(key=lambda function: (function.part, -function.score, function.source.shown, function.node.lineno))
    return tuple(ranked)


def _functions(source: Source) -> list[Tf1Function]:
    evidence = {name: _evidence(source, node) for name, node in source.functions.items()}
    called = {name: _called(node) for name, node in source.functions.items()}
    _pass_on(evidence, called)
    found = []
    for name, node in source.functions.items():
        if evidence[name] >= _ENOUGH and _could_be_model(source, node):
            score = min(evidence[name], 12.0) + _merit(source, node)
            private = name.startswith("_")
            found.append(Tf1Function(source, node, scope_of(source, node), score, called[name], private))
    return found


def _methods(source: Source) -> list[Tf1Function]:
    """Return the likeliest method of each class that is neither a layer of Keras nor one with the shim's decorator."""
    found = []
    for owner in source.classes.values():
        if any(_KERAS.match(base) for base in _bases(source, owner)) or _has_shim(owner):
            continue
        weights = {node: _evidence(source, node) for node in owner.body if is_method(node)}
        whole = sum(weights.values())
        if whole < _ENOUGH_OF_A_CLASS:
            continue
        likely = [node for node in weights if _is_call(node) and _could_be_model(source, without_self(node))]
        likely.sort(key=lambda node: (node.name != "__call__", -weights[node]))
        if likely:
            method = tf1_method(source, owner, likely[0])
            score = min(whole, 12.0) + _merit(source, method.node)
            found.append(replace(method, score=score, part=owner.name.startswith("_")))
    return found


def is_method(node: ast.stmt) -> TypeGuard[ast.FunctionDef]:
    """Return whether a statement of a class is a plain method: no property, and with a `self`."""
    if not isinstance(node, ast.FunctionDef) or node.decorator_list:
        return False
    return bool(node.args.posonlyargs or node.args.args)


def _is_call(method: ast.FunctionDef) -> bool:
    return method.name == "__call__" or not method.name.startswith("_")


def tf1_function(source: Source, node: ast.FunctionDef) -> Tf1Function:
    """Return the function that was named, whatever speaks for it."""
    return Tf1Function(source, node, scope_of(source, node), 0.0, _called(node))


def tf1_method(source: Source, owner: ast.ClassDef, method: ast.FunctionDef) -> Tf1Function:
    """Return a method of a class as a function; its variable scope is the first that the class opens."""
    node = without_self(method)
    scope = scope_of(source, node)
    for other in owner.body:
        if not scope and isinstance(other, ast.FunctionDef) and other.name != "__init__":
            scope = scope_of(source, other)
    return Tf1Function(source, node, scope, 0.0, _called(node), owner=owner)


def _pass_on(evidence: dict[str, float], called: Mapping[str, frozenset[str]]) -> None:
    """Let a function that calls a builder of its own file count as one: `resnet_v1_50` only calls `resnet_v1`."""
    for _ in range(3):
        for name, names in called.items():
            inner = max((evidence[other] for other in names if other in evidence and other != name), default=0.0)
            evidence[name] = max(evidence[name], inner)


def _evidence(source: Source, node: ast.FunctionDef) -> float:
    weight = 0.0
    for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
        name = source.names.of(call.func)
        weight += next((value for prefix, value in _EVIDENCE if name == prefix or _under(name, prefix)), 0.0)
    return weight


def _under(name: str, prefix: str) -> bool:
    return prefix.endswith(".") and name.startswith(prefix)


def _called(node: ast.AST) -> frozenset[str]:
    """Return the last parts of what is called, or handed on as a function."""
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return frozenset(plain(call.func).split(".")[-1] for call in calls) - {""}


def _could_be_model(source: Source, node: ast.FunctionDef) -> bool:
    if node.name.endswith("arg_scope") or node.name in ("main", "test") or not read_parameters(node):
        return False
    calls = [source.names.of(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)]
    if any(name in _RUNNERS for name in calls):
        return False
    optimizes = any(name.startswith("tf.train.") and name.endswith("Optimizer") for name in calls)
    returns = any(isinstance(inner, ast.Return) and inner.value is not None for inner in ast.walk(node))
    return returns and (not optimizes or is_model_fn(node))


def _merit(source: Source, node: ast.FunctionDef) -> float:
    parameters = [parameter.name for parameter in read_parameters(node)]
    merit = 0.0
    if any(name in FLAGS for name in parameters):
        merit += 4
    if any(name in ("num_classes", "n_classes", "num_outputs") for name in parameters):
        merit += 3
    if is_model_fn(node):
        merit += 6
    if ast.get_docstring(node):
        merit += 1
    if _PARTS.search(node.name.lower()):
        merit -= 5
    if any(source.names.of(decorator).endswith("add_arg_scope") for decorator in node.decorator_list):
        merit -= 5
    if re.match(r"test_|.*_test\.py$|conftest", source.path.name) or "tests" in source.path.parts:
        merit -= 6
    return merit


def scope_of(source: Source, node: ast.FunctionDef) -> str:
    """Return the first variable scope that a function opens, where it is written out or a default says it."""
    texts = {
        parameter.name: parameter.default.value
        for parameter in read_parameters(node)
        if isinstance(parameter.default, ast.Constant) and isinstance(parameter.default.value, str)
    }
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and source.names.of(inner.func) == "tf.variable_scope":
            for argument in (*inner.args[:2], *(key.value for key in inner.keywords if key.arg != "reuse")):
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    return argument.value
                if isinstance(argument, ast.Name) and argument.id in texts:
                    return texts[argument.id]
    return texts.get("scope", "")


def find_tf2(sources: Iterable[Source]) -> tuple[Tf2Class, ...]:
    """Return the classes that are layers, models or modules of TF2, in the order of their files."""
    every = [source for source in sources if source.classes]
    bases = {name: _bases(source, node) for source in every for name, node in source.classes.items()}
    return tuple(
        tf2_class(source, node)
        for source in every
        for name, node in source.classes.items()
        if _is_layer(name, bases, frozenset()) or _has_shim(node)
    )


def tf2_class(source: Source, node: ast.ClassDef | ast.FunctionDef) -> Tf2Class:
    """Return what is known of a class."""
    strings = {inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)}
    texts = frozenset(text for text in strings if isinstance(text, str))
    return Tf2Class(source, node, _has_shim(node), _called(node), texts)


def _bases(source: Source, node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(source.names.of(base) or plain(base) for base in node.bases)


def _is_layer(name: str, bases: Mapping[str, tuple[str, ...]], seen: frozenset[str]) -> bool:
    if name in seen:
        return False
    return any(
        _KERAS.match(base) or _is_layer(base.split(".")[-1], bases, seen | {name}) for base in bases.get(name, ())
    )


def _has_shim(node: ast.ClassDef | ast.FunctionDef) -> bool:
    methods: Iterator[ast.FunctionDef] = (inner for inner in node.body if isinstance(inner, ast.FunctionDef))
    return any(plain(decorator).endswith(_SHIM) for method in methods for decorator in method.decorator_list)
