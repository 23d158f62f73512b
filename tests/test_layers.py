"""Imports point downward, TensorFlow stays in its place, and Python 3.7 can run what it must."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "runner" / "tf_equivalence"
BIN = Path(sys.executable).parent

COMPILE = (
    "import sys\n"
    "for path in sys.argv[1:]:\n"
    "    with open(path, 'rb') as stream:\n"
    "        compile(stream.read(), path, 'exec')\n"
)


def old_modules(package: Path) -> list[str]:
    """Return the files that Python 3.7 has to run, as the Makefile lists them."""
    listed = re.search(r"^OLD_PYTHON := \$\(addprefix runner/tf_equivalence/,(.+)\)$", read("Makefile"), re.MULTILINE)
    assert listed is not None
    found = [package / name for name in listed[1].split()]
    return [str(file) for path in found for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]


def read(name: str) -> str:
    """Return the text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def check_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Hold the package below `root` to the contracts."""
    # From outside of the repository, where the tool would find the package beside itself first.
    return subprocess.run(
        [BIN / "lint-imports", "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def check_versions(files: list[str]) -> subprocess.CompletedProcess[str]:
    """Hold files to the syntax and library of Python 3.7."""
    return subprocess.run(
        [BIN / "vermin", "--target=3.7-", "--violations", "--no-tips", "--eval-annotations", *files],
        capture_output=True,
        text=True,
        check=False,
    )


def old_pythons() -> Iterator[str]:
    """Yield each interpreter of Python 3.7 that really runs."""
    candidates = [shutil.which("python3.7"), *map(str, Path.home().glob(".pyenv/versions/3.7*/bin/python3.7"))]
    for candidate in candidates:
        if candidate is None:
            continue
        # A shim is on PATH whether or not a version is chosen for it.
        answer = subprocess.run(
            [candidate, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False
        )
        if answer.stdout.strip() == "(3, 7)":
            yield candidate


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the package, to seed violations in."""
    target = tmp_path / "tf_equivalence"
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def test_imports_follow_the_contracts() -> None:
    """The package keeps every contract."""
    found = check_imports(ROOT / "runner")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout


VIOLATIONS = [
    ("result.py", "from tf_equivalence import settings", "tf_equivalence.result -> tf_equivalence.settings"),
    ("errors.py", "import tf_equivalence.report", "tf_equivalence.errors -> tf_equivalence.report"),
    ("discover.py", "from tf_equivalence import plan", "tf_equivalence.discover -> tf_equivalence.plan"),
    ("discover.py", "def f():\n    import tensorflow as tf", "tf_equivalence.discover -> tensorflow"),
    ("settings.py", "import tf_keras", "tf_equivalence.settings -> tf_keras"),
    ("report/escape.py", "from tf_slim import nets", "tf_equivalence.report.escape -> tf_slim"),
    ("discover.py", "import tf_equivalence.worker", "tf_equivalence.discover -> tf_equivalence.worker"),
    ("guards.py", "from tf_equivalence.worker import faults", "tf_equivalence.guards -> tf_equivalence.worker.faults"),
]


@pytest.mark.parametrize(("name", "line", "expected"), VIOLATIONS, ids=[row[2] for row in VIOLATIONS])
def test_seeded_imports_are_caught(copy: Path, name: str, line: str, expected: str) -> None:
    """An import in the wrong direction breaks a contract, and is named."""
    with (copy / name).open("a", encoding="utf-8") as stream:
        stream.write(f"\n\n{line}\n")
    found = check_imports(copy.parent)
    assert found.returncode == 1, found.stdout + found.stderr
    assert re.search(rf"{re.escape(expected)} ?\(l\.", found.stdout), found.stdout


def test_downward_imports_pass(copy: Path) -> None:
    """An import in the right direction breaks nothing: the contracts are not merely strict."""
    with (copy / "report" / "escape.py").open("a", encoding="utf-8") as stream:
        stream.write("\n\nimport tf_equivalence.discover as d\n")
    found = check_imports(copy.parent)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_old_modules_are_all_there() -> None:
    """What worker/ and the user-facing modules import from the package is held to Python 3.7 too."""
    listed = {os.path.relpath(path, PACKAGE) for path in old_modules(PACKAGE)}
    imported = set()
    for name in listed:
        for words in re.findall(
            r"^\s*(?:from|import) tf_equivalence\.([\w.]+)", (PACKAGE / name).read_text(), re.MULTILINE
        ):
            imported.add(words.replace(".", "/"))
        for words in re.findall(
            r"^\s*from tf_equivalence import ([\w, ]+)$", (PACKAGE / name).read_text(), re.MULTILINE
        ):
            imported |= {word.split()[0] for word in words.split(",")}
    files = {f"{name}.py" for name in imported if (PACKAGE / f"{name}.py").is_file()}
    files |= {f"{name}/__init__.py" for name in imported if (PACKAGE / name).is_dir()}
    assert files - listed == set()
    assert {"case.py", "guards.py", "recording.py", "worker/__main__.py"} <= listed


def test_python_3_7_by_its_features() -> None:
    """No syntax or library newer than Python 3.7 is used where TensorFlow 1.15 runs."""
    found = check_versions(old_modules(PACKAGE))
    assert found.returncode == 0, found.stdout


def test_python_3_7_by_its_compiler() -> None:
    """Where a Python 3.7 is installed, it compiles the same files."""
    for python in old_pythons():
        found = subprocess.run(
            [python, "-c", COMPILE, *old_modules(PACKAGE)], capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    "source",
    ["if (n := 1):\n    pass", "def f(a, /):\n    pass", "x = 1\nprint(f'{x=}')", "from functools import cache"],
    ids=["walrus", "positional only", "f-string =", "functools.cache"],
)
def test_seeded_new_python_is_caught(tmp_path: Path, source: str) -> None:
    """What Python 3.7 cannot run fails the check, and what is a syntax error there fails its compiler."""
    path = tmp_path / "new.py"
    path.write_text(source + "\n", encoding="utf-8")
    found = check_versions([str(path)])
    assert found.returncode == 1, found.stdout
    assert "3.8" in found.stdout or "3.9" in found.stdout
    for python in () if "import" in source else old_pythons():
        answer = subprocess.run([python, "-c", COMPILE, path], capture_output=True, text=True, check=False)
        assert "SyntaxError" in answer.stderr
