"""The suite's core passes in the image: what was trimmed from TensorFlow and Python, no run misses."""

from __future__ import annotations

import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import ROOT

pytestmark = [pytest.mark.image, pytest.mark.timeout(900)]

PROCESSES = "2"
PROBE = """
import tf_equivalence

def test_what_is_installed_is_tested():
    assert tf_equivalence.__file__.startswith("/opt/tf-equivalence/")
"""

Pytest = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_pytest(docker: str, test_image: str) -> Iterator[Pytest]:
    """Return a function that runs tests of this repository on what the image has installed, without a network."""
    name = f"tf-equivalence-core-{uuid.uuid4().hex[:12]}"

    def run(*arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        command = [docker, "run", "--rm", "--name", name, "--network", "none", "--tmpfs", "/tmp:exec"]
        command += ["--volume", f"{ROOT}:/source:ro", "--workdir", "/source", *options]
        # The sources cannot be written to: neither byte-code, nor pytest's cache, nor hypothesis' examples.
        command += ["--env", "PYTHONDONTWRITEBYTECODE=1", "--env", "HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis"]
        command += [test_image, "-p", "no:cacheprovider", "-q", "-W", "ignore", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    yield run
    subprocess.run([docker, "rm", "--force", name], capture_output=True, check=False)


def test_what_is_installed_is_tested(run_pytest: Pytest, tmp_path: Path) -> None:
    """Not the sources beside the tests, which are mounted too."""
    (tmp_path / "test_probe.py").write_text(PROBE, "utf-8")
    done = run_pytest("/probe", options=("--volume", f"{tmp_path}:/probe:ro"))
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    "folders",
    [("worker", "record"), ("judge", "pinpoint"), ("nets", "bugs")],
    ids="-".join,
)
def test_core(folders: tuple[str, ...], run_pytest: Pytest) -> None:
    """Recording both sides, judging them, pinpointing; on slim's nets, and on every seeded bug."""
    paths = [f"tests/{folder}" for folder in folders]
    done = run_pytest("-n", PROCESSES, "--dist", "loadfile", "-m", "not slow and not image", *paths)
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 10
