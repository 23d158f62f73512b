"""Excerpts: the lines around a place, and nothing where they cannot be had."""

from __future__ import annotations

import os
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


def test_files_outside_of_the_workspace_are_not_shown(tmp_path: Path) -> None:
    """A path, or a link, out of the workspace gives nothing: what a report shows may be published."""
    secret = tmp_path / "secret.py"
    secret.write_text("token = 1\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.py").symlink_to(secret)
    (root / "process.py").symlink_to("/proc/self/environ")
    (root / "inside.py").write_text("x = 1\n")
    (root / "good.py").symlink_to(root / "inside.py")
    for path in (str(secret), "../secret.py", "link.py", "process.py"):
        assert excerpt(root, Location(path, 1)) == ()
    assert excerpt(root, Location("good.py", 1))[0].text == "x = 1"
    assert excerpt(root, Location(str(root / "inside.py"), 1))[0].text == "x = 1"


@pytest.mark.parametrize(
    "content",
    [b"x = 1\n\0\n", b"\xff\xfe\x41\n", b"# coding: none\nx\n", b"x\n" * 2_000_001],
    ids=["null", "not-utf8", "no-encoding", "huge"],
)
def test_what_is_no_source_is_not_shown(tmp_path: Path, content: bytes) -> None:
    """Binary files, broken encodings and files that no person wrote give nothing."""
    (tmp_path / "a.py").write_bytes(content)
    assert excerpt(tmp_path, Location("a.py", 1)) == ()


def test_special_files_are_not_opened(tmp_path: Path) -> None:
    """A directory or a pipe in the place of the file gives nothing, and nobody waits for it."""
    (tmp_path / "d.py").mkdir()
    os.mkfifo(tmp_path / "p.py")
    assert excerpt(tmp_path, Location("d.py", 1)) == excerpt(tmp_path, Location("p.py", 1)) == ()


def test_a_line_that_has_changed_is_not_shown(tmp_path: Path) -> None:
    """Where the file was edited since, its line would mislead; blanks do not count."""
    (tmp_path / "a.py").write_text("x = 1\ny = f( 2 )\n")
    assert excerpt(tmp_path, Location("a.py", 2), expected="y = f(2)")
    assert excerpt(tmp_path, Location("a.py", 1), expected="y = f(2)") == ()


def test_lines_are_counted_as_python_does(tmp_path: Path) -> None:
    """Carriage returns end a line, form feeds and Unicode's separators do not; encodings are declared."""
    (tmp_path / "a.py").write_bytes("# coding: latin-1\r\na\x0c\rb\x85c\n\u00e9 = 1".encode("latin-1"))
    lines = excerpt(tmp_path, Location("a.py", 4))
    assert [(line.number, line.text) for line in lines] == [(2, "a"), (3, "b c"), (4, "\u00e9 = 1")]


def test_blank_lines_at_the_edges_are_left_out(tmp_path: Path) -> None:
    """An excerpt begins and ends with code, and a blank line is not worth one."""
    (tmp_path / "a.py").write_text("a\n\n\nb\n\nc\n\n")
    assert [line.text for line in excerpt(tmp_path, Location("a.py", 4))] == ["b", "", "c"]
    assert excerpt(tmp_path, Location("a.py", 2)) == ()
