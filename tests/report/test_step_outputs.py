"""Outputs of a workflow's step: complete, safely delimited, in GitHub's words."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from tf_equivalence.report.step_outputs import StepOutputsOptions, conclusion, step_outputs, write
from tf_equivalence.result import CaseResult, Difference, Outcome, RunResult, StepResult


def case(name: str, *steps: tuple[Outcome, Difference | None]) -> CaseResult:
    """Return a case with these steps."""
    return CaseResult(
        name,
        "nets/equivalence_a.py",
        1,
        1.0,
        tuple(StepResult(f"s{i}", outcome, 0.1, "", difference=found) for i, (outcome, found) in enumerate(steps)),
    )


MIXED = RunResult(
    (
        case("a.py::A", (Outcome.PASSED, Difference(1e-8, 1e-7)), (Outcome.PASSED, Difference(3.0, 1e-9))),
        case("a.py::B", (Outcome.DIVERGED, Difference(0.5, 0.01)), (Outcome.SKIPPED, None)),
        case("a.py::C", (Outcome.DIVERGED, Difference(0.25, 0.5)), (Outcome.PASSED, None)),
    ),
    12.345,
    {},
)
GREEN = RunResult(MIXED.cases[:1], 1.0, {})
BROKEN = RunResult((*MIXED.cases, case("a.py::D", (Outcome.ERROR, None))), 1.0, {})
NOTHING = RunResult((), 0.5, {}, "nothing")


def read(text: str) -> dict[str, str]:
    """Return the outputs as the runner reads them."""
    found = re.findall(r"^([a-z-]+)<<(\S+)\n(.*)\n\2\n", text, re.MULTILINE)
    assert "".join(f"{name}<<{mark}\n{value}\n{mark}\n" for name, mark, value in found) == text
    return {name: value for name, _, value in found}


def test_every_output() -> None:
    """Counts are of steps; the figures are the largest of all; the paths are as they were given."""
    stream = io.StringIO()
    write(MIXED, stream, StepOutputsOptions(1, "out/j.xml", "out/r.json", "out/r.html"))
    assert read(stream.getvalue()) == {
        "conclusion": "failure",
        "total": "6",
        "passed": "3",
        "diverged": "2",
        "errors": "0",
        "skipped": "1",
        "duration": "12.3",
        "worst-case": "a.py::C",
        "max-abs-diff": "3.0",
        "max-rel-diff": "0.5",
        "junit-file": "out/j.xml",
        "json-file": "out/r.json",
        "html-file": "out/r.html",
    }


def test_without_numbers() -> None:
    """A figure that does not exist is empty rather than zero."""
    found = step_outputs(NOTHING, StepOutputsOptions(5))
    assert (found["total"], found["worst-case"], found["max-abs-diff"], found["max-rel-diff"]) == ("0", "", "", "")


def test_worst_case() -> None:
    """An error comes before any divergence, and among greens the largest relative difference counts."""
    assert step_outputs(BROKEN, StepOutputsOptions(3))["worst-case"] == "a.py::D"
    greens = RunResult((GREEN.cases[0], case("a.py::Z", (Outcome.PASSED, Difference(0.0, 1e-6)))), 1.0, {})
    assert step_outputs(greens, StepOutputsOptions())["worst-case"] == "a.py::Z"


@pytest.mark.parametrize(
    ("result", "exit_code", "expected"),
    [
        (GREEN, 0, "success"),
        (MIXED, 1, "failure"),
        (MIXED, 0, "neutral"),
        (BROKEN, 3, "failure"),
        (BROKEN, 0, "neutral"),
        (NOTHING, 5, "failure"),
        (NOTHING, 0, "skipped"),
        (NOTHING, 2, "failure"),
        (replace(GREEN, interrupted=True), 130, "cancelled"),
    ],
    ids=["green", "red", "red let pass", "error", "error let pass", "empty", "empty let pass", "usage", "stopped"],
)
def test_conclusion(result: RunResult, exit_code: int, expected: str) -> None:
    """The conclusion agrees with the exit code, and never calls a failure success."""
    assert conclusion(result, exit_code) == expected


def test_hostile_values() -> None:
    """A file name with line breaks and delimiters adds no output."""
    name = "a.py::A\nmax-abs-diff=0\nx<<EOF"
    stream = io.StringIO()
    write(RunResult((replace(GREEN.cases[0], id=name),), 1.0, {}), stream)
    assert read(stream.getvalue())["worst-case"] == "a.py::A max-abs-diff=0 x<<EOF"
