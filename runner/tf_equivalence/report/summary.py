"""Writes the job summary in GitHub Markdown, in as much detail as GitHub has room for."""

from __future__ import annotations

import sys
import textwrap
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TextIO

from tf_equivalence.report.annotations import AnnotationOptions, annotate
from tf_equivalence.report.escape import (
    clean,
    encodable,
    html_code,
    markdown_block,
    markdown_code,
    markdown_text,
    one_line,
)
from tf_equivalence.report.explain import (
    Failure,
    Role,
    as_text,
    explain_finding,
    failures,
    findings_of,
    notes_of,
    run_problem,
    said_once,
    steps_of,
    workspace_path,
)
from tf_equivalence.report.labels import EMOJI, FAILED, ORDER, counts, duration, plural, verdict
from tf_equivalence.report.rules import rule_of
from tf_equivalence.report.sparkline import sparkline
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

_MOST_FINDINGS = 10
_MOST_PLACES = 10
_LEAD_LENGTH = 400  # characters of a finding, where the whole of it stands further down
_HEADING_LENGTH = 500  # characters; whatever else is left out, the heading fits
_VERBS = {Outcome.DIVERGED: "diverged", Outcome.ERROR: "ended in an error"}


@dataclass(frozen=True)
class SummaryOptions:
    """Where and how much to write.

    Attributes:
        limit_bytes: GitHub drops the whole summary of a step above 1 MiB, what others wrote to it included.
        source_url: What comes before a path in a link to the sources, such as
            `https://github.com/owner/repository/blob/<commit>/`; empty for no links.
        reports: Paths of the report files that were written, to point to.
        brief: Whether to tell of what failed alone.
        figures: Whether stacks, figures and later findings have their place.
    """

    limit_bytes: int = 1024 * 1024 - 64 * 1024
    source_url: str = ""
    reports: tuple[str, ...] = ()
    brief: bool = False
    figures: bool = True


def write(result: RunResult, stream: TextIO, options: SummaryOptions = SummaryOptions()) -> None:
    """Write the most detailed form that fits into the limit; the last form always does."""
    forms: tuple[_Form, ...] = (_everything, _only_failures, _only_messages, _only_places)
    texts = (form(result, options) for form in forms[options.brief :])
    text = next((text for text in texts if len(text.encode()) <= options.limit_bytes), None)
    stream.write(encodable(text or _only_counts(result, options), getattr(stream, "encoding", None)))


_Form = Callable[[RunResult, SummaryOptions], str]


def _everything(result: RunResult, options: SummaryOptions) -> str:
    return _join(
        _heading(result),
        _first_places(result, options),
        _table(result.cases),
        *_failed(result, options),
        _greens(result),
        _pointer(options),
    )


def _only_failures(result: RunResult, options: SummaryOptions, note: str = "") -> str:
    return _join(
        _heading(result),
        note or ("" if options.brief else _left_out("Cases without a failure are left out")),
        _first_places(result, options),
        _table(_failed_cases(result)),
        *_failed(result, options),
        _pointer(options),
    )


def _only_messages(result: RunResult, options: SummaryOptions) -> str:
    note = _left_out("Stacks, figures and all but the first findings are left out")
    return _only_failures(result, replace(options, figures=False), note)


def _only_places(result: RunResult, options: SummaryOptions) -> str:
    lines = [
        f"- {EMOJI[failure.step.outcome]} {markdown_code(failure.case.id)} "
        f"{', '.join(map(markdown_code, failure.step_ids))}"
        f"{_place(failure.step.location, options)}: {markdown_text(failure.step.message)}"
        for failure in failures(result)
    ]
    return _join(
        _heading(result),
        _left_out("Findings and their stacks are left out"),
        "\n".join(lines),
        _pointer(options),
    )


def _only_counts(result: RunResult, options: SummaryOptions) -> str:
    return _join(_heading(result), _left_out("Everything but the counts is left out"), _pointer(options))


def _heading(result: RunResult) -> str:
    environment = one_line(" · ".join(f"{key} {value}" for key, value in result.environment.items()))
    return _join(
        f"## {EMOJI[result.outcome]} TensorFlow equivalence: {verdict(result)}",
        f"**{counts(result)}** in {duration(result.duration_s)}",
        markdown_text(run_problem(result)[:_HEADING_LENGTH]),
        f"<sub>{markdown_text(environment[:_HEADING_LENGTH])}</sub>" if environment else "",
    )


def _left_out(what: str) -> str:
    return f"_{what}: they would not fit._"


def _pointer(options: SummaryOptions) -> str:
    if not options.reports:
        return ""
    return f"The whole result is in {', '.join(markdown_code(path) for path in options.reports)}."


def _table(cases: tuple[CaseResult, ...]) -> str:
    """Return a table of cases and steps; steps that no case ran have no column."""
    if not cases:
        return ""
    steps = list(dict.fromkeys(step.id for case in cases for step in steps_of(case)))
    rows = [["case", *(markdown_text(step) for step in steps), "time"], ["---", *(":-:" for _ in steps), "--:"]]
    for case in cases:
        found = {step.id: _mark(step) for step in steps_of(case)}
        marks = [found.get(step, "") for step in steps]
        rows.append([markdown_code(case.id, in_table=True), *marks, duration(case.duration_s)])
    used = {step.outcome for case in cases for step in steps_of(case)}
    legend = " · ".join(f"{EMOJI[outcome]} {outcome.value}" for outcome in ORDER if outcome in used)
    if any(step.power for case in cases for step in case.steps):
        legend += " · n/m: n of m known changes that the step would have caught"
    return _join("\n".join(f"| {' | '.join(row)} |" for row in rows), f"<sub>{legend}</sub>")


def _failed_cases(result: RunResult) -> tuple[CaseResult, ...]:
    failed = {failure.case.id for failure in failures(result)}
    return tuple(case for case in result.cases if case.id in failed)


def _mark(step: StepResult) -> str:
    return EMOJI[step.outcome] + (f"&nbsp;{step.power.caught}/{step.power.probes}" if step.power else "")


def _first_places(result: RunResult, options: SummaryOptions) -> str:
    """Return a list of the lines to look at, worst first; nothing where there is only one, which follows anyway."""
    found = [each for each in annotate(result, AnnotationOptions(sys.maxsize)) if each.lead]
    if len(found) < 2:
        return ""
    lines = []
    for number, each in enumerate(found[:_MOST_PLACES], 1):
        lead = textwrap.shorten(each.lead, _LEAD_LENGTH, placeholder=" …")
        place = f"{_link(each.location, options)}: " if each.location else ""
        lines.append(f"{number}. {place}**{markdown_text(each.title)}**<br>{markdown_text(lead)}")
    more = len(found) - _MOST_PLACES
    return _join(
        "### Where to look first", "\n".join(lines), f"{plural(more, 'more place')} below." if more > 0 else ""
    )


def _failed(result: RunResult, options: SummaryOptions) -> list[str]:
    """Return a block for each case that failed, folded away unless it is the only one."""
    cases: dict[str, list[Failure]] = {}
    for failure in failures(result):
        cases.setdefault(failure.case.id, []).append(failure)
    return [_failed_case(found, options, is_open=len(cases) == 1) for found in cases.values()]


def _failed_case(found: list[Failure], options: SummaryOptions, is_open: bool) -> str:
    case = found[0].case
    words = []
    for outcome in FAILED:
        steps = [step for failure in found if failure.step.outcome is outcome for step in failure.step_ids]
        words += [f"{', '.join(map(html_code, steps))} {_VERBS[outcome]}"] if steps else []
    worst = found[0].step.outcome
    title = f"{EMOJI[worst]} {html_code(case.id)}: {'; '.join(words)}"
    return _join(
        f"<details{' open' if is_open else ''}><summary>{title}</summary>",
        *(_divergence(step) for step in case.steps),
        *(_failure(failure, options) for failure in found),
        "</details>",
    )


def _divergence(step: StepResult) -> str:
    """Return how a step that diverged does so along the network, where that was traced."""
    line = sparkline(step.trace) if step.outcome is Outcome.DIVERGED else None
    return f"Divergence along the network in {markdown_code(step.id)}:\n\n{markdown_block(str(line))}" if line else ""


def _failure(failure: Failure, options: SummaryOptions) -> str:
    step = failure.step
    findings = findings_of(step)
    rest = findings[_MOST_FINDINGS:]
    return _join(
        f"#### {EMOJI[step.outcome]} {', '.join(map(markdown_code, failure.step_ids))}",
        markdown_text(said_once(step)),
        *(_finding(finding, options) for finding in findings[:_MOST_FINDINGS]),
        _more(rest, options),
        _notes(step),
    )


def _more(rest: tuple[Finding, ...], options: SummaryOptions) -> str:
    title = plural(len(rest), "more finding")
    if not options.figures:
        return f"... and {title}." if rest else ""
    return _folded(title, as_text(line for finding in rest for line in explain_finding(finding, True)))


def _finding(finding: Finding, options: SummaryOptions) -> str:
    """Return kind, name and place, the message, and stack and figures folded away."""
    first, _, more = clean(finding.message).strip().partition("\n")
    head = " ".join(filter(None, (f"**{markdown_text(finding.kind)}**", markdown_code(finding.name))))
    evidence = [line for line in explain_finding(finding, True) if line.role not in (Role.FINDING, Role.MESSAGE)]
    rule = rule_of(finding)
    cause = f", cause: [{markdown_text(rule.id)}]({rule.url})" if "cause" in finding.metrics else ""
    return _join(
        f"{head}{_place(finding.location, options)}{cause}",
        markdown_text(first),
        markdown_block(more) if more.strip() else "",
        _folded("Stack and figures" if finding.stack else "Figures", as_text(evidence)) if options.figures else "",
    )


def _greens(result: RunResult) -> str:
    """Return what the passed steps compared and why the others were skipped, folded away."""
    lines = []
    for case in result.cases:
        for step in case.steps:
            texts = [line.text for line in notes_of(step)]
            if step.outcome is Outcome.SKIPPED or (step.outcome is Outcome.PASSED and texts):
                said = [one_line(step.message), *texts]
                lines.append(f"{one_line(case.id)}  {one_line(step.id)}  {step.outcome.value}")
                lines += [f"    {text}" for text in said if text]
    return _folded("What passed and what was skipped", "\n".join(lines))


def _notes(step: StepResult) -> str:
    return "<br>".join(markdown_text(line.text) for line in notes_of(step))


def _place(location: Location | None, options: SummaryOptions) -> str:
    return f" at {_link(location, options)}" if location is not None else ""


def _link(location: Location, options: SummaryOptions) -> str:
    code = markdown_code(str(location))
    path = workspace_path(location.path)
    if not options.source_url or not path:
        return code
    return f"[{code}]({options.source_url}{urllib.parse.quote(path)}#L{location.line})"


def _folded(title: str, text: str) -> str:
    if not text.strip():
        return ""
    return f"<details><summary>{title}</summary>\n\n{markdown_block(textwrap.dedent(text))}\n\n</details>"


def _join(*blocks: str) -> str:
    """Return the blocks that are not empty, a blank line after each."""
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"
