"""What expressions are worth where the source says so: literals, names bound to them, and whole-number arithmetic."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from tf_equivalence.init.sources import Source

_OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_DEEPEST = 20
_LARGEST = 2**31  # of a number to calculate with


class UnknownValueError(Exception):
    """The source does not say what the expression is worth."""


def literal(node: ast.expr, source: Source, depth: int = 0) -> object:
    """Return what an expression is worth.

    A name has the value that it was given last above the expression.

    Raises:
        UnknownValueError: It cannot be told without running the code.
    """
    if depth > _DEEPEST:
        raise UnknownValueError
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        return [literal(item, source, depth + 1) for item in node.elts]
    if isinstance(node, ast.Dict):
        return _dict(node, source, depth)
    if isinstance(node, ast.UnaryOp | ast.BinOp):
        return _arithmetic(node, source, depth)
    if isinstance(node, ast.Name):
        value_node = last_value(node, source)
        if value_node is not None:
            return literal(value_node, source, depth + 1)
    raise UnknownValueError


def _dict(node: ast.Dict, source: Source, depth: int) -> dict[str, object]:
    found = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise UnknownValueError
        found[key.value] = literal(value, source, depth + 1)
    return found


def _arithmetic(node: ast.UnaryOp | ast.BinOp, source: Source, depth: int) -> int | float:
    if isinstance(node, ast.UnaryOp):
        value = literal(node.operand, source, depth + 1)
        if isinstance(node.op, ast.USub) and isinstance(value, int | float):
            return -value
        raise UnknownValueError
    left, right = literal(node.left, source, depth + 1), literal(node.right, source, depth + 1)
    operation = _OPERATORS.get(type(node.op))
    if operation is None or not isinstance(left, int) or not isinstance(right, int) or max(left, right) > _LARGEST:
        raise UnknownValueError
    return operation(left, right)


def last_value(node: ast.Name, source: Source) -> ast.expr | None:
    """Return the expression that a name was bound to last above the place where it is read."""
    above = [value for line, value in source.assignments.get(node.id, ()) if line < node.lineno]
    return above[-1] if above else None
