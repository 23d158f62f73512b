"""Under which name a file is imported, from which folder, and what it needs that is not there.

The worker's import path holds the folder above the case's own package, the working directory and the
repository's root; what lies elsewhere has to be put on it by the case.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.init.sources import Source, read_source
from tf_equivalence.modules import UnreadableError

_LAYOUTS = ("src", "lib", "python")
_MOST_FILES = 200  # to follow imports through


@dataclass(frozen=True)
class Place:
    """How a file is imported.

    Attributes:
        module: Its dotted name.
        root: The folder that must be on the import path for it; None for an installed module.
    """

    module: str
    root: Path | None


def folder_above_package(path: Path) -> Path:
    """Return the folder above the topmost package that a file is in; its own folder where it is in none."""
    folder = path.parent
    while (folder / "__init__.py").exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def find_place(source: Source, sources: Sequence[Source], top: Path) -> Place:
    """Return how a file of the repository is imported.

    Without `__init__.py`, a folder may be a package all the same: then somebody imports the file by
    a longer name, or the file itself imports its neighbours so.

    Args:
        source: The file.
        sources: All files, which may import it.
        top: The repository's root; absolute.
    """
    lowest = folder_above_package(source.path)
    own = source.imports
    folder, chosen = lowest, lowest
    while folder != top and folder.is_relative_to(top) and folder.name.isidentifier():
        if any(dotted(source.path, folder) in other.imports for other in sources):
            break
        folder = folder.parent
        first = source.path.relative_to(folder).parts[0]
        longer = dotted(source.path, folder)
        if any(longer in other.imports for other in sources) or any(name.split(".")[0] == first for name in own):
            chosen = folder
            break
    return Place(dotted(source.path, chosen), chosen)


def dotted(path: Path, folder: Path) -> str:
    """Return the dotted name of a file that is imported from a folder."""
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True)
class Needs:
    """What importing some files takes.

    Attributes:
        sources: These files and those of the repository that they import, directly or not.
        roots: Folders that must be on the import path, in order.
        missing: Top-level names that are neither in the repository nor installed, and where they are imported.
    """

    sources: tuple[Source, ...]
    roots: tuple[Path, ...]
    missing: tuple[tuple[str, str], ...]


def find_needs(starts: Sequence[tuple[Source, Path | None]], known: Sequence[Path], top: Path) -> Needs:
    """Follow the imports of files.

    Args:
        starts: Files, each with the folder that it is imported from.
        known: Folders that are on the import path anyway.
        top: The repository's root.
    """
    roots = list(dict.fromkeys(root for _, root in starts if root is not None))
    pending, seen = [source for source, _ in starts], {source.path: source for source, _ in starts}
    missing: dict[str, str] = {}
    for package in {package for source, _ in starts for package in _packages_of(source.path)}:
        _read_once(package, top, seen, pending)
    while pending and len(seen) < _MOST_FILES:
        source = pending.pop()
        for node in _import_statements(source.tree):
            for path in _files_of(node, source, [*roots, *known], top, roots):
                if isinstance(path, str):
                    missing.setdefault(path, f"{source.shown}:{node.lineno}")
                else:
                    _read_once(path, top, seen, pending)
    return Needs(tuple(seen.values()), tuple(roots), tuple(missing.items()))


def _read_once(path: Path, top: Path, seen: dict[Path, Source], pending: list[Source]) -> None:
    if path in seen:
        return
    try:
        seen[path] = read_source(path, top)
    except UnreadableError:
        return
    pending.append(seen[path])


def _packages_of(path: Path) -> Iterator[Path]:
    """Yield the files that run before a file of a package."""
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        yield folder / "__init__.py"
        folder = folder.parent


def _import_statements(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports outside of `try`, where a missing module is expected."""
    expected = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in ast.walk(node)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return [node for node in found if id(node) not in expected]


def _files_of(
    node: ast.Import | ast.ImportFrom, source: Source, available: Sequence[Path], top: Path, roots: list[Path]
) -> Iterator[Path | str]:
    """Yield the files of the repository that an import reads; the top-level name of a module that is nowhere.

    A folder that only this import needs is added to `roots`.
    """
    for names in _wanted(node):
        if isinstance(node, ast.ImportFrom) and node.level:
            folders = [source.path.parents[node.level - 1]] if node.level <= len(source.path.parents) else []
        else:
            folders = [folder for folder in available if _holds(folder, names[0])]
            if not folders and not _is_installed(names[0]):
                folders = [folder for folder in _further(source.path, top) if _holds(folder, names[0])][:1]
                roots += [folder for folder in folders if folder not in roots]
                if not folders:
                    yield names[0]
        for folder in folders[:1]:
            yield from _chain(folder, names)


def _wanted(node: ast.Import | ast.ImportFrom) -> list[list[str]]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".") for alias in node.names]
    module = node.module.split(".") if node.module else []
    return [[*module, alias.name] for alias in node.names]


def _chain(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield the files that importing a dotted name runs."""
    for name in names:
        if (folder / f"{name}.py").is_file():
            yield folder / f"{name}.py"
            return
        folder = folder / name
        if (folder / "__init__.py").is_file():
            yield folder / "__init__.py"


def _holds(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file() or _has_modules(folder / name)


def _has_modules(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.py"))


def _further(path: Path, top: Path) -> Iterator[Path]:
    yield from (folder for folder in path.parents if folder.is_relative_to(top))
    yield from (top / layout for layout in _LAYOUTS)


def _is_installed(name: str) -> bool:
    """Return whether a top-level module is there, without importing it."""
    if name in sys.stdlib_module_names or name in sys.builtin_module_names:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def shadowing(name: str, top: Path) -> str | None:
    """Return where Python finds a top-level module of this name outside of the repository, if anywhere."""
    if name in sys.stdlib_module_names:
        return "Python's own"
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None or spec.origin is None or Path(spec.origin).is_relative_to(top):
        return None
    return f"the installed {spec.origin}"


def find_installed(module: str) -> Path | None:
    """Return the file of an installed module by its dotted name, without importing its packages."""
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    for location in spec.submodule_search_locations or ():
        path = Path(location, *rest)
        for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None
