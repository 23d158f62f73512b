"""Writes files that were not there before; others only when told to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.discover import show_path
from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.ownership import absent, hand_over


@dataclass(frozen=True)
class NewFile:
    """A file to write.

    Attributes:
        path: Absolute.
        text: All of it.
        what: What it is, for the reader.
    """

    path: Path
    text: str
    what: str


def write_files(files: Sequence[NewFile], workspace: Path, *, force: bool) -> None:
    """Write all of the files, or none where one of them is there already.

    Args:
        files: What to write.
        workspace: What paths in messages are relative to; absolute.
        force: Whether to overwrite files; never links, which may lead anywhere.

    Raises:
        UsageError: A file is there already, or is a link or a folder.
        InfrastructureError: It cannot be written.
    """
    for file in files:
        shown = show_path(file.path, workspace)
        if os.path.islink(file.path) or os.path.isdir(file.path):
            raise UsageError(f"{shown} is a link or a folder; name another file with --output, or remove it")
        if os.path.lexists(file.path) and not force:
            raise UsageError(f"{shown} is there already; write --force to replace it, or name another with --output")
    for file in files:
        _write(file, workspace, force=force)


def _write(file: NewFile, workspace: Path, *, force: bool) -> None:
    made = absent(file.path)
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        with file.path.open("w" if force else "x", encoding="utf-8", newline="\n") as stream:
            stream.write(file.text)
        for path in made:
            hand_over(path, workspace)
    except OSError as error:
        shown = show_path(file.path, workspace)
        raise InfrastructureError(f"cannot write {shown}: {error.strerror or error}") from None
