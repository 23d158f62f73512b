"""Lines of TF1 code that cannot run on the TensorFlow of today, and what to write in their place."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from tf_equivalence.init.sources import Source

# What `import tensorflow as tf` no longer has, and `import tensorflow.compat.v1 as tf` still does.
_ONLY_V1 = frozenset(
    "variable_scope get_variable get_variable_scope placeholder placeholder_with_default layers Session GraphKeys "
    "InteractiveSession global_variables trainable_variables global_variables_initializer get_collection "
    "add_to_collection add_to_collections AUTO_REUSE truncated_normal random_normal random_uniform to_float to_int32 "
    "to_int64 log div arg_max set_random_seed reset_default_graph get_default_graph truncated_normal_initializer "
    "glorot_uniform_initializer app flags logging losses metrics no_regularizer get_local_variable".split()
)


@dataclass(frozen=True)
class Trouble:
    """One line that will not run.

    Attributes:
        place: File and line.
        message: What is wrong and what to write.
    """

    place: str
    message: str


def find_troubles(sources: Iterable[Source]) -> tuple[Trouble, ...]:
    """Return the first line of each kind in each file."""
    return tuple(trouble for source in sources for trouble in _in_file(source))


def _in_file(source: Source) -> list[Trouble]:
    found: dict[str, Trouble] = {}
    for node in sorted(ast.walk(source.tree), key=lambda node: getattr(node, "lineno", 0)):
        message = _contrib(node) or _only_v1(source, node) or _behavior(source, node)
        if message:
            found.setdefault(message.split(":")[0], Trouble(f"{source.shown}:{getattr(node, 'lineno', 1)}", message))
    return list(found.values())


def _contrib(node: ast.AST) -> str:
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        modules = [f"{node.module}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
        inner = node.value
        if inner.attr == "contrib" and isinstance(inner.value, ast.Name) and inner.value.id in ("tf", "tensorflow"):
            modules = [f"tensorflow.contrib.{node.attr}"]
    for module in modules:
        if module.startswith("tensorflow.contrib"):
            remedy = "tf_slim has what slim, layers and framework.arg_scope were"
            if "slim" in module or "arg_scope" in module:
                remedy = "write `import tf_slim as slim`"
            return f"tensorflow.contrib is in no TensorFlow since 1.15: {remedy}"
    return ""


def _only_v1(source: Source, node: ast.AST) -> str:
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name) or node.attr not in _ONLY_V1:
        return ""
    if source.names.imported.get(node.value.id) != "tensorflow":
        return ""
    return (
        f"TF1 names are not in `import tensorflow` any more: tf.{node.attr} needs `import tensorflow.compat.v1 as tf`"
    )


def _behavior(source: Source, node: ast.AST) -> str:
    if isinstance(node, ast.Call) and source.names.of(node.func) in (
        "tf.disable_v2_behavior",
        "tf.disable_eager_execution",
    ):
        return (
            "TF2 behaviour must stay on when the TF2 layer imports this file: remove the call, the TF1 side has it off "
            "already"
        )
    return ""
