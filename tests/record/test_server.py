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


def test_home_is_left_alone(tmp_path: Path) -> None:
    """Keras' settings, and models that it has downloaded, are used where they are and made nowhere else."""
    kept = worker_environment({"HOME": str(tmp_path)}, Path("/scratch"))
    assert kept["KERAS_HOME"] == "/scratch/keras"
    (tmp_path / ".keras").mkdir()
    assert "KERAS_HOME" not in worker_environment({"HOME": str(tmp_path)}, Path("/scratch"))
    assert worker_environment({"KERAS_HOME": "/mine"}, Path("/scratch"))["KERAS_HOME"] == "/mine"
