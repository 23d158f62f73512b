"""Reads what a repository says it requires: requirements files, and the dependencies in pyproject.toml."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from tf_equivalence.errors import UsageError

_WITH_EXTRAS = re.compile(r"(?P<path>.*pyproject\.toml)\[(?P<extras>[^\]]*)\]", re.DOTALL)
_OPTION = re.compile(r"(?P<option>-{1,2}[a-z-]+)(?:[\s=]\s*|$)(?P<value>.*)")
_NESTED = ("-r", "--requirement", "-c", "--constraint")
_EDITABLE = ("-e", "--editable")
_VALUED = (*_NESTED, *_EDITABLE, "-f", "--find-links", "-i", "--index-url", "--extra-index-url")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s--hash[= ]\S+")
_NAME_AND_ADDRESS = re.compile(r"[A-Za-z0-9][\w.-]*\s*(\[[^\]]*\])?\s*@")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")
# A path or an address, then extras and a marker.
_PLACE = re.compile(r"(?P<place>[^\[;]*[^\[;\s])(?P<rest>(\[[^\]]*\])?(\s+;.*)?)")
_ARCHIVES = (".whl", ".tar.gz", ".zip")
_CREDENTIALS = re.compile(r"(://)[^/@\s]+@")


@dataclass(frozen=True)
class Line:
    """One requirement or option.

    Attributes:
        text: As it is written, without hashes and credentials: for readers.
        origin: Where it is written, such as `requirements.txt, line 3`.
        wanted: As the installer is to read it, with every path in it absolute.
        requirement: None for options, and for what has no name yet.
        project: The directory of a project that is to be built, if it is one.
        constraint: Whether it only limits versions.
        option: Whether it asks for nothing by itself.
    """

    text: str
    origin: str
    wanted: str
    requirement: Requirement | None = None
    project: Path | None = None
    constraint: bool = False
    option: bool = False


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


def hide_credentials(text: str) -> str:
    """Return the text without what precedes the host in its addresses."""
    return _CREDENTIALS.sub(r"\1***@", text)


def _read_text(path: Path, where: str) -> str:
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise UsageError(f"{where}: {str(path)!r} is not a file")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{where}: cannot read {str(path)!r}: {error.strerror or error}") from None
    except ValueError:
        raise UsageError(f"{where}: {str(path)!r} is not UTF-8 text; save it as UTF-8") from None
    if "\0" in text:
        raise UsageError(f"{where}: {str(path)!r} is not text")
    return text


def _read_file(path: Path, origin: str, constraint: bool, outer: Sequence[Path]) -> Iterator[Line]:
    """Read a file.

    Args:
        path: The file.
        origin: Where it is named: itself for the first one.
        constraint: Whether it only limits versions.
        outer: The real paths of the files on the way to this one.
    """
    real = Path(os.path.realpath(path))
    if real in outer:
        raise UsageError(f"{origin}: names {path.name}, which is being read already; files must not include each other")
    name = os.path.relpath(path, outer[0].parent) if outer else path.name
    text, first = "", 0
    # A line break at the end closes a last line that a backslash would continue.
    for number, line in enumerate([*_read_text(path, origin if outer else "requirements").splitlines(), ""], 1):
        first = first or number
        text += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        text = _COMMENT.sub("", text).strip()
        if text:
            yield from _read_line(text, path, f"{name}, line {first}", constraint, (*outer, real))
        text, first = "", 0


def _read_line(text: str, path: Path, origin: str, constraint: bool, outer: Sequence[Path]) -> Iterator[Line]:
    hashes = "".join(found[0] for found in _HASH.finditer(text))
    text = _HASH.sub("", text).strip()
    option = _OPTION.fullmatch(text)
    if option and option["option"] in _VALUED and not option["value"]:
        raise UsageError(f"{origin}: {text} needs a value")
    if option and option["option"] in _NESTED:
        nested = path.parent / _unquoted(option["value"])
        yield from _read_file(nested, origin, constraint or option["option"] in _NESTED[2:], outer)
    elif option and option["option"] in _EDITABLE:
        yield _read_place(option["value"], path.parent, origin, editable=True)
    elif option:
        folder = path.parent / _unquoted(option["value"])
        is_folder = option["option"] in ("-f", "--find-links") and folder.is_dir()
        wanted = f"{option['option']} {folder.resolve().as_uri()}" if is_folder else text
        yield Line(hide_credentials(text), origin, wanted, option=True)
    elif _names_place(text):
        yield _read_place(text, path.parent, origin)
    else:
        yield _read_requirement(text, path.parent, origin, hashes, constraint)


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _names_place(text: str) -> bool:
    """Whether it is a path or an address rather than a name."""
    if _NAME_AND_ADDRESS.match(text):
        return False
    start = text.partition(";")[0].strip()
    return start.startswith((".", "/", "file:")) or "/" in start or start.endswith(_ARCHIVES)


def _read_place(text: str, base: Path, origin: str, *, editable: bool = False) -> Line:
    """Return a line that asks for the project or the archive at a path or an address."""
    flag = "-e " if editable else ""
    shown = hide_credentials(f"{flag}{text}")
    found = _PLACE.fullmatch(_unquoted(text))
    place, rest = (found["place"], found["rest"]) if found else (_unquoted(text), "")
    if _ADDRESS.match(place) and not place.startswith("file:"):
        # Nobody edits what was fetched; and what is not edited needs no source that stays.
        return Line(shown, origin, text, _named_by_file(urlsplit(place).path, text))
    target = _existing(place, base, origin)
    project = target if target.is_dir() else None
    requirement = None if project else _named_by_file(target.name, target.as_uri())
    return Line(shown, origin, f"{flag}{target.as_uri()}{rest}", requirement, project)


def _existing(place: str, base: Path, origin: str) -> Path:
    path = base / (unquote(urlsplit(place).path) if place.startswith("file:") else place)
    if not path.exists():
        raise UsageError(
            f"{origin}: {hide_credentials(place)!r} does not exist; write it relative to the file it is in"
        )
    return path.resolve()


def _named_by_file(path: str, address: str) -> Requirement | None:
    """Return the requirement that the name of an archive stands for."""
    name = unquote(path).rpartition("/")[2]
    try:
        found = parse_wheel_filename(name)[0] if name.endswith(".whl") else parse_sdist_filename(name)[0]
        return Requirement(f"{found} @ {address}")
    except ValueError:
        return None


def _read_requirement(text: str, base: Path, origin: str, hashes: str = "", constraint: bool = False) -> Line:
    shown = hide_credentials(text)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        reason = hide_credentials(str(error)).splitlines()[0]
        raise UsageError(f"{origin}: {shown!r} is no requirement: {reason}") from None
    project = None
    if requirement.url and (requirement.url.startswith("file:") or not _ADDRESS.match(requirement.url)):
        target = _existing(requirement.url, base, origin)
        text = text.replace(requirement.url, target.as_uri(), 1)
        project = target if target.is_dir() else None
    return Line(shown, origin, text + hashes, requirement, project, constraint)


def _read_project(path: Path, extras: Sequence[str]) -> Iterator[Line]:
    source = _read_text(path, "requirements")
    try:
        project = tomllib.loads(source).get("project")
    except ValueError as error:
        raise UsageError(f"requirements: {str(path)!r} is not valid TOML: {error}") from None
    if not isinstance(project, dict):
        raise UsageError(f"requirements: {str(path)!r} has no table [project] whose dependencies could be installed")
    if not isinstance(project.get("name"), str):
        raise UsageError(f"requirements: [project] in {str(path)!r} has no name")
    dynamic = project.get("dynamic", [])
    if isinstance(dynamic, list) and "dependencies" in dynamic:
        raise UsageError(
            f"requirements: the dependencies in {str(path)!r} are dynamic; name the file that they are read from"
        )
    yield from _dependencies(project.get("dependencies", []), "dependencies", path, source)
    for extra in filter(None, (extra.strip() for extra in extras)):
        yield from _read_extra(extra, project, path, source, ())


def _read_extra(
    extra: str, project: Mapping[str, Any], path: Path, source: str, outer: Sequence[str]
) -> Iterator[Line]:
    table = project.get("optional-dependencies", {})
    known = {canonicalize_name(name): texts for name, texts in table.items()} if isinstance(table, dict) else {}
    name = canonicalize_name(extra)
    if name not in known:
        choice = f"; it has {', '.join(known)}" if known else ""
        raise UsageError(f"requirements: {str(path)!r} has no extra {extra!r}{choice}")
    if name in outer:
        return
    for line in _dependencies(known[name], f"extra {name}", path, source):
        # A project may ask for other extras of its own.
        own = line.requirement and canonicalize_name(line.requirement.name) == canonicalize_name(project["name"])
        if own and line.requirement:
            for other in sorted(line.requirement.extras):
                yield from _read_extra(other, project, path, source, (*outer, name))
        else:
            yield line


def _dependencies(texts: object, key: str, path: Path, source: str) -> Iterator[Line]:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{path.name}, {key}: must be an array of strings")
    for text in texts:
        quoted = (f'"{text}"', f"'{text}'")
        numbers = (number for number, line in enumerate(source.splitlines(), 1) if any(word in line for word in quoted))
        number = next(numbers, None)
        yield _read_requirement(text, path.parent, f"{path.name}, line {number}" if number else f"{path.name}, {key}")
