"""What the container sees of this machine: the workspace to read, and the report files to write.

Both have the same absolute path inside as outside, so that every path in a message is the user's
own. Nothing else is shared: a report file is mounted by itself, not with its folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from tf_equivalence.errors import UsageError
from tf_equivalence.ownership import absent, hand_over
from tf_equivalence.settings import Settings
from tf_equivalence.sources import real_path

# What a container of ours cannot do without. A mount over `/tmp` would take its place to write.
_IMAGE = (
    *("/bin", "/dev", "/etc", "/lib", "/lib64", "/opt/tensorflow-1.15", "/opt/tf-equivalence", "/proc", "/sbin"),
    *("/sys", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin", "/usr/share"),
)
_STREAMS = (Path("/dev/null"), Path("/dev/stderr"), Path("/dev/stdout"))  # a container has its own
_DEVICES = (Path("/dev"), Path("/proc"))


@dataclass(frozen=True)
class Shared:
    """A file or directory of this machine in the container.

    Attributes:
        source: Here, without links.
        target: Inside.
        read_only: Whether the container may only read it.
    """

    source: Path
    target: Path
    read_only: bool


def share_workspace(workspace: Path) -> Shared:
    """Return the workspace as the container sees it.

    Raises:
        UsageError: It would hide what the image itself needs.
    """
    for name in (*_IMAGE, "/tmp"):  # noqa: S108 - the container's, not ours
        directory = Path(name)
        inside = name in _IMAGE and workspace.is_relative_to(directory)
        if directory.is_relative_to(workspace) or inside:
            raise UsageError(
                f"docker: the workspace {str(workspace)!r} is mounted at the same place in the container, where it "
                f"would hide {name}; run the command in the directory of your repository"
            )
    return Shared(real_path(workspace), workspace, read_only=True)


def as_seen_inside(settings: Settings) -> Settings:
    """Return the settings with every path as the container knows it.

    Raises:
        UsageError: Something that is to be read lies outside of the workspace.
    """
    workspace = settings.workspace

    def readable(name: str, path: Path) -> Path:
        inside = seen_at(path, workspace)
        if not inside.is_relative_to(workspace):
            raise UsageError(
                f"{name}: {str(path)!r} is outside of {str(workspace)!r}, the only directory that the container sees; "
                "run the command in a directory that holds both"
            )
        return path if path.is_relative_to(workspace) else inside

    def writable(path: Path | None) -> Path | None:
        return path if path is None or path in _STREAMS or path.is_relative_to(workspace) else seen_at(path, workspace)

    return replace(
        settings,
        # First, because it is where paths start.
        working_directory=readable("working-directory", settings.working_directory),
        paths=tuple(readable("paths", path) for path in settings.paths),
        config=settings.config and readable("config", settings.config),
        requirements=tuple(readable("requirements", path) for path in settings.requirements),
        junit_file=writable(settings.junit_file),
        json_file=writable(settings.json_file),
        trace=writable(settings.trace),
        sarif_file=writable(settings.sarif_file),
        html_file=writable(settings.html_file),
        checkpoint_dir=writable(settings.checkpoint_dir),
        job_summary=writable(settings.job_summary),
    )


def seen_at(path: Path, workspace: Path) -> Path:
    """Return where the container has what `path` leads to on this machine."""
    real, top = real_path(path), real_path(workspace)
    return workspace / real.relative_to(top) if real.is_relative_to(top) else real


def wanted_files(settings: Settings, environ: Mapping[str, str]) -> dict[str, Path]:
    """Return the files that a run writes, by the name of what asks for them."""
    files = {
        "junit-file": settings.junit_file,
        "json-file": settings.json_file,
        "trace": settings.trace,
        "sarif-file": settings.sarif_file,
        "html-file": settings.html_file,
        "job-summary": settings.job_summary,
        "GITHUB_OUTPUT": step_output(settings, environ),
    }
    return {name: path for name, path in files.items() if path is not None}


def wanted_folders(settings: Settings) -> dict[str, Path]:
    """Return the directories that a run writes into, by the name of what asks for them."""
    return {} if settings.checkpoint_dir is None else {"checkpoint-dir": settings.checkpoint_dir}


def step_output(settings: Settings, environ: Mapping[str, str]) -> Path | None:
    """Return the file for the outputs of a workflow's step, if this is one."""
    path = environ.get("GITHUB_OUTPUT", "")
    return Path(path) if path and settings.github else None


@contextmanager
def report_files(
    wanted: Mapping[str, Path], workspace: Path, folders: Mapping[str, Path] = MappingProxyType({})
) -> Iterator[tuple[Shared, ...]]:
    """Make the files for reports, and directories to write into, while the container runs; return how it sees them.

    A file can be mounted only where there is one, and has to be written in place: a new file moved
    over it would not be the mounted one. Those that nothing was written to go away again, with the
    folders that were made for them.

    Args:
        wanted: Paths by the name of their option.
        workspace: As the user knows it.
        folders: The same of directories.

    Raises:
        UsageError: A file or directory cannot be written.
    """
    made: list[Path] = []
    try:
        for name, path in wanted.items():
            _make(name, path, workspace, made)
        for name, path in folders.items():
            _make(name, path, workspace, made, folder=True)
        paths = (*wanted.values(), *folders.values())
        real = {real_path(path): seen_at(path, workspace) for path in paths if path not in _STREAMS}
        yield tuple(Shared(source, target, read_only=False) for source, target in real.items())
    finally:
        for path in reversed(made):
            _drop_empty(path)


def _make(name: str, path: Path, workspace: Path, made: list[Path], *, folder: bool = False) -> None:
    """Make sure that there is a file or folder that can be written, and add to `made` what was not there before."""
    if path in _STREAMS:
        return
    if any(path.is_relative_to(place) for place in _DEVICES):
        raise UsageError(f"{name}: the container has no {str(path)!r} of this machine; name a file, or /dev/stdout")
    new = absent(path)
    try:
        (path if folder else path.parent).mkdir(parents=True, exist_ok=True)
        if not folder:
            with path.open("ab"):
                pass
    except OSError as error:
        what = "directory" if folder else "file"
        raise UsageError(
            f"{name}: cannot write {str(path)!r}: {error.strerror}; name a {what} that you can write"
        ) from None
    finally:
        made += [place for place in reversed(new) if os.path.exists(place)]
    for place in new:
        with suppress(OSError):  # a report of root's is better than none
            hand_over(seen_at(place, workspace), workspace)  # opening a link makes the file that it leads to


def _drop_empty(path: Path) -> None:
    with suppress(OSError):  # a folder that holds something is kept
        if path.is_dir():
            path.rmdir()
        elif not path.stat().st_size:
            path.unlink()
