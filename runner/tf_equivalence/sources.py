"""Where values are written: the command line, the inputs of the action, pyproject.toml.

Each source gives texts, so that one parser reads them all.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tf_equivalence.errors import UsageError
from tf_equivalence.option import PATH, SUMMARY, Option
from tf_equivalence.options import OPTIONS

TABLE = "tool.tf-equivalence"
_BY_NAME = {option.name: option for option in OPTIONS}
_TOML_TYPES: Mapping[tuple[type, ...], str] = {
    (str,): "a string",
    (int,): "a whole number",
    (int, float): "a number",
    (bool,): "true or false",
    (str, bool): "true, false or a string",
}


class Written(NamedTuple):
    """The values of one option as somebody wrote them.

    Attributes:
        texts: One for each value.
        where: For messages, such as `INPUT_JOBS`.
        rank: Larger wins: pyproject.toml, action input, command line.
        base: The directory that relative paths start at.
    """

    texts: tuple[str, ...]
    where: str
    rank: int
    base: Path


def from_command_line(flags: Mapping[str, tuple[tuple[str, ...], str]], base: Path) -> dict[str, Written]:
    """Return what the flags say, each with its texts and how messages name it."""
    return {name: Written(texts, where, 3, base) for name, (texts, where) in flags.items()}


def from_inputs(environ: Mapping[str, str], workspace: Path) -> dict[str, Written]:
    """Return what the action's inputs say; an empty input is one that was not given.

    In a container action, `${{ github.workspace }}` is the workspace's path on the runner, which
    does not exist inside; such paths are mapped to where the workspace is mounted.
    """
    host = _host_workspace(environ, workspace)
    found = {}
    for option in OPTIONS:
        texts = tuple(option.split(environ.get(option.variable, ""))) if option.in_action else ()
        if any(texts):
            if host and option.kind in (PATH, SUMMARY):
                texts = tuple(_mapped(text, host, workspace) for text in texts)
            found[option.name] = Written(texts, option.variable, 2, workspace)
    return found


def _host_workspace(environ: Mapping[str, str], workspace: Path) -> Path | None:
    """Return the workspace's path on the runner where this is a container with another one."""
    parent = environ.get("RUNNER_WORKSPACE", "")
    repository = environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    if not parent or not repository or workspace.is_relative_to(parent):
        return None
    return Path(parent, repository)


def _mapped(text: str, host: Path, workspace: Path) -> str:
    path = Path(text)
    return str(workspace / path.relative_to(host)) if path.is_relative_to(host) else text


def from_pyproject(asked: Written | None, start: Path, workspace: Path) -> tuple[Path | None, dict[str, Written]]:
    """Return the file that has the table, if any, and what the table says.

    Args:
        asked: The file that `--config` or its input names, if they do.
        start: Else, where to look first; then its parents up to the workspace.
        workspace: For messages.

    Raises:
        UsageError: The file cannot be read, is not TOML, has no table though it was asked for, or
            the table holds an unknown key or a value of a wrong type.
    """
    config, table = _find_table(asked, start, workspace)
    return config, _read_table(config, table, workspace) if config else {}


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for the known word nearest to `word`, or nothing."""
    nearest = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def real_path(path: Path) -> Path:
    """Return the path without links; `Path.resolve` raises where links form a loop."""
    return Path(os.path.realpath(path))


def absolute(text: str, base: Path) -> Path:
    """Return the path from `base`, with the names that the user knows it by."""
    path = base / text
    return real_path(path) if ".." in path.parts else path


def refuse_empty(text: str, written: Written) -> str:
    """Return the text.

    Raises:
        UsageError: It is blank or cannot be passed on.
    """
    if not text.strip():
        raise UsageError(f"{written.where}: must not be empty; leave it out instead")
    if "\0" in text:
        raise UsageError(f"{written.where}: {text!r} contains a null character")
    return text


def _find_table(asked: Written | None, start: Path, workspace: Path) -> tuple[Path | None, dict[str, Any]]:
    if asked is not None:
        config = absolute(refuse_empty(asked.texts[-1], asked), asked.base)
        table = _load_table(config, asked.where)
        if table is None:
            raise UsageError(f"{asked.where}: {asked.texts[-1]!r} has no table [{TABLE}]")
        return config, table
    start, end = real_path(start), real_path(workspace)
    for directory in (start, *start.parents) if start.is_relative_to(end) else (start,):
        config = directory / "pyproject.toml"
        table = _load_table(config, str(_shorten(config, workspace))) if config.is_file() else None
        if table is not None:
            return config, table
        if directory == end:
            break
    return None, {}


def _load_table(config: Path, where: str) -> dict[str, Any] | None:
    """Return the table as TOML values; None where the file has none."""
    try:
        with config.open("rb") as stream:
            table = tomllib.load(stream).get("tool", {})
    except OSError as error:
        raise UsageError(f"{where}: cannot read {str(config)!r}: {error.strerror or error}") from None
    except ValueError as error:  # not TOML, or not UTF-8
        raise UsageError(f"{where}: {str(config)!r} is not valid TOML: {error}") from None
    except RecursionError:
        raise UsageError(f"{where}: {str(config)!r} is not valid TOML: nested too deeply") from None
    table = table.get("tf-equivalence") if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise UsageError(f"{where}: {TABLE} must be a table, written as [{TABLE}]")
    return table


def _shorten(path: Path, workspace: Path) -> Path:
    path, workspace = real_path(path), real_path(workspace)
    return path.relative_to(workspace) if path.is_relative_to(workspace) else path


def _read_table(config: Path, table: Mapping[str, Any], workspace: Path) -> dict[str, Written]:
    """Return what the table says as text, so that every source is read by the same parser."""
    known = [option.name for option in OPTIONS if option.in_config]
    place = f"{_shorten(config, workspace)} [{TABLE}]"
    written = {}
    for name, value in table.items():
        if name not in known:
            raise UsageError(f"{place}: unknown key {name!r}{suggest(name, known)} (keys: {', '.join(known)})")
        option, where = _BY_NAME[name], f"{place} {name}"
        items = value if option.many and isinstance(value, list) else [value]
        texts = tuple(_text_of(item, option, where) for item in items)
        if texts:
            written[name] = Written(texts, where, 1, config.parent)
    return written


def _text_of(value: object, option: Option, where: str) -> str:
    """Return a TOML value as it would be written on the command line."""
    if type(value) not in option.kind.toml:
        expected = _TOML_TYPES[option.kind.toml]
        raise UsageError(f"{where}: must be {expected}{' or an array of them' if option.many else ''}, got {value!r}")
    return str(value).lower() if isinstance(value, bool) else str(value)
