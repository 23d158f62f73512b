"""The environment of workers: legacy Keras, and a place for temporary files that goes away."""

from __future__ import annotations

from pathlib import Path

from tf_equivalence.record.server import worker_environment


def test_worker_environment() -> None:
    """What user code may see is passed on, and legacy Keras is selected whatever was set."""
    kept = worker_environment({"PATH": "/bin", "TF_USE_LEGACY_KERAS": "0", "TMPDIR": "/var"}, Path("/scratch"))
    assert kept["PATH"] == "/bin"
    assert kept["TF_USE_LEGACY_KERAS"] == "1"
    assert kept["TMPDIR"] == "/scratch"
    assert kept["OPENBLAS_NUM_THREADS"] == "1"
