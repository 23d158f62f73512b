"""`tf-equivalence init` from start to end: find, choose, decide, write, and say what was done."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TextIO

from rich.console import Console

from tf_equivalence.discover import PATTERN, show_path
from tf_equivalence.errors import UsageError
from tf_equivalence.init import case_text, summary, workflow
from tf_equivalence.init.ask import Asker, Nobody, Terminal
from tf_equivalence.init.candidates import Tf1Function, find_tf1, find_tf2
from tf_equivalence.init.choose import Chosen, choose
from tf_equivalence.init.given import read_inputs
from tf_equivalence.init.imports import (
    Needs,
    Place,
    dotted,
    find_needs,
    find_place,
    folder_above_package,
    shadowing,
)
from tf_equivalence.init.plan import Plan, make_plan, model_name
from tf_equivalence.init.shapes import Spec
from tf_equivalence.init.sources import Repository, Source, read_repository
from tf_equivalence.init.troubles import find_troubles
from tf_equivalence.init.write import NewFile, write_files
from tf_equivalence.result import ExitCode
from tf_equivalence.settings import Settings


@dataclass(frozen=True)
class _Ground:
    """What all decisions stand on.

    Attributes:
        settings: As given.
        top: The repository's root.
        repository: What was read.
    """

    settings: Settings
    top: Path
    repository: Repository

    @property
    def known(self) -> tuple[Path, ...]:
        """The folders that are on the worker's import path, whatever the case."""
        return (self.settings.working_directory, self.settings.root)


def init(settings: Settings, stdin: TextIO = sys.stdin, stdout: TextIO = sys.stdout) -> int:
    """Write a first case, and say what was written, what was guessed, and what to run.

    Returns:
        The exit code: 0, or 5 where no TF1 code was found.

    Raises:
        UsageError: An option asks for something impossible, or a file is there already.
    """
    console = Console(file=stdout, highlight=False, soft_wrap=True)
    given = read_inputs(settings.input)
    for path in settings.paths:
        if not path.exists():
            raise UsageError(f"path {show_path(path, settings.workspace)!r} does not exist")
    repository = read_repository(settings.paths, settings.exclude, settings.workspace)
    ground = _Ground(settings, _find_top(settings), repository)
    found = find_tf1(repository.sources)
    asker: Asker = Nobody() if settings.yes or not _is_terminal(stdin) else Terminal(console)
    if not found and not settings.tf1:
        summary.say_nothing_found(console, repository)
        return ExitCode.NOTHING_FOUND
    chosen = choose(settings, repository.sources, found, find_tf2(repository.sources), ground.known, asker)
    plan = _plan(ground, chosen, given)
    plan = replace(plan, specs=_ask_inputs(asker, plan, settings))
    files, needs = _files(ground, plan, asker)
    write_files(files, settings.workspace, force=bool(settings.force))
    others = [function for function in found if function.node is not plan.tf1.node and not function.part]
    summary.say_written(
        console,
        plan,
        files,
        summary.Remarks(
            _missing(needs)
            + _shadowed(ground, plan)
            + tuple(f"{trouble.place}: {trouble.message}" for trouble in find_troubles(needs.sources)),
            repository.unreadable,
            tuple((other, _module(ground, other)) for other in others[: summary.MOST]),
            len(others),
        ),
        _run_arguments(ground, files[0].path, needs),
        settings.workspace,
    )
    return ExitCode.PASSED


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _find_top(settings: Settings) -> Path:
    """Return the repository that the first path is in; the working directory where there is none above it."""
    start = settings.paths[0] if settings.paths[0].is_dir() else settings.paths[0].parent
    above = (folder for folder in (start, *start.parents) if (folder / ".git").exists())
    fallback = settings.root if start.is_relative_to(settings.root) else start
    return next(above, fallback)


def _module(ground: _Ground, function: Tf1Function) -> str:
    return find_place(function.source, ground.repository.sources, ground.top).module


def _place(ground: _Ground, source: Source, module: str) -> Place:
    """Return how a file is imported; one of an installed package by the name that was given."""
    if not source.path.is_relative_to(ground.top) or "site-packages" in source.path.parts:
        return Place(module, None)
    place = find_place(source, ground.repository.sources, ground.top)
    if not all(part.isidentifier() for part in place.module.split(".")):
        raise UsageError(
            f"{source.shown}: {place.module!r} is no name that Python can import; rename the file or folder, or name "
            "another function with --tf1"
        )
    return place


def _nearer(ground: _Ground, source: Source, place: Place, tf1: Place) -> Place:
    """Return a way to import the TF2 side that asks for no further folder on the import path, if there is one."""
    if place.root in (None, tf1.root, *ground.known) or ground.top not in ground.known:
        return place
    module = dotted(source.path, ground.top)
    parts = module.split(".")
    free = shadowing(parts[0], ground.top) is None
    return Place(module, ground.top) if free and all(part.isidentifier() for part in parts) else place


def _plan(ground: _Ground, chosen: Chosen, given: dict[str, Spec]) -> Plan:
    tf1_place = _place(ground, chosen.tf1.source, chosen.tf1_module)
    tf2_place = None
    if chosen.tf2 is not None:
        tf2_place = _nearer(ground, chosen.tf2.source, _place(ground, chosen.tf2.source, chosen.tf2_module), tf1_place)
    elif chosen.layer:
        package = tf1_place.module.split(".")
        if chosen.tf1.source.path.name != "__init__.py":
            package = package[:-1]
        if tf1_place.root is None:
            package = []
        tf2_place = Place(".".join([*package, f"{model_name(chosen.tf1)}_layer"]), tf1_place.root)
    sources = ground.repository.sources
    return make_plan(chosen.tf1, tf1_place, chosen.tf2, tf2_place, given=given, sources=sources, layer=chosen.layer)


def _ask_inputs(asker: Asker, plan: Plan, settings: Settings) -> tuple[tuple[str, Spec], ...]:
    """Return what goes in, as the user says who sees what was guessed."""
    if settings.input:
        return plan.specs
    answers = []
    for name, spec in plan.specs:
        default = "" if spec.shape is None else f"{','.join(map(str, spec.shape))}:{spec.dtype}"
        what = name or plan.roles.inputs[0].name
        why = f" ({spec.why})" if spec.why else ""
        question = f"Shape of `{what}`, batch first, as 2,28,28,1:float32{why}"
        answers.append((name, _ask_spec(asker, question, default) or spec))
    return tuple(answers)


def _ask_spec(asker: Asker, question: str, default: str) -> Spec | None:
    """Ask until the answer can be read; None where the default is right, or nothing is known yet."""
    while True:
        text = asker.text(question, default)
        if not text or text == default:
            return None
        try:
            return next(iter(read_inputs([text]).values()))
        except UsageError as error:
            question = str(error)


def _files(ground: _Ground, plan: Plan, asker: Asker) -> tuple[tuple[NewFile, ...], Needs]:
    settings = ground.settings
    path = _output(ground, plan)
    files = []
    starts = [(plan.tf1.source, plan.tf1_place.root)]
    if plan.tf2 is not None and plan.tf2_place is not None:
        starts.append((plan.tf2.source, plan.tf2_place.root))
    needs = find_needs(starts, ground.known, ground.top)
    available = {folder_above_package(path), path.parent, *ground.known}
    folders = [folder for folder in needs.roots if folder not in available]
    expressions = [case_text.folder_expression(folder, path) for folder in folders]
    files.append(NewFile(path, case_text.case_text(plan, expressions), "the case: what is compared, on which inputs"))
    if plan.layer and plan.tf2_place is not None:
        base = plan.tf2_place.root or path.parent
        layer = base.joinpath(*plan.tf2_place.module.split(".")).with_suffix(".py")
        files.append(NewFile(layer, case_text.layer_text(plan), "a first TF2 layer, around the TF1 function"))
    workflow_path = ground.top / workflow.PATH
    wanted = settings.workflow
    if wanted is None and not os.path.lexists(workflow_path):
        wanted = asker.confirm(f"Write {workflow.PATH}, which runs the cases on every pull request?")
    if wanted:
        text = workflow.workflow_text(_requirements(ground.top))
        files.append(NewFile(workflow_path, text, "runs the cases on every pull request"))
    return tuple(files), needs


def _missing(needs: Needs) -> tuple[str, ...]:
    remedy = "name the file that asks for it, as in run --requirements requirements.txt"
    return tuple(f"{place}: {name} is not installed: {remedy}" for name, place in needs.missing)


def _shadowed(ground: _Ground, plan: Plan) -> tuple[str, ...]:
    """Return the sides that another module of the same name hides: folders of users come last on the import path."""
    sides = [(plan.tf1.source, plan.tf1_place)]
    if plan.tf2 is not None and plan.tf2_place is not None:
        sides.append((plan.tf2.source, plan.tf2_place))
    found = []
    for source, place in sides:
        first = place.module.split(".")[0]
        other = None if place.root is None else shadowing(first, ground.top)
        if other is not None:
            found.append(f"{source.shown}:1: `import {first}` finds {other} first: rename yours")
    return tuple(found)


def _output(ground: _Ground, plan: Plan) -> Path:
    settings = ground.settings
    if settings.output is None:
        return (plan.tf1_place.root or settings.working_directory) / f"equivalence_{plan.name}.py"
    if not fnmatchcase(settings.output.name, PATTERN):
        name = settings.output.name
        raise UsageError(f"--output: the name must be {PATTERN}, or run would not find it, got {name!r}")
    return settings.output


def _requirements(top: Path) -> str:
    return next((name for name in ("requirements.txt", "pyproject.toml") if _asks(top / name)), "")


def _asks(path: Path) -> bool:
    """Return whether a requirements file is there, or a pyproject.toml that asks for packages."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return False
    return path.suffix == ".txt" or "\n[project]" in f"\n{text}"


def _run_arguments(ground: _Ground, path: Path, needs: Needs) -> Sequence[str]:
    words = ["run", show_path(path, ground.settings.workspace)]
    name = _requirements(ground.top)
    if needs.missing and name:
        words += ["--requirements", show_path(ground.top / name, ground.settings.workspace)]
    return words
