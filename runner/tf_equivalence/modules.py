"""What a user module says, read from its syntax tree and never by importing it.

Each base class carries what its name was bound to at that point of the module, so that aliases,
rebinding, and `if` and `try` branches need no second look.
"""

from __future__ import annotations

import ast
import builtins
import io
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TOO_DEEP = "is nested too deeply to be parsed; split its longest expression"


class UnreadableError(Exception):
    """A module cannot be parsed; carries the line, from 1, and a message that says what to do."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Import:
    """A name bound by an import.

    Attributes:
        module: The dotted module, without the leading dots; empty for `from . import x`.
        level: The number of leading dots.
        attributes: The path from the module to what the name stands for.
    """

    module: str
    level: int = 0
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Base:
    """What stands between the parentheses of a class, or right of a plain assignment.

    Attributes:
        name: As written, without subscripts.
        bindings: What its first part was bound to at that point; several after `if` and `try`.
        attributes: Its other parts.
    """

    name: str
    bindings: tuple[Binding, ...] = ()
    attributes: tuple[str, ...] = ()


Branches = tuple[tuple[int, str], ...]


@dataclass(frozen=True, eq=False)
class Class:
    """A class statement outside of functions and classes.

    Attributes:
        name: As written.
        line: Of the `class` keyword, from 1.
        bases: In order.
        members: Names that its body binds.
        abstract_members: Those decorated as abstract.
        has_abstract_metaclass: Whether it says `metaclass=ABCMeta`.
        branches: The `if` and `try` branches around it, outermost first.
    """

    name: str
    line: int
    bases: tuple[Base, ...]
    members: frozenset[str]
    abstract_members: frozenset[str]
    has_abstract_metaclass: bool
    branches: Branches

    def excludes(self, other: Class) -> bool:
        """Return whether the two stand in branches of which only one is taken."""
        mine = dict(self.branches)
        return any(mine.get(node, branch) != branch for node, branch in other.branches)


Binding = Import | Base | Class


@dataclass
class Module:
    """A parsed module.

    Attributes:
        path: Of the file.
        classes: In order, several of one name included.
        bindings: What each name is bound to at the end; several after `if` and `try`.
        stars: Modules of which everything is imported.
        hidden: Name and line of the classes inside functions and classes.
        empty: Whether it says nothing but a docstring.
    """

    path: Path
    classes: list[Class] = field(default_factory=list)
    bindings: dict[str, tuple[Binding, ...]] = field(default_factory=dict)
    stars: list[Import] = field(default_factory=list)
    hidden: list[tuple[str, int]] = field(default_factory=list)
    empty: bool = False

    def look_up(self, name: str) -> tuple[Binding, ...]:
        """Return what a name is bound to so far; through star imports where nothing else binds it."""
        found = self.bindings.get(name)
        if found is not None:
            return found
        if hasattr(builtins, name):
            return ()
        return tuple(Import(star.module, star.level, (name,)) for star in self.stars)


def read_module(path: Path) -> Module:
    """Parse the file at `path`.

    Raises:
        UnreadableError: It cannot be read, decoded or parsed.
    """
    tree = parse(read_text(path))
    try:
        module = Module(path, empty=all(_is_docstring(node) for node in tree.body))
        _Scan(module).visit(tree.body)
        shown = {(found.name, found.line) for found in module.classes}
        classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        module.hidden = [(node.name, node.lineno) for node in classes if (node.name, node.lineno) not in shown]
    except RecursionError:
        raise UnreadableError(1, _TOO_DEEP) from None
    return module


def parse(text: str) -> ast.Module:
    """Return the syntax tree of a module's text.

    Raises:
        UnreadableError: It cannot be parsed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise UnreadableError(error.lineno or 1, f"syntax error: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise UnreadableError(1, _TOO_DEEP) from None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def read_text(path: Path) -> str:
    """Return the text of a Python file.

    Raises:
        UnreadableError: It cannot be read or decoded.
    """
    try:
        if not path.is_file():
            raise UnreadableError(
                1, "is not a regular file" if path.exists() else "is a link to a file that does not exist"
            )
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(1, f"cannot be read: {error.strerror or error}") from None
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise UnreadableError(line, "contains null bytes, so it is not Python source; save it as UTF-8 text")
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        return data.decode(encoding)
    except SyntaxError as error:
        return _refuse_encoding(data, str(error.msg))
    except UnicodeDecodeError as error:
        return _refuse_encoding(data, f"{error.encoding} cannot decode byte 0x{data[error.start]:02x}", error.start)


def _refuse_encoding(data: bytes, reason: str, start: int | None = None) -> str:
    if start is None:
        try:
            data.decode("utf-8")
            start = 0
        except UnicodeDecodeError as error:
            start, reason = error.start, f"utf-8 cannot decode byte 0x{data[error.start]:02x}"
    line = data[:start].count(b"\n") + 1
    raise UnreadableError(line, f"cannot be decoded: {reason}; save it as UTF-8 or declare its encoding in line 1")


class _Scan:
    """Walks the statements of a module in order and notes what each name is bound to."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._branches: Branches = ()

    def visit(self, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                found = self._read_class(node)
                self._module.classes.append(found)
                self._bind(node.name, found)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._read_import(node)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self._bind(target.id, self._read_base(node.value))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._bind(node.name, Base(node.name))
            for branch, inner in _blocks(node):
                self._visit_branch(id(node), branch, inner)

    def _visit_branch(self, node: int, branch: str, body: list[ast.stmt]) -> None:
        outer = self._branches
        self._branches = (*outer, (node, branch)) if branch else outer
        self.visit(body)
        self._branches = outer

    def _bind(self, name: str, binding: Binding) -> None:
        before = self._module.bindings.get(name, ()) if self._branches else ()
        self._module.bindings[name] = (*before, binding)

    def _read_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                origin = Import(node.module or "", node.level)
                if alias.name == "*":
                    self._module.stars.append(origin)
                else:
                    self._bind(alias.asname or alias.name, Import(origin.module, origin.level, (alias.name,)))
            elif alias.asname:
                self._bind(alias.asname, Import(alias.name))
            else:
                self._bind(alias.name.split(".")[0], Import(alias.name.split(".")[0]))

    def _read_base(self, node: ast.expr) -> Base:
        while isinstance(node, ast.Subscript):  # Generic[T]
            node = node.value
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return Base(".".join(("(an expression)", *parts)))
        return Base(".".join((node.id, *parts)), self._module.look_up(node.id), tuple(parts))

    def _read_class(self, node: ast.ClassDef) -> Class:
        members, abstract = set(), set()
        for inner in _flatten(node.body):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                members.add(inner.name)
                if any(_last_name(decorator).startswith("abstract") for decorator in inner.decorator_list):
                    abstract.add(inner.name)
            elif isinstance(inner, ast.Assign | ast.AnnAssign) and inner.value is not None:
                targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
                members |= {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
            elif isinstance(inner, ast.Import | ast.ImportFrom):
                members |= {alias.asname or alias.name.split(".")[0] for alias in inner.names}
        return Class(
            node.name,
            node.lineno,
            tuple(self._read_base(base) for base in node.bases if not isinstance(base, ast.Starred)),
            frozenset(members),
            frozenset(abstract),
            any(key.arg == "metaclass" and _last_name(key.value) == "ABCMeta" for key in node.keywords),
            self._branches,
        )


def _blocks(node: ast.stmt) -> Iterator[tuple[str, list[ast.stmt]]]:
    """Yield the blocks of a compound statement; blocks with different names exclude each other."""
    if isinstance(node, ast.If):
        yield "if", node.body
        yield "else", node.orelse
    elif isinstance(node, ast.Try | ast.TryStar):
        yield "try", node.body
        for index, handler in enumerate(node.handlers):
            yield f"except {index}", handler.body
        yield "try", node.orelse
        yield "", node.finalbody
    elif isinstance(node, ast.With | ast.For | ast.While):
        yield "", node.body
        yield "", getattr(node, "orelse", [])


def _flatten(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        for _, inner in _blocks(node):
            yield from _flatten(inner)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
