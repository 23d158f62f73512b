"""Nets migrated to plain Keras models are green: what Keras and the shim keep beside their weights is no divergence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_keras_models_pass(tmp_path: Path) -> None:
    """Sequential, functional and subclassed models, and layers that the shim keeps, pass every step."""
    report = tmp_path / "report.json"
    module = ROOT / "tests" / "verdicts" / "equivalence_keras_models.py"
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", str(module), "--json-file", str(report)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "runner")},
        capture_output=True,
        text=True,
        check=False,
    )
    cases = json.loads(report.read_text("utf-8"))["cases"]
    outcomes = {case["id"].rpartition("::")[2]: {s["id"]: s["outcome"] for s in case["steps"]} for case in cases}
    assert outcomes.keys() == {"Sequential", "Functional", "Subclassed", "Kept"}
    assert {outcome for steps in outcomes.values() for outcome in steps.values()} == {"passed"}, done.stdout
    assert done.returncode == 0
