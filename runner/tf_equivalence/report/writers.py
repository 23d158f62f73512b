"""All the formats, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, TextIO

from tf_equivalence.report import (
    annotations,
    comment,
    html,
    json_report,
    junit_report,
    sarif_report,
    step_outputs,
    summary,
    terminal,
)
from tf_equivalence.result import RunResult


class Writer(Protocol):
    """Writes a result in one format; every option of a writer has a default."""

    def __call__(self, result: RunResult, stream: TextIO) -> None:
        """Write the result."""


WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "json": json_report.write,
        "junit": junit_report.write,
        "sarif": sarif_report.write,
        "html": html.write,
        "annotations": annotations.write,
        "summary": summary.write,
        "comment": comment.write,
        "outputs": step_outputs.write,
        "terminal": terminal.write,
    }
)
