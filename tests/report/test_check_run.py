"""A check run shows what has a line on its line, and the rest in words."""

from __future__ import annotations

import dataclasses

from tf_equivalence.report.check_run import TEXT_BYTES, CheckRun, check_run
from tf_equivalence.report.summary import SummaryOptions
from tf_equivalence.result import Finding, Location, Outcome, RunResult


def made(result: RunResult, most: int = 1000) -> CheckRun:
    """Return the check run of a result."""
    return check_run(result, most, SummaryOptions())


def test_everything(full_result: RunResult) -> None:
    """Every line in the workspace is an annotation with its figures; hostile text makes no link and no markup."""
    found = made(full_result)
    assert found.title == "Error: 4 cases, 12 steps: 1 error, 4 diverged, 5 passed, 2 skipped"
    assert {each["path"] for each in found.annotations} >= {"nets/stem.py", "nets/blocks.py"}
    assert all(each["start_line"] == each["end_line"] for each in found.annotations)
    values = next(each for each in found.annotations if "constant-weights" in str(each["title"]))
    assert "The second call created" in str(values["message"])
    assert "outside the workspace" in found.text
    assert "@octocat" not in found.text.partition("```")[0]


def test_figures_are_details(full_result: RunResult) -> None:
    """The diff of the inventory is there for who unfolds it, without its stack, which the message has."""
    found = made(full_result)
    (first,) = [each for each in found.annotations if (each["path"], each["start_line"]) == ("nets/blocks.py", 100)]
    assert "-stem/conv_32/weights (3, 3) float32" in str(first["raw_details"])
    assert "diff" not in str(first["message"])


def test_a_pass(passed_result: RunResult) -> None:
    """Nothing to annotate, nothing to add."""
    found = made(passed_result)
    assert (found.annotations, found.text) == ((), "")
    assert found.title == "Passed: 1 case, 5 steps: 4 passed, 1 skipped"


def test_nothing_found_has_no_line() -> None:
    """Why there is no result stands in the text."""
    found = made(RunResult((), 0.0, {}, "No equivalence_*.py below `nets`."))
    assert "No equivalence" in found.text
    assert found.annotations == ()


def test_the_summary_fits(full_result: RunResult) -> None:
    """What a job summary has room for is too much here."""
    many = tuple(Finding("values", f"x{n}", "d" * 3_000, Location(f"{n}.py", 1)) for n in range(60))
    step = dataclasses.replace(full_result.cases[1].steps[0], findings=many)
    found = made(RunResult((dataclasses.replace(full_result.cases[1], steps=(step,)),), 0.0, {}))
    assert 500 < len(found.summary.encode()) <= TEXT_BYTES


def test_the_text_is_cut_between_paragraphs(full_result: RunResult) -> None:
    """A block that is cut open would swallow the words after it."""
    many = tuple(
        Finding("values", f"x{n}", "ż" * 1_500 + "\n```\n@octocat", Location(f"/opt/{n}.py", 1)) for n in range(90)
    )
    step = dataclasses.replace(full_result.cases[1].steps[0], outcome=Outcome.DIVERGED, findings=many)
    case = dataclasses.replace(full_result.cases[1], steps=(step,), path="/opt/a.py")
    found = made(RunResult((case,), 0.0, {}))
    assert len(found.text.encode()) <= TEXT_BYTES
    body, _, rest = found.text.partition("\n\n_The rest is cut._")
    assert rest == ""
    assert body.endswith("````")
    assert len(body) > 10_000
    assert body.count("\n````") == 2 * body.count("````text")
