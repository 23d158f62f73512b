"""Installs what a repository requires beside the pinned packages, and never in place of one.

The environment itself stays as it is. What is missing goes to a folder of the run, which workers
search last, so that nothing in it can be imported instead of a pinned package.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path

from packaging.utils import canonicalize_name

from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.record import installer
from tf_equivalence.record.requirements_files import Line, read_requirements

# What the pinned packages provide under another name: whatever version of these is asked for, this
# run's is the answer, since running old code on it is what the run is for.
_TENSORFLOW = (
    "intel-tensorflow intel-tensorflow-avx512 nvidia-tensorflow tensorflow tensorflow-aarch64 tensorflow-cpu "
    "tensorflow-cpu-aws tensorflow-gpu tensorflow-intel tensorflow-macos tensorflow-rocm tf-nightly tf-nightly-cpu "
    "tf-nightly-gpu tf-nightly-intel tf-nightly-macos"
).split()
_PROVIDED = {
    **dict.fromkeys(_TENSORFLOW, "TensorFlow"),
    "keras": "Keras",
    "tf-keras": "legacy Keras",
    "tf-equivalence": "tf-equivalence",
}
_PROVIDERS = {
    "TensorFlow": ("tf-nightly", "tf-nightly-cpu"),
    "Keras": ("keras-nightly",),
    "legacy Keras": ("tf-keras-nightly",),
    "tf-equivalence": ("tf-equivalence",),
}
_PINNED_MODULES = frozenset({"keras", "numpy", "tensorflow", "tf_equivalence", "tf_keras", "tf_slim"})
_MOST_CONFLICTS = 8
# Of a project's own folder: what is no source of it, and may be large.
_NOT_COPIED = frozenset({"build", ".venv", "venv", "node_modules"})


@dataclass(frozen=True)
class Installed:
    """What became of the requirements.

    Attributes:
        directory: For the end of the import path; None where nothing had to be installed.
        notices: What was left out and why, one line each.
    """

    directory: Path | None
    notices: tuple[str, ...]


@dataclass(frozen=True)
class _Conflict:
    line: Line
    name: str
    version: str


def install_requirements(
    files: Sequence[Path], directory: Path, environ: Mapping[str, str], timeout_s: float = 1800.0
) -> Installed:
    """Install what the files ask for and the environment lacks.

    Args:
        files: Requirements files, or pyproject.toml with or without extras in brackets.
        directory: A new folder for all that is installed, downloaded and built.
        environ: What the builds of source distributions may see.
        timeout_s: Seconds that all of it may take.

    Raises:
        UsageError: A file is wrong, or asks for what the pinned packages rule out.
        InfrastructureError: An index cannot be reached, or a build fails.
    """
    lines = [line for file in files for line in read_requirements(file)]
    own = _installed_distributions()
    pinned = {name: found.version for name, found in own.items()}
    lines, notices = _leave_out_provided([line for line in lines if _applies(line)], pinned)
    wanted, more = _leave_out_met(lines, pinned)
    notices += more
    if all(line.option or line.constraint for line in wanted):
        return Installed(None, tuple(notices))

    target = directory / "site-packages"  # the name tells library frames from the user's own
    target.mkdir(parents=True)
    copies = _copy_projects(wanted, directory)
    installer.write_stand_ins(target, list(own.values()))
    _install(wanted, pinned, target, copies, environ, timeout_s)
    installer.remove_stand_ins(target)
    found = list(metadata.distributions(path=[str(target)]))
    _refuse_shadows(found, pinned)
    _point_to_sources(target, copies)
    return Installed(target if found else None, tuple(notices))


def _install(
    wanted: Sequence[Line],
    pinned: Mapping[str, str],
    target: Path,
    copies: Mapping[Path, Path],
    environ: Mapping[str, str],
    timeout_s: float,
) -> None:
    asked = {
        "requirements": [_of_copy(line, copies) for line in wanted if not line.constraint],
        "constraints": [f"{name}=={version}" for name, version in sorted(pinned.items())]
        + [line.wanted for line in wanted if line.constraint],
        "excludes": sorted(_PROVIDED),
    }
    try:
        installer.install(target, asked, target.parent, environ, timeout_s)
    except UsageError as error:
        raise UsageError(f"{_origins(str(error), wanted)}: {error}") from None


def _installed_distributions() -> dict[str, metadata.Distribution]:
    """Return the distributions of this interpreter by name; of two, the one that is imported."""
    found: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions():
        if distribution.name:
            found.setdefault(canonicalize_name(distribution.name), distribution)
    return found


def _applies(line: Line) -> bool:
    marker = line.requirement.marker if line.requirement else None
    return marker is None or marker.evaluate({"extra": ""})


def _leave_out_provided(lines: Iterable[Line], pinned: Mapping[str, str]) -> tuple[list[Line], list[str]]:
    wanted, notices = [], []
    for line in lines:
        provided = line.requirement and _PROVIDED.get(canonicalize_name(line.requirement.name))
        if not provided:
            wanted.append(line)
        elif not line.constraint:
            own = next((f"{name} {pinned[name]}" for name in _PROVIDERS[provided] if name in pinned), "its own")
            notices.append(f"{line.origin}: {line.text} is taken as met: this run's {provided} is {own}")
    return wanted, notices


def _leave_out_met(lines: Iterable[Line], pinned: Mapping[str, str]) -> tuple[list[Line], list[str]]:
    """Return the lines that pinned packages do not meet, and notices about limits that they exceed.

    Raises:
        UsageError: Lines rule pinned versions out. What does so further down, the resolver finds.
    """
    unmet, notices, conflicts = [], [], []
    for line in lines:
        requirement = line.requirement
        version = pinned.get(canonicalize_name(requirement.name)) if requirement else None
        if requirement is None or version is None:
            unmet.append(line)
        elif not requirement.url and requirement.specifier.contains(version, prereleases=True):
            if requirement.extras:
                unmet.append(line)
        elif line.constraint:
            notices.append(f"{line.origin}: {line.text} has no effect: this run's {requirement.name} is {version}")
        else:
            conflicts.append(_Conflict(line, requirement.name, version))
    if conflicts:
        raise UsageError(_describe(conflicts))
    return unmet, notices


def _describe(conflicts: Sequence[_Conflict]) -> str:
    """Return one message for all, so that they can be repaired in one go."""
    first, *rest = conflicts
    others = [f"{one.line.text} ({one.line.origin}; here {one.version})" for one in rest[: _MOST_CONFLICTS - 1]]
    if len(rest) > len(others):
        others.append(f"{len(rest) - len(others)} more")
    also = f". The same goes for {', '.join(others)}" if others else ""
    return (
        f"{first.line.origin}: asks for {first.line.text}, but this run's {first.name} is {first.version} and stays "
        f"so, because the pinned TensorFlow was tested with it; loosen that requirement, or {installer.REMEDY}{also}"
    )


def _copy_projects(lines: Iterable[Line], directory: Path) -> dict[Path, Path]:
    """Copy the projects that have to be built, since building leaves files, and return the copies by project."""
    copies: dict[Path, Path] = {}
    for line in lines:
        if line.project is None or line.project in copies:
            continue
        project = line.project
        copy = directory / "projects" / str(len(copies)) / (project.name or "project")

        def ignored(folder: str, names: Collection[str], project: Path = project) -> set[str]:
            # The run's own folder may lie within the project.
            top = _NOT_COPIED if Path(folder) == project else frozenset()
            return {name for name in names if name in top or name == "__pycache__" or Path(folder, name) == directory}

        try:
            shutil.copytree(project, copy, symlinks=True, ignore=ignored)
        except (shutil.Error, OSError) as error:
            raise InfrastructureError(f"{line.origin}: cannot copy {str(project)!r} to build it: {error}") from None
        copies[project] = copy
    return copies


def _of_copy(line: Line, copies: Mapping[Path, Path]) -> str:
    if line.project is None:
        return line.wanted
    return line.wanted.replace(line.project.as_uri(), copies[line.project].as_uri(), 1)


def _origins(said: str, lines: Iterable[Line]) -> str:
    """Return where what the installer names was asked for."""
    origins = [
        line.origin
        for line in lines
        if line.requirement
        and re.search(rf"(?<![\w.-]){re.escape(canonicalize_name(line.requirement.name))}(?![\w-])", said)
    ]
    return "; ".join(dict.fromkeys(origins[:_MOST_CONFLICTS])) or "requirements"


def _refuse_shadows(distributions: Iterable[metadata.Distribution], pinned: Mapping[str, str]) -> None:
    """Refuse a distribution that is pinned already, or ships modules of such a one: it would be left unused."""
    for found in distributions:
        tops = {file.parts[0].partition(".")[0] for file in found.files or () if file.suffix in (".py", ".so")}
        taken = sorted(tops & _PINNED_MODULES)
        if taken or canonicalize_name(found.name) in pinned:
            what = taken[0] if taken else found.name
            raise UsageError(
                f"requirements: {found.name} {found.version} brings its own {what!r}, which this run already has; "
                f"{installer.REMEDY}"
            )


def _point_to_sources(target: Path, copies: Mapping[Path, Path]) -> None:
    """Let editable projects be imported from where they are, so that their lines are the repository's own.

    One with modules that were built, which only its copy has, is imported from that.
    """
    for project, copy in copies.items():
        if any(not (project / built.relative_to(copy)).exists() for built in copy.rglob("*.so")):
            continue
        for file in (*target.glob("*.pth"), *target.glob("__editable__*.py")):
            text = file.read_text("utf-8", "surrogateescape")
            file.write_text(text.replace(str(copy), str(project)), "utf-8", "surrogateescape")
            Path(cache_from_source(str(file))).unlink(missing_ok=True)
