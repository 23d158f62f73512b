"""Durations are kept where that is possible, and their absence harms nothing."""

import json
import os
from pathlib import Path

import pytest

from tf_equivalence.report.durations import DISABLED, Durations

_A = {"a.py::A": {"named-weights": 2.0, "*": 5.0}}


def _of(cache: Path, root: str = "/work") -> Durations:
    return Durations.of_user({"XDG_CACHE_HOME": str(cache)}, Path(root))


def test_what_was_added_is_read(tmp_path: Path) -> None:
    """A later run of the same workspace reads what an earlier one took; another workspace does not."""
    _of(tmp_path).add(_A)
    _of(tmp_path, "/other").add({"a.py::A": {"*": 7.0}})
    assert _of(tmp_path).read() == _A
    assert _of(tmp_path, "/other").read() == {"a.py::A": {"*": 7.0}}
    assert _of(tmp_path, "/third").read() == {}
    assert os.listdir(tmp_path / "tf-equivalence") == ["durations.json"]


def test_new_records_replace_old_ones(tmp_path: Path) -> None:
    """What a case took last counts, and other cases stay."""
    _of(tmp_path).add({**_A, "b.py::B": {"*": 1.0}})
    _of(tmp_path).add({"a.py::A": {"*": 9.0}})
    assert _of(tmp_path).read() == {"a.py::A": {"*": 9.0}, "b.py::B": {"*": 1.0}}


def test_the_file_stays_small(tmp_path: Path) -> None:
    """The oldest cases are forgotten first."""
    _of(tmp_path).add({f"a.py::A{n}": {"*": 1.0} for n in range(3_000)})
    _of(tmp_path).add(_A)
    known = _of(tmp_path).read()
    assert len(known) == 3_000
    assert "a.py::A0" not in known
    assert "a.py::A" in known


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/tf-equivalence/durations.json"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/tf-equivalence/durations.json"),
        ({"HOME": "/h"}, "/h/.cache/tf-equivalence/durations.json"),
        ({"HOME": ""}, None),
        ({}, None),
        ({"HOME": "/h", DISABLED: "1"}, None),
        ({"HOME": "/h", DISABLED: "0"}, "/h/.cache/tf-equivalence/durations.json"),
    ],
)
def test_where_the_file_is(environ: dict[str, str], path: str | None) -> None:
    """The XDG directory, else the home's; nowhere without a home, or where the environment says so."""
    assert Durations.of_user(environ, Path("/work")).path == (Path(path) if path else None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"format": 2, "cases": {}}',
        b'{"format": 1, "cases": []}',
        b'{"format": 1, "cases": {"/work\\na.py::A": 3}}',
        b'{"format": 1, "cases": {"/work\\na.py::A": {"*": "long"}}}',
        b'{"format": 1, "cases": {"/work\\na.py::A": {"*": true}}}',
        b'{"format": 1, "cases": {"/work\\na.py::A": {"*": -1}}}',
        b'{"format": 1, "cases": {"/work\\na.py::A": {"*": NaN}}}',
        b'{"format": 1, "cases": {"/work\\na.py::A": {"*": 1e300}}}',
        b"[" * 100_000,
        b" " * 3_000_000,
    ],
    ids=range(14),
)
def test_a_broken_file_is_no_record(tmp_path: Path, content: bytes) -> None:
    """Whatever the file holds, nothing fails, and the next run replaces it."""
    durations = _of(tmp_path)
    assert durations.path is not None
    durations.path.parent.mkdir()
    durations.path.write_bytes(content)
    assert durations.read() == {}
    durations.add(_A)
    assert durations.read() == _A


@pytest.mark.parametrize("taken", ["tf-equivalence", "tf-equivalence/durations.json"])
def test_a_place_that_is_taken(tmp_path: Path, taken: str) -> None:
    """A file where the directory should be, or a directory in place of the file: no record, and nothing is left."""
    if taken.endswith("json"):
        (tmp_path / taken / "full").mkdir(parents=True)
    else:
        (tmp_path / taken).write_text("")
    durations = _of(tmp_path)
    durations.add(_A)
    assert durations.read() == {}
    assert [path.name for path in tmp_path.rglob("*") if path.name.startswith(".durations")] == []


def test_a_directory_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A read-only file system, as containers have, fails nothing."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    _of(tmp_path).add(_A)
    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    _of(tmp_path / "new").add(_A)
    assert _of(tmp_path).read() == {}


def test_nothing_to_add_makes_no_file(tmp_path: Path) -> None:
    """A run in which no case finished leaves the cache alone."""
    _of(tmp_path).add({})
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    """A person can read it, and delete it."""
    _of(tmp_path).add(_A)
    data = json.loads((tmp_path / "tf-equivalence/durations.json").read_text())
    assert data == {"format": 1, "cases": {"/work\na.py::A": _A["a.py::A"]}}
