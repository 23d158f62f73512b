"""Failures are worded once, for all reports."""

import dataclasses

import pytest

from tf_equivalence.report import explain
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

_FINDING = Finding(
    "values",
    "logits",
    "differs\nby much",
    Location("a.py", 3),
    ("a.py:3 in call\n    return x",),
    {"worst": 0.125, "bound": {"rtol": 1e-6}},
)


def _step(*findings: Finding, outcome: Outcome = Outcome.DIVERGED) -> StepResult:
    return StepResult(
        "named-weights", outcome, 0.0, "1 output differs", findings=findings, notes=("without endpoints",)
    )


def test_a_finding_reads_from_place_to_bound() -> None:
    """Place and kind come first, then message, stack, the figures and the notes."""
    text = explain.as_text(explain.explain_step(_step(_FINDING), figures=True))
    assert text == (
        "a.py:3: values logits\n"
        "  differs\n"
        "  by much\n"
        "    a.py:3 in call\n"
        "        return x\n"
        "  worst: 0.125\n"
        "  bound: rtol 1e-06\n"
        "note: without endpoints"
    )


def test_the_bound_is_shown_without_the_other_figures() -> None:
    """A terminal says what was allowed and leaves the other figures to the files."""
    text = explain.as_text(explain.explain_step(_step(_FINDING)))
    assert "bound: rtol 1e-06" in text
    assert "worst" not in text


@pytest.mark.parametrize(("figures", "shown"), [(True, 30), (False, 20)], ids=["files", "terminal"])
def test_a_diff_stands_below_its_name(figures: bool, shown: int) -> None:
    """A text of several lines is indented as a block; a terminal gets its beginning."""
    diff = "\n".join(f"-v{index}" for index in range(30))
    lines = explain.explain_step(_step(dataclasses.replace(_FINDING, metrics={"diff": diff})), figures=figures)
    block = explain.as_text(lines).partition("  diff:\n    -v0\n")[2]
    assert block.count("    -v") == shown - 1
    assert ("... and 10 more lines" in block) == (not figures)


def test_findings_beyond_the_limit_are_counted() -> None:
    """What is not shown is counted."""
    text = explain.as_text(explain.explain_step(_step(*[_FINDING] * 7), most_findings=2))
    assert text.count("values logits") == 2
    assert "... and 5 more findings" in text


def test_a_failure_without_findings_is_its_own_finding() -> None:
    """A step that failed never goes without an explanation."""
    (finding,) = explain.findings_of(_step(outcome=Outcome.ERROR))
    assert (finding.kind, finding.message) == ("error", "1 output differs")
    assert explain.findings_of(_step(outcome=Outcome.PASSED)) == ()


def test_a_case_without_steps_is_a_failure() -> None:
    """An empty case is listed among the failures, at its own line."""
    case = CaseResult("a.py::A", "a.py", 4, 0.0, ())
    (failure,) = explain.failures(RunResult((case,), 0.0, {}))
    assert failure.step.outcome is Outcome.ERROR
    assert failure.step.location == Location("a.py", 4)


def test_errors_come_before_divergences(full_result: RunResult) -> None:
    """Failures are listed worst first, else as they ran."""
    found = [(f.step.outcome.value, f.step.id) for f in explain.failures(full_result)]
    assert found == [
        ("error", "load"),
        ("diverged", "variables-once"),
        ("diverged", "variable-inventory"),
        ("diverged", "constant-weights"),
        ("diverged", "named-weights"),
    ]


@pytest.mark.parametrize(
    ("message", "expected"), [("differs", ""), ("differs by", ""), ("another", "another"), ("", "")]
)
def test_messages_are_said_once(message: str, expected: str) -> None:
    """A step's message is left out where a finding says the same."""
    assert explain.said_once(dataclasses.replace(_step(_FINDING), message=message)) == expected


def test_a_run_that_compared_nothing_has_a_problem(passed_result: RunResult) -> None:
    """Whatever is not a pass without any step saying so is said of the run."""
    skipped = StepResult("load", Outcome.SKIPPED, 0.0, "")
    all_skipped = RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, (skipped,)),), 0.0, {})
    assert explain.run_problem(passed_result) == ""
    assert "skipped" in explain.run_problem(all_skipped)
    assert "No case" in explain.run_problem(RunResult((), 0.0, {}))
    assert "interrupted" in explain.run_problem(dataclasses.replace(passed_result, interrupted=True))
    assert explain.run_problem(dataclasses.replace(passed_result, message="disk\nfull")) == "disk full"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "yes"),
        (None, "none"),
        (1998, "1998"),
        (0.0123456789, "0.0123457"),
        (float("nan"), "nan"),
        ([1, 2.5], "[1, 2.5]"),
        ({"index": (0, 1), "tf1": 0.5}, "index [0, 1], tf1 0.5"),
        ("text", "text"),
    ],
)
def test_figure(value: object, expected: str) -> None:
    """Figures are for people: short, on one line."""
    assert explain.figure(value) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("nets/a.py", "nets/a.py"),
        ("./nets/./a.py", "nets/a.py"),
        ("nets\\a.py", "nets/a.py"),
        ("/opt/a.py", ""),
        ("../a.py", ""),
        ("C:\\a.py", ""),
        ("", ""),
    ],
)
def test_workspace_path(path: str, expected: str) -> None:
    """GitHub takes paths without `./` or a leading slash, and none outside the workspace."""
    assert explain.workspace_path(path) == expected


@pytest.mark.parametrize(
    ("case_id", "expected"), [("nets/equivalence_a.py::Net", "Net"), ("nets/equivalence_a.py", "equivalence_a.py")]
)
def test_short_id(case_id: str, expected: str) -> None:
    """Titles name the class, or the file that could not be loaded."""
    assert explain.short_id(case_id) == expected


def test_steps_that_fail_alike_are_one_failure() -> None:
    """The same findings in several steps of a case are explained once, under all their names."""
    alike = dataclasses.replace(_step(_FINDING), id="constant-weights")
    other = dataclasses.replace(_step(dataclasses.replace(_FINDING, message="else")), id="random-training")
    case = CaseResult("a.py::A", "a.py", 1, 0.0, (_step(_FINDING), alike, other))
    names = [failure.step_ids for failure in explain.failures(RunResult((case,), 0.0, {}))]
    assert names == [("named-weights", "constant-weights"), ("random-training",)]


@pytest.mark.parametrize("figures", [True, False], ids=["files", "terminal"])
def test_what_is_for_pages_alone(figures: bool) -> None:
    """Counts to draw and rows of a table are for JSON and for pages; as text they would only be in the way."""
    metrics = {"histogram": {"counts": [1, 2]}, "side_by_side": {"rows": [["a:0", None]]}, "bound": 1.0}
    lines = explain.explain_step(_step(dataclasses.replace(_FINDING, metrics=metrics)), figures=figures)
    text = explain.as_text(lines)
    assert "bound: 1" in text
    assert "histogram" not in text
    assert "a:0" not in text
