"""The command as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "tf-equivalence:local"


def command(*words: str) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-P", "-m", "tf_equivalence", *words]


def environ(**changes: str) -> dict[str, str]:
    """Return an environment without a workflow's variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_"))}
    return {**kept, "PYTHONPATH": str(ROOT / "runner"), **changes}


def call(workspace: Path, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the workspace."""
    return subprocess.run(
        command(*words), cwd=workspace, env=environ(**changes), capture_output=True, text=True, check=False
    )


def in_container(workspace: Path, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a container of the local image."""
    return call(workspace, "docker", "--image", IMAGE, *words, **changes)
