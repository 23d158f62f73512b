"""The environment of user code: legacy Keras, no secrets, and a place for temporary files that goes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf_equivalence.record.server import worker_environment

GIVEN = {
    "PATH": "/bin",
    "PYTHONPATH": "src",
    "GITHUB_TOKEN": "secret",
    "GH_TOKEN": "secret",
    "ACTIONS_RUNTIME_TOKEN": "secret",
    "INPUT_PATHS": "nets",
    "GITHUB_ENV": "/file",
    "GITHUB_OUTPUT": "/file",
    "GITHUB_PATH": "/file",
    "GITHUB_STATE": "/file",
    "GITHUB_STEP_SUMMARY": "/file",
    "GITHUB_SHA": "abc",
    "TF_USE_LEGACY_KERAS": "0",
}


def test_what_user_code_gets() -> None:
    """Everything ordinary is passed on, and legacy Keras is selected whatever was set."""
    kept = worker_environment(GIVEN, Path("/scratch"))
    assert (kept["PATH"], kept["PYTHONPATH"], kept["GITHUB_SHA"]) == ("/bin", "src", "abc")
    assert kept["TF_USE_LEGACY_KERAS"] == "1"
    assert kept["TMPDIR"] == "/scratch"


@pytest.mark.parametrize("name", [name for name in GIVEN if "TOKEN" in name or name.startswith(("INPUT", "GITHUB_"))])
def test_what_user_code_does_not_get(name: str) -> None:
    """No token, no action input and no command file; plain facts of the workflow stay."""
    assert (name in worker_environment(GIVEN, Path("/scratch"))) == (name == "GITHUB_SHA")


def test_a_choice_of_threads_is_kept() -> None:
    """NumPy's threads are limited only where nobody has chosen."""
    assert worker_environment({}, Path("/s"))["OPENBLAS_NUM_THREADS"] == "1"
    assert worker_environment({"OPENBLAS_NUM_THREADS": "3"}, Path("/s"))["OPENBLAS_NUM_THREADS"] == "3"
