"""What a pull request's code prints and tries leaves the job alone."""

from __future__ import annotations

import json

import pytest

from .conftest import Checkout
from .runner import ActionRunner
from .step import StepRun

pytestmark = pytest.mark.image

TOKEN = "ghs_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture(scope="module")
def machine(checkout: Checkout) -> ActionRunner:
    """Return a machine whose repository does its worst."""
    return checkout("hostile", options=("--env", "DOCKER_HOST=tcp://engine:2375"))


@pytest.fixture(scope="module", params=["warning", "debug"])
def step(request: pytest.FixtureRequest, machine: ActionRunner) -> StepRun:
    """Return the step, with the least and with the most of foreign output in its log."""
    inputs = {"steps": "named-weights", "json-file": "results.json", "log-level": str(request.param)}
    return machine.run(inputs, GITHUB_TOKEN=TOKEN, GH_TOKEN=TOKEN)


def test_commands_are_not_obeyed(step: StepRun) -> None:
    """No annotation, no output, no mask, nothing set for the steps after it; and the log ends unfenced."""
    assert (step.exit_code, step.outcome, step.annotations) == (0, "success", ()), step.text[-5000:]
    assert (step.outputs["conclusion"], step.counts) == ("success", (1, 1, 0, 0, 0))
    assert step.environment == {}
    assert not any("pwned" in value for value in step.outputs.values())
    assert "***" not in step.text


def test_nothing_private_is_within_reach(step: StepRun, machine: ActionRunner) -> None:
    """Tokens, inputs, command files and the engine's address are in no environment that user code can read."""
    report = json.loads((machine.workspace / "results.json").read_text("utf-8"))
    assert report["outcome"] == "passed", report["cases"]
    assert "found nothing private" in report["cases"][0]["output"]


def test_what_is_within_reach_is_seen(machine: ActionRunner) -> None:
    """The fixture does look: it finds what the workflow's author hands to all of the job's code."""
    step = machine.run({"steps": "named-weights"}, MY_TOKEN=TOKEN)
    assert (step.exit_code, step.outcome) == (3, "failure"), step.text[-5000:]
    assert "found private variables: ['MY_TOKEN']" in step.errors[0].message


def test_secrets_are_printed_nowhere(step: StepRun, machine: ActionRunner) -> None:
    """Neither the log, nor the summary, nor the report holds a token."""
    written = "\n".join([*step.lines, step.summary, (machine.workspace / "results.json").read_text("utf-8")])
    assert not [secret for secret in (TOKEN, *machine.secrets.values()) if secret in written]
    assert "found nothing private" in written


def test_floods_are_cut(step: StepRun) -> None:
    """Tens of thousands of lines of foreign output do not drown the log."""
    assert len(step.lines) < 2_000
    assert len(step.text) < 1_000_000
