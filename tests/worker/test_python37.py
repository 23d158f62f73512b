"""The user-facing API and the worker's own modules on Python 3.7 with NumPy 1.18, where TensorFlow 1.15 lives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tf_equivalence.case import ArraySpec
from tf_equivalence.recording import RunRecord, read_arrays, read_record
from tf_equivalence.worker.weights import named_value

RUNNER = Path(__file__).resolve().parents[2] / "runner"
NUMPY = "numpy==1.18.5"


def find_python37() -> str | None:
    """Return a Python 3.7 that can make virtual environments, if there is one."""
    candidates = sorted(Path.home().glob(".pyenv/versions/3.7*/bin/python"))
    for found in [*map(str, candidates), shutil.which("python3.7") or ""]:
        words = [found, "-c", "import sys, venv; sys.exit(sys.version_info[:2] != (3, 7))"]
        if found and subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return found
    return None


@pytest.fixture(scope="session")
def python37(request: pytest.FixtureRequest) -> str:
    """Return the interpreter of a virtual environment with NumPy 1.18, made once and kept in pytest's cache."""
    base = find_python37()
    if base is None:
        pytest.skip("there is no Python 3.7 here")
    directory = request.config.cache.mkdir("python37") / "venv"
    python = directory / "bin" / "python"
    ready = directory / NUMPY
    if not ready.exists():
        shutil.rmtree(directory, ignore_errors=True)
        subprocess.run([base, "-m", "venv", str(directory)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NUMPY]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{NUMPY} cannot be installed: {done.stderr[-300:]}")
        ready.touch()
    return str(python)


def run(python: str, code: str, *arguments: str) -> Any:
    """Run code on Python 3.7 and return the JSON that it prints."""
    environ = {**os.environ, "PYTHONPATH": str(RUNNER), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, "-c", code, *arguments], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


IMPORTS = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([list(sys.version_info[:2]), "tensorflow" in sys.modules]))
"""

VALUES = """
import json, sys
import numpy as np
from tf_equivalence import ArraySpec
from tf_equivalence.worker.weights import named_value
rows = json.loads(sys.argv[1])
values = [named_value(n, tuple(s), np.dtype(d)).tolist() for n, s, d in rows]
print(json.dumps(values + [ArraySpec((7,), "int32", high=9).draw(np.random.RandomState(5)).tolist()]))
"""

RECORD = """
import json, sys
import numpy as np
from tf_equivalence import stacks
from tf_equivalence.recording import Leaf, Loss, RunRecord, read_record, write_arrays, write_record
where = sys.argv[1]
record = RunRecord("named", (Leaf("a", "tensor", "float32", (2,), ("x",)),), (Loss("l", ("w",), "y", stacks.here(0)),))
write_arrays(where, "named", {"x": np.array([1.5, np.nan], np.float32), "y": np.array(2.0)})
write_record(where, "named", record)
print(json.dumps(read_record(RunRecord, where, "named") == record))
"""


@pytest.mark.slow
def test_modules_import(python37: str) -> None:
    """The modules that a user's case and the worker need import, and none of them imports TensorFlow."""
    names = ["case", "recording", "stacks", "trace", "guards", "worker.weights", "worker.inputs", "worker.faults"]
    assert run(python37, IMPORTS, *(f"tf_equivalence.{name}" for name in names)) == [[3, 7], False]


@pytest.mark.slow
def test_values_are_the_same(python37: str) -> None:
    """Weights and inputs are the same numbers on both Pythons, bit for bit."""
    rows = [
        ["conv/kernel", [3, 3, 2, 4], "float32"],
        ["bn/moving_variance", [5], "float64"],
        ["global_step", [], "int64"],
        ["flags", [4], "bool"],
    ]
    here = [named_value(name, tuple(shape), np.dtype(dtype)).tolist() for name, shape, dtype in rows]
    here.append(ArraySpec((7,), "int32", high=9).draw(np.random.RandomState(5)).tolist())
    assert run(python37, VALUES, json.dumps(rows)) == here


@pytest.mark.slow
def test_recordings_cross_over(python37: str, tmp_path: Path) -> None:
    """What Python 3.7 wrote reads back equal there, and here too."""
    assert run(python37, RECORD, str(tmp_path)) is True
    record = read_record(RunRecord, str(tmp_path), "named")
    assert (record.outputs[0].name, record.losses[0].variables) == ("a", ("w",))
    np.testing.assert_array_equal(read_arrays(str(tmp_path), "named")["x"], [1.5, np.nan])


def test_python37_is_found_where_pyenv_keeps_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An interpreter of another version under the right name is not taken."""
    fake = tmp_path / ".pyenv/versions/3.7.1/bin/python"
    fake.parent.mkdir(parents=True)
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_python37() is None
