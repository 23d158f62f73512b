"""Every cause and every kind that is described exists, and each has a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf_equivalence.pinpoint.causes import CAUSES, Cause
from tf_equivalence.report import rules
from tf_equivalence.result import Finding

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_causes(cause: Cause) -> None:
    """A cause's rule has its sentences, no braces that nobody filled in, and links to its part of the page."""
    rule = rules.rule_of(Finding("operation-value", "", "", metrics={"cause": cause.name}))
    assert rule.id == cause.name
    assert cause.why in rule.text
    assert "{tf" not in rule.text
    assert f"## {cause.name}\n" in (ROOT / "docs" / "causes.md").read_text(encoding="utf-8")
    assert rule.url.endswith(f"docs/causes.md#{cause.name}")


def test_kinds_exist() -> None:
    """A kind that no code gives to a finding any more is not described."""
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("judge", "pinpoint", "worker")
        for path in (ROOT / "runner" / "tf_equivalence" / folder).glob("*.py")
    )
    composed = ("gradient-", "loss-", "objective-", "output-", "state-")  # what comes after is a difference's kind
    gone = [kind for kind in rules._KINDS if f'"{kind}"' not in sources and not kind.startswith(composed)]
    assert gone == []


def test_the_steps_have_their_place() -> None:
    """The link of a kind leads to a heading of the README."""
    assert "## The steps\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert rules.rule_of(Finding("output-value", "", "")).url.endswith("README.md#the-steps")


def test_a_digest_of_a_known_cause() -> None:
    """It says what differs, why, and the fix, and leaves the figures in between to the message."""
    why = next(cause.why for cause in CAUSES if cause.name == "epsilon")
    message = f"The first operation that differs. Output differs by 0.5. {why} Pass `epsilon=0.001`, as TF1 did."
    flow = {"name": "input 0", "tf1": "a", "tf2": "b", "source": "dataflow"}
    told = {"name": "epsilon", "tf1": 0.001, "tf2": 1e-5, "source": "attribute"}
    found = Finding("operation-value", "", message, metrics={"cause": "epsilon", "differences": [flow, told]})
    expected = f"epsilon is 0.001 in TF1, 1e-05 in TF2. {why} Pass `epsilon=0.001`, as TF1 did."
    assert rules.digest(found) == expected


@pytest.mark.parametrize("metrics", [{}, {"cause": "epsilon"}, {"cause": "none", "differences": 3}, {"cause": []}])
def test_a_digest_of_something_else(metrics: dict[str, object]) -> None:
    """The first line of the message is all there is to say."""
    assert rules.digest(Finding("values", "", "  It differs.\n- a\n+ b", metrics=metrics)) == "It differs."


@pytest.mark.parametrize("kind", ["", "x" * 500, "a\nb", "\ud800"])
def test_hostile_kinds(kind: str) -> None:
    """Whatever a kind is, its rule has an id that JSON and GitHub take."""
    rule = rules.rule_of(Finding(kind, "", ""))
    rule.id.encode()
    assert 0 < len(rule.id) <= 100
    assert "\n" not in rule.id
