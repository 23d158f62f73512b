"""Places: the user's line that a stack leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf_equivalence.judge.places import Places
from tf_equivalence.recording import Frame
from tf_equivalence.result import Location


def frame(path: Path | str, line: int = 1, library: str = "", text: str = "x = 1") -> Frame:
    """Return a frame in a function `f`."""
    return Frame(str(path), line, "f", library, text)


def test_paths_are_relative_to_the_workspace(tmp_path: Path) -> None:
    """A file inside loses the workspace's path, one outside keeps its own."""
    places = Places(tmp_path / "w")
    assert places.relative(str(tmp_path / "w" / "nets" / "a.py")) == "nets/a.py"
    assert places.relative(str(tmp_path / "wide" / "a.py")) == str(tmp_path / "wide" / "a.py")


def test_links_to_the_workspace_are_followed(tmp_path: Path) -> None:
    """A workspace reached through a link is the same workspace."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert Places(tmp_path / "link").relative(str(tmp_path / "real" / "a.py")) == "a.py"
    assert Places(tmp_path / "real").relative(str(tmp_path / "link" / "a.py")) == "a.py"


def test_innermost_user_line_is_the_location(tmp_path: Path) -> None:
    """Library frames are passed over, and outer user frames too."""
    stack = (frame("/lib/tf.py", 9, "tensorflow"), frame(tmp_path / "net.py", 3), frame(tmp_path / "case.py", 7))
    assert Places(tmp_path).location(stack) == Location("net.py", 3)


def test_workspace_goes_before_the_users_other_code(tmp_path: Path) -> None:
    """A line that the pull request can change is shown before one of a shared directory outside."""
    shared, inside = tmp_path / "shared" / "layers.py", tmp_path / "w" / "net.py"
    stack = (frame(shared, 3), frame(inside, 7))
    places = Places(tmp_path / "w")
    assert places.location(stack) == Location("net.py", 7)
    assert places.location(stack[:1]) == Location(str(shared), 3)


@pytest.mark.parametrize(
    "stack", [pytest.param((), id="empty"), pytest.param((frame("/lib/tf.py", 9, "tensorflow"),), id="library-only")]
)
def test_no_user_code_no_location(tmp_path: Path, stack: tuple[Frame, ...]) -> None:
    """Where no user line exists there is no location, and nothing to list."""
    assert Places(tmp_path).location(stack) is None
    assert Places(tmp_path).lines(stack) == ()


def test_lines_show_user_frames_first_and_count_the_folded(tmp_path: Path) -> None:
    """A stack reads innermost first; libraries are one line at the end, with the frames they stand for."""
    stack = (
        frame("/lib/tf.py", 9, "tensorflow", "12 frames"),
        frame(tmp_path / "net.py", 3, text="y = w * x"),
        frame("/lib/keras.py", 9, "tf_keras", "3 frames"),
        frame("/lib/tf.py", 9, "tensorflow", "1 frames"),
        frame(tmp_path / "case.py", 7, text="net(x)"),
    )
    assert Places(tmp_path).lines(stack) == (
        "net.py:3 in f: y = w * x",
        "case.py:7 in f: net(x)",
        "(library frames folded: 13 tensorflow, 3 tf_keras)",
    )
