"""Writes the result as one page of HTML that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TextIO

from tf_equivalence.report.html.view import HtmlOptions, page
from tf_equivalence.result import RunResult

__all__ = ["HtmlOptions", "write"]

_DEFAULT = HtmlOptions()


def write(result: RunResult, stream: TextIO, options: HtmlOptions = _DEFAULT) -> None:
    """Write the page."""
    # Here, not at the top: most runs write no page.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tf_equivalence.report.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _text("page.js")
    text = environment.get_template("page.html.j2").render(
        page=page(result, options), style=_text("page.css"), script=script, script_hash=_hash(script)
    )
    stream.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def _text(name: str) -> str:
    return resources.files("tf_equivalence.report.html").joinpath(name).read_text("utf-8").strip()


def _hash(script: str) -> str:
    """Return what the page's own policy lets run: this script, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
