"""A repository with one seeded bug, run as GitHub's runner runs the action, and repaired."""

from __future__ import annotations

import json
from typing import Any

import junitparser
import pytest
from junitparser.cli import verify
from lxml import etree

from tf_equivalence.steps import STEPS

from .conftest import OWNER, Checkout, contents, seeded_line
from .file_commands import SUMMARY_BYTES
from .runner import SHA, ActionRunner
from .step import StepRun

DIVERGING = 8  # steps: those that compare values, but for state and modes, which hold their own

pytestmark = pytest.mark.image

REPORTS = {"junit-file": "reports/equivalence/junit.xml", "json-file": "reports/results.json"}
CASE = "nets/equivalence_convnet.py::Convolutional"


@pytest.fixture(scope="module")
def machine(checkout: Checkout) -> ActionRunner:
    """Return the machine."""
    return checkout("diverging")


@pytest.fixture(scope="module")
def before(machine: ActionRunner) -> dict[str, tuple[int, int]]:
    """Return what was in the workspace before the step."""
    return contents(machine.workspace)


@pytest.fixture(scope="module")
def step(machine: ActionRunner, before: dict[str, tuple[int, int]]) -> StepRun:
    """Return the step, with both reports asked for."""
    return machine.run(REPORTS)


@pytest.fixture(scope="module")
def report(step: StepRun, machine: ActionRunner) -> dict[str, Any]:
    """Return the JSON report."""
    found: dict[str, Any] = json.loads((machine.workspace / REPORTS["json-file"]).read_text("utf-8"))
    return found


def test_fails_the_step(step: StepRun) -> None:
    """By the exit code for a divergence."""
    assert (step.exit_code, step.outcome) == (1, "failure"), step.text


def test_annotates_the_seeded_line_alone(step: StepRun, machine: ActionRunner) -> None:
    """One error, at the path that the diff of a pull request shows, which says what to do."""
    path, line = seeded_line(machine.workspace)
    assert [(found.level, found.file, found.line) for found in step.annotations] == [("error", path, line)]
    assert "epsilon is 0.001 in TF1, 1e-05 in TF2" in step.errors[0].message
    assert step.errors[0].title.startswith("Convolutional: ")


def test_outputs(step: StepRun, machine: ActionRunner) -> None:
    """Every output is there, and they agree with what happened."""
    assert set(step.outputs) == machine.outputs
    assert step.outputs["conclusion"] == "failure"
    assert step.counts == (len(STEPS), len(STEPS) - DIVERGING, DIVERGING, 0, 0)
    assert step.outputs["worst-case"] == CASE
    assert 0 < float(step.outputs["max-abs-diff"]) < 0.1
    assert 0 < float(step.outputs["max-rel-diff"]) < 0.1
    assert 0 < float(step.outputs["duration"]) < 120
    assert {name: step.outputs[name] for name in REPORTS} == REPORTS


def test_json(report: dict[str, Any], machine: ActionRunner) -> None:
    """The report points to the same line, at the root of every step that diverged."""
    path, line = seeded_line(machine.workspace)
    diverged = [step for step in report["cases"][0]["steps"] if step["outcome"] == "diverged"]
    assert (report["outcome"], len(report["cases"]), len(diverged)) == ("diverged", 1, DIVERGING)
    assert {(step["location"]["path"], step["location"]["line"]) for step in diverged} == {(path, line)}


def test_junit(step: StepRun, machine: ActionRunner) -> None:
    """A common reader takes it and finds the same steps; what fails names the line."""
    path, line = seeded_line(machine.workspace)
    file = machine.workspace / step.outputs["junit-file"]
    assert verify([str(file)]) == 1
    read = junitparser.JUnitXml.fromfile(str(file))
    assert (read.tests, read.failures, read.errors) == (len(STEPS), DIVERGING, 0)
    found = etree.parse(str(file)).xpath("//testcase[failure]")
    assert {(case.get("file"), case.get("line")) for case in found} == {(path, str(line))}


def test_summary(step: StepRun, machine: ActionRunner) -> None:
    """The summary names the case and links to the line at the commit."""
    path, line = seeded_line(machine.workspace)
    assert 0 < len(step.summary.encode()) <= SUMMARY_BYTES
    assert "Convolutional" in step.summary
    assert f"https://github.com/octo/models/blob/{SHA}/{path}#L{line}" in step.summary
    assert REPORTS["json-file"] in step.summary


def test_leaves_nothing_but_the_reports(
    step: StepRun, machine: ActionRunner, before: dict[str, tuple[int, int]]
) -> None:
    """The reports, and the folders made for them, belong to the workspace's owner."""
    after = contents(machine.workspace)
    new = {name: owner for name, owner in after.items() if name not in before}
    expected = {"reports", "reports/equivalence", *REPORTS.values()}
    assert new == dict.fromkeys(expected, OWNER)
    assert {name: after[name] for name in before} == before
    assert step.environment == {}


def test_is_green_after_the_fix(checkout: Checkout) -> None:
    """With the bug repaired, and the reports of the run before still there."""
    machine = checkout("diverging", files={REPORTS["json-file"]: "old", REPORTS["junit-file"]: "old"})
    path, _ = seeded_line(machine.workspace)
    source = (machine.workspace / path).read_text("utf-8")
    (machine.workspace / path).write_text(source.replace(" epsilon=1e-5,", ""), "utf-8")
    before = contents(machine.workspace)
    step = machine.run(REPORTS)
    assert (step.exit_code, step.outcome, step.annotations) == (0, "success", ()), step.text
    assert (step.outputs["conclusion"], step.counts) == ("success", (len(STEPS), len(STEPS), 0, 0, 0))
    assert verify([str(machine.workspace / REPORTS["junit-file"])]) == 0
    assert json.loads((machine.workspace / REPORTS["json-file"]).read_text("utf-8"))["outcome"] == "passed"
    assert contents(machine.workspace) == before
