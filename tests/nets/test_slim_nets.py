"""Every net of `tf_slim.nets` passes every step, or ends in a clear error at the user's line."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MODULE = HERE / "equivalence_all_slim_nets.py"
# One that passes and one that the shim does not support.
SAMPLE = ("InceptionV1", "VggA")


def expected_outcomes() -> dict[str, str]:
    """Return what the docstring of each case says about it: `Passes.` or `An error: …`."""
    tree = ast.parse(MODULE.read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    return {node.name: (ast.get_docstring(node) or "").split(":")[0].rstrip(".") for node in classes}


def run_nets(directory: Path, *globs: str) -> dict[str, Any]:
    """Run the cases that match and return them by class name."""
    report = directory / "report.json"
    chosen = [argument for glob in globs for argument in ("--case", glob)]
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", str(MODULE), *chosen, "--json-file", str(report)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "runner")}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert report.exists(), done.stderr
    cases = json.loads(report.read_text("utf-8"))["cases"]
    return {case["id"].split("::")[1]: case for case in cases}


def check(name: str, case: dict[str, Any]) -> None:
    """Assert that a case ended as its docstring says; an error must lead to a line of user code."""
    outcomes = {step["id"]: step["outcome"] for step in case["steps"]}
    if expected_outcomes()[name] == "Passes":
        assert set(outcomes.values()) == {"passed"}, (name, outcomes)
        return
    assert expected_outcomes()[name] == "An error"
    assert outcomes["named-weights"] == "error", (name, outcomes)
    finding = next(step for step in case["steps"] if step["id"] == "named-weights")["findings"][0]
    assert not finding["location"]["path"].startswith("/"), name
    assert "slim" in (ROOT / finding["location"]["path"]).read_text("utf-8").splitlines()[0].lower() or finding["stack"]
    assert "Traceback" not in finding["message"]


@pytest.mark.timeout(600)
def test_a_sample_of_the_nets(tmp_path: Path) -> None:
    """One net that passes and one that the shim does not support."""
    cases = run_nets(tmp_path, *SAMPLE)
    assert set(cases) == set(SAMPLE)
    for name, case in cases.items():
        check(name, case)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_net(tmp_path: Path) -> None:
    """Every net function that the package has."""
    cases = run_nets(tmp_path)
    assert set(cases) == set(expected_outcomes())
    for name, case in cases.items():
        check(name, case)
