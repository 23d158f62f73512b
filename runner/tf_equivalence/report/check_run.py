"""What a check run on GitHub shows: a summary, annotations on lines, and in words what has no line."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tf_equivalence.report.annotations import Annotation, AnnotationOptions, annotate
from tf_equivalence.report.escape import markdown_block, markdown_text, one_line
from tf_equivalence.report.labels import counts, verdict
from tf_equivalence.report.summary import SummaryOptions
from tf_equivalence.report.summary import write as write_summary
from tf_equivalence.result import RunResult

TEXT_BYTES = 65_535  # GitHub counts characters, and refuses what has more
_TITLE_LENGTH = 255  # characters; the same
_DETAILS_LENGTH = 16_000  # characters, each of at most four bytes: GitHub takes 64 KiB
_CUT = "_The rest is cut._"


@dataclass(frozen=True)
class CheckRun:
    """What to show.

    Attributes:
        title: One line.
        summary: Markdown, at most `TEXT_BYTES` long.
        text: The same; what has no line to be annotated, empty where all has.
        annotations: Of this form: https://docs.github.com/en/rest/checks/runs.
    """

    title: str
    summary: str
    text: str
    annotations: tuple[dict[str, str | int], ...]


def check_run(result: RunResult, most: int, options: SummaryOptions, level: str = "failure") -> CheckRun:
    """Return what the check run of a result shows.

    Args:
        result: The result.
        most: Annotations at most.
        options: Of its summary; the limit is GitHub's.
        level: `failure` or `warning`.
    """
    stream = io.StringIO()
    write_summary(result, stream, replace(options, limit_bytes=TEXT_BYTES))
    found = annotate(result, AnnotationOptions(most, options.reports))
    return CheckRun(
        title=one_line(f"{verdict(result).capitalize()}: {counts(result)}")[:_TITLE_LENGTH],
        summary=stream.getvalue(),
        text=_joined(_paragraph(each) for each in found if each.location is None),
        annotations=tuple(_annotation(each, level) for each in found if each.location is not None),
    )


def _annotation(annotation: Annotation, level: str) -> dict[str, str | int]:
    assert annotation.location is not None
    line = max(annotation.location.line, 1)
    fields: dict[str, str | int] = {
        "path": annotation.location.path,
        "start_line": line,
        "end_line": line,
        "annotation_level": level,
        "title": one_line(annotation.title)[:_TITLE_LENGTH],
        "message": annotation.message or annotation.title,
    }
    if annotation.details.strip():
        fields["raw_details"] = annotation.details[:_DETAILS_LENGTH]
    return fields


def _paragraph(annotation: Annotation) -> str:
    return f"**{markdown_text(annotation.title)}**\n\n{markdown_block(annotation.message)}"


def _joined(paragraphs: Iterable[str]) -> str:
    """Return as many paragraphs as there is room for; one that is cut open would swallow what follows."""
    text = ""
    for paragraph in paragraphs:
        if len(f"{text}{paragraph}{_CUT}".encode()) > TEXT_BYTES:
            return text + _CUT
        text += f"{paragraph}\n\n"
    return text.rstrip("\n")
