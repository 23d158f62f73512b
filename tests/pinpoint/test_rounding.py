"""Accumulated rounding is told from a local cause: nothing is blamed, and the reader learns why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_no_line_is_blamed_for_rounding(tmp_path: Path) -> None:
    """Every operation agrees when it is given TF1's values, so that only the outputs are said to differ."""
    report, trace = tmp_path / "report.json", tmp_path / "trace.txt"
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", str(HERE / "cases" / "equivalence_rounding.py")]
    command += ["--step", "named-weights", "--probes", "0", "--json-file", str(report), "--trace", str(trace)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "runner")}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    (step,) = json.loads(report.read_text("utf-8"))["cases"][0]["steps"]
    assert (done.returncode, step["outcome"]) == (1, "diverged"), done.stdout
    assert [finding["kind"] for finding in step["findings"]] == ["output-value"]
    assert any("rounding that adds up" in note for note in step["notes"])
    lines = trace.read_text("utf-8").splitlines()
    assert not any(line.startswith("!") for line in lines)
    assert any("Erf" in line for line in lines)
