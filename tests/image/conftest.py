"""The engine, the image, and machines like GitHub's with a fixture repository checked out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from .runner import ActionRunner

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).with_name("fixtures")
IMAGE = os.environ.get("IMAGE", "tf-equivalence:local")
TEST_IMAGE = os.environ.get("TEST_IMAGE", "tf-equivalence:test")
# A hosted runner's user; without root's rights, whoever runs the tests.
OWNER = (1001, 1001) if os.geteuid() == 0 else (os.geteuid(), os.getegid())

Checkout = Callable[..., ActionRunner]


def _client() -> str | None:
    # A wrapper earlier on PATH may be no client of an engine, so the usual place comes first.
    named = os.environ.get("DOCKER", "")
    return shutil.which(named) if named else shutil.which("/usr/bin/docker") or shutil.which("docker")


@pytest.fixture(scope="session")
def docker() -> str:
    """Return the client of an engine that answers."""
    client = _client()
    if client is None:
        pytest.fail("no Docker client: install one, or name it in the environment variable DOCKER")
    asked = subprocess.run([client, "version"], capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.fail(f"{client}: the engine does not answer: {asked.stderr.strip()}")
    return client


def _built(docker: str, name: str) -> str:
    asked = subprocess.run([docker, "image", "inspect", name], capture_output=True, check=False)
    if asked.returncode:
        pytest.fail(f"there is no image {name}: run `make image`; for all that these tests need, `make test-image`")
    return name


@pytest.fixture(scope="session")
def image(docker: str) -> str:
    """Return the name of the image that is tested."""
    return _built(docker, IMAGE)


@pytest.fixture(scope="session")
def test_image(docker: str) -> str:
    """Return the name of the image with the tests' own packages."""
    return _built(docker, TEST_IMAGE)


def make_repository(fixture: str, folder: Path, files: Mapping[str, str] | None = None) -> None:
    """Copy a fixture repository and make it a checkout.

    Args:
        fixture: Name of a folder below `fixtures`; empty for an empty repository.
        folder: Where to; must not exist.
        files: Further files, by path.
    """
    if fixture:
        shutil.copytree(FIXTURES / fixture, folder, ignore=shutil.ignore_patterns("__pycache__"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)


def give_away(folder: Path) -> None:
    """Make the runner's user own a folder with all that is in it, with the modes of a checkout."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *OWNER, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture(scope="session")
def checkout(docker: str, image: str, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a function that makes a new machine with a fixture repository checked out in its workspace.

    It takes the fixture's name, `into`, a folder of the workspace in place of the workspace itself,
    `files`, further files by path, and `options` of `docker run`.
    """

    def make(
        fixture: str,
        *,
        into: str = ".",
        files: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> ActionRunner:
        work = tmp_path_factory.mktemp("machine") / "work"
        machine = ActionRunner(docker, image, ROOT, work, options)
        make_repository(fixture, machine.workspace / into, files)
        give_away(machine.workspace.parent)
        return machine

    return make


def seeded_line(folder: Path) -> tuple[str, int]:
    """Return the path, relative to the folder, and the number of the one line that is marked as the bug."""
    found = [
        (str(path.relative_to(folder)), number)
        for path in sorted(folder.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith("# seeded bug")
    ]
    assert len(found) == 1, found
    return found[0]


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the owner and group of everything below a folder, by relative path."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[str(path.relative_to(folder))] = (status.st_uid, status.st_gid)
    return found
