"""How Sphinx builds the documentation: `make docs`."""

from __future__ import annotations

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text("utf-8"))["project"]

project = "tf-equivalence-action"
author = "the contributors"
release = _PROJECT["version"]

extensions = ["myst_parser"]
exclude_patterns = ["steps/examples"]  # parts of the pages on steps
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3  # so that a link can name a heading
suppress_warnings: list[str] = []
nitpicky = True

html_theme = "furo"
html_title = "tf-equivalence"
html_show_copyright = False
html_copy_source = False
html_static_path: list[str] = []
