"""Writes the outputs of a workflow's step, for `steps.<id>.outputs` in the workflow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TextIO

from tf_equivalence.report.escape import one_line
from tf_equivalence.result import CaseResult, Difference, ExitCode, Outcome, RunResult, severity


@dataclass(frozen=True)
class StepOutputsOptions:
    """What the result alone does not tell.

    Attributes:
        exit_code: Of the command, which the settings may have softened.
        junit_file: Where JUnit XML was written, relative to the workspace; empty where it was not.
        json_file: The same for JSON.
        html_file: The same for the page.
    """

    exit_code: int = 0
    junit_file: str = ""
    json_file: str = ""
    html_file: str = ""


def write(result: RunResult, stream: TextIO, options: StepOutputsOptions = StepOutputsOptions()) -> None:
    """Append every output between delimiters made from its own hash, which no value can hold."""
    for name, value in step_outputs(result, options).items():
        text = one_line(value)
        delimiter = f"delimiter_{hashlib.sha256(text.encode()).hexdigest()}"
        stream.write(f"{name}<<{delimiter}\n{text}\n{delimiter}\n")


def step_outputs(result: RunResult, options: StepOutputsOptions) -> dict[str, str]:
    """Return the outputs by name. Counts are of steps, the duration is in seconds, a lacking figure is empty."""
    differences = [step.difference for case in result.cases for step in case.steps if step.difference]
    return {
        "conclusion": conclusion(result, options.exit_code),
        "total": str(sum(len(case.steps) for case in result.cases)),
        "passed": str(result.count(Outcome.PASSED)),
        "diverged": str(result.count(Outcome.DIVERGED)),
        "errors": str(result.count(Outcome.ERROR)),
        "skipped": str(result.count(Outcome.SKIPPED)),
        "duration": f"{result.duration_s:.1f}",
        "worst-case": max(result.cases, key=_badness).id if result.cases else "",
        "max-abs-diff": repr(max(difference.max_abs for difference in differences)) if differences else "",
        "max-rel-diff": repr(max(difference.max_rel for difference in differences)) if differences else "",
        "junit-file": options.junit_file,
        "json-file": options.json_file,
        "html-file": options.html_file,
    }


def conclusion(result: RunResult, exit_code: int) -> str:
    """Return one of GitHub's words: success, failure, neutral, skipped, cancelled.

    `neutral` is a divergence or an error that `fail-on` lets pass, `skipped` that nothing was
    compared and nothing asked for more.
    """
    if result.interrupted:
        return "cancelled"
    if exit_code:
        return "failure"
    return {ExitCode.PASSED: "success", ExitCode.NOTHING_FOUND: "skipped"}.get(result.exit_code, "neutral")


def _badness(case: CaseResult) -> tuple[int, float]:
    """Return the order of cases: the worst outcome first, then the largest relative difference."""
    largest = max((step.difference or Difference(0.0, 0.0)).max_rel for step in case.steps) if case.steps else 0.0
    return severity(case.outcome), largest
