"""Writes the result as one page of HTML that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources
from typing import TYPE_CHECKING, TextIO

from tf_equivalence.report.html.figures import Gallery
from tf_equivalence.report.html.limits import FORMS, PAGE_BYTES
from tf_equivalence.report.html.page import view
from tf_equivalence.report.html.source import HtmlOptions, Sources
from tf_equivalence.report.roots import failed_cases
from tf_equivalence.result import RunResult

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

__all__ = ["HtmlOptions", "write"]

_DEFAULT = HtmlOptions()
_CODE = re.compile("`([^`]+)`")


def write(result: RunResult, stream: TextIO, options: HtmlOptions = _DEFAULT) -> None:
    """Write the page in the most detailed form that is not too large; the last form is written in any case."""
    template = _template()
    style, script = _text("page.css"), _text("page.js")
    failed, sources, gallery = failed_cases(result), Sources(options), Gallery()
    text = ""
    for limits in FORMS:
        shown = view(result, failed, sources, gallery, limits)
        text = template.render(page=shown, style=style, script=script, script_hash=_hash(script))
        if len(text.encode("utf-8", "replace")) <= PAGE_BYTES:
            break
    stream.write(text.encode("utf-8", "replace").decode("utf-8") + "\n")


def _template() -> Template:
    # Here, not at the top: most runs write no page.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tf_equivalence.report.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = _prose
    return environment.get_template("page.html.j2")


def _prose(text: str) -> Markup:
    """Return a message as markup, what it has between backticks as code."""
    from markupsafe import Markup, escape

    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped first


def _text(name: str) -> str:
    return resources.files("tf_equivalence.report.html").joinpath(name).read_text("utf-8").strip()


def _hash(script: str) -> str:
    """Return what the page's own policy lets run: this script, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
