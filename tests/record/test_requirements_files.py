"""Reading what a repository requires: what each line stands for, and what is wrong with a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tf_equivalence.errors import UsageError
from tf_equivalence.record.requirements_files import read_requirements

PROJECT = """\
[project]
name = "models"
version = "1"
dependencies = ["leaf"]
[project.optional-dependencies]
train = ["branch"]
All_Of-it = ["models[train]", 'oldnumpy; python_version > "3"']
"""
INCOMPLETE = '[project]\nname = "a"\n'


def test_lines(tmp_path: Path) -> None:
    """Comments, continued lines, hashes and credentials are nothing that a reader has to see."""
    (tmp_path / "requirements.txt").write_text(
        "# comment\n\na==1 \\\n  --hash=sha256:00 \\\n  --hash=sha256:11  # why\n"
        "b @ https://user:pass@host/b.zip\ngit+ssh://git@host/c#egg=c\n--index-url https://user:pass@host/simple"
    )
    lines = read_requirements(tmp_path / "requirements.txt")
    assert [line.text for line in lines] == [
        "a==1",
        "b @ https://***@host/b.zip",
        "git+ssh://***@host/c#egg=c",
        "--index-url https://***@host/simple",
    ]
    assert [line.wanted.split() for line in lines] == [
        ["a==1", "--hash=sha256:00", "--hash=sha256:11"],
        ["b", "@", "https://user:pass@host/b.zip"],
        ["git+ssh://git@host/c#egg=c"],
        ["--index-url", "https://user:pass@host/simple"],
    ]
    assert [line.origin for line in lines] == [f"requirements.txt, line {number}" for number in (3, 6, 7, 8)]
    assert [line.option for line in lines] == [False, False, False, True]


def test_paths(tmp_path: Path) -> None:
    """Paths become addresses, whatever characters they have; archives are known by their names."""
    folder = tmp_path / "a $HOME #1"
    folder.mkdir()
    (folder / "b_c-1.0-py3-none-any.whl").touch()
    (folder / "r.txt").write_text("-f .\n./b_c-1.0-py3-none-any.whl\n-e .[x,y]\n")
    links, archive, editable = read_requirements(folder / "r.txt")
    assert links.wanted == f"-f {folder.as_uri()}"
    assert archive.wanted == f"{folder.as_uri()}/b_c-1.0-py3-none-any.whl"
    assert archive.requirement is not None
    assert archive.requirement.name == "b-c"
    assert (editable.wanted, editable.project) == (f"-e {folder.as_uri()}[x,y]", folder)
    assert not editable.option


def test_extras(tmp_path: Path) -> None:
    """An extra may name others of its project; lines are found in the file."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    found = read_requirements(tmp_path / "pyproject.toml[train, all-of-it]")
    assert [(line.text, line.origin) for line in found] == [
        ("leaf", "pyproject.toml, line 4"),
        ("branch", "pyproject.toml, line 6"),
        ("branch", "pyproject.toml, line 6"),
        ('oldnumpy; python_version > "3"', "pyproject.toml, line 7"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml[no]", PROJECT, "has no extra 'no'; it has train, all-of-it"),
        ("pyproject.toml[no]", INCOMPLETE, "has no extra 'no'"),
        ("pyproject.toml[no]", INCOMPLETE + "optional-dependencies = 1", "has no extra 'no'"),
        ("pyproject.toml", "[tool.x]\n", "has no table [project]"),
        ("pyproject.toml", "[project]\n", "has no name"),
        ("pyproject.toml", "[project]\nname = 1\n", "has no name"),
        ("pyproject.toml", INCOMPLETE + "dependencies = [1]", "dependencies: must be an array of strings"),
        ("pyproject.toml", INCOMPLETE + "dependencies = 'a'", "dependencies: must be an array of strings"),
        ("pyproject.toml", INCOMPLETE + "dependencies = ['a b']", "pyproject.toml, line 3: 'a b' is no requirement"),
        ("pyproject.toml", "x = [", "is not valid TOML"),
        ("pyproject.toml", INCOMPLETE + 'dynamic=["dependencies"]', "name the file that they are read from"),
        ("requirements.txt", "\n\nfoo bar\n", "requirements.txt, line 3: 'foo bar' is no requirement"),
        ("requirements.txt", "a==1 --config-settings=a=b", "requirements.txt, line 1: 'a==1 --config-settings=a=b' is"),
        ("requirements.txt", "\x1b[31m\n", "requirements.txt, line 1: '\\x1b[31m' is no requirement"),
        ("requirements.txt", "-e ./nowhere", "requirements.txt, line 1: './nowhere' does not exist"),
        ("requirements.txt", "a @ file:///nowhere", "requirements.txt, line 1: 'file:///nowhere' does not exist"),
        ("requirements.txt", "\n-r nowhere.txt", "requirements.txt, line 2: cannot read"),
        ("requirements.txt", "-r a\0b.txt", "is not text"),
        ("requirements.txt", "a\n--index-url\n", "requirements.txt, line 2: --index-url needs a value"),
        ("requirements.txt", "-r", "requirements.txt, line 1: -r needs a value"),
        ("requirements.txt", "-r requirements.txt", "requirements.txt, line 1: names requirements.txt, which is being"),
        ("requirements.txt", "-r x/../requirements.txt", "files must not include each other"),
        ("requirements.txt", None, "cannot read"),
        ("requirements.txt", b"\xff\xfe", "is not UTF-8"),
        ("folder", None, "is not a file"),
        ("pipe", None, "is not a file"),
    ],
)
def test_wrong_files(tmp_path: Path, name: str, text: str | bytes | None, expected: str) -> None:
    """What is wrong with a file is one line that names it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "x").mkdir()
    os.mkfifo(tmp_path / "pipe")
    if text is not None:
        (tmp_path / name.partition("[")[0]).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as caught:
        read_requirements(tmp_path / name)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
