"""Finds the arg scope that a slim net is built in: `lenet_arg_scope` for `lenet`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from tf_equivalence.init.arguments import as_literal
from tf_equivalence.init.names import plain
from tf_equivalence.init.shapes import find_calls
from tf_equivalence.init.signature import FLAGS, read_parameters
from tf_equivalence.init.sources import Source

_ENDINGS = ("arg_scope", "training_scope")


@dataclass(frozen=True)
class ArgScope:
    """An arg scope.

    Attributes:
        name: Of the function that returns it, in the net's file.
        call: How it is called, such as `lenet_arg_scope()`; the training flag is `training`.
        why: What the arguments rest on; empty where there are none.
    """

    name: str
    call: str
    why: str = ""


def find_arg_scope(source: Source, function: ast.FunctionDef, sources: Sequence[Source]) -> ArgScope | None:
    """Return the arg scope whose name begins as the function's does, or the only one in the file; None for none.

    Args:
        source: The net's file.
        function: The net.
        sources: Where to look for callers of the arg scope.
    """
    names = [name for name in (*source.functions, *source.constants, *source.names.imported) if _is_one(name, source)]
    beginnings = {name: next(name[: -len(end)].rstrip("_") for end in _ENDINGS if name.endswith(end)) for name in names}
    fitting = [name for name in beginnings if beginnings[name] and function.name.startswith(beginnings[name])]
    chosen = max(fitting, key=lambda name: len(beginnings[name]), default=None)
    if chosen is None:
        chosen = names[0] if len(set(names)) == 1 else None
    if chosen is None or any(isinstance(n, ast.Call) and plain(n.func) == chosen for n in ast.walk(function)):
        return None
    calls = find_calls(chosen, sources)
    for caller, call in calls:
        if call.args or call.keywords:
            written = _literal_call(chosen, call, caller)
            if written is not None:
                return ArgScope(chosen, written, f"with the arguments of {caller.shown}:{call.lineno}")
    node = source.functions.get(chosen)
    flag = next((p.name for p in read_parameters(node) if p.name in FLAGS), "") if node is not None else ""
    text = f"{chosen}({flag}=training)" if flag else f"{chosen}()"
    why = "" if calls else "which nothing here builds the net in; leave it out if training did"
    return ArgScope(chosen, text, why)


def _is_one(name: str, source: Source) -> bool:
    origin = source.names.imported.get(name, "")
    return name.endswith(_ENDINGS) and name not in _ENDINGS and not origin.startswith(("tensorflow", "tf_slim.arg"))


def _literal_call(name: str, call: ast.Call, caller: Source) -> str | None:
    """Return the call with its arguments as they are worth; None where one cannot be told."""
    texts: list[str | None] = [as_literal(argument, caller) for argument in call.args]
    for key in call.keywords:
        if key.arg in FLAGS:
            texts.append(f"{key.arg}=training")
        else:
            value = as_literal(key.value, caller)
            texts.append(None if value is None or key.arg is None else f"{key.arg}={value}")
    return None if None in texts else f"{name}({', '.join(text for text in texts if text)})"
