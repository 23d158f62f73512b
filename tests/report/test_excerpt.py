"""Excerpts: the lines around a place, and nothing where they cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf_equivalence.report.excerpt import excerpt, parse_location
from tf_equivalence.result import Location


def test_lines_around_a_place(tmp_path: Path) -> None:
    """Common indentation goes, the line is marked, numbers count from one."""
    (tmp_path / "a.py").write_text("def f():\n    x = 1\n\ty = 2\n        z = 3\n")
    lines = excerpt(tmp_path, Location("a.py", 3), 1)
    assert [(line.number, line.text, line.marked) for line in lines] == [
        (2, "x = 1", False),
        (3, "y = 2", True),
        (4, "    z = 3", False),
    ]


def test_prefix_is_taken_off(tmp_path: Path) -> None:
    """Reports put a prefix before paths; the file is where it was."""
    (tmp_path / "a.py").write_text("x\n")
    assert excerpt(tmp_path, Location("sub/a.py", 1), prefix="sub/")[0].text == "x"


@pytest.mark.parametrize(
    "place", [None, Location("gone.py", 1), Location("a.py", 9), Location("\0", 1), Location("", 1)]
)
def test_nothing_where_nothing_is(tmp_path: Path, place: Location | None) -> None:
    """A file that is gone, shorter, or no file at all gives no excerpt."""
    (tmp_path / "a.py").write_text("x\n")
    assert excerpt(tmp_path, place) == ()


def test_odd_files(tmp_path: Path) -> None:
    """Bytes that are no text, long lines and control characters do no harm."""
    (tmp_path / "a.py").write_bytes(b"\xff\xfe\x00\n")
    assert excerpt(tmp_path, Location("a.py", 1)) is not None
    (tmp_path / "b.py").write_text("x" * 1000 + "\x1b[0m\n")
    (line,) = excerpt(tmp_path, Location("b.py", 1))
    assert len(line.text) <= 240
    assert "\x1b" not in line.text


@pytest.mark.parametrize("text", ["", "a.py", "a.py:", ":3", "a.py:x", "a.py:0", None])
def test_what_is_no_place(text: object) -> None:
    """Only `path:line` is one."""
    assert parse_location(text) is None


def test_places() -> None:
    """A path may hold colons of its own."""
    assert parse_location("C:/a.py:12") == Location("C:/a.py", 12)
