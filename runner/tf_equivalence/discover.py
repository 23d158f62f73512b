"""Finds the cases below the searched paths, by file names and syntax trees alone.

User code is not imported here, so that a module that fails to load, hangs or exits costs nothing,
and a list of cases needs no TensorFlow.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from tf_equivalence.classes import Resolver, read_cases
from tf_equivalence.errors import UsageError
from tf_equivalence.modules import UnreadableError

PATTERN = "equivalence_*.py"
_SKIPPED = frozenset({"venv", "node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True)
class CaseRef:
    """A case that a module defines.

    Attributes:
        id: `path/equivalence_x.py::ClassName`.
        path: The module, relative to the workspace; absolute where it is outside.
        line: Of the `class` keyword, from 1.
        class_name: As written.
        module_path: The module's file, absolute.
    """

    id: str
    path: str
    line: int
    class_name: str
    module_path: Path


@dataclass(frozen=True)
class ModuleFault:
    """A module or directory that yields no cases, and why; or a module of which one name is unusable.

    Attributes:
        id: The same as `path`.
        path: Relative to the workspace; absolute where it is outside.
        line: The line to look at first, from 1.
        message: What is wrong and what to do, one paragraph.
    """

    id: str
    path: str
    line: int
    message: str


@dataclass(frozen=True)
class Discovery:
    """What the searched paths hold.

    Attributes:
        cases: Sorted by id.
        faults: Sorted by id.
        excluded: Modules left out by the globs, sorted; not those in directories left out whole.
    """

    cases: tuple[CaseRef, ...]
    faults: tuple[ModuleFault, ...]
    excluded: tuple[str, ...] = ()


def discover(paths: Sequence[Path], exclude: Sequence[str], workspace: Path) -> Discovery:
    """Find every case in the modules `equivalence_*.py` below `paths`.

    Args:
        paths: Directories, or such modules; absolute.
        exclude: Globs over workspace-relative paths with forward slashes.
        workspace: The directory that ids are relative to; absolute.

    Raises:
        UsageError: A path does not exist, or is a file of another name.
    """
    search = _Search(workspace, tuple(exclude))
    search.run(paths)
    resolver = Resolver(workspace)
    cases: list[CaseRef] = []
    faults = list(search.faults)
    for module_path in search.modules.values():
        path = show_path(module_path, workspace)
        try:
            module = resolver.read(module_path)
            classes, fault = read_cases(module, resolver)
        except UnreadableError as error:
            faults.append(ModuleFault(path, path, error.line, f"{path}:{error.line}: {error.message}"))
            continue
        except RecursionError:
            faults.append(ModuleFault(path, path, 1, f"{path}: its classes derive from each other too deeply"))
            continue
        cases += [CaseRef(f"{path}::{found.name}", path, found.line, found.name, module_path) for found in classes]
        if fault is not None:
            line, message = fault
            faults.append(ModuleFault(path, path, line, f"{path}:{line}: {message}"))
    return Discovery(
        tuple(sorted(cases, key=lambda case: case.id)),
        tuple(sorted(faults, key=lambda fault: fault.id)),
        tuple(sorted(search.excluded)),
    )


def select_cases(found: Discovery, globs: Sequence[str]) -> Discovery:
    """Keep the cases whose id or class name matches one of the globs; all of them without globs.

    A fault stays where a glob could have meant a case of its module.

    Raises:
        UsageError: A glob matches nothing.
    """
    for glob in globs:
        if not any(_matches_case(glob, case) for case in found.cases) and not _matching_faults(found, glob):
            names = [name for case in found.cases for name in (case.class_name, case.id)]
            nearest = difflib.get_close_matches(glob, names, n=1, cutoff=0.5)
            hint = f"did you mean {nearest[0]!r}?" if nearest else "see tf-equivalence list"
            raise UsageError(f"case: {glob!r} matches none of {len(found.cases)} cases; {hint}")
    if not globs:
        return found
    return Discovery(
        tuple(case for case in found.cases if any(_matches_case(glob, case) for glob in globs)),
        tuple(fault for fault in found.faults if any(fault in _matching_faults(found, glob) for glob in globs)),
        found.excluded,
    )


def _matches_case(glob: str, case: CaseRef) -> bool:
    return fnmatchcase(case.id, glob) or fnmatchcase(case.class_name, glob)


def _matching_faults(found: Discovery, glob: str) -> list[ModuleFault]:
    return [fault for fault in found.faults if fnmatchcase(fault.path, glob.split("::", maxsplit=1)[0])]


def show_path(path: Path, workspace: Path) -> str:
    """Return a path as reports show it: relative to the workspace, with forward slashes.

    Bytes of a file name that are not UTF-8 are written as escapes, since no report could hold them.
    """
    if path.is_relative_to(workspace):
        path = path.relative_to(workspace)
    else:
        real, root = Path(os.path.realpath(path)), Path(os.path.realpath(workspace))
        path = real.relative_to(root) if real.is_relative_to(root) else path
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@lru_cache
def _glob_to_regex(glob: str) -> re.Pattern[str]:
    """Translate a glob: `*` and `?` stay within one directory, `**` does not."""
    glob = glob.removeprefix("./").rstrip("/")
    tokens = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?[^]/]+\])", glob)
    regex = "".join(
        tokens.get(part)
        or (f"[{'^' if part[1] == '!' else ''}{re.escape(part[1:-1].removeprefix('!'))}]".replace(r"\-", "-"))
        if index % 2
        else re.escape(part)
        for index, part in enumerate(parts)
    )
    return re.compile(f"(?:{regex})(?:/.*)?", re.DOTALL)


@dataclass
class _Search:
    """Walks directories, real ones before links so that a file is known by its own path.

    Attributes:
        modules: Real path to the path that stands for it.
        faults: What could not be searched.
        excluded: Modules that a glob left out.
    """

    workspace: Path
    exclude: tuple[str, ...]
    modules: dict[str, Path] = field(default_factory=dict)
    faults: list[ModuleFault] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    _visited: set[tuple[int, int]] = field(default_factory=set)
    _links: list[Path] = field(default_factory=list)

    def run(self, paths: Sequence[Path]) -> None:
        for path in paths:
            _check(path, self.workspace)
        for path in paths:
            if path.is_dir():
                self._walk_or_defer(path)
            else:
                self._add(path)
        while self._links:
            link = self._links.pop(0)
            if os.path.isdir(link):
                self._walk(link)
            else:
                self._add(link)

    def _walk_or_defer(self, path: Path) -> None:
        if path.is_symlink():
            self._links.append(path)
        else:
            self._walk(path)

    def _walk(self, top: Path) -> None:
        pending = [top]
        while pending:
            directory = pending.pop()
            try:
                status = directory.stat()
                if (status.st_dev, status.st_ino) in self._visited or self._is_excluded(directory):
                    continue
                self._visited.add((status.st_dev, status.st_ino))
                with os.scandir(directory) as entries:
                    found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
            except OSError as error:
                path = show_path(directory, self.workspace)
                reason = error.strerror or str(error)
                self.faults.append(ModuleFault(path, path, 1, f"{path}: cannot be searched: {reason}; exclude it"))
                continue
            pending += self._sort_out(directory, found)

    def _sort_out(self, directory: Path, entries: Sequence[os.DirEntry[str]]) -> Iterator[Path]:
        """Yield the directories among the entries; take the modules, and put links off."""
        for entry in entries:
            path = directory / entry.name
            is_directory, is_link = os.path.isdir(path), entry.is_symlink()
            if is_skipped(entry.name) if is_directory else not fnmatchcase(entry.name, PATTERN):
                continue
            if is_link:
                self._links.append(path)
            elif is_directory:
                yield path
            else:
                self._add(path)

    def _add(self, path: Path) -> None:
        if self._is_excluded(path):
            self.excluded.add(show_path(path, self.workspace))
        else:
            self.modules.setdefault(os.path.realpath(path), path)

    def _is_excluded(self, path: Path) -> bool:
        return is_excluded(path, self.exclude, self.workspace)


def is_excluded(path: Path, exclude: Sequence[str], workspace: Path) -> bool:
    """Return whether a glob leaves a path out.

    Args:
        path: Absolute.
        exclude: Globs over workspace-relative paths with forward slashes.
        workspace: Absolute.
    """
    if not exclude:
        return False
    text = show_path(path, workspace)
    return any(_glob_to_regex(glob).fullmatch(text) for glob in exclude)


def is_skipped(name: str) -> bool:
    """Return whether a folder of this name is never searched."""
    return name.startswith(".") or name in _SKIPPED


def _check(path: Path, workspace: Path) -> None:
    shown = show_path(path, workspace)
    if not os.path.exists(path):
        if os.path.islink(path):
            raise UsageError(f"path {shown!r} is a link that leads nowhere")
        try:
            siblings = os.listdir(path.parent)
        except OSError:
            siblings = []
        nearest = difflib.get_close_matches(path.name, siblings, n=1)
        hint = f"the workspace is {str(workspace)!r}"
        if nearest:
            hint = f"did you mean {str(Path(shown).parent / nearest[0])!r}?"
        raise UsageError(f"path {shown!r} does not exist; {hint}")
    if not path.is_dir() and not fnmatchcase(path.name, PATTERN):
        raise UsageError(f"path {shown!r} is not a directory, so its name must be {PATTERN}")
