"""Everything a run is told, from argv, the environment and pyproject.toml: their only reader.

A value on the command line wins over an action input, which wins over pyproject.toml, which wins
over the default. A relative path starts at the working directory when it comes from the command
line, at the workspace when it comes from an action input, and at the file's own directory when it
comes from pyproject.toml.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tf_equivalence.commandline import read_command_line
from tf_equivalence.errors import UsageError
from tf_equivalence.options import OPTIONS, PATH, Option

TABLE = "tool.tf-equivalence"
_BY_NAME = {option.name: option for option in OPTIONS}


@dataclass(frozen=True)
class Settings:
    """What to do, wholly decided.

    Attributes:
        command: `run` or `list`.
        workspace: The directory that paths in reports are relative to; absolute.
        github: Whether this is a step of a GitHub workflow.
        paths: Absolute. Not checked to exist.
        exclude: Globs over workspace-relative paths with forward slashes.
        steps: Ids of the steps to run, in their own order; all of them where none was chosen.
        case: Globs over case ids or class names; empty for all cases.
        config: The file that `[tool.tf-equivalence]` was read from, if any; absolute.
        jobs: Processes at a time; 0 for one for each core.
        timeout: Seconds for each process that builds one side of a case.
        log_level: `error`, `warning`, `info` or `debug`.
        reference: `graph` or `tf1.15`, for cases that do not choose.
        tolerance: `measured` or `guide`, for cases that do not choose; without effect where `rtol` is set.
        rtol: Relative to the magnitude of the TF1 element; dimensionless. None unless `atol` is set too.
        atol: In the unit of the output. None unless `rtol` is set too.
        junit_file: Where to write JUnit XML, if anywhere; absolute.
        junit_flavor: `github` or `jenkins`.
        json_file: Where to write JSON, if anywhere; absolute.
        annotations: `commands` or `none`.
        max_annotations: At least 1.
        job_summary: The file to append the Markdown summary to, if any; absolute.
        fail_on: `failures`, `errors` or `never`.
        fail_on_empty: Whether finding nothing is a failure.
    """

    command: str
    workspace: Path
    github: bool
    paths: tuple[Path, ...]
    exclude: tuple[str, ...]
    steps: tuple[str, ...]
    case: tuple[str, ...]
    config: Path | None
    jobs: int
    timeout: float
    log_level: str
    reference: str
    tolerance: str
    rtol: float | None
    atol: float | None
    junit_file: Path | None
    junit_flavor: str
    json_file: Path | None
    annotations: str
    max_annotations: int
    job_summary: Path | None
    fail_on: str
    fail_on_empty: bool


class _Written(NamedTuple):
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


def read_settings(argv: Sequence[str], environ: Mapping[str, str], cwd: Path, step_ids: tuple[str, ...]) -> Settings:
    """Return the settings of this invocation.

    Args:
        argv: The arguments after the program's name.
        environ: The environment.
        cwd: The working directory, absolute.
        step_ids: The ids of all steps in order.

    Raises:
        UsageError: Something written is wrong; the message is one line.
        SystemExit: `--help` or `--version` was answered; the code is 0.
    """
    command, flags = read_command_line(argv, step_ids)
    github = environ.get("GITHUB_ACTIONS") == "true"
    workspace = _read_workspace(environ, cwd)
    written = {name: _Written(texts, where, 3, cwd) for name, (texts, where) in flags.items()}
    for option in OPTIONS:
        texts = tuple(option.split(environ.get(option.variable, "")))
        if any(texts):
            written.setdefault(option.name, _Written(texts, option.variable, 2, workspace))
    config, table = _find_config(written.get("config"), cwd, workspace)
    if config is not None:
        for name, found in _read_table(config, table, workspace).items():
            written.setdefault(name, found)

    values = {option.name: _read_value(option, written.get(option.name), cwd) for option in OPTIONS}
    values["config"] = config
    values["steps"] = _choose_steps(values["steps"], written.get("steps"), step_ids)
    _settle_tolerance(values, written)
    if values["annotations"] is None:
        values["annotations"] = "commands" if github else "none"
    values["job-summary"] = _choose_summary(values["job-summary"], written.get("job-summary"), environ, cwd)
    _refuse_shared_file(values, ("junit-file", "json-file", "job-summary"))
    fields: dict[str, Any] = {option.field: values[option.name] for option in OPTIONS}
    return Settings(command=command, workspace=workspace, github=github, **fields)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for the known word nearest to `word`, or nothing."""
    nearest = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def _read_workspace(environ: Mapping[str, str], cwd: Path) -> Path:
    text = environ.get("GITHUB_WORKSPACE", "")
    workspace = _absolute(text, cwd) if text else cwd
    if not workspace.is_dir():
        raise UsageError(f"GITHUB_WORKSPACE: {text!r} is not a directory; unset it, or mount the checkout there")
    return workspace


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises where links form a loop


def _absolute(text: str, base: Path) -> Path:
    path = base / text
    # `..` is only resolved where it occurs: a path keeps the names that the user knows it by.
    return _real(path) if ".." in path.parts else path


def _find_config(asked: _Written | None, cwd: Path, workspace: Path) -> tuple[Path | None, dict[str, Any]]:
    """Return the file to read and its table; no file where none was asked for and none has the table."""
    if asked is not None:
        config = _absolute(_refuse_empty(asked.texts[-1], asked), asked.base)
        table = _load_table(config, asked.where)
        if table is None:
            raise UsageError(f"{asked.where}: {asked.texts[-1]!r} has no table [{TABLE}]")
        return config, table
    start, end = _real(cwd), _real(workspace)
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
    path, workspace = _real(path), _real(workspace)
    return path.relative_to(workspace) if path.is_relative_to(workspace) else path


def _read_table(config: Path, table: Mapping[str, Any], workspace: Path) -> dict[str, _Written]:
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
            written[name] = _Written(texts, where, 1, config.parent)
    return written


def _text_of(value: object, option: Option, where: str) -> str:
    """Return a TOML value as it would be written on the command line."""
    if type(value) not in option.kind.toml:
        names = {(str,): "a string", (int,): "a whole number", (int, float): "a number", (bool,): "true or false"}
        expected = names[option.kind.toml]
        raise UsageError(f"{where}: must be {expected}{' or an array of them' if option.many else ''}, got {value!r}")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_value(option: Option, written: _Written | None, cwd: Path) -> Any:
    """Return the value of one option, several as a tuple; every path absolute."""
    if written is None:
        return (cwd,) if option.name == "paths" else option.default
    values = [_parse(option, text, written) for text in written.texts]
    return tuple(dict.fromkeys(values)) if option.many else values[-1]


def _parse(option: Option, text: str, written: _Written) -> object:
    try:
        value = option.kind.parse(_refuse_empty(text, written))
    except ValueError as error:
        raise UsageError(f"{written.where}: must be {error}, got {text!r}") from None
    return _absolute(text, written.base) if option.kind is PATH else value


def _refuse_empty(text: str, written: _Written) -> str:
    if not text.strip():
        raise UsageError(f"{written.where}: must not be empty; leave it out instead")
    if "\0" in text:
        raise UsageError(f"{written.where}: {text!r} contains a null character")
    return text


def _choose_steps(chosen: tuple[str, ...], written: _Written | None, step_ids: tuple[str, ...]) -> tuple[str, ...]:
    for step in chosen:
        if step not in step_ids:
            where = written.where if written else ""
            raise UsageError(f"{where}: unknown step {step!r}{suggest(step, step_ids)} (steps: {', '.join(step_ids)})")
    return tuple(step for step in step_ids if not chosen or step in chosen)


def _settle_tolerance(values: dict[str, Any], written: Mapping[str, _Written]) -> None:
    """Let the pair of numbers and the preset override each other as their sources' order says."""
    preset = written.get("tolerance")
    pair = [written[name] for name in ("rtol", "atol") if name in written]
    if preset is not None and pair:
        rank = max(number.rank for number in pair)
        if preset.rank == rank:
            raise UsageError(f"{preset.where}: contradicts {pair[0].where}; give a preset or a pair of numbers")
        if preset.rank > rank:
            values["rtol"] = values["atol"] = None
    if (values["rtol"] is None) != (values["atol"] is None):
        missing = "atol" if values["atol"] is None else "rtol"
        raise UsageError(f"{pair[0].where}: needs {missing} too; give rtol and atol together, 0 for none")


def _choose_summary(value: Path | None, written: _Written | None, environ: Mapping[str, str], cwd: Path) -> Path | None:
    if written is not None:
        return None if written.texts[-1] == "none" else value
    default = environ.get("GITHUB_STEP_SUMMARY", "")
    return cwd / default if default else None


def _refuse_shared_file(values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    seen: dict[Path, str] = {}
    for name in names:
        path = values[name]
        if path is not None and seen.setdefault(path, name) != name:
            raise UsageError(f"{name} and {seen[path]} both name {str(path)!r}; one would overwrite the other")
