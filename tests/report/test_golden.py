"""Every format renders the same result as its reviewed golden file."""

import io
from collections.abc import Callable

import pytest

from tf_equivalence.report import annotations, comment, json_report, junit_report, screen, summary, terminal
from tf_equivalence.result import RunResult

Golden = Callable[[str, str], None]
Write = Callable[[RunResult, io.StringIO], None]

REPORTS = ("out/report.json", "out/junit.xml")
_URL = "https://github.com/owner/repository/blob/0123abc/"
_COMMENT = comment.CommentOptions(
    comment.mark(("Equivalence", "shard")),
    "shard · nets",
    "https://github.com/owner/repository/actions/runs/99",
    summary.SummaryOptions(source_url=_URL, reports=REPORTS),
)


def _summary(limit: int) -> Write:
    options = summary.SummaryOptions(limit, _URL, REPORTS)
    return lambda result, stream: summary.write(result, stream, options)


def _terminal(is_terminal: bool, color: bool, width: int) -> Write:
    options = terminal.TerminalOptions(screen.Screen(is_terminal, color, width), REPORTS)
    return lambda result, stream: terminal.write(result, stream, options)


WRITES: dict[str, Write] = {
    "report.json": json_report.write,
    "junit-github.xml": junit_report.write,
    "junit-jenkins.xml": lambda r, s: junit_report.write(r, s, junit_report.JUnitOptions("jenkins")),
    "annotations.txt": lambda r, s: annotations.write(r, s, annotations.AnnotationOptions(reports=REPORTS)),
    "summary-everything.md": _summary(1024 * 1024),
    "summary-failures.md": _summary(17_500),
    "summary-places.md": _summary(6_000),
    "summary-counts.md": _summary(1_000),
    "comment.md": lambda r, s: comment.write(r, s, _COMMENT),
    "terminal-plain.txt": _terminal(False, False, 80),
    "terminal-wide.txt": _terminal(True, False, 140),
    "terminal-narrow.txt": _terminal(True, False, 60),
    "terminal-color.txt": _terminal(True, True, 140),
}


@pytest.mark.parametrize("name", WRITES)
def test_full_result(name: str, full_result: RunResult, golden: Golden) -> None:
    """A result with everything in it is written as reviewed."""
    stream = io.StringIO()
    WRITES[name](full_result, stream)
    golden(name, stream.getvalue())


@pytest.mark.parametrize("name", ["terminal-wide.txt", "terminal-narrow.txt"])
def test_ordinary_result(name: str, ordinary_result: RunResult, golden: Golden) -> None:
    """Names of ordinary length make an ordinary table."""
    stream = io.StringIO()
    WRITES[name](ordinary_result, stream)
    golden(f"ordinary-{name}", stream.getvalue())


@pytest.mark.parametrize("name", ["terminal-plain.txt", "terminal-wide.txt", "summary-everything.md", "comment.md"])
def test_passed_result(name: str, passed_result: RunResult, golden: Golden) -> None:
    """A run in which nothing failed says what was compared."""
    stream = io.StringIO()
    WRITES[name](passed_result, stream)
    golden(f"passed-{name}", stream.getvalue())


@pytest.mark.parametrize("name", ["annotations.txt", "junit-jenkins.xml", "terminal-plain.txt", "summary-counts.md"])
def test_nothing_found(name: str, golden: Golden) -> None:
    """A run without a case says so everywhere and is green nowhere."""
    stream = io.StringIO()
    WRITES[name](RunResult((), 0.2, {}, "No equivalence_*.py below `nets`. Name another path."), stream)
    golden(f"nothing-{name}", stream.getvalue())
