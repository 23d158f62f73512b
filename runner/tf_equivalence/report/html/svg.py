"""Turns a figure of matplotlib into an `svg` element for a page: in the page's colours, with its text as text."""

from __future__ import annotations

import contextlib
import html
import io
import logging
import re
from collections.abc import Iterator
from typing import Any

# Stand-ins that are drawn with, and the page's own colours that take their place, in light, dark and print.
_COLORS = {"#010101": "var(--ink)", "#020202": "var(--muted)", "#030303": "var(--bad)", "#040404": "var(--ours)"}
INK, MUTED, BAD, OURS = _COLORS
_WIDTH = 8.0  # inches, of 72 units each
_SMALL = 9  # points


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """Draw with the library's own settings, whatever a file in the working directory or at home says."""
    # It warns where it cannot keep its list of fonts at home: of no interest to those who asked for a page.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    # Here, not at the top: the library takes a second to import, and most runs draw nothing. Its `pyplot` is left
    # alone, for it keeps global state.
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["svg.fonttype"] = "none"  # text stays text
        mpl.rcParams["svg.hashsalt"] = "tf-equivalence"  # the same run gives the same page
        mpl.rcParams["text.parse_math"] = False  # a name may hold dollar signs
        yield


def axes(height: float) -> tuple[Any, Any]:
    """Return a figure and its axes, without a background, while `drawing`.

    Args:
        height: Of the figure, in inches.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height))
    FigureCanvasSVG(figure)
    figure.patch.set_visible(False)
    # Margins in inches: a layout that measures its text would take longer than all the rest.
    found = figure.add_axes((0.75 / _WIDTH, 0.55 / height, 1 - 1.0 / _WIDTH, 1 - 0.7 / height))
    found.patch.set_visible(False)
    for side in ("top", "right"):
        found.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        found.spines[side].set_color(MUTED)
    found.tick_params(colors=MUTED, labelcolor=INK, which="both", labelsize=_SMALL)
    return figure, found


def decades(axis: Any, first: int, last: int) -> None:
    """Put ticks on an axis with a log scale, from one power of ten to another, at most ten of them.

    The library's own ticks are formulas, and setting these takes longer than all the rest.
    """
    shown = range(first, last + 1, 1 + (last - first) // 10)
    axis.set_ticks([10.0**power for power in shown], [f"1e{power:+03d}" if power else "1" for power in shown])
    axis.set_ticks([], minor=True)


def label(found: Any, x: str, y: str) -> None:
    """Name both axes."""
    found.set_xlabel(x, color=INK, fontsize=_SMALL)
    found.set_ylabel(y, color=INK, fontsize=_SMALL)


def as_svg(figure: Any, ident: str, title: str, description: str) -> str:
    """Return the figure as an `svg` element that a screen reader takes for one image.

    Args:
        figure: As `axes` returned it.
        ident: Begins every id in the element, since several stand on one page; letters, digits and hyphens.
        title: What the image is.
        description: What it shows, in words.
    """
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    # Its style element would hold for the whole page.
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg\b[^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', text, count=1)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = re.sub(r"font: ?(\d+(?:\.\d+)?)px [^;\"]*", r"font-size: \1px", text)
    for stand_in, color in _COLORS.items():
        text = text.replace(stand_in, color)
    text = _smaller(text)
    text = re.sub(r'\bid="', f'id="{ident}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{ident}-", text)
    named = f"<title id='{ident}-title'>{html.escape(title)}</title><desc id='{ident}-desc'>{html.escape(description)}"
    attributes = f"<svg role='img' aria-labelledby='{ident}-title {ident}-desc' focusable='false'"
    return re.sub(r"<svg( [^>]*)>", lambda m: f"{attributes}{m[1]}>{named}</desc>", text, count=1).strip()


def _smaller(text: str) -> str:
    """Return the element without what no page needs: ids that nothing refers to, tenths of hundredths, line breaks."""
    wanted = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in wanted else "", text)
    text = re.sub(r"\d+\.\d\d+", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), text)
    return re.sub(r">\s+<", "><", re.sub(r"\s*\n\s*", " ", text))
