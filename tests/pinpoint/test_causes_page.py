"""The page on causes is the one that the table gives, and every cause can be linked to."""

from __future__ import annotations

from pathlib import Path

from tf_equivalence.pinpoint.causes import CAUSES
from tf_equivalence.pinpoint.causes_page import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "causes.md"


def test_page_is_up_to_date() -> None:
    """After a change of the table: `python -m tf_equivalence.pinpoint.causes_page > docs/causes.md`."""
    assert PAGE.read_text("utf-8") == page()


def test_every_cause_has_a_heading_of_its_own() -> None:
    """Links are made of names."""
    headings = [line.removeprefix("## ") for line in page().splitlines() if line.startswith("## ")]
    assert headings == [cause.name for cause in CAUSES]
    assert len(set(headings)) == len(headings)


def test_every_cause_says_what_and_how() -> None:
    """One sentence on the cause and one on the fix, each ending as one."""
    for cause in CAUSES:
        assert cause.why.endswith(".")
        assert cause.fix.endswith(".")
        assert "{" not in cause.why
