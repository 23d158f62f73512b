"""Power in a real run: what the guide's constants cannot see, what named weights do, and the threshold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tf_equivalence.steps import STEPS

CASES = Path(__file__).with_name("power") / "equivalence_digits.py"


def run(report: Path, *options: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    """Return the exit code, and each step's result by case and step."""
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", str(CASES), "--json-file", str(report), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    cases = json.loads(report.read_text("utf-8"))["cases"]
    steps = {(case["id"].partition("::")[2], step["id"]): step for case in cases for step in case["steps"]}
    return done.returncode, steps


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """One run of both inputs with every step."""
    code, steps = run(tmp_path_factory.mktemp("power") / "report.json", "--case", "Varied", "--case", "Ones")
    assert code == 0
    return steps


def share(step: dict[str, Any]) -> float:
    """Return the fraction of known changes that a step caught."""
    power = step["power"]
    assert power["probes"] >= 12
    return float(power["caught"] / power["probes"])


def test_every_numeric_step_has_its_power(measured: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Every step that compares numbers, and was not skipped, tells its power; the others tell none."""
    steps = {step: result for (case, step), result in measured.items() if case == "Varied"}
    judged = [step for step, result in steps.items() if result["outcome"] != "skipped"]
    assert [step for step in judged if steps[step]["power"]] == [step for step in judged if STEPS[step].pairs]


def test_the_guides_constants_are_nearly_blind(measured: dict[tuple[str, str], dict[str, Any]]) -> None:
    """With ones and equal weights hardly anything shows; that no input is used is among the blind spots."""
    step = measured["Ones", "constant-weights"]
    assert share(step) <= 0.25
    assert "the order of the elements of input" in step["power"]["blind_spots"]
    assert any(" is which" in spot for spot in step["power"]["blind_spots"])


def test_named_weights_are_sharp(measured: dict[tuple[str, str], dict[str, Any]]) -> None:
    """With an input that varies, every known change shows."""
    assert share(measured["Varied", "named-weights"]) == 1.0


def test_threshold(tmp_path: Path) -> None:
    """A step that would have caught too little fails the run, at the case, and the sharp one passes."""
    options = ("--case", "Ones", "--step", "constant-weights", "--step", "named-weights", "--min-power", "0.8")
    code, steps = run(tmp_path / "report.json", *options)
    assert code == 1
    blind, sharp = steps["Ones", "constant-weights"], steps["Ones", "named-weights"]
    assert (blind["outcome"], sharp["outcome"]) == ("diverged", "passed")
    assert [finding["kind"] for finding in blind["findings"]] == ["power-low"]
    assert blind["location"]["path"].endswith("equivalence_digits.py")


def test_no_probes(tmp_path: Path) -> None:
    """None are tried where none are asked for, and no power is claimed."""
    code, steps = run(tmp_path / "report.json", "--case", "Varied", "--step", "named-weights", "--probes", "0")
    assert code == 0
    assert steps["Varied", "named-weights"]["power"] is None
