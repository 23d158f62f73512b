"""Reads the Python files of a repository that have to do with TensorFlow."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tf_equivalence.discover import PATTERN, is_excluded, is_skipped, show_path
from tf_equivalence.init.names import Names, plain
from tf_equivalence.modules import UnreadableError, parse, read_text

_MENTIONS = ("tensorflow", "tf_slim", "keras")


@dataclass(frozen=True)
class Source:
    """A Python file.

    Attributes:
        path: Absolute.
        shown: As messages name it: relative to the workspace.
        tree: Its syntax tree.
    """

    path: Path
    shown: str
    tree: ast.Module = field(repr=False, compare=False)

    @cached_property
    def names(self) -> Names:
        """What its names stand for."""
        return Names(self.tree)

    @cached_property
    def imports(self) -> frozenset[str]:
        """The dotted names of what it imports absolutely; `from a import b` gives `a` and `a.b`."""
        return frozenset(_imported_modules(self.tree))

    @cached_property
    def calls(self) -> dict[str, list[ast.Call]]:
        """All calls in it, by the last part of what is called."""
        found: dict[str, list[ast.Call]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                found.setdefault(plain(node.func).split(".")[-1], []).append(node)
        return found

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """The functions at its top, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes at its top, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """The values assigned to single names at its top, the last one of each."""
        found: dict[str, ast.expr] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                found[node.target.id] = node.value
        return found

    @cached_property
    def assignments(self) -> dict[str, list[tuple[int, ast.expr]]]:
        """The line and value of each assignment to a name, wherever in the file, by name and from the top."""
        found: dict[str, list[tuple[int, ast.expr]]] = {}
        for line, name, value in sorted(_bindings(self.tree), key=lambda row: row[0]):
            found.setdefault(name, []).append((line, value))
        return found


@dataclass(frozen=True)
class Repository:
    """What was read.

    Attributes:
        sources: The files that mention TensorFlow, Keras or slim, sorted by path; cases left out.
        read: How many Python files were looked at.
        unreadable: Where and why files could not be parsed, such as `old.py:3: syntax error: ...`.
    """

    sources: tuple[Source, ...]
    read: int
    unreadable: tuple[str, ...]


def read_repository(paths: Sequence[Path], exclude: Sequence[str], workspace: Path) -> Repository:
    """Read all Python files below `paths`, links to folders aside.

    Args:
        paths: Folders or files, absolute.
        exclude: Globs over workspace-relative paths.
        workspace: What paths are shown relative to; absolute.
    """
    sources: list[Source] = []
    unreadable: list[str] = []
    read = 0
    for path in sorted(set(_files(paths, exclude, workspace))):
        read += 1
        shown = show_path(path, workspace)
        try:
            text = read_text(path)
            if any(word in text for word in _MENTIONS):
                sources.append(Source(path, shown, parse(text)))
        except UnreadableError as error:
            unreadable.append(f"{shown}:{error.line}: {error.message}")
    return Repository(tuple(sources), read, tuple(unreadable))


def read_source(path: Path, workspace: Path) -> Source:
    """Read one file.

    Raises:
        UnreadableError: It cannot be read, decoded or parsed.
    """
    return Source(path, show_path(path, workspace), parse(read_text(path)))


def _files(paths: Iterable[Path], exclude: Sequence[str], workspace: Path) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
        for folder, names, files in os.walk(path):
            place = Path(folder)
            names[:] = [
                name
                for name in sorted(names)
                if not is_skipped(name) and not is_excluded(place / name, exclude, workspace)
            ]
            for name in files:
                file = place / name
                wanted = name.endswith(".py") and not file.match(PATTERN)
                if wanted and os.path.isfile(file) and not is_excluded(file, exclude, workspace):
                    yield file


def _bindings(tree: ast.Module) -> Iterator[tuple[int, str, ast.expr]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield node.lineno, target.id, node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for name, value in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(name, ast.Name):
                        yield node.lineno, name.id, value


def _imported_modules(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names of what a module imports absolutely; `from a import b` gives `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
