"""Runs the command in a repository, as a user does."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tf_equivalence.init.command import init
from tf_equivalence.settings import read_settings
from tf_equivalence.steps import STEPS

ROOT = Path(__file__).resolve().parents[2]


def run_init(root: Path, *arguments: str) -> tuple[int, str]:
    """Run `init` in this process, nobody being asked; return the exit code and what it printed."""
    stdout = io.StringIO()
    settings = read_settings(["init", *arguments], {}, root, tuple(STEPS))
    return init(settings, io.StringIO(), stdout), stdout.getvalue()


def command(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_"))}
    return subprocess.run(
        [sys.executable, "-P", "-m", "tf_equivalence", *arguments],
        cwd=root,
        env={**kept, "PYTHONPATH": str(ROOT / "runner")},
        capture_output=True,
        text=True,
        check=False,
    )


def listed(root: Path) -> Sequence[str]:
    """Return the ids that `tf-equivalence list` prints."""
    done = command(root, "list")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
