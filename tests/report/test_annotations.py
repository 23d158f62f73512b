"""Annotations say everything once, and GitHub reads back what was meant."""

import dataclasses
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf_equivalence.report.annotations import (
    MESSAGE_BYTES,
    Annotation,
    AnnotationOptions,
    annotate,
    command,
    fence,
    notice,
    write,
)
from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

ReadLog = Callable[[str], list[Any]]

_ALL = AnnotationOptions(max_annotations=1000)
_HERE = Location("nets/a.py", 31)


def _finding(name: str = "x", location: Location | None = _HERE, message: str = "") -> Finding:
    return Finding("values", name, message or f"{name} differs", location)


def _step(step_id: str, *findings: Finding, outcome: Outcome = Outcome.DIVERGED) -> StepResult:
    return StepResult(step_id, outcome, 0.0, f"message of {step_id}", findings=findings)


def _case(name: str, *steps: StepResult) -> CaseResult:
    return CaseResult(f"nets/equivalence_a.py::{name}", "nets/equivalence_a.py", 7, 0.0, steps)


def _run(*cases: CaseResult) -> RunResult:
    return RunResult(cases, 0.0, {})


def test_github_reads_back_what_was_meant(full_result: RunResult, read_log: ReadLog) -> None:
    """The runner finds exactly the annotations meant, with the same values."""
    stream = io.StringIO()
    write(full_result, stream, _ALL)
    meant = annotate(full_result, _ALL)
    commands = read_log(stream.getvalue())
    assert [_values(command) for command in commands] == [
        (a.title, a.message, a.location and a.location.path, a.location and str(a.location.line)) for a in meant
    ]
    assert len(stream.getvalue().splitlines()) == len(meant) == 16


def _values(command: Any) -> tuple[str, str, str | None, str | None]:
    assert command.name == "error"
    properties = command.properties
    return properties["title"], command.data, properties.get("file"), properties.get("line")


@given(st.text(max_size=40), st.text(max_size=40), st.text(min_size=1, max_size=20))
def test_any_text_survives(read_log: ReadLog, title: str, message: str, path: str) -> None:
    """Whatever the text, the runner reads one command with these values."""
    annotation = Annotation(one_line(title), clean(message), Location(one_line(path), 3))
    (read,) = read_log(command(annotation))
    assert _values(read) == (annotation.title, annotation.message, one_line(path), "3")


def test_findings_of_one_line_are_one_annotation() -> None:
    """What several steps see at one line is one annotation that names the steps, each message once."""
    steps = (
        _step("variables-once", _finding("x"), _finding("y")),
        _step("constant-weights", _finding("x"), _finding("z", Location("nets/b.py", 1))),
    )
    first, second = annotate(_run(_case("Net", *steps)), _ALL)
    assert first.title == "Net: variables-once, constant-weights diverged"
    assert first.message == "x differs\n\ny differs\n\nCase: nets/equivalence_a.py::Net"
    assert second.location == Location("nets/b.py", 1)


def test_cases_that_share_a_line_share_an_annotation() -> None:
    """A bug in a shared layer is annotated once, with the cases that it breaks."""
    cases = [_case(name, _step("named-weights", _finding())) for name in ("A", "B")]
    (annotation,) = annotate(_run(*cases), _ALL)
    assert annotation.title == "A, B: named-weights diverged"
    assert annotation.message.endswith("Cases: nets/equivalence_a.py::A, nets/equivalence_a.py::B")


def test_findings_without_a_line_point_at_the_class() -> None:
    """Where no user line exists, each step has one annotation, at the line of the class."""
    steps = (_step("a", _finding("x", None), _finding("y", None)), _step("b", _finding("z", None)))
    found = annotate(_run(_case("Net", *steps)), _ALL)
    assert [(a.title, a.location) for a in found] == [
        ("Net: a diverged", Location("nets/equivalence_a.py", 7)),
        ("Net: b diverged", Location("nets/equivalence_a.py", 7)),
    ]


def test_the_worst_come_first() -> None:
    """Errors lead, then the worst finding of every step, then the second ones."""
    many = _step("many", *(_finding(str(n), Location("a.py", n + 1)) for n in range(3)))
    other = _step("other", _finding("o", Location("b.py", 1)))
    broken = _step("load", outcome=Outcome.ERROR)
    found = annotate(_run(_case("Net", many, other), _case("Broken", broken)), _ALL)
    assert [a.message.split("\n")[0] for a in found] == [
        "message of load",
        "0 differs",
        "o differs",
        "1 differs",
        "2 differs",
    ]
    assert found[0].title == "Broken: load ended in an error"


@pytest.mark.parametrize(("count", "shown"), [(9, 9), (10, 10), (11, 10), (290, 10)])
def test_the_tenth_points_to_the_rest(count: int, shown: int) -> None:
    """At most ten errors are written; where there are more, the last says how many and where they are."""
    findings = [_finding(str(n), Location("a.py", n + 1)) for n in range(count)]
    result = _run(_case("Net", _step("many", *findings)))
    found = annotate(result, AnnotationOptions(reports=("out/report.json",)))
    assert len(found) == shown
    assert all(len(a.message.encode()) <= MESSAGE_BYTES for a in found)
    if count > shown:
        left = count - 9
        assert found[-1].title == f"tf-equivalence: {left} more annotations not shown"
        assert "out/report.json" in found[-1].message
        assert "a.py:10" in found[-1].message
        assert found[-1].location is None


@pytest.mark.parametrize(
    ("character", "tail"), [("x", 1), ("é", 2), ("😀", 4)], ids=["one-byte", "two-bytes", "four-bytes"]
)
def test_long_messages_are_cut(character: str, tail: int) -> None:
    """A message is cut between characters, says so, and still names the case."""
    (annotation,) = annotate(_run(_case("Net", _step("a", _finding(message=character * 5000)))), _ALL)
    assert MESSAGE_BYTES - tail < len(annotation.message.encode()) <= MESSAGE_BYTES
    body, _, end = annotation.message.partition(" …")
    assert set(body) == {character}
    assert end == "\n\nCase: nets/equivalence_a.py::Net"


@pytest.mark.parametrize(
    ("path", "file", "start"),
    [
        ("./nets/a.py", "nets/a.py", "x differs"),
        ("/opt/lib/a.py", None, "/opt/lib/a.py:3, outside the workspace:\nx differs"),
        ("../lib/a.py", None, "../lib/a.py:3, outside the workspace:\nx differs"),
    ],
)
def test_paths(path: str, file: str | None, start: str) -> None:
    """GitHub places paths in the workspace only; others are told in the message."""
    (annotation,) = annotate(_run(_case("Net", _step("a", _finding("x", Location(path, 3))))), _ALL)
    assert (annotation.location and annotation.location.path) == file
    assert annotation.message.startswith(start)


def test_passed_and_skipped_steps_are_silent(passed_result: RunResult) -> None:
    """A green run leaves nothing on the pull request."""
    stream = io.StringIO()
    write(passed_result, stream)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("result", "text"),
    [
        pytest.param(RunResult((), 0.0, {}, "Nothing below `nets`."), "Nothing below `nets`.", id="message"),
        pytest.param(_run(_case("Net")), "No step of this case was judged", id="no-steps"),
        pytest.param(_run(_case("Net", _step("a", outcome=Outcome.SKIPPED))), "Every step was skipped", id="skipped"),
        pytest.param(
            dataclasses.replace(_run(_case("Net", _step("a", outcome=Outcome.PASSED))), interrupted=True),
            "interrupted",
            id="interrupted",
        ),
    ],
)
def test_whatever_is_not_a_pass_is_annotated(result: RunResult, text: str) -> None:
    """A check that turns red without a failed step says why."""
    (annotation,) = annotate(result, _ALL)
    assert text in annotation.message


def test_a_stack_follows_the_message(full_result: RunResult) -> None:
    """The user's frames are in the annotation, for the annotated line is only the innermost one."""
    stem = next(a for a in annotate(full_result, _ALL) if a.location == Location("nets/stem.py", 31))
    assert stem.message.count("self.scale = tf.Variable") == 1
    assert "nets/equivalence_stem.py:22 in tf2: return Stem(64)\n(library frames folded" in stem.message


def test_an_ascii_stream_is_enough(read_log: ReadLog) -> None:
    """A stream without Unicode gets escapes, not an exception."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    write(_run(_case("Net", _step("a", _finding("変数")))), stream)
    stream.seek(0)
    (read,) = read_log(stream.read())
    assert read.data.startswith("\\u5909\\u6570 differs")


def test_fence() -> None:
    """The two lines name the same token."""
    assert fence("0123456789abcdef") == ("::stop-commands::0123456789abcdef", "::0123456789abcdef::")


@pytest.mark.parametrize("token", ["", "short", "0123456789abcdef\n", "0123456789abcde:", "0123456789 abcdef"])
def test_fences_need_a_token_that_cannot_be_guessed(token: str) -> None:
    """A token that is short or could end the line is refused."""
    with pytest.raises(ValueError, match="fence token"):
        fence(token)


def test_what_an_earlier_finding_explains_is_not_annotated() -> None:
    """A symptom stays in the reports, but only the root cause gets an annotation."""
    symptom = dataclasses.replace(_finding("y", Location("nets/b.py", 1)), follows=True)
    (only,) = annotate(_run(_case("Net", _step("named-weights", _finding("x"), symptom))), _ALL)
    assert only.location == _HERE
    assert "y differs" not in only.message


def test_a_notice_is_one_command(read_log: ReadLog) -> None:
    """What is to be known, and is no failure, is one notice, whatever it says."""
    (found,) = read_log(notice("50 %\n::error::pwned\r##[error]x") + "\n")
    assert (found.name, found.properties) == ("notice", {"title": "tf-equivalence"})
    assert found.data == "50 %\n::error::pwned\n##[error]x"
