"""Whose the files are that we make in a workspace: its owner's, also where root runs us."""

from __future__ import annotations

import os
from pathlib import Path


def absent(path: Path) -> tuple[Path, ...]:
    """Return what does not exist yet of a path and the folders above it, innermost first."""
    return tuple(place for place in (path, *path.parents) if not os.path.exists(place))  # Path.exists() may raise


def hand_over(path: Path, workspace: Path) -> None:
    """Make the workspace's owner own a new file or folder in it: root's would be in the way of the next checkout.

    Only root can give files away; for others, nothing happens. Nor does it to what lies outside of
    the workspace: a link in it is handed over itself, not what it leads to.

    Args:
        path: What we made.
        workspace: As the user knows it.

    Raises:
        OSError: It cannot be given away, or either of them is not there.
    """
    if os.geteuid() != 0 or not path.is_relative_to(workspace):
        return
    owner = workspace.stat()
    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
