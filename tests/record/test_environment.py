"""The environment of user code: no secrets, and git that works."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tf_equivalence.record.environment import user_environment

ORDINARY = {"PATH": "/bin", "PYTHONPATH": "src", "GITHUB_SHA": "abc", "HF_TOKEN": "the user's own"}
PRIVATE = {
    "GITHUB_TOKEN": "secret",
    "GH_TOKEN": "secret",
    "ACTIONS_RUNTIME_TOKEN": "secret",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "secret",
    "INPUT_PATHS": "nets",
    "INPUT_FAIL-ON": "never",
    "GITHUB_ENV": "/file",
    "GITHUB_OUTPUT": "/file",
    "GITHUB_PATH": "/file",
    "GITHUB_STATE": "/file",
    "GITHUB_STEP_SUMMARY": "/file",
    "DOCKER_HOST": "unix:///var/run/docker.sock",
}


def test_ordinary_variables_stay() -> None:
    """Plain facts of the workflow and what users set for themselves are passed on."""
    kept = user_environment({**ORDINARY, **PRIVATE}, Path("/repository"))
    assert {name: kept.get(name) for name in ORDINARY} == ORDINARY
    assert kept["PYTHONDONTWRITEBYTECODE"] == "1"


@pytest.mark.parametrize("name", PRIVATE)
def test_private_variables_go(name: str) -> None:
    """No token, no action input, no command file, no address of the engine."""
    assert name not in user_environment({**ORDINARY, **PRIVATE}, Path("/repository"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a repository of another user")
def test_git_reads_a_repository_of_another_user(tmp_path: Path) -> None:
    """As root in a container, user code may ask git for its commit."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run(["git", "init", "-q", tmp_path / "repository"], env=environ, check=True)
    for path in (tmp_path / "repository").rglob("*"):
        os.chown(path, 1234, 1234)
    os.chown(tmp_path / "repository", 1234, 1234)
    command = ["git", "-C", str(tmp_path / "repository"), "status"]
    assert subprocess.run(command, env=environ, capture_output=True, check=False).returncode != 0
    subprocess.run(command, env=user_environment(environ, tmp_path / "repository"), check=True, capture_output=True)


def test_other_git_settings_stay() -> None:
    """Settings that somebody passed in the same way keep their numbers."""
    given = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}
    kept = user_environment(given, Path("/repository"))
    assert (kept["GIT_CONFIG_KEY_0"], kept["GIT_CONFIG_COUNT"]) == ("a.b", "2")
    assert (kept["GIT_CONFIG_KEY_1"], kept["GIT_CONFIG_VALUE_1"]) == ("safe.directory", "/repository")
