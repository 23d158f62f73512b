"""The action, run as GitHub's runner runs it: what becomes of the step, of the pull request, of the workspace."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import etree

from tf_equivalence.steps import STEPS

from .conftest import Checkout, contents, seeded_line

pytestmark = pytest.mark.image

SCHEMA = Path(__file__).parents[1] / "report" / "junit-10.xsd"


def test_passing(checkout: Checkout) -> None:
    """A right migration makes no annotation, and no report that nobody asked for."""
    machine = checkout("passing")
    before = contents(machine.workspace)
    step = machine.run()
    assert (step.exit_code, step.outcome, step.annotations) == (0, "success", ()), step.text
    assert (step.outputs["conclusion"], step.counts) == ("success", (len(STEPS), len(STEPS), 0, 0, 0))
    assert (step.outputs["junit-file"], step.outputs["json-file"]) == ("", "")
    assert "Convolutional" in step.summary
    assert contents(machine.workspace) == before
    assert contents(machine.temp / "_github_home") == {}


def test_broken(checkout: Checkout) -> None:
    """A module that cannot be loaded is an error at its line, and its neighbour is judged all the same."""
    machine = checkout("broken")
    step = machine.run({"junit-file": "junit.xml", "junit-flavor": "jenkins", "json-file": "results.json"})
    path, line = seeded_line(machine.workspace)
    assert (step.exit_code, step.outcome, step.outputs["conclusion"]) == (3, "failure", "failure"), step.text
    assert [(found.file, found.line) for found in step.annotations] == [(path, line)]
    assert "nets.attention" in step.errors[0].message
    # The neighbour keeps no state that training calls could update.
    assert step.counts == (len(STEPS) + 1, len(STEPS) - 1, 0, 1, 1)
    report = json.loads((machine.workspace / "results.json").read_text("utf-8"))
    outcomes = {case["id"]: case["outcome"] for case in report["cases"]}
    assert outcomes == {path: "error", "nets/equivalence_healthy.py::Healthy": "passed"}
    etree.XMLSchema(etree.parse(str(SCHEMA))).assertValid(etree.parse(str(machine.workspace / "junit.xml")))


def test_nothing_found(checkout: Checkout) -> None:
    """An empty repository is no success, unless it is asked to be."""
    machine = checkout("", files={"README.md": "Nothing here.\n"})
    step = machine.run()
    assert (step.exit_code, step.outputs["conclusion"], step.counts) == (5, "failure", (0, 0, 0, 0, 0))
    assert len(step.errors) == 1
    assert "equivalence_*.py" in step.errors[0].message
    forgiven = machine.run({"fail-on-empty": "false"})
    assert (forgiven.exit_code, forgiven.outputs["conclusion"]) == (0, "skipped"), forgiven.text


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"fail-on": "nonsense"}, "INPUT_FAIL-ON: must be one of failures, errors, never, got 'nonsense'"),
        ({"working-directory": "nowhere"}, "'nowhere' is not a directory"),
        ({"paths": "nowhere"}, "nowhere"),
        ({"steps": "named-wieghts"}, "did you mean 'named-weights'?"),
    ],
    ids=["choice", "working-directory", "paths", "steps"],
)
def test_usage_errors(inputs: dict[str, str], words: str, checkout: Checkout) -> None:
    """What the workflow says wrong is told where the author looks: in an annotation, and in the outputs."""
    machine = checkout("passing")
    step = machine.run(inputs)
    assert (step.exit_code, step.outcome, step.outputs["conclusion"]) == (2, "failure", "failure"), step.text
    assert step.counts == (0, 0, 0, 0, 0)
    assert set(step.outputs) == machine.outputs
    assert len(step.annotations) == 1
    assert words in step.errors[0].message


def test_many_failures_end_in_a_pointer(checkout: Checkout) -> None:
    """GitHub keeps ten errors of a step: the tenth says how many more there are, and where."""
    head = "from tf_equivalence import ArraySpec, EquivalenceCase\n"
    case = (
        "\n\nclass Failing{0}(EquivalenceCase):\n    inputs = ArraySpec((2, 3))\n\n"
        "    def tf1(self, inputs, training):\n        return inputs\n\n"
        "    def tf2(self):\n        raise NotImplementedError('number {0}')\n"
    )
    source = head + "".join(case.format(number) for number in range(12))
    machine = checkout("", files={"equivalence_many.py": source})
    step = machine.run({"steps": "constant-weights", "json-file": "results.json"})
    assert step.exit_code == 3, step.text
    assert (len(step.errors), step.dropped) == (10, 0)
    lines = source.splitlines()
    for found in step.errors[:9]:
        assert found.line is not None
        assert "raise NotImplementedError" in lines[found.line - 1]
    assert len({found.line for found in step.errors[:9]}) == 9
    assert re.search(r"\b3 more annotations\b", step.errors[9].message)
    assert "results.json" in step.errors[9].message
