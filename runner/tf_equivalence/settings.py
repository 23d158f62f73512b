"""Everything a run is told, from argv, the environment and pyproject.toml: their only reader.

A value on the command line wins over an action input, which wins over pyproject.toml, which wins
over the default. A relative path starts at the current directory when it comes from the command
line, at the workspace when it comes from an action input, or for both at the working directory
that they choose; and at the file's own directory when it comes from pyproject.toml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tf_equivalence.commandline import read_command_line
from tf_equivalence.errors import UsageError
from tf_equivalence.option import PATH, Option
from tf_equivalence.options import OPTIONS
from tf_equivalence.sources import (
    Written,
    absolute,
    from_command_line,
    from_inputs,
    from_pyproject,
    refuse_empty,
    suggest,
)

_MOST_BY_COMMANDS = 10  # GitHub shows no more errors of a step
_MOST_BY_CHECKS = 1000


@dataclass(frozen=True)
class Settings:
    """What to do, wholly decided.

    Attributes:
        command: `run`, `list`, `docker`, `init` or `explain`.
        workspace: The checkout in a workflow, else the current directory; absolute.
        root: What paths in reports are relative to: the workspace, or the repository below it that
            the working directory is in; absolute.
        github: Whether this is a step of a GitHub workflow.
        paths: Absolute. Not checked to exist.
        exclude: Globs over workspace-relative paths with forward slashes.
        steps: Ids of the steps to run, in their own order; all of them where none was chosen.
        case: Globs over case ids or class names; empty for all cases.
        working_directory: Where user code runs and imports from; absolute.
        config: The file that `[tool.tf-equivalence]` was read from, if any; absolute.
        requirements: Files whose requirements to install; extras in brackets may follow the name; absolute.
        jobs: Processes at a time; 0 for one for each core.
        timeout: Seconds for each process that builds one side of a case.
        log_level: `error`, `warning`, `info` or `debug`.
        reference: `graph` or `tf1.15`, for cases that do not choose.
        tolerance: `measured` or `guide`, for cases that do not choose; without effect where `rtol` is set.
        rtol: Relative to the magnitude of the TF1 element; dimensionless. None unless `atol` is set too.
        atol: In the unit of the output. None unless `rtol` is set too.
        probes: Known changes at most to try for each numeric step.
        min_power: The fraction of them that a step must catch; 0 for any.
        junit_file: Where to write JUnit XML, if anywhere; absolute.
        junit_flavor: `github` or `jenkins`.
        json_file: Where to write JSON, if anywhere; absolute.
        trace: Where to write aligned operations, if anywhere; absolute.
        sarif_file: Where to write SARIF, if anywhere; absolute.
        html_file: Where to write the page, if anywhere; absolute.
        checkpoint_dir: The directory to keep converted checkpoints below, if any; absolute.
        annotations: `commands`, `checks` or `none`.
        max_annotations: At least 1.
        job_summary: The file to append the Markdown summary to, if any; absolute.
        comment: `never`, `on-failure` or `always`.
        token: For check runs and comments; empty where there is none, or none is needed. Never shown.
        path_prefix: What to put before paths that reports link to: empty, or with a slash at its end.
        fail_on: `failures`, `errors` or `never`.
        fail_on_empty: Whether finding nothing is a failure.
        image: Name of the image to run in.
        pull: `missing`, `always` or `never`.
        network: Name of the network that the container joins.
        memory: Bytes that the container may use; None for the default.
        cpus: Processors that the container may use; None for all.
        tf1: The TF1 function of a first case, as `module:function`; None for the likeliest.
        tf2: Its TF2 side, as `module:class`; None for the likeliest.
        input: What goes into it, each as `[NAME=]SHAPE[:DTYPE]`.
        output: The module to write; None for the usual place; absolute.
        layer: Whether to write a first TF2 layer; None for where none is found.
        workflow: Whether to write a workflow file; None for where there is none.
        force: Whether to replace files.
        yes: Whether to ask nothing.
        topics: Steps and causes to explain; empty for a list of both.
    """

    command: str
    workspace: Path
    root: Path
    github: bool
    paths: tuple[Path, ...]
    exclude: tuple[str, ...]
    steps: tuple[str, ...]
    case: tuple[str, ...]
    working_directory: Path
    config: Path | None
    requirements: tuple[Path, ...]
    jobs: int
    timeout: float
    log_level: str
    reference: str
    tolerance: str
    rtol: float | None
    atol: float | None
    probes: int
    min_power: float
    junit_file: Path | None
    junit_flavor: str
    json_file: Path | None
    trace: Path | None
    sarif_file: Path | None
    html_file: Path | None
    checkpoint_dir: Path | None
    annotations: str
    max_annotations: int
    job_summary: Path | None
    comment: str
    token: str = field(repr=False)
    path_prefix: str
    fail_on: str
    fail_on_empty: bool
    image: str
    pull: str
    network: str
    memory: int | None
    cpus: float | None
    tf1: str | None
    tf2: str | None
    input: tuple[str, ...]
    output: Path | None
    layer: bool | None
    workflow: bool | None
    force: bool
    yes: bool
    topics: tuple[str, ...]


def read_settings(argv: Sequence[str], environ: Mapping[str, str], cwd: Path, step_ids: tuple[str, ...]) -> Settings:
    """Return the settings of this invocation.

    Args:
        argv: The arguments after the program's name.
        environ: The environment.
        cwd: The current directory, absolute.
        step_ids: The ids of all steps in order.

    Raises:
        UsageError: Something written is wrong; the message is one line.
        SystemExit: `--help` or `--version` was answered; the code is 0.
    """
    command, flags = read_command_line(argv, step_ids)
    github = environ.get("GITHUB_ACTIONS") == "true"
    workspace = _read_workspace(environ, cwd)
    written = {**from_inputs(environ, workspace), **from_command_line(flags, cwd)}
    directory = cwd
    if "working-directory" in written:
        directory = _read_directory(written["working-directory"])
        written = {name: value._replace(base=directory) for name, value in written.items()}
    config, table = from_pyproject(written.get("config"), directory, workspace)
    if "working-directory" not in written and "working-directory" in table:
        directory = _read_directory(table["working-directory"])
    written = {**table, **written}

    values = {option.name: _read_value(option, written.get(option.name)) for option in OPTIONS}
    values |= {"config": config, "working-directory": directory, "paths": values["paths"] or (directory,)}
    values["steps"] = _choose_steps(values["steps"], written.get("steps"), step_ids)
    _settle_tolerance(values, written)
    if values["annotations"] is None:
        values["annotations"] = "commands" if github else "none"
    if values["max-annotations"] is None:
        values["max-annotations"] = _MOST_BY_CHECKS if values["annotations"] == "checks" else _MOST_BY_COMMANDS
    wanted = values["annotations"] == "checks" or values["comment"] != "never"
    values["token"] = _read_token(values["token"], environ) if wanted else ""
    values["job-summary"] = _choose_summary(values["job-summary"], written.get("job-summary"), environ, cwd)
    values["path-prefix"] = _read_prefix(values["path-prefix"], written.get("path-prefix"))
    _refuse_shared_file(values, ("junit-file", "json-file", "trace", "sarif-file", "html-file", "job-summary"))
    fields: dict[str, Any] = {option.field: values[option.name] for option in OPTIONS}
    root = _find_root(directory, workspace)
    return Settings(command=command, workspace=workspace, root=root, github=github, **fields)


def _read_workspace(environ: Mapping[str, str], cwd: Path) -> Path:
    text = environ.get("GITHUB_WORKSPACE", "")
    workspace = absolute(text, cwd) if text else cwd
    if not workspace.is_dir():
        raise UsageError(f"GITHUB_WORKSPACE: {text!r} is not a directory; unset it, or mount the checkout there")
    return workspace


def _read_directory(written: Written) -> Path:
    directory = absolute(refuse_empty(written.texts[-1], written), written.base)
    if not directory.is_dir():
        raise UsageError(f"{written.where}: {written.texts[-1]!r} is not a directory")
    return directory


def _find_root(directory: Path, workspace: Path) -> Path:
    """Return the repository that the directory is in, where it was checked out below the workspace."""
    candidates = (directory, *directory.parents) if directory.is_relative_to(workspace) else ()
    below = (candidate for candidate in candidates if candidate.is_relative_to(workspace))
    return next((candidate for candidate in below if (candidate / ".git").exists()), workspace)


def _read_value(option: Option, written: Written | None) -> Any:
    """Return the value of one option, several as a tuple; every path absolute."""
    if written is None:
        return option.default
    values = [_parse(option, text, written) for text in written.texts]
    return tuple(dict.fromkeys(values)) if option.many else values[-1]


def _parse(option: Option, text: str, written: Written) -> object:
    try:
        value = option.kind.parse(refuse_empty(text, written))
    except ValueError as error:
        raise UsageError(f"{written.where}: must be {error}, got {text!r}") from None
    return absolute(text, written.base) if option.kind is PATH else value


def _choose_steps(chosen: tuple[str, ...], written: Written | None, step_ids: tuple[str, ...]) -> tuple[str, ...]:
    for step in chosen:
        if step not in step_ids:
            where = written.where if written else ""
            raise UsageError(f"{where}: unknown step {step!r}{suggest(step, step_ids)} (steps: {', '.join(step_ids)})")
    return tuple(step for step in step_ids if not chosen or step in chosen)


def _settle_tolerance(values: dict[str, Any], written: Mapping[str, Written]) -> None:
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


def _choose_summary(value: str, written: Written | None, environ: Mapping[str, str], cwd: Path) -> Path | None:
    if value == "true":
        step_summary = environ.get("GITHUB_STEP_SUMMARY", "")
        return cwd / step_summary if step_summary else None
    return None if value == "false" or written is None else absolute(value, written.base)


def _read_token(value: str, environ: Mapping[str, str]) -> str:
    """Return the token: the action's input, else the variable in which workflows put it for other tools."""
    name, token = ("INPUT_TOKEN", value) if value else ("GITHUB_TOKEN", environ.get("GITHUB_TOKEN", "").strip())
    if token and not re.fullmatch("[!-~]+", token):  # and never say what it is
        raise UsageError(f"{name}: is no token, which is one word of printable ASCII; check the secret it is made from")
    return token


def _read_prefix(value: str, written: Written | None) -> str:
    """Return the prefix as it is put before a path: with one slash at its end, or empty."""
    if written is None:
        return ""
    prefix = PurePosixPath(value.replace("\\", "/"))
    if prefix.is_absolute() or ".." in prefix.parts:
        raise UsageError(f"{written.where}: must be a directory of the repository, relative to its root, got {value!r}")
    return f"{prefix}/" if prefix.parts else ""


def _refuse_shared_file(values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    seen: dict[Path, str] = {}
    for name in names:
        path = values[name]
        if path is not None and seen.setdefault(path, name) != name:
            raise UsageError(f"{name} and {seen[path]} both name {str(path)!r}; one would overwrite the other")
