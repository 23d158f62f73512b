"""Keeps the object-based checkpoints that the `checkpoint` step makes of TF1's, one directory for each case."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

from tf_equivalence.discover import CaseRef
from tf_equivalence.errors import UsageError
from tf_equivalence.ownership import absent, hand_over

_MARK = "mapping.txt"  # written last, so that a directory with it is a whole one of ours


def prepare(folder: Path, workspace: Path) -> None:
    """Make the directory before anything runs.

    Raises:
        UsageError: It cannot be made, or not be written to.
    """
    try:
        _make(folder, workspace)
    except OSError as error:
        raise UsageError(f"checkpoint-dir: cannot make {str(folder)!r}: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"checkpoint-dir: cannot write to {str(folder)!r}; name a directory that you can write")


def directory_of(folder: Path, case: CaseRef) -> Path:
    """Return where the checkpoint of a case goes: its module's path, and its class."""
    module = PurePosixPath(case.path).with_suffix("")
    return folder.joinpath(*(part for part in module.parts if part.strip("./\\")), case.class_name)


def keep(made: Path | None, folder: Path, case: CaseRef, workspace: Path) -> Path | None:
    """Put a converted checkpoint in the place of one of an earlier run, and return its directory, if there is one.

    Args:
        made: The directory that holds it; None, or one that is not there, for none.
        folder: What the user named.
        case: Whose it is.
        workspace: Its owner is to own what is written into it.

    Raises:
        OSError: Something cannot be written.
    """
    target = directory_of(folder, case)
    if (target / _MARK).exists():
        (target / _MARK).unlink()
        for old in (*target.glob("model-*"), target / "checkpoint"):
            old.unlink(missing_ok=True)
    names = sorted(os.listdir(made)) if made is not None and made.is_dir() else []
    if made is None or _MARK not in names:
        if target.is_dir() and not os.listdir(target):
            target.rmdir()
        return None
    _make(target, workspace)
    for name in (*(name for name in names if name != _MARK), _MARK):
        shutil.copyfile(made / name, target / name)
        hand_over(target / name, workspace)
    return target


def _make(folder: Path, workspace: Path) -> None:
    new = absent(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for place in new:
        hand_over(place, workspace)
