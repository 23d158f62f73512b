"""Figures in words, and how many a page has room for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tf_equivalence.report.html.figures import Gallery
from tf_equivalence.report.html.limits import FORMS, Limits
from tf_equivalence.result import Outcome, StepResult

from .builders import HISTOGRAM, output, trace

STEP = StepResult("named-weights", Outcome.DIVERGED, 1.0, "", None, (output(),), trace=trace(20, 5))


def gallery(limits: Limits = FORMS[0]) -> Gallery:
    """Return a gallery of a page with these limits."""
    found = Gallery()
    found.open(limits)
    return found


def test_words_and_picture() -> None:
    """A traced step has a picture, and the same in words."""
    found = gallery().divergence(STEP, "x")
    assert found is not None
    assert found.svg.startswith("<svg")
    assert found.text == ""
    assert "20 operations in TF1's order" in found.caption
    assert "starts at Conv2D, net.py:6" in found.caption


def test_characters_where_there_is_no_room() -> None:
    """Beyond the limit a divergence is drawn in characters, and a histogram told in words."""
    found = gallery(replace(FORMS[0], divergences=1, histograms=1))
    first, second = (found.divergence(STEP, name) for name in "ab")
    assert first
    assert second
    assert (bool(first.svg), bool(second.svg)) == (True, False)
    assert second.text.splitlines()[1].strip() == "^"
    one, other = (found.histogram(output(), name) for name in "cd")
    assert one
    assert other
    assert (bool(one.svg), bool(other.svg)) == (True, False)
    assert one.caption == f"{other.caption} Dashed: what was allowed. Red: beyond it."


def test_short_traces_are_characters() -> None:
    """A handful of operations needs no picture."""
    found = gallery().divergence(replace(STEP, trace=trace(3, 1)), "x")
    assert found is not None
    assert (found.svg, len(found.text.splitlines()[0])) == ("", 3)
    assert gallery().divergence(replace(STEP, trace=()), "x") is None


@pytest.mark.parametrize(
    ("changes", "caption"),
    [
        pytest.param(
            {},
            "Of 17 elements, 9 are equal, 1 differ in being finite, 3 by 1e-04 to 1e-03, 4 by 1e-03 to 1e-02 of the "
            "largest TF1 value.",
            id="all",
        ),
        pytest.param(
            {"counts": [2] + [0] * 13 + [1], "equal": 0, "non_finite": 0},
            "Of 3 elements, 2 by less than 1e-11, 1 by 1e+02 or more of the largest TF1 value.",
            id="ends",
        ),
    ],
)
def test_histogram_in_words(changes: dict[str, object], caption: str) -> None:
    """Every decade that has elements is told, with those that are equal or not finite."""
    found = gallery().histogram(output(metrics={"histogram": {**HISTOGRAM, **changes}}), "x")
    assert found is not None
    assert found.caption == caption


def test_no_histogram() -> None:
    """A finding without one, or one in which nothing differs by a finite amount, has none."""
    assert gallery().histogram(output(metrics={}), "x") is None
    assert gallery().histogram(output(metrics={"histogram": {**HISTOGRAM, "counts": [0] * 15}}), "x") is None
