"""Reads what a repository says it requires: requirements files, and the dependencies in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tf_equivalence.errors import UsageError

_WITH_EXTRAS = re.compile(r"(?P<path>.*pyproject\.toml)\[(?P<extras>[^\]]*)\]")
_OPTION = re.compile(r"(?P<option>-{1,2}[a-z-]+)(?:[ =]\s*|$)(?P<value>.*)")
_NESTED = ("-r", "--requirement", "-c", "--constraint")
_EDITABLE = ("-e", "--editable")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s--hash[= ]\S+")
_ARCHIVES = (".whl", ".tar.gz", ".zip")


@dataclass(frozen=True)
class Line:
    """One requirement or option as the resolver is to read it.

    Attributes:
        text: A requirement, or an option of a requirements file; every path in it absolute.
        origin: Where it is written, such as `requirements.txt, line 3`.
        requirement: None for options, paths and addresses.
        project: The directory of a project that the line asks to build, if it is one.
        constraint: Whether it only limits versions.
    """

    text: str
    origin: str
    requirement: Requirement | None = None
    project: Path | None = None
    constraint: bool = False


def read_requirements(file: Path) -> list[Line]:
    """Return the lines of a requirements file and of the files that it names, or the dependencies in pyproject.toml.

    Args:
        file: The path; extras in brackets may follow the name pyproject.toml.

    Raises:
        UsageError: The file cannot be read, or a line of it is no requirement.
    """
    found = _WITH_EXTRAS.fullmatch(str(file))
    if found or file.name == "pyproject.toml":
        path = Path(found["path"]) if found else file
        return list(_read_project(path, found["extras"].split(",") if found else []))
    return list(_read_file(file, file.name, False, ()))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"requirements: cannot read {str(path)!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"requirements: {str(path)!r} is not UTF-8 text; save it as UTF-8") from None


def _read_file(path: Path, name: str, constraint: bool, outer: Sequence[Path]) -> Iterator[Line]:
    if path in outer:
        raise UsageError(f"requirements: {name} includes itself, by way of {outer[-1].name}")
    text, first = "", 0
    # A line break at the end closes a last line that a backslash would continue.
    for number, line in enumerate([*_read_text(path).splitlines(), ""], 1):
        first = first or number
        text += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        text = _HASH.sub("", _COMMENT.sub("", text)).strip()
        if text:
            yield from _read_line(text, path, f"{name}, line {first}", constraint, (*outer, path))
        text, first = "", 0


def _read_line(text: str, path: Path, origin: str, constraint: bool, outer: Sequence[Path]) -> Iterator[Line]:
    option = _OPTION.fullmatch(text)
    if option and option["option"] in _NESTED:
        nested = path.parent / option["value"].strip("\"'")
        yield from _read_file(nested, nested.name, constraint or option["option"] in _NESTED[2:], outer)
    elif option and option["option"] in _EDITABLE:
        yield _local(option["value"], path.parent, origin)
    elif option:
        folder = path.parent / option["value"]
        is_folder = option["option"] in ("-f", "--find-links") and folder.is_dir()
        yield Line(f"{option['option']} {folder if is_folder else option['value']}", origin)
    elif text.startswith((".", "/", "file:")) or text.endswith(_ARCHIVES):
        yield _local(text, path.parent, origin)
    elif re.match(r"(git|hg|svn|bzr)\+|https?://", text):
        yield Line(text, origin)
    else:
        yield Line(text, origin, _parse(text, origin), constraint=constraint)


def _local(text: str, base: Path, origin: str) -> Line:
    """Return a line that asks for a project's directory or an archive."""
    if "://" in text:
        return Line(text, origin)
    path, _, extras = text.strip("\"'").partition("[")
    target = Path(base / path)
    if not target.exists():
        raise UsageError(f"{origin}: {path!r} does not exist")
    suffix = f"[{extras}" if extras else ""
    return Line(f"{target.resolve()}{suffix}", origin, project=target.resolve() if target.is_dir() else None)


def _parse(text: str, origin: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{origin}: {text!r} is no requirement: {reason}") from None


def _read_project(path: Path, extras: Sequence[str]) -> Iterator[Line]:
    try:
        project = tomllib.loads(_read_text(path)).get("project")
    except ValueError as error:
        raise UsageError(f"requirements: {str(path)!r} is not valid TOML: {error}") from None
    if not isinstance(project, dict):
        raise UsageError(f"requirements: {str(path)!r} has no table [project] whose dependencies could be installed")
    if "dependencies" in project.get("dynamic", ()):
        raise UsageError(
            f"requirements: the dependencies in {str(path)!r} are dynamic; name the file that they are read from"
        )
    yield from _dependencies(project.get("dependencies", []), project, f"{path.name}, dependencies")
    for extra in filter(None, (extra.strip() for extra in extras)):
        yield from _read_extra(extra, project, path, ())


def _read_extra(extra: str, project: Mapping[str, Any], path: Path, outer: Sequence[str]) -> Iterator[Line]:
    known = {canonicalize_name(name): texts for name, texts in project.get("optional-dependencies", {}).items()}
    name = canonicalize_name(extra)
    if name not in known:
        choice = f"; it has {', '.join(known)}" if known else ""
        raise UsageError(f"requirements: {str(path)!r} has no extra {extra!r}{choice}")
    if name in outer:
        return
    for line in _dependencies(known[name], project, f"{path.name}, extra {extra}"):
        # A project may ask for other extras of its own.
        own = line.requirement and canonicalize_name(line.requirement.name) == canonicalize_name(project["name"])
        if own and line.requirement:
            for other in line.requirement.extras:
                yield from _read_extra(other, project, path, (*outer, name))
        else:
            yield line


def _dependencies(texts: object, project: Mapping[str, Any], origin: str) -> Iterator[Line]:
    if not isinstance(texts, list) or "name" not in project:
        raise UsageError(f"{origin}: must be an array of strings, in a [project] with a name")
    for text in texts:
        yield Line(str(text), origin, _parse(str(text), origin))
