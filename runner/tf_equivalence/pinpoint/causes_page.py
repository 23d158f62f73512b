"""Prints docs/causes.md, the page that findings link to: `python -m tf_equivalence.pinpoint.causes_page`."""

from __future__ import annotations

from tf_equivalence.pinpoint.causes import CAUSES, Cause

_HEAD = """# Causes

What a finding of a numeric step may name as its cause: what is behind it, and the fix. The JSON report has the name in
the finding's metrics as `cause`, and the part of this page as `help`.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, *(_section(cause) for cause in CAUSES)])


def _section(cause: Cause) -> str:
    fix = cause.fix.format(tf1="<TF1's>", tf2="<TF2's>")
    return f"## {cause.name}\n\n{cause.why}\n\nFix: {fix}\n"


if __name__ == "__main__":
    print(page(), end="")
