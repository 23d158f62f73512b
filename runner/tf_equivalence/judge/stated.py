"""Finds the line of user code that states a setting, from the call that it took effect in.

A value is followed as a reader would follow it: through keyword arguments, names, parameters and
their callers, constants of the module, and the `arg_scope` around the call. The source is parsed
and never run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tf_equivalence.recording import Frame, Stack, user_frames

_MOST_FRAMES = 12
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# An expression of the user's -> whether it can be the value that took effect.
IsValue = Callable[[ast.expr], bool]


@dataclass(frozen=True)
class Setting:
    """What is looked for.

    Attributes:
        names: Of the argument, in any spelling; `epsilon` stands for `batch_norm_epsilon`, too.
        is_value: Tells whether an expression can be the value that took effect.
        exact: Whether a longer name is another argument.
    """

    names: tuple[str, ...]
    is_value: IsValue
    exact: bool = False

    def is_named(self, name: str | None) -> bool:
        """Tell whether an argument of this name states the setting."""
        if name is None or name in self.names:
            return name is not None
        return not self.exact and any(name.endswith(f"_{known}") for known in self.names)


def stated_at(stack: Stack, setting: Setting, scopes: bool = True) -> Frame | None:
    """Return the line that states a setting; None where the source does not say.

    Args:
        stack: Of the call that it took effect in.
        setting: What to look for.
        scopes: Whether to look at the `with` statements around each call, too.
    """
    frames = user_frames(stack)[:_MOST_FRAMES]
    for depth, frame in enumerate(frames):
        place = _Place.of(frame)
        if place is None:
            continue
        expressions = [*place.stated(setting), *(place.passed_on() if depth == 0 else ())]
        expressions += place.scoped(setting) if scopes else ()
        for expression in expressions:
            found = _followed(expression, place, frames[depth + 1 :], setting)
            if found is not None:
                return found
    return None


def named_at(stack: Stack, text: str) -> Frame | None:
    """Return the line that gives a scope, a layer or a variable this name; None where the source does not say.

    Args:
        stack: Of the call that created it.
        text: One component of the name.
    """
    frames = user_frames(stack)[:_MOST_FRAMES]
    for frame in frames:
        place = _Place.of(frame)
        found = place.literal(text) if place is not None else None
        if place is not None and found is not None:
            return _line(place, found)
    return None


@dataclass(frozen=True)
class _Place:
    """A line of a file, with the tree around it.

    Attributes:
        frame: The line.
        module: The whole file.
        around: The nodes that hold the line, outermost first.
    """

    frame: Frame
    module: ast.Module
    around: tuple[ast.AST, ...]

    @classmethod
    def of(cls, frame: Frame) -> _Place | None:
        module = _parsed(frame.path)
        return cls(frame, module, tuple(_around(module, frame.line))) if module is not None else None

    @property
    def function(self) -> _Function | None:
        """The innermost function that holds the line."""
        inside = (node for node in reversed(self.around) if isinstance(node, _Function))
        return next(inside, None)

    def stated(self, setting: Setting) -> Iterator[ast.expr]:
        """Yield what calls and dictionaries at the line give to the setting."""
        for node in self._calls():
            yield from _given(node, setting)

    def scoped(self, setting: Setting) -> Iterator[ast.expr]:
        """Yield what the `with` statements around the line give to the setting, innermost first."""
        for node in reversed(self.around):
            if isinstance(node, _Function | ast.ClassDef):
                break
            if isinstance(node, ast.With | ast.AsyncWith):
                for item in reversed(node.items):
                    yield from _given(item.context_expr, setting)

    def passed_on(self) -> Iterator[ast.expr]:
        """Yield what calls at the line take by position, and the names they call: parameters, perhaps."""
        for call in self._calls():
            yield from call.args
            if isinstance(call.func, ast.Name):
                yield call.func

    def _calls(self) -> list[ast.Call]:
        """Return the calls of the statement that the line is part of, innermost first."""
        calls = [found for node in self._statement() for found in ast.walk(node) if isinstance(found, ast.Call)]
        at = self.frame.line
        return [call for call in reversed(calls) if call.lineno <= at <= (call.end_lineno or call.lineno)]

    def literal(self, text: str) -> ast.expr | None:
        """Return the string of this text that a call at the line, or a `with` around it, is given."""
        nodes: list[ast.AST] = list(self._statement())
        for node in reversed(self.around):
            if isinstance(node, _Function | ast.ClassDef):
                break
            if isinstance(node, ast.With | ast.AsyncWith):
                nodes += [item.context_expr for item in node.items]
        for node in nodes:
            for found in ast.walk(node):
                if isinstance(found, ast.Constant) and found.value == text:
                    return found
        return None

    def _statement(self) -> list[ast.AST]:
        """Return the statement of the line, where it is a simple one; of a lambda, its body."""
        if isinstance(self.function, ast.Lambda):
            return [self.function.body]
        inside = (node for node in reversed(self.around) if isinstance(node, ast.stmt))
        node = next(inside, None)
        return [node] if node is not None and not hasattr(node, "body") else []

    def argument(self, name: str, function: _Function) -> ast.expr | None:
        """Return what the call at this line gives to a parameter of `function`."""
        called = getattr(function, "name", "")
        for node in reversed(self.around):
            for call in (found for found in ast.walk(node) if isinstance(found, ast.Call)):
                if not call.lineno <= self.frame.line <= (call.end_lineno or call.lineno):
                    continue
                if called and _last_name(call.func) not in (called, "partial"):
                    continue
                given = _argument_of(call, name, function)
                if given is not None:
                    return given
            if isinstance(node, ast.stmt):
                break
        return None


@lru_cache(maxsize=64)
def _parsed(path: str) -> ast.Module | None:
    try:
        with open(path, "rb") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None


def _around(node: ast.AST, line: int) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        first, last = getattr(child, "lineno", None), getattr(child, "end_lineno", None)
        if first is None:  # such as the arguments of a function
            yield from _around(child, line)
        elif first <= line <= (last or first):
            yield child
            yield from _around(child, line)


def _given(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """Yield the values of keywords and dictionary keys of the setting's name."""
    for found in ast.walk(node):
        if isinstance(found, ast.Call):
            yield from (keyword.value for keyword in found.keywords if setting.is_named(keyword.arg))
        elif isinstance(found, ast.Dict):
            for key, value in zip(found.keys, found.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and setting.is_named(key.value):
                    yield value


def _followed(expression: ast.expr, place: _Place, callers: Sequence[Frame], setting: Setting) -> Frame | None:
    """Return the line of the expression itself where it can be the value, else of what its name stands for."""
    if setting.is_value(expression):
        return _line(place, expression)
    if not isinstance(expression, ast.Name):
        return None
    function = place.function
    if function is not None:
        assigned = _assigned(function, expression.id, place.frame.line)
        if assigned is not None:
            return _followed(assigned, place, callers, setting) if not _is_same(assigned, expression) else None
        if _is_parameter(function, expression.id):
            return _from_caller(expression.id, function, place, callers, setting)
    outer = _parameter_of(place, expression.id)
    if outer is not None:
        return _from_closure(expression.id, outer, callers, setting)
    # A constant of the module mostly serves both sides: what matters is that it is used here.
    constant = _assigned(place.module, expression.id, None)
    return _line(place, expression) if constant is not None and setting.is_value(constant) else None


def _parameter_of(place: _Place, name: str) -> _Function | None:
    """Return the function around the line's own that has this parameter: it has returned, and left a closure."""
    functions = [node for node in reversed(place.around) if isinstance(node, _Function)]
    return next((function for function in functions[1:] if _is_parameter(function, name)), None)


def _from_closure(name: str, function: _Function, callers: Sequence[Frame], setting: Setting) -> Frame | None:
    """Return the one line of the callers' functions that gives the value to a function which has returned."""
    found = []
    for frame in callers:
        caller = _Place.of(frame)
        scope = caller.function if caller is not None else None
        for node in ast.walk(scope) if scope is not None else ():
            if isinstance(node, ast.Call) and _last_name(node.func) == getattr(function, "name", ""):
                given = _argument_of(node, name, function)
                if caller is not None and given is not None and setting.is_value(given):
                    found.append(_line(caller, given))
    return found[0] if len({(frame.path, frame.line) for frame in found}) == 1 else None


def _from_caller(
    name: str, function: _Function, place: _Place, callers: Sequence[Frame], setting: Setting
) -> Frame | None:
    for depth, frame in enumerate(callers):
        caller = _Place.of(frame)
        if caller is None or caller.function is function:
            continue
        given = caller.argument(name, function)
        if given is not None:
            return _followed(given, caller, callers[depth + 1 :], setting)
        break
    default = _default(function, name)
    return _line(place, default) if default is not None and setting.is_value(default) else None


def _argument_of(call: ast.Call, name: str, function: _Function) -> ast.expr | None:
    """Return what a call gives to a parameter of `function`; None where it leaves that to the default."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    positions = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if positions[:1] in (["self"], ["cls"]):
        positions = positions[1:]
    at = positions.index(name) if name in positions else len(call.args)
    starred = any(isinstance(given, ast.Starred) for given in call.args[: at + 1])
    return call.args[at] if at < len(call.args) and not starred else None


def _assigned(scope: ast.AST, name: str, before: int | None) -> ast.expr | None:
    """Return the last value that a scope assigns to a name, before a line if that is given."""
    found: ast.expr | None = None
    for node in _own(scope):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        named = any(isinstance(target, ast.Name) and target.id == name for target in targets)
        if named and (before is None or node.lineno < before):
            found = node.value
    return found


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope without those of functions and classes in it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, _Function | ast.ClassDef):
            yield child
            yield from _own(child)


def _is_parameter(function: _Function, name: str) -> bool:
    arguments = function.args
    return name in [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _default(function: _Function, name: str) -> ast.expr | None:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip([a.arg for a in positional][::-1], arguments.defaults[::-1], strict=False))
    return defaults.get(name) or dict(
        zip([a.arg for a in arguments.kwonlyargs], arguments.kw_defaults, strict=True)
    ).get(name)


def _is_same(one: ast.expr, other: ast.expr) -> bool:
    return ast.dump(one) == ast.dump(other)


def _last_name(expression: ast.expr) -> str:
    return getattr(expression, "attr", "") or getattr(expression, "id", "")


def _line(place: _Place, node: ast.expr) -> Frame:
    function = place.function
    return Frame(place.frame.path, node.lineno, getattr(function, "name", "<module>"), "", _source(place, node.lineno))


def _source(place: _Place, line: int) -> str:
    try:
        with open(place.frame.path, encoding="utf-8", errors="replace") as file:
            return next((text.strip() for number, text in enumerate(file, 1) if number == line), "")
    except OSError:
        return ""
