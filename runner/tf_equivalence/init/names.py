"""What the names in a module stand for, as far as its imports say: `slim.conv2d` is `slim.conv2d` under any alias.

TensorFlow goes by `tf` whichever of its interfaces was imported, and slim by `slim` wherever it came from.
"""

from __future__ import annotations

import ast

# The longest first: what a dotted name begins with, and what it is called here.
_SHORT = (
    ("tensorflow.contrib.slim", "slim"),
    ("tensorflow.contrib.framework.arg_scope", "slim.arg_scope"),
    ("tensorflow.contrib.framework.add_arg_scope", "slim.add_arg_scope"),
    ("tensorflow.contrib.framework.python.ops.arg_scope", "slim.arg_scope"),
    ("tensorflow.python.ops.variable_scope", "tf"),
    ("tensorflow.python.keras", "tf.keras"),
    ("tensorflow.compat.v1", "tf"),
    ("tensorflow.compat.v2", "tf"),
    ("tensorflow", "tf"),
    ("tf_slim", "slim"),
    ("tf_keras", "tf.keras"),
    ("keras", "tf.keras"),
)


class Names:
    """The names that a module binds by imports, wherever in it, and by assignments of such names at its top."""

    def __init__(self, tree: ast.Module) -> None:
        """Read the module."""
        self.imported: dict[str, str] = {}
        self.levels: dict[str, int] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._bind(alias.asname or alias.name.split(".")[0], alias.name if alias.asname else "", 0)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    origin = f"{node.module}.{alias.name}" if node.module else alias.name
                    self._bind(alias.asname or alias.name, origin, node.level)
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                origin = self._origin(statement.value)
                if origin:
                    self._bind(statement.targets[0].id, origin, 0)

    def _bind(self, name: str, origin: str, level: int) -> None:
        self.imported[name] = origin or name
        self.levels[name] = level

    def _origin(self, node: ast.expr) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.imported:
            return ""
        return ".".join((self.imported[node.id], *parts))

    def of(self, node: ast.expr) -> str:
        """Return the dotted name of an expression from where it was imported; empty where no import binds it."""
        origin = self._origin(node)
        for long, short in _SHORT:
            if origin == long or origin.startswith(f"{long}."):
                shortened = short + origin[len(long) :]
                return shortened.replace("tf.compat.v1.", "tf.", 1).replace("tf.compat.v2.", "tf.", 1)
        return origin


def plain(node: ast.expr) -> str:
    """Return an expression's dotted name as written; empty for anything but names and attributes."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return ".".join((node.id, *parts)) if isinstance(node, ast.Name) else ""
