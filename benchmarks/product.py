"""Runs cases through the product of this checkout, as its command does."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tf_equivalence.pipeline import run
from tf_equivalence.report.progress import Progress
from tf_equivalence.settings import read_settings
from tf_equivalence.steps import STEPS

ROOT = Path(__file__).resolve().parents[1]


def run_product(paths: Sequence[Path], options: Sequence[str], workspace: Path, progress: Progress) -> float:
    """Run every step on the cases below these paths, and return the wall time in seconds.

    Args:
        paths: Modules or directories.
        options: Of the command `run`, such as a tolerance.
        workspace: What case ids are relative to; also where user modules import from.
        progress: Told about each case as it ends.
    """
    settings = read_settings(["run", *map(str, paths), *options], _environ(), workspace, tuple(STEPS))
    started = time.perf_counter()
    run(settings, _environ(), progress)
    return time.perf_counter() - started


@contextmanager
def scratch_directory(prefix: str) -> Iterator[Path]:
    """Make a directory in which a run makes the one of its recordings, so that they can be read while they are there.

    A case's recordings are removed right after its last step was judged and told to the progress.
    """
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix=prefix) as scratch:
        tempfile.tempdir = scratch
        try:
            yield Path(scratch)
        finally:
            tempfile.tempdir = before


def recordings_of(scratch: Path) -> Path:
    """Return the directory of the recordings within a scratch directory."""
    return next(scratch.glob("tf-equivalence-*"))


def _environ() -> dict[str, str]:
    """Return our environment without that of a workflow, whose inputs would be read as options."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("INPUT_", "GITHUB_"))}
