"""The examples do what they are there to show, and the figures of the migration guide come out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tf_equivalence.steps import STEPS

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

STATELESS = ("FixedScaling", "Recommender")  # no moving averages, so nothing for training calls to update
COSTLY = ("optimizer", "execution-modes")  # each builds the net anew; the slow test below tries them on it, too
# Step, call and regularization losses (TF1, TF2): Inception-ResNet-v2 at 299x299, an input of ones.
FIGURES = [
    ("constant-weights", "", 0.001182973, 0.0011829732),
    ("random-inference", "first call: ", 1.2254326, 1.2254325),
    ("random-training", "first call: ", 1.22548, 1.2254798),
    ("functional-training", "", 1.2239965, 1.2239964),
]


def run_example(tmp_path_factory: pytest.TempPathFactory, *arguments: str) -> dict[str, Any]:
    """Run the command below the examples and return its JSON report, with the exit code."""
    report = tmp_path_factory.mktemp("examples") / "report.json"
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", *arguments, "--json-file", str(report)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "runner")}
    done = subprocess.run(command, cwd=EXAMPLES, env=environ, capture_output=True, text=True, check=False)
    assert report.exists(), done.stderr
    return {"exit_code": done.returncode, **json.loads(report.read_text("utf-8"))}


def steps_by_case(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the steps of each case by class name and step id."""
    return {case["id"].split("::")[1]: {step["id"]: step for step in case["steps"]} for case in report["cases"]}


def test_small_examples(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The broken layer diverges at its own lines; every other example passes every step."""
    report = run_example(tmp_path_factory, "scaling", "layers", "training", "estimator")
    assert report["exit_code"] == 1
    cases = steps_by_case(report)
    assert set(cases) == {"BrokenScaling", "FixedScaling", "Digits", "Sentiment", "Recommender"}
    source = (EXAMPLES / "scaling" / "scaling.py").read_text("utf-8").splitlines()
    broken = cases.pop("BrokenScaling")["variables-once"]
    lines = [source[finding["location"]["line"] - 1] for finding in broken["findings"]]
    assert len(lines) == 2
    assert all("tf.Variable(2.0" in line for line in lines)
    for name, steps in cases.items():
        stateless = {"state-updates": "skipped"} if name in STATELESS else {}
        assert {key: step["outcome"] for key, step in steps.items()} == {**dict.fromkeys(STEPS, "passed"), **stateless}


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The steps of Inception-ResNet-v2 with an input of ones."""
    steps = ",".join(step for step in STEPS if step not in COSTLY)
    report = run_example(tmp_path_factory, "inception_resnet_v2", "--case", "OnesInput", "--steps", steps)
    return steps_by_case(report)["OnesInput"]


@pytest.mark.timeout(900)
def test_inception_resnet_v2_passes(inception: dict[str, Any]) -> None:
    """All steps pass, over 1,114 variables and 290 regularization losses."""
    tried = [step for step in STEPS if step not in COSTLY]
    assert {name: step["outcome"] for name, step in inception.items()} == dict.fromkeys(tried, "passed")
    assert "1114 variables on the TF1 side, 1114 on the TF2 side" in inception["variable-inventory"]["notes"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("step", "call", "tf1", "tf2"), FIGURES, ids=[row[0] for row in FIGURES])
def test_figures_of_the_guide(inception: dict[str, Any], step: str, call: str, tf1: float, tf2: float) -> None:
    """The losses agree with the published figures up to the rounding of a float32 sum of 290 terms."""
    prefix = f"{call}regularization loss "
    note = next(note for note in inception[step]["notes"] if note.startswith(prefix))
    words = note.removeprefix(prefix).split()
    found = float(words[0]), float(words[5])
    assert found == pytest.approx((tf1, tf2), rel=4 * float(np.finfo(np.float32).eps))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_larger_examples(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Inception-ResNet-v2 on a random input and the two slim nets pass every step."""
    report = run_example(tmp_path_factory, "inception_resnet_v2", "slim_nets", "--case", "R*", "--case", "I*")
    cases = steps_by_case(report)
    assert set(cases) == {"RandomInput", "ResnetV1", "InceptionV3"}
    for name, steps in cases.items():
        stateless = {"state-updates": "skipped"} if name in STATELESS else {}
        assert {key: step["outcome"] for key, step in steps.items()} == {**dict.fromkeys(STEPS, "passed"), **stateless}
