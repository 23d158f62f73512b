"""Figures: valid markup in the page's colours, with their text as text and the same in words."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import lxml.etree
import pytest

from tf_equivalence.report.html import plots
from tf_equivalence.report.html.plots import Words
from tf_equivalence.report.html.svg import drawing
from tf_equivalence.result import TracedPair, TracedSide

from .builders import HOSTILE, trace

NAMED = Words("case-1-x", "What it is", "What it shows")
SPACE = "{http://www.w3.org/2000/svg}"


def tree(svg: str) -> lxml.etree._Element:
    """Return the element, parsed as strictly as XML is."""
    return lxml.etree.fromstring(svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="x"', 1))


def texts(svg: str) -> list[str]:
    """Return what can be read in a figure."""
    return ["".join(text.itertext()).strip() for text in tree(svg).iter("{*}text")]


def divergence(rows: tuple[TracedPair, ...], start: int | None = None, allowed: float | None = None) -> str:
    """Return the figure of a trace."""
    with drawing():
        return plots.divergence(rows, start, allowed, NAMED)


def test_divergence_shows_where_it_starts() -> None:
    """The start, its operation, the bands and the scale are text."""
    shown = texts(divergence(trace(90, 40), 40, 1e-4))
    assert "◂ starts here: Conv2D" in shown
    assert {"rounding", "allowed at the outputs", "operation, in TF1's order", "1e-06", "1"} <= set(shown)


def test_one_image_for_a_screen_reader() -> None:
    """The element has a role, a title and a description; ids begin as they are told to."""
    svg = divergence(trace(90, 40), 40)
    root = tree(svg)
    assert root.get("role") == "img"
    assert [child.text for child in root[:2]] == ["What it is", "What it shows"]
    assert [child.get("id") for child in root[:2]] == (root.get("aria-labelledby") or "").split()
    assert all(ident.startswith("case-1-x-") for ident in re.findall(r"""\bid=['"]([^'"]+)""", svg))


def test_names_in_words_are_text() -> None:
    """A title or description with markup is not markup: a browser takes HTML in them for elements."""
    text = HOSTILE.encode("ascii", "ignore").decode().replace("\x1b", "").replace("\x00", "")
    with drawing():
        root = tree(plots.histogram(-12, [0, 3] + [0] * 13, None, Words("x", text, text)))
    assert [(child.text, len(child)) for child in root[:2]] == [(text, 0), (text, 0)]


def test_colours_are_the_page_s() -> None:
    """No colour of the drawing library's own is left, so that a dark page is dark throughout."""
    with drawing():
        svgs = divergence(trace(90, 40), 40, 1e-4), plots.histogram(-12, [0, 3, 4] + [0] * 12, 1e-11, NAMED)
    for svg in svgs:
        assert not re.search("#[0-9a-f]{6}", svg)
        assert "var(--bad)" in svg
        assert "<style" not in svg
        assert "font-family" not in svg


@pytest.mark.parametrize(
    "differences",
    [
        pytest.param([math.nan] * 9, id="nan"),
        pytest.param([math.inf, 0.0, 1e300, 1e-300, 0.0, 0.0], id="extremes"),
        pytest.param([0.0] * 9, id="equal"),
        pytest.param([1e-3] * 5000, id="many"),
    ],
)
def test_any_difference_can_be_drawn(differences: list[float]) -> None:
    """Values that are not finite, none at all and very many stay within the frame and a small size."""
    side = TracedSide("Add", "add")
    svg = divergence(tuple(TracedPair(side, side, value, value) for value in differences), 0, 1e-30)
    assert len(svg) < 30_000
    assert not re.search("nan|inf", svg.partition("</desc>")[2], re.IGNORECASE)


def test_hostile_operations() -> None:
    """Markup and formulas in an operation's type are drawn as they are."""
    side = TracedSide(HOSTILE, HOSTILE)
    svg = divergence(tuple(TracedPair(side, side, 1.0, 1.0) for _ in range(9)), 3)
    assert "onerror" in "".join(texts(svg))
    assert not list(tree(svg).iter("{*}img"))
    formula = TracedSide("$x^2$", "")
    assert "starts here: $x^2$" in "".join(texts(divergence((TracedPair(formula, formula, 1.0, 1.0),) * 9, 3)))


def test_histogram_marks_what_is_beyond_the_bound() -> None:
    """Bars of elements beyond what was allowed have a colour of their own; counts are text."""
    with drawing():
        svg = plots.histogram(-12, [0] * 6 + [3, 1_400, 20] + [0] * 6, 1e-5, NAMED)
    assert {"3", "1,400", "20", "allowed", "1e-05"} <= set(texts(svg))
    assert svg.count("fill: var(--bad)") == 2
    assert svg.count("fill: var(--ours)") == 1


@pytest.mark.parametrize("allowed", [1e-9, 3e-7, 1e-2, 1e2])
def test_histogram_reaches_to_what_was_allowed(allowed: float) -> None:
    """However far the bound is from the elements, both are within the frame."""
    with drawing():
        svg = plots.histogram(-12, [0] * 8 + [3] + [0] * 6, allowed, NAMED)
    assert {"3", "allowed"} <= set(texts(svg))


def test_settings_of_others_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the library was told before, by a file or by code, the figure is the same."""
    import matplotlib as mpl

    before = divergence(trace(20, 5), 5)
    monkeypatch.setitem(mpl.rcParams, "text.usetex", True)
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "red")
    assert divergence(trace(20, 5), 5) == before
    assert mpl.rcParams["text.usetex"] is True


def test_without_a_home(tmp_path: Path) -> None:
    """Where the drawing library can keep nothing, and finds settings of its user's, it draws the same in silence."""
    (tmp_path / "home").touch()
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    code = (
        "from tf_equivalence.report.html import plots, svg\n"
        "with svg.drawing(): print(len(plots.histogram(-12, [1] * 15, None, plots.Words('x', 't', 'd'))))"
    )
    environ = {**os.environ, "HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 1000
