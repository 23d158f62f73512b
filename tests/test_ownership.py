"""What we make in a workspace belongs to the workspace's owner."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tf_equivalence.ownership import absent, hand_over

OWNER = (12345, 12346)
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def owner(path: Path) -> tuple[int, int]:
    """Return user and group of a file, or of a link itself."""
    status = path.lstat()
    return status.st_uid, status.st_gid


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a directory of another user."""
    path = tmp_path / "workspace"
    path.mkdir()
    if os.geteuid() == 0:
        os.chown(path, *OWNER)
    return path


def test_absent(tmp_path: Path) -> None:
    """The innermost comes first, and what is there already is left out."""
    assert absent(tmp_path / "a" / "b" / "c") == (tmp_path / "a" / "b" / "c", tmp_path / "a" / "b", tmp_path / "a")
    (tmp_path / "a").mkdir()
    assert absent(tmp_path / "a" / "b") == (tmp_path / "a" / "b",)
    assert absent(tmp_path / "a") == ()


def test_what_cannot_be_looked_at_is_absent(tmp_path: Path) -> None:
    """A name that is too long is told when the file is opened, where it can be told well."""
    assert absent(tmp_path / ("r" * 1000)) == (tmp_path / ("r" * 1000),)


def test_what_a_link_misses_is_absent(tmp_path: Path) -> None:
    """Opening a link that leads nowhere makes a file; a loop of links is nothing that exists."""
    (tmp_path / "nowhere").symlink_to("missing")
    (tmp_path / "loop").symlink_to("loop")
    assert absent(tmp_path / "nowhere") == (tmp_path / "nowhere",)
    assert absent(tmp_path / "loop" / "a") == (tmp_path / "loop" / "a", tmp_path / "loop")


@ROOT_ONLY
def test_new_files_and_folders_are_handed_over(workspace: Path) -> None:
    """Each by itself: what else is in a folder keeps its owner."""
    folder, file = workspace / "out", workspace / "out" / "r.json"
    folder.mkdir()
    file.touch()
    hand_over(folder, workspace)
    assert (owner(folder), owner(file)) == (OWNER, (0, 0))
    hand_over(file, workspace)
    assert owner(file) == OWNER


@ROOT_ONLY
def test_files_elsewhere_stay_roots(workspace: Path, tmp_path: Path) -> None:
    """The owner of a workspace gets nothing outside of it, also not where a link in it leads."""
    elsewhere, link = tmp_path / "elsewhere", workspace / "link"
    elsewhere.touch()
    link.symlink_to(elsewhere)
    hand_over(elsewhere, workspace)
    hand_over(link, workspace)
    assert (owner(elsewhere), owner(link)) == ((0, 0), OWNER)


@ROOT_ONLY
def test_what_cannot_be_handed_over_raises(workspace: Path) -> None:
    """The caller decides whether that matters."""
    with pytest.raises(FileNotFoundError):
        hand_over(workspace / "missing", workspace)
    with pytest.raises(FileNotFoundError):
        hand_over(workspace / "missing" / "r.json", workspace / "missing")


def test_only_root_hands_over(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else could, and a user's own files are as they should be."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "chown", lambda *args, **kwargs: pytest.fail("chown"))
    hand_over(workspace / "r.json", workspace)
