"""Every seeded migration bug is caught in its step, and the finding points at it; its right twin stays green."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from expectations import EXPECTATIONS, HERE, Expectation, Where

ROOT = HERE.parents[1]
IDS = [f"{expectation.bug}-{expectation.step}" for expectation in EXPECTATIONS]
BUGS = sorted({expectation.bug for expectation in EXPECTATIONS})
RIGHT_TWINS = "equivalence_right_twins.py"
RIGHT_OPTIMIZERS = "equivalence_right_optimizers.py"
STEPS = (
    "variables-once",
    "variable-inventory",
    "constant-weights",
    "named-weights",
    "random-inference",
    "random-training",
    "functional-training",
    "checkpoint",
    "gradients",
    "state-updates",
    "optimizer",
    "execution-modes",
)
# What a module is tried on whose bug is the optimizer's: its model is one that is right.
TRAINED = ("gradients", "optimizer")

# The tests of a file run in one process, so the modules are run once.
pytestmark = pytest.mark.bugs


# Each takes processes of its own, so only the bugs that are theirs are tried on them here.
APART = ("checkpoint", "execution-modes", "optimizer")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The JSON reports of the command over all modules in this directory, in one."""
    folder = tmp_path_factory.mktemp("bugs")
    of_step = {step: {row.module for row in EXPECTATIONS if row.step == step} for step in APART}
    trained = of_step["optimizer"] | {RIGHT_OPTIMIZERS}
    whole = (of_step["checkpoint"] | of_step["execution-modes"] | {RIGHT_TWINS}) - trained
    groups = {
        "whole": (whole, STEPS),
        "trained": (trained, TRAINED),
        "rest": (modules() - whole - trained, tuple(step for step in STEPS if step not in APART)),
    }
    done = [
        run_command(folder / f"{name}.json", sorted(chosen), "--steps", ",".join(steps))
        for name, (chosen, steps) in groups.items()
    ]
    return {
        "exit_code": max(run["exit_code"] for run in done),
        "cases": [case for run in done for case in run["cases"]],
    }


def modules() -> set[str]:
    """Return the names of the modules in this directory."""
    return {path.name for path in HERE.glob("equivalence_*.py")}


def run_command(path: Path, modules: list[str], *options: str) -> dict[str, Any]:
    """Run the command on modules and return its JSON report with the exit code."""
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", *(str(HERE / name) for name in modules)]
    # What a step would have caught is tested elsewhere.
    command += ["--json-file", str(path), "--annotations", "none", "--probes", "2", *options]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "runner")}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert path.exists(), f"no report was written; exit code {done.returncode}:\n{done.stderr[-4000:]}"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return {"exit_code": done.returncode, **found}


def steps_of(report: dict[str, Any], module: str, name: str) -> dict[str, Any]:
    """Return a case's steps by their ids."""
    wanted = f"{(HERE / module).relative_to(ROOT).as_posix()}::{name}"
    cases = [case for case in report["cases"] if case["id"] == wanted]
    assert len(cases) == 1, f"{wanted} is {len(cases)} times in the report"
    return {step["id"]: step for step in cases[0]["steps"]}


def problems_of(steps: dict[str, Any]) -> list[str]:
    """Return what keeps a case from being green: a step missing, not passed, or skipped without a reason."""
    wanted = TRAINED if set(steps) == set(TRAINED) else [step for step in STEPS if step not in APART]
    missing = [f"{step_id} is missing" for step_id in wanted if step_id not in steps]
    return missing + [
        f"{step_id}: {step['outcome']}: {step['message']}"
        for step_id, step in steps.items()
        if step["outcome"] != "passed" and not (step["outcome"] == "skipped" and step["message"])
    ]


def text_of(finding: dict[str, Any]) -> str:
    """Return all that a finding says, the stack left out: it quotes the source, which names everything."""
    return "\n".join([finding["kind"], finding["name"], finding["message"], json.dumps(finding["metrics"])])


def has_word(text: str, word: str) -> bool:
    """Tell whether a word stands in a text: `Mul` does not stand in `MatMul`, nor `rate` in `separate`."""
    return re.search(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", text) is not None


def unmet(expected: Expectation, finding: dict[str, Any]) -> list[str]:
    """Return the conditions that a finding does not meet."""
    text, location = text_of(finding), finding["location"]
    found = [f"does not name {name}" for name in expected.names if name not in text]
    found += [f"does not say {word}" for word in expected.tells if word not in finding["message"]]
    if expected.operations and not any(has_word(text, operation) for operation in expected.operations):
        found.append(f"names none of the operations {', '.join(expected.operations)}")
    if expected.arguments and not any(has_word(text, argument) for argument in expected.arguments):
        found.append(f"names none of the arguments {', '.join(expected.arguments)}")
    if expected.marker:
        lines = expected.marked_lines()
        here = (HERE / expected.module).relative_to(ROOT).as_posix()
        if location is None or location["path"] != here or location["line"] not in lines:
            found.append(f"points at {location} instead of line {' or '.join(map(str, lines))}")
    return found


def test_every_module_is_expected() -> None:
    """No seeded bug lacks an expectation, and no expectation lacks its module."""
    modules = {path.name for path in HERE.glob("equivalence_bug_*.py")}
    assert modules == {expectation.module for expectation in EXPECTATIONS}


@pytest.mark.parametrize("expected", EXPECTATIONS, ids=IDS)
def test_every_expectation_can_fail(expected: Expectation) -> None:
    """An expectation asks for what its kind stands for, and the line it asks for is marked."""
    asked = {
        Where.LINE: expected.marker,
        Where.VARIABLE: expected.names,
        Where.OPERATION: expected.marker and expected.operations,
        Where.ARGUMENT: expected.marker and expected.arguments,
        Where.OUTPUT: expected.names,
    }
    assert asked[expected.where]
    assert expected.marked_lines() or not expected.marker


def test_run_tells_of_divergences_alone(report: dict[str, Any]) -> None:
    """The run ends with the exit code of its worst case: a seeded bug may keep a later step from running at all."""
    outcomes = {case["outcome"] for case in report["cases"]}
    assert report["exit_code"] == (3 if "error" in outcomes else 1)


@pytest.mark.parametrize("bug", BUGS)
def test_right_twin_is_green(report: dict[str, Any], bug: str) -> None:
    """The migration without the bug passes every step."""
    assert problems_of(steps_of(report, f"equivalence_bug_{bug}.py", "Right")) == []


@pytest.mark.parametrize("expected", EXPECTATIONS, ids=IDS)
def test_bug_is_found_where_it_is(report: dict[str, Any], expected: Expectation) -> None:
    """The step diverges, and one of its findings says what a person needs to find the bug."""
    step = steps_of(report, expected.module, "Wrong")[expected.step]
    assert step["outcome"] == "diverged", step["message"]
    answers = [(unmet(expected, finding), finding) for finding in step["findings"]]
    assert any(not conditions for conditions, _ in answers), "\n\n".join(
        f"{'; '.join(conditions)}:\n{finding['location']}\n{text_of(finding)}" for conditions, finding in answers
    )


@pytest.mark.parametrize(
    "name",
    [
        "DeepConvolutions",
        "DeepLayerNorm",
        "DeepTanh",
        "DeliberateRenames",
        "LstmByDynamicRnn",
        "XavierAgainstGlorot",
    ],
)
def test_suspicious_migration_is_green(report: dict[str, Any], name: str) -> None:
    """A migration that is right and looks otherwise passes every step."""
    assert problems_of(steps_of(report, RIGHT_TWINS, name)) == []


@pytest.mark.parametrize(
    "name",
    [
        "AdadeltaByDefault",
        "AdagradByDefault",
        "Adam",
        "ClippedByHand",
        "CosineDecay",
        "ExponentialDecay",
        "Ftrl",
        "GradientDescent",
        "InverseTimeDecay",
        "Momentum",
        "MomentumOfNoise",
        "Nesterov",
        "PiecewiseConstant",
        "PolynomialDecay",
        "RateSetByTheLoop",
        "RmspropByDefault",
        "SparseAdam",
    ],
)
def test_pair_of_optimizers_is_green(report: dict[str, Any], name: str) -> None:
    """Optimizers and schedules that compute the same are not held apart by rounding, in any state they keep."""
    assert problems_of(steps_of(report, RIGHT_OPTIMIZERS, name)) == []


def test_every_case_is_judged(report: dict[str, Any]) -> None:
    """The report holds both cases of every module, and nothing that could not be loaded."""
    found = {case["id"].rpartition("/")[2] for case in report["cases"]}
    assert {f"equivalence_bug_{bug}.py::{name}" for bug in BUGS for name in ("Right", "Wrong")} <= found
    assert all("::" in case_id for case_id in found), sorted(found)
