"""Writes the comment on a pull request: what failed, below a mark that no reader sees and that finds it again."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TextIO

from tf_equivalence.report.escape import markdown_text
from tf_equivalence.report.summary import SummaryOptions
from tf_equivalence.report.summary import write as write_summary
from tf_equivalence.result import RunResult

BODY_BYTES = 65_536  # GitHub counts characters, and refuses what has more


@dataclass(frozen=True)
class CommentOptions:
    """What the result alone does not tell.

    Attributes:
        mark: From `mark`.
        name: Which of a workflow's runs this is, for readers.
        run_url: The page with the log; empty for none.
        summary: How to write what failed.
    """

    mark: str = ""
    name: str = ""
    run_url: str = ""
    summary: SummaryOptions = field(default_factory=SummaryOptions)


def mark(parts: Sequence[str]) -> str:
    """Return the first line of a comment, which is one and the same for one job of one workflow."""
    digest = hashlib.sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:32]
    return f"<!-- tf-equivalence {digest} -->"


def write(result: RunResult, stream: TextIO, options: CommentOptions = CommentOptions()) -> None:
    """Write the comment's body, at most `BODY_BYTES` long."""
    first = f"{options.mark or mark(())}\n"
    log = f"[Log of the run]({options.run_url})" if options.run_url else ""
    last = " · ".join(filter(None, (markdown_text(options.name[:200]), log)))
    last = f"\n<sub>{last}</sub>\n" if last else ""
    body = io.StringIO()
    room = BODY_BYTES - len((first + last).encode())
    write_summary(result, body, replace(options.summary, limit_bytes=room, brief=True))
    stream.write(first + body.getvalue() + last)
