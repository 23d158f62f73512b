"""A message is taken apart into what is wrong, how it comes about, and what to do."""

import pytest

from tf_equivalence.pinpoint.causes import CAUSES
from tf_equivalence.report.said import Row, Said, rows, said
from tf_equivalence.result import Finding, Location


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("One sentence.", Said("One sentence."), id="headline"),
        pytest.param("It differs. Create it once.", Said("It differs.", "", "Create it once."), id="fix"),
        pytest.param(
            "It differs by 3. Allowed is 2. Pass `a=1`. Or not.",
            Said("It differs by 3.", "Allowed is 2.", "Pass `a=1`. Or not."),
            id="details",
        ),
        pytest.param("Create it once.", Said("Create it once."), id="only-a-fix"),
        pytest.param("It differs. Setting it helps.", Said("It differs.", "Setting it helps."), id="no-instruction"),
        pytest.param(
            "It differs. Relative to TF1 it is worst. As a whole, so.", Said("It differs."), id="more-figures"
        ),
        pytest.param("First.\nsecond  \nthird", Said("First.", rest=("second  ".rstrip(), "third")), id="lines"),
        pytest.param("", Said("values logits"), id="empty"),
    ],
)
def test_parts(message: str, expected: Said) -> None:
    """The first sentence is the headline, and what begins with an instruction is the fix."""
    assert said(Finding("values", "logits", message)) == expected


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_every_cause_is_told_apart(cause: object) -> None:
    """With a known cause, what is behind it are details, and all that follows is the fix."""
    known = next(each for each in CAUSES if each is cause)
    message = f"The first operation that differs: in TF1 a.b, in TF2 c. Different: x. {known.why} {known.fix}"
    finding = Finding("operation-value", "op", message, metrics={"cause": known.name})
    assert said(finding).fix == known.fix
    assert said(finding).details.endswith(known.why)


def test_columns_say_what_sentences_need_not() -> None:
    """Both operations and their settings stand in columns, and no longer in the text."""
    metrics = {
        "tf1_operation": "Relu",
        "tf1_name": "a/Relu",
        "tf1_line": "legacy.py:2",
        "tf2_operation": "Elu",
        "tf2_line": "migrated.py:3",
        "differences": [{"name": "alpha", "tf1": None, "tf2": 0.25}, {"name": "axis", "tf1": [1, 2], "tf2": True}],
    }
    message = "They differ: in TF1 Relu, in TF2 Elu. Different: alpha is 0.25 in TF2. TF1 reads variable `a`. More."
    finding = Finding("operation-value", "Elu", message, Location("migrated.py", 9), metrics=metrics)
    assert rows(finding) == (
        Row("operation", "Relu a/Relu", "Elu"),
        Row("runs at", "legacy.py:2", "migrated.py:3"),
        Row("alpha", "-", "0.25"),
        Row("axis", "[1, 2]", "yes"),
    )
    assert said(finding) == Said("They differ.", "More.")


def test_lines_are_not_repeated() -> None:
    """Where the finding is at the very line of TF2's operation, the title has said so."""
    metrics = {"tf1_operation": "Relu", "tf2_operation": "Elu", "tf1_line": "a.py:1", "tf2_line": "b.py:2"}
    finding = Finding("operation-value", "Elu", "x", Location("b.py", 2), metrics=metrics)
    assert [row.name for row in rows(finding)] == ["operation"]


@pytest.mark.parametrize(
    "metrics", [{}, {"tf1_operation": "Relu"}, {"tf2_operation": "Elu", "differences": "none"}], ids=range(3)
)
def test_one_side_alone_has_no_columns(metrics: dict[str, object]) -> None:
    """There is nothing to set side by side."""
    assert rows(Finding("operation-missing", "", "x", metrics=metrics)) == ()


def test_hostile_values_stay_on_their_line(hostile_text: str) -> None:
    """Names and values of user code are clean and on one line."""
    metrics = {
        "tf1_operation": hostile_text,
        "tf2_operation": "Elu",
        "differences": [{"name": hostile_text, "tf1": hostile_text, "tf2": [hostile_text]}, "nonsense"],
    }
    found = rows(Finding("operation-value", "", hostile_text, metrics=metrics))
    assert len(found) == 2
    assert all("\n" not in text and "\x1b" not in text for row in found for text in (row.name, row.tf1, row.tf2))
