"""Writes GitHub annotations as workflow commands, and keeps foreign text from being taken for one."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from tf_equivalence.report.escape import clean, command_data, command_property, encodable, one_line
from tf_equivalence.report.explain import (
    Failure,
    Role,
    as_text,
    explain_finding,
    failures,
    finding_title,
    findings_of,
    run_problem,
    short_id,
    workspace_path,
)
from tf_equivalence.report.labels import FAILED, plural
from tf_equivalence.report.rules import digest
from tf_equivalence.result import Finding, Location, Outcome, RunResult

# GitHub cuts messages at 4,096 characters; cut at as many bytes, and the count of characters fits however it counts.
MESSAGE_BYTES = 4096
MOST_SHOWN = 10  # errors of one step; GitHub drops the rest without a word
_ELLIPSIS = " …"
_TITLE_LENGTH = 200
_MOST_NAMES = 4
_MOST_FRAMES = 6
_TOKEN = re.compile("[A-Za-z0-9-]{16,}")


@dataclass(frozen=True)
class AnnotationOptions:
    """How much to write.

    Attributes:
        max_annotations: GitHub keeps ten errors of a step and drops the rest without a word.
        reports: Where everything is, such as paths of report files, for the pointer that stands
            in for what is left out.
    """

    max_annotations: int = MOST_SHOWN
    reports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Annotation:
    """One annotation, before escaping.

    Attributes:
        title: One line.
        message: Paragraphs, at most `MESSAGE_BYTES` long.
        location: Relative to the workspace; None for an annotation of the run as a whole.
        lead: What is wrong and how to mend it, on one line; empty for an annotation of the run as a whole.
        details: Bounds and figures, for where there is room.
    """

    title: str
    message: str
    location: Location | None = None
    lead: str = ""
    details: str = ""


@dataclass(frozen=True)
class _Member:
    failure: Failure
    finding: Finding
    index: int


def write(result: RunResult, stream: TextIO, options: AnnotationOptions = AnnotationOptions()) -> None:
    """Write one command a line; the stream must be at the start of a line, or the first is not seen."""
    encoding = getattr(stream, "encoding", None)
    stream.writelines(encodable(command(annotation), encoding) + "\n" for annotation in annotate(result, options))


def annotate(result: RunResult, options: AnnotationOptions) -> list[Annotation]:
    """Return one annotation for each root cause and location, worst first, the last one a pointer to what is left."""
    problem = run_problem(result)
    found = [Annotation("tf-equivalence", _cut(problem))] if problem else []
    found += [_annotation(group) for group in sorted(_groups(failures(result)), key=_rank)]
    if len(found) <= options.max_annotations:
        return found
    shown = found[: max(options.max_annotations - 1, 0)]
    return [*shown, _pointer(found[len(shown) :], options.reports)]


def command(annotation: Annotation) -> str:
    """Return the workflow command, without a line break."""
    properties = {"title": annotation.title}
    message = annotation.message
    if annotation.location:
        properties = {"file": annotation.location.path, "line": str(max(annotation.location.line, 1)), **properties}
    text = ",".join(f"{key}={command_property(value)}" for key, value in properties.items())
    return f"::error {text}::{command_data(message)}"


def notice(message: str) -> str:
    """Return the workflow command for something to know that is no failure, without a line break."""
    return f"::notice title=tf-equivalence::{command_data(_cut(clean(message)))}"


def fence(token: str) -> tuple[str, str]:
    """Return the lines between which GitHub takes nothing for a command.

    Each must start a line of its own: print a line break before the second, for foreign output may
    end without one.

    Args:
        token: Random and fresh for every fence, since foreign output that knows it ends the fence.

    Raises:
        ValueError: The token is too short to be unguessable, or holds other than letters, digits and `-`.
    """
    if not _TOKEN.fullmatch(token):
        raise ValueError(f"a fence token has at least 16 letters, digits or hyphens, got {token!r}")
    return f"::stop-commands::{token}", f"::{token}::"


def _groups(failed: Iterable[Failure]) -> list[list[_Member]]:
    """Return the findings of one line together, whichever steps and cases see it; without a line, of one step."""
    groups: dict[tuple[object, ...], list[_Member]] = {}
    for failure in failed:
        for index, finding in enumerate(findings_of(failure.step)):
            if finding.follows:
                continue
            place = finding.location
            key = (place.path, place.line) if place else (failure.case.id, failure.step.id, None)
            groups.setdefault(key, []).append(_Member(failure, finding, index))
    return list(groups.values())


def _rank(group: list[_Member]) -> tuple[int, int]:
    """Return the place in line: errors first, then the worst finding of every step before the second of any."""
    return min((FAILED.index(member.failure.step.outcome), member.index) for member in group)


def _annotation(group: list[_Member]) -> Annotation:
    failure, finding = group[0].failure, group[0].finding
    place = finding.location or Location(failure.case.path, failure.case.line)
    path = workspace_path(place.path)
    body = _paragraphs(group)
    if not path:
        body = f"{one_line(str(place))}, outside the workspace:\n{body}"
    cases = _names(member.failure.case.id for member in group)
    message = _cut(body, tail=f"\n\n{'Case' if len(cases) == 1 else 'Cases'}: {_listed(cases)}")
    evidence = (line for line in explain_finding(finding, True) if line.role in (Role.BOUND, Role.FIGURE))
    return Annotation(
        _title(group),
        message,
        Location(path, place.line) if path else None,
        digest(finding) or one_line(failure.step.message) or finding_title(finding),
        textwrap.dedent(as_text(evidence)),
    )


def _title(group: list[_Member]) -> str:
    """Return who failed and how, such as `Net: variables-once, named-weights diverged`."""
    cases = _names(short_id(member.failure.case.id) for member in group)
    parts = []
    for outcome in FAILED:
        steps = _names(name for m in group if m.failure.step.outcome is outcome for name in m.failure.step_ids)
        if steps:
            parts.append(f"{_listed(steps)} {'diverged' if outcome is Outcome.DIVERGED else 'ended in an error'}")
    return textwrap.shorten(f"{_listed(cases)}: {'; '.join(parts)}", _TITLE_LENGTH, placeholder=_ELLIPSIS)


def _paragraphs(group: list[_Member]) -> str:
    """Return the messages, each once, and the first stack there is."""
    messages = list(dict.fromkeys(clean(member.finding.message).strip() for member in group))
    stack = next((member.finding.stack for member in group if member.finding.stack), ())
    frames = [clean(frame).rstrip() for frame in stack[:_MOST_FRAMES]]
    if len(stack) > len(frames):
        frames.append(f"... and {plural(len(stack) - len(frames), 'more frame')}")
    said = [message for message in messages if message] or [finding_title(group[0].finding)]
    return "\n\n".join(said + (["\n".join(frames)] if frames else []))


def _pointer(left_out: list[Annotation], reports: tuple[str, ...]) -> Annotation:
    where = ", ".join(one_line(report) for report in reports) or "the job log"
    more = plural(len(left_out), "more annotation")
    lines = [f"GitHub keeps only the first errors of a step. {more} would follow; see {where}:"]
    lines += [f"- {annotation.title} ({annotation.location or 'no line'})" for annotation in left_out]
    return Annotation(f"tf-equivalence: {more} not shown", _cut("\n".join(lines)))


def _names(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(one_line(name) for name in names))


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _cut(text: str, tail: str = "") -> str:
    """Return text and tail in at most `MESSAGE_BYTES`, the text cut where they do not fit."""
    room = MESSAGE_BYTES - len(tail.encode())
    data = text.encode()
    if len(data) <= room:
        return text + tail
    return data[: max(room - len(_ELLIPSIS.encode()), 0)].decode(errors="ignore").rstrip() + _ELLIPSIS + tail
