"""Every step has a page, and every page a step."""

import ast
import textwrap
from pathlib import Path

import pytest

from tf_equivalence.judge.case import LOAD as JUDGED_LOAD
from tf_equivalence.step_guide import LOAD, PAGES
from tf_equivalence.step_page import Page
from tf_equivalence.steps import STEPS

_EXAMPLES = Path(__file__).parents[1] / "docs" / "steps" / "examples"
_OTHER_EXAMPLE = {"checkpoint"}  # the documentation's restores in other ways


def test_every_step_has_a_page_and_every_page_a_step() -> None:
    """None is forgotten when a step is added, renamed or removed."""
    assert LOAD == JUDGED_LOAD
    assert set(PAGES) == {*STEPS, LOAD}


def test_pages_are_in_the_order_of_the_steps() -> None:
    """A reader meets them as a report lists them."""
    assert [name for name in PAGES if name in STEPS] == list(STEPS)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_pages_are_whole(page: Page) -> None:
    """Each has its texts, in sentences, and goes on to steps that have pages."""
    texts = [page.summary, page.means, *page.checks, *page.fixes, *page.blind, page.example.about]
    assert all(text.endswith(".") and text == " ".join(text.split()) for text in texts)
    assert page.checks
    assert page.fixes
    assert page.blind or page.id == LOAD
    assert len(set(texts)) == len(texts)
    assert page.related
    assert set(page.related) <= set(PAGES) - {page.id}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_examples_are_python(page: Page) -> None:
    """All three can be parsed and fit a terminal; the wrong lines are not the right ones."""
    codes = (page.example.tf1, page.example.tf2, page.example.fixed)
    for code in codes:
        # An `if` may have lost its function, a `return` has.
        ast.parse("def f(self, x):\n" + textwrap.indent(code, "    "))
        assert max(map(len, code.split("\n"))) <= 100
    assert page.example.tf2 != page.example.fixed


@pytest.mark.parametrize(
    "name", [name for name in PAGES if name not in _OTHER_EXAMPLE and (_EXAMPLES / f"{name}.md").exists()]
)
def test_examples_are_those_of_the_documentation(name: str) -> None:
    """Its examples are run by the tests, so that what is wrong here does diverge, and what is right passes."""
    known = {line.strip() for line in (_EXAMPLES / f"{name}.md").read_text("utf-8").splitlines()}
    example = PAGES[name].example
    lines = [line.strip() for code in (example.tf1, example.tf2, example.fixed) for line in code.splitlines()]
    assert [line for line in lines if line not in known] == []
