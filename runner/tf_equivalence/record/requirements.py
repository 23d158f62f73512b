"""Installs what a repository requires beside the pinned packages, and never in place of one.

The environment itself stays as it is. What is missing goes to a folder of the run, which workers
search last, so that nothing in it can be imported instead of a pinned package.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.record.requirements_files import Line, read_requirements

# What the pinned packages provide under another name: whatever version of these is asked for, this
# run's is the answer, since running old code on it is what the run is for.
_TENSORFLOW = frozenset(
    "intel-tensorflow tensorflow tensorflow-cpu tensorflow-gpu tensorflow-intel tensorflow-macos tensorflow-rocm "
    "tf-nightly tf-nightly-cpu tf-nightly-gpu".split()
)
_PROVIDED = {**dict.fromkeys(_TENSORFLOW, "TensorFlow"), "keras": "Keras", "tf-keras": "legacy Keras"}
_PROVIDERS = {"TensorFlow": ("tf-nightly", "tf-nightly-cpu"), "Keras": ("keras-nightly",)}
_PROVIDERS["legacy Keras"] = ("tf-keras-nightly",)
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?: @ (?P<url>\S+)|==(?P<version>[^\s;]+))")
# uv reads variables of its own; these are pip's for the same.
_OF_PIP = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_CERT": "SSL_CERT_FILE"}
_MOST_LINES = 6


@dataclass(frozen=True)
class Installed:
    """What became of the requirements.

    Attributes:
        directory: For the end of the import path; None where nothing had to be installed.
        notices: What was left out and why, one line each.
    """

    directory: Path | None
    notices: tuple[str, ...]


def install_requirements(
    files: Sequence[Path], directory: Path, environ: Mapping[str, str], timeout_s: float = 1800.0
) -> Installed:
    """Install what the files ask for and the environment lacks.

    Args:
        files: Requirements files, or pyproject.toml with or without extras in brackets.
        directory: A new folder for all that is installed, downloaded and built.
        environ: What the builds of source distributions may see.
        timeout_s: Seconds for resolving, and again for installing.

    Raises:
        UsageError: A file is wrong, or asks for what the pinned packages rule out.
        InfrastructureError: An index cannot be reached, or a build fails.
    """
    lines = [line for file in files for line in read_requirements(file)]
    pinned: dict[str, str] = {
        canonicalize_name(found.name): found.version for found in metadata.distributions() if found.name
    }
    wanted, notices = _leave_out_provided(lines, pinned)
    wanted = _leave_out_met(wanted, pinned)
    directory.mkdir(parents=True)
    uv = _Uv(directory, environ, timeout_s)
    resolved = uv.resolve([_copied(line, directory) for line in wanted], pinned)
    missing = _missing(resolved, pinned)
    if not missing:
        return Installed(None, tuple(notices))
    target = directory / "site-packages"  # the name tells library frames from the user's own
    uv.install(missing, [line for line in wanted if _is_option(line)], target)
    _refuse_shadows(target, pinned)
    return Installed(target, tuple(notices))


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


def _leave_out_met(lines: Iterable[Line], pinned: Mapping[str, str]) -> list[Line]:
    """Return the lines that pinned packages do not meet.

    Raises:
        UsageError: A line rules a pinned version out. What does so further down, the resolver finds.
    """
    unmet = []
    for line in lines:
        requirement = line.requirement
        version = pinned.get(canonicalize_name(requirement.name)) if requirement else None
        if requirement is None or version is None or requirement.url or requirement.extras:
            unmet.append(line)
        elif requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        elif not requirement.specifier.contains(version, prereleases=True):
            raise UsageError(
                f"{line.origin}: asks for {line.text}, but this run's {requirement.name} is {version} and stays so, "
                "because the pinned TensorFlow was tested with it; loosen that requirement, or leave it out of what "
                "`requirements` names"
            )
    return unmet


def _copied(line: Line, directory: Path) -> str:
    """Return the line, a project in it replaced by a copy: building one leaves files in it."""
    if line.project is None:
        return line.text
    copy = directory / "projects" / str(len(list((directory / "projects").glob("*")))) / line.project.name
    ignored = shutil.ignore_patterns("build", ".venv", "venv", "node_modules", "__pycache__")
    shutil.copytree(line.project, copy, symlinks=True, ignore=ignored)
    return line.text.replace(str(line.project), str(copy), 1)


def _missing(resolved: Iterable[str], pinned: Mapping[str, str]) -> list[str]:
    missing = []
    for text in resolved:
        found = _PINNED.match(text)
        name = canonicalize_name(found["name"]) if found else ""
        if found is None or name not in pinned:
            missing.append(text)
        elif found["url"]:
            raise UsageError(
                f"requirements: asks for {name} from {found['url']}, but {name} {pinned[name]} is one of the pinned "
                "packages and stays so; leave it out of what `requirements` names"
            )
    return missing


def _refuse_shadows(target: Path, pinned: Mapping[str, str]) -> None:
    """Refuse a distribution that is pinned already, or ships modules of such a one: it would be left unused."""
    for found in metadata.distributions(path=[str(target)]):
        tops = {file.parts[0] for file in found.files or () if file.parts and file.suffix == ".py"}
        taken = sorted(tops & {"keras", "numpy", "tensorflow", "tf_equivalence", "tf_keras", "tf_slim"})
        if taken or canonicalize_name(found.name) in pinned:
            what = taken[0] if taken else found.name
            raise UsageError(
                f"requirements: {found.name} {found.version} brings its own {what!r}, which this run already has; "
                "leave it out of what `requirements` names"
            )


def _is_option(line: Line) -> bool:
    return line.text.startswith("-")


class _Uv:
    """The installer, which resolves against the pinned packages and never writes to their environment."""

    def __init__(self, directory: Path, environ: Mapping[str, str], timeout_s: float) -> None:
        self._directory, self._timeout_s = directory, timeout_s
        self._environ = {
            **{theirs: environ[ours] for ours, theirs in _OF_PIP.items() if environ.get(ours)},
            **environ,
            "UV_CACHE_DIR": str(directory / "cache"),
            "UV_PYTHON_DOWNLOADS": "never",
            "NO_COLOR": "1",
        }
        self._index = ["--no-index"] if environ.get("PIP_NO_INDEX") else []
        folders = [text for text in environ.get("PIP_FIND_LINKS", "").split() if "://" in text or Path(text).is_dir()]
        self._index += [word for text in folders for word in ("--find-links", text)]

    def resolve(self, lines: Sequence[str], pinned: Mapping[str, str]) -> list[str]:
        """Return every distribution that is needed, as `name==version` or `name @ address`."""
        wanted, constraints, excludes, output = (
            self._directory / name for name in ("wanted.txt", "constraints.txt", "excludes.txt", "resolved.txt")
        )
        _write_lines(wanted, lines)
        _write_lines(constraints, [f"{name}=={version}" for name, version in sorted(pinned.items())])
        _write_lines(excludes, sorted(_PROVIDED))
        limits: list[str | Path] = ["--constraints", constraints, "--excludes", excludes]
        plain = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        self._run(["compile", wanted, *limits, *plain, "--output-file", output])
        return [line for line in output.read_text("utf-8").splitlines() if line and not line.startswith("#")]

    def install(self, requirements: Sequence[str], options: Sequence[Line], target: Path) -> None:
        """Install exactly these into the folder."""
        missing = self._directory / "missing.txt"
        _write_lines(missing, [*(line.text for line in options), *requirements])
        self._run(["install", "--no-deps", "--compile-bytecode", "--target", target, "--requirements", missing])

    def _run(self, arguments: Sequence[str | Path]) -> None:
        command = [_find_uv(), "pip", *map(str, arguments), "--python", sys.executable, "--quiet", "--system-certs"]
        command += self._index
        try:
            done = subprocess.run(
                command,
                env=self._environ,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InfrastructureError(
                f"installing the requirements took longer than {self._timeout_s:g} s; check the package index, or put "
                "wheels in the place of what has to be built"
            ) from None
        if done.returncode:
            raise _failure(done.stderr.decode("utf-8", "replace"))


def _failure(said: str) -> UsageError | InfrastructureError:
    """Return what the installer's last words stand for."""
    text = " ".join(said.split())
    if "No solution found" in said:
        reason = text.partition("cause: ")[2] or text
        return UsageError(
            f"requirements: they cannot be installed beside the pinned packages, which stay as they are: {reason} "
            "Loosen the requirement, or leave it out of what `requirements` names"
        )
    last = " | ".join(line.strip() for line in said.strip().splitlines()[-_MOST_LINES:] if line.strip())
    hint = "build it elsewhere and name the wheel" if "build" in text.lower() else "check the index and the network"
    return InfrastructureError(f"installing the requirements failed; {hint}. The installer said: {last}")


def _find_uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise InfrastructureError("`requirements` needs uv, which is missing here; install it: pip install uv")
    return found


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}{os.linesep}" for line in lines), encoding="utf-8")
