"""Each cause is one, whichever steps, variables and cases show it."""

import pytest

from tf_equivalence.report.roots import FailedCase, failed_cases
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

_HERE, _THERE = Location("a.py", 3), Location("a.py", 9)


def _finding(
    kind: str,
    name: str = "w:0",
    place: Location | None = _HERE,
    message: str = "",
    cause: str = "",
    follows: bool = False,
) -> Finding:
    metrics = {"cause": cause} if cause else {}
    return Finding(kind, name, message or f"{kind} {cause} of {name}", place, metrics=metrics, follows=follows)


def _step(
    step: str, *findings: Finding, outcome: Outcome = Outcome.DIVERGED, notes: tuple[str, ...] = ()
) -> StepResult:
    return StepResult(step, outcome, 1.0, "message", None, findings, notes=notes)


def _failed(*steps: StepResult) -> FailedCase:
    (failed,) = failed_cases(RunResult((CaseResult("a.py::A", "a.py", 1, 1.0, steps),), 1.0, {}))
    return failed


def _shown(failed: FailedCase) -> list[tuple[Location | None, list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]]]:
    return [
        (place.location, [(root.finding.kind, root.finding.name, root.names, root.steps) for root in place.roots])
        for place in failed.places
    ]


def test_one_cause_in_many_steps() -> None:
    """The first finding is kept, with all the steps, whatever figures the others have."""
    failed = _failed(
        _step("constant-weights", _finding("operation-value", "x", message="by 1", cause="epsilon")),
        _step("named-weights", _finding("operation-value", "x", message="by 2", cause="epsilon")),
    )
    steps = ("constant-weights", "named-weights")
    assert _shown(failed) == [(_HERE, [("operation-value", "x", (), steps)])]
    assert failed.places[0].roots[0].finding.message == "by 1"
    assert failed.places[0].steps == steps


def test_many_variables_at_one_line() -> None:
    """Further names are counted, each once."""
    failed = _failed(_step("variable-inventory", *(_finding("variable-missing", name) for name in "abcb")))
    assert _shown(failed) == [(_HERE, [("variable-missing", "a", ("b", "c"), ("variable-inventory",))])]


def test_causes_at_one_line_share_its_place() -> None:
    """Another kind of finding, or another known cause, is told beside the first; another line is a place."""
    failed = _failed(
        _step("variables-once", _finding("variable-created")),
        _step("variable-inventory", _finding("variable-untracked"), _finding("variable-untracked", place=_THERE)),
        _step("named-weights", _finding("operation-value", cause="axis"), _finding("operation-value", cause="epsilon")),
    )
    assert [(place.location, len(place.roots)) for place in failed.places] == [(_HERE, 4), (_THERE, 1)]


def test_a_message_that_repeats_another_adds_only_its_step() -> None:
    """`variables-differ` quotes what the inventory found; it is no cause of its own."""
    said = "TF2 lacks it. Name it."
    failed = _failed(
        _step("variable-inventory", _finding("variable-missing", message=said)),
        _step("named-weights", _finding("variables-differ", message=f"The variables differ. {said}")),
    )
    assert _shown(failed) == [(_HERE, [("variable-missing", "w:0", (), ("variable-inventory", "named-weights"))])]


def test_what_follows_is_kept_apart() -> None:
    """Consequences are no places, and are told once; a step of nothing else still has a place."""
    follows = _finding("output-value", "out", follows=True)
    failed = _failed(
        _step("constant-weights", _finding("operation-value"), follows),
        _step("named-weights", _finding("operation-value"), follows, _finding("output-value", "two", follows=True)),
    )
    assert [finding.name for finding in failed.follows] == ["out", "two"]
    assert len(failed.places) == 1
    assert _shown(_failed(_step("named-weights", follows))) == [
        (_HERE, [("output-value", "out", (), ("named-weights",))])
    ]


def test_findings_without_a_line_are_places_of_their_own() -> None:
    """Two findings that no line is known of have nothing in common."""
    failed = _failed(_step("gradients", _finding("loss", "a", None), _finding("objective-value", "b", None)))
    assert [place.location for place in failed.places] == [None, None]


def test_errors_come_first_and_greens_not_at_all() -> None:
    """Cases that ended in an error are before those that diverged; a case without a step is one."""
    cases = (
        CaseResult("a.py::A", "a.py", 1, 1.0, (_step("named-weights", _finding("output-value")),)),
        CaseResult("a.py::B", "a.py", 1, 1.0, (_step("named-weights", outcome=Outcome.PASSED),)),
        CaseResult("a.py::C", "a.py", 1, 1.0, ()),
    )
    failed = failed_cases(RunResult(cases, 1.0, {}))
    assert [(each.case.id, each.outcome.value) for each in failed] == [("a.py::C", "error"), ("a.py::A", "diverged")]


@pytest.mark.parametrize(
    ("note", "is_kept"),
    [
        ("1 array with 12 elements compared; largest difference 0.073, 0.14 of the largest value", False),
        ("first call: 2 arrays with 128 elements compared; largest difference 0, 0 of the largest value", False),
        ("allowed 1.43e-06 for output (measured: 8 times the reference's own noise of 1.79e-07)", False),
        ("second call: allowed 0 (the given tolerance: rtol 0, atol 0)", False),
        ("2 variables on the TF1 side, 2 on the TF2 side", False),
        ("TF1's graph optimization does not change a gradient", False),
        ("inference: agrees as a tf.function, compiled by XLA, within 0 of the largest value", False),
        ("each of the 240 operations agrees with TF1's when it is given TF1's values", True),
        ("ill-conditioned: logits: the reference's own noise exceeds 0.001 of its values", True),
        ("output has 3 non-finite of 9 elements on the TF1 side", True),
        ("regularization losses were not compared: the variables differ", True),
    ],
)
def test_which_notes_a_failure_keeps(note: str, is_kept: bool) -> None:
    """Figures of what was compared are left to the findings; what explains them is kept, once."""
    failed = _failed(
        _step("constant-weights", _finding("output-value"), notes=(note,)),
        _step("named-weights", _finding("output-value"), notes=(note,)),
    )
    assert failed.notes == ((note,) if is_kept else ())
