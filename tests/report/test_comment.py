"""The comment on a pull request fits, and its mark finds it again."""

from __future__ import annotations

import io

import pytest

from tf_equivalence.report.comment import BODY_BYTES, CommentOptions, mark, write
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult


def written(result: RunResult, options: CommentOptions | None = None) -> str:
    """Return the body."""
    stream = io.StringIO()
    write(result, stream, options or CommentOptions())
    return stream.getvalue()


def test_the_mark_comes_first_and_shows_nothing(full_result: RunResult) -> None:
    """It is a comment of HTML on a line of its own, which no name can end."""
    found = mark(("Equivalence --> @octocat", "\ud800", "job"))
    assert found.startswith("<!-- tf-equivalence ")
    assert found.count("-->") == 1
    assert "octocat" not in found
    assert written(full_result, CommentOptions(found)).startswith(f"{found}\n## ")


def test_marks_do_not_run_together() -> None:
    """What stands in one part is not the same as in another."""
    assert len({mark(("ab", "c")), mark(("a", "bc")), mark(("abc",)), mark(("ab", "c", ""))}) == 4


@pytest.mark.parametrize("findings", [1, 100, 3_000])
@pytest.mark.parametrize("letter", ["x", "ż", "🎉", "_"])
def test_it_fits(findings: int, letter: str) -> None:
    """GitHub refuses a longer body, whether it counts characters or bytes."""
    found = tuple(Finding("values", f"v{n}", letter * 200, Location("a.py", n + 1)) for n in range(findings))
    step = StepResult("named-weights", Outcome.DIVERGED, 0.0, letter * 200, Location("a.py", 1), found)
    cases = tuple(CaseResult(f"a{n}.py::A", "a.py", 1, 0.0, (step,)) for n in range(3))
    options = CommentOptions(name=letter * 500, run_url="https://example.com/" + "r" * 300)
    body = written(RunResult(cases, 0.0, {letter * 90: letter * 90_000}), options)
    assert len(body.encode()) <= BODY_BYTES
    assert "diverged" in body
    assert "Log of the run" in body


def test_what_passed_is_short(passed_result: RunResult) -> None:
    """A green comment is no wall of text."""
    body = written(passed_result)
    assert "✅ TensorFlow equivalence: passed" in body
    assert len(body.splitlines()) < 12
