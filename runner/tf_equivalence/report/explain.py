"""Puts a result into lines of plain text: the one place that says how reports word a failure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.report.labels import FAILED, plural, power_text
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

# What was allowed, and a text diff: the terminal shows these two and leaves the other figures to the files.
BOUND = "bound"
DIFF = "diff"
HISTOGRAM = "histogram"  # to draw, not to read
SIDE_BY_SIDE = "side_by_side"  # the diff as rows of a table
_FOR_PAGES = (HISTOGRAM, SIDE_BY_SIDE)
_MOST_DIFF_LINES = 20


class Role(enum.Enum):
    """What a line is, for a writer that sets it in a style of its own."""

    FINDING = "finding"
    MESSAGE = "message"
    FRAME = "frame"
    BOUND = "bound"
    FIGURE = "figure"
    NOTE = "note"
    FIX = "fix"


@dataclass(frozen=True)
class Line:
    """A line of an explanation.

    Attributes:
        role: What it is.
        indent: Blanks before it.
        text: Clean, without a line break.
    """

    role: Role
    indent: int
    text: str


@dataclass(frozen=True)
class Failure:
    """A step that failed, with its case.

    Attributes:
        case: The case.
        step: The step.
        also: Later steps of the case that failed for the very same causes.
    """

    case: CaseResult
    step: StepResult
    also: tuple[str, ...] = ()

    @property
    def step_ids(self) -> tuple[str, ...]:
        """The ids of all the steps that failed in this way."""
        return (self.step.id, *self.also)


def steps_of(case: CaseResult) -> tuple[StepResult, ...]:
    """Return the case's steps, or one that says there is none: an empty case must be seen in every report."""
    if case.steps:
        return case.steps
    message = "No step of this case was judged, so nothing is known about it."
    return (StepResult("case", case.outcome, 0.0, message, Location(case.path, case.line)),)


def failures(result: RunResult) -> list[Failure]:
    """Return the failed steps, errors first, else in the order of the run; what fails alike is one failure."""
    merged: dict[tuple[object, ...], Failure] = {}
    for case in result.cases:
        for step in steps_of(case):
            if step.outcome not in FAILED:
                continue
            causes = (finding for finding in step.findings if not finding.follows)
            alike = tuple((finding.kind, finding.message, finding.location) for finding in causes)
            key = (step.outcome, case.id, alike or step.id)
            known = merged.get(key)
            merged[key] = replace(known, also=(*known.also, step.id)) if known else Failure(case, step)
    return [failure for outcome in FAILED for failure in merged.values() if failure.step.outcome is outcome]


def run_problem(result: RunResult) -> str:
    """Return why the run as a whole is not a pass although no step may say so; empty where it is fine."""
    if result.message:
        return one_line(result.message)
    if result.interrupted:
        return "The run was interrupted before every step was judged."
    if not result.cases:
        return "No case was found, so nothing was compared."
    if result.outcome is Outcome.SKIPPED:
        return "Every step was skipped, so nothing was compared."
    return ""


def short_id(case_id: str) -> str:
    """Return the class name of a case, or the file name of a module that could not be loaded."""
    path, separator, name = one_line(case_id).partition("::")
    return name if separator else path.rpartition("/")[2]


def workspace_path(path: str) -> str:
    """Return a path relative to the workspace as GitHub wants it, without `./`; empty where it is outside."""
    parts = [part for part in one_line(path).replace("\\", "/").split("/") if part != "."]
    outside = not parts or parts[0] in ("", "..") or parts[0].endswith(":")
    return "" if outside else "/".join(parts)


def findings_of(step: StepResult) -> tuple[Finding, ...]:
    """Return the step's findings; a failed step without any is its own finding."""
    if step.findings or step.outcome not in FAILED:
        return step.findings
    return (Finding(step.outcome.value, "", step.message or f"{step.id}: {step.outcome.value}", step.location),)


def explain_step(step: StepResult, most_findings: int | None = None, figures: bool = False) -> list[Line]:
    """Return the findings of a failed step with messages, stacks, bounds and notes.

    Args:
        step: The step.
        most_findings: How many findings to show; None shows all.
        figures: Whether to show every figure rather than the bound alone.
    """
    findings = findings_of(step)
    shown = findings[:most_findings]
    lines = [line for finding in shown for line in explain_finding(finding, figures)]
    if len(findings) > len(shown):
        more = plural(len(findings) - len(shown), "more finding")
        lines.append(Line(Role.NOTE, 0, f"... and {more}, all of them in the report files"))
    return lines + notes_of(step)


def said_once(step: StepResult) -> str:
    """Return the step's message on one line, or nothing where a finding says the same."""
    message = one_line(step.message)
    return "" if any(message in one_line(finding.message) for finding in findings_of(step)) else message


def explain_finding(finding: Finding, figures: bool = False) -> Iterator[Line]:
    """Yield the finding's place, message, stack, bound and diff; all figures, and the diff whole, where asked for."""
    yield Line(Role.FINDING, 0, finding_title(finding))
    yield from _lines(Role.MESSAGE, 2, finding.message)
    for frame in finding.stack:
        yield from _lines(Role.FRAME, 4, frame)
    for key, value in finding.metrics.items():
        if key not in _FOR_PAGES and (figures or key in (BOUND, DIFF)):
            yield from _figure(key, figure(value), None if figures else _MOST_DIFF_LINES)


def finding_title(finding: Finding) -> str:
    """Return place, kind and name, the place first so that a terminal or editor can follow it."""
    where = f"{finding.location}: " if finding.location else ""
    return one_line(f"{where}{finding.kind} {finding.name}")


def notes_of(step: StepResult) -> list[Line]:
    """Return the step's notes and its power."""
    lines = [line for note in step.notes for line in _lines(Role.NOTE, 0, f"note: {note}")]
    if step.power:
        lines.append(Line(Role.NOTE, 0, one_line(power_text(step.power))))
    return lines


def _figure(key: str, text: str, most_lines: int | None) -> Iterator[Line]:
    role = Role.BOUND if key == BOUND else Role.FIGURE
    first, *more = _lines(role, 4, text)
    if not more:
        yield Line(role, 2, f"{one_line(key)}: {first.text}")
        return
    yield Line(role, 2, f"{one_line(key)}:")
    yield from [first, *more][:most_lines]
    left_out = len(more) + 1 - (most_lines or len(more) + 1)
    if left_out > 0:
        yield Line(role, 4, f"... and {plural(left_out, 'more line')} in the report files")


def figure(value: object) -> str:
    """Return a figure for a person: floats to six digits, mappings and lists on one line."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {figure(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(figure(item) for item in value)}]"
    return str(value)


def as_text(lines: Iterable[Line]) -> str:
    """Return the lines as indented plain text."""
    return "\n".join(" " * line.indent + line.text for line in lines)


def _lines(role: Role, indent: int, text: str) -> Iterator[Line]:
    for line in clean(text).strip("\n").split("\n"):
        yield Line(role, indent, line.rstrip())
