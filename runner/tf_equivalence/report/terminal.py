"""Writes the result for a person: a table, then every failure, then the counts.

On a terminal it is a table with colours, fitted to the width; elsewhere it is plain lines, which
logs and `grep` take well. Both say the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from tf_equivalence.report.escape import clean, encodable, neutralize, one_line
from tf_equivalence.report.explain import (
    Failure,
    Line,
    Role,
    explain_step,
    failures,
    notes_of,
    run_problem,
    said_once,
    short_id,
    steps_of,
)
from tf_equivalence.report.labels import (
    FAILED,
    ORDER,
    STYLES,
    counts,
    duration,
    plural,
    power_text,
    symbols_for,
    verdict,
)
from tf_equivalence.result import CaseResult, Outcome, RunResult

_ROLE_STYLES = {
    Role.FINDING: "bold",
    Role.MESSAGE: "",
    Role.FRAME: "cyan",
    Role.BOUND: "dim",
    Role.FIGURE: "dim",
    Role.NOTE: "dim",
}
_NARROWEST = 40
_STEP_WIDTH = 19  # the longest step id
_MOST_REMARKS = 20
_UNLIMITED = 100_000


@dataclass(frozen=True)
class TerminalOptions:
    """What the stream can show.

    Attributes:
        is_terminal: Whether to draw tables; otherwise plain lines are written.
        color: Whether to write colour codes, on a terminal only.
        width: Columns of the terminal; plain lines are not wrapped.
        reports: Paths of the report files that were written, for the closing lines.
        most_findings: How many findings of a step to explain before pointing to the files.
    """

    is_terminal: bool = False
    color: bool = False
    width: int = 80
    reports: tuple[str, ...] = ()
    most_findings: int = 5

    @classmethod
    def for_stream(cls, stream: TextIO, environ: Mapping[str, str], reports: tuple[str, ...] = ()) -> TerminalOptions:
        """Return what this stream can show: no colour under NO_COLOR, plain lines on a dumb terminal."""
        is_terminal = stream.isatty() and environ.get("TERM", "") not in ("dumb", "unknown")
        return cls(is_terminal, is_terminal and not environ.get("NO_COLOR"), _width(stream, cls.width), reports)


def write(result: RunResult, stream: TextIO, options: TerminalOptions = TerminalOptions()) -> None:
    """Write the result in the form that the options ask for."""
    if options.is_terminal:
        _Rich(stream, options).write(result)
    else:
        text = "\n".join(_plain(result, options)) + "\n"
        stream.write(encodable(neutralize(text), getattr(stream, "encoding", None)))


def _width(stream: TextIO, default: int) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or default
    except (OSError, ValueError):
        return default


def make_console(stream: TextIO, color: bool, width: int | None = None) -> Console:
    """Return a console that reads nothing from the environment and takes no text for markup."""
    return Console(
        file=stream,
        force_terminal=True,
        color_system="standard" if color else None,
        no_color=not color,
        width=None if width is None else max(width, _NARROWEST),
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={"TERM": "xterm"},
    )


def _plain(result: RunResult, options: TerminalOptions) -> list[str]:
    lines: list[str] = []
    for case in result.cases:
        lines.append(f"{one_line(case.id)}  {case.outcome.value} in {duration(case.duration_s)}")
        for step in steps_of(case):
            name = f"{one_line(step.id):<{_STEP_WIDTH}}"
            lines.append(f"  {step.outcome.value:<8}  {name}  {one_line(step.message)}".rstrip())
            if step.outcome not in FAILED:
                lines += [" " * (14 + _STEP_WIDTH) + line.text for line in notes_of(step)]
    for failure in failures(result):
        lines += ["", f"{failure.step.outcome.value.upper()}  {_failure_title(failure)}"]
        lines += [" " * (2 + line.indent) + line.text for line in _explanation(failure, options)]
    return [*lines, "", *_closing(result, options.reports)]


def _failure_title(failure: Failure) -> str:
    steps = ", ".join(map(one_line, failure.step_ids))
    return f"{one_line(failure.case.id)}  {steps}  ({duration(failure.step.duration_s)})"


def _explanation(failure: Failure, options: TerminalOptions) -> list[Line]:
    """Return the step's message, unless a finding says the same, and its findings."""
    message = said_once(failure.step)
    lines = [Line(Role.MESSAGE, 0, message)] if message else []
    return lines + explain_step(failure.step, options.most_findings)


def _remarks(result: RunResult) -> list[tuple[Outcome, str]]:
    """Return what the table cannot say of steps that did not fail: why they were skipped, what they are blind to."""
    remarks: list[tuple[Outcome, str]] = []
    for case in result.cases:
        for step in case.steps:
            who = f"{short_id(case.id)} {one_line(step.id)}"
            if step.outcome is Outcome.SKIPPED:
                remarks.append((step.outcome, f"{who}: {one_line(step.message)}"))
            elif step.outcome is Outcome.PASSED and step.power and step.power.blind_spots:
                remarks.append((step.outcome, f"{who}: {one_line(power_text(step.power))}"))
    return remarks


def _closing(result: RunResult, reports: tuple[str, ...]) -> list[str]:
    """Return the report files, what is wrong with the run as a whole, and the counts, which come last."""
    lines = [f"report: {one_line(path)}" for path in reports]
    problem = run_problem(result)
    if problem:
        lines.append(problem)
    return [*lines, f"{verdict(result)}: {counts(result)} in {duration(result.duration_s)}"]


class _Rich:
    """Draws on a terminal."""

    def __init__(self, stream: TextIO, options: TerminalOptions) -> None:
        self._console = make_console(stream, options.color, options.width)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._symbols = symbols_for(self._encoding)
        self._options = options

    def write(self, result: RunResult) -> None:
        if result.cases:
            self._table(result)
        for failure in failures(result):
            self._failure(failure)
        self._console.print()
        *before, last = _closing(result, self._options.reports)
        for line in before:
            self._print(self._text(line, "dim" if line.startswith("report: ") else "bold"))
        self._print(self._text(last, f"bold {STYLES[result.outcome]}"))

    def _table(self, result: RunResult) -> None:
        """Print a matrix of cases and steps, or where it is too wide, the steps of each case one after another."""
        matrix = self._matrix(result)
        needed = Measurement.get(self._console, self._console.options.update(max_width=_UNLIMITED), matrix).minimum
        self._console.print(matrix if needed <= self._console.width else self._list(result))
        legend = [self._mark(outcome).append(f" {outcome.value}") for outcome in ORDER if result.count(outcome)]
        self._print(Text("   ").join(legend))
        remarks = _remarks(result)
        for outcome, remark in remarks[:_MOST_REMARKS]:
            self._print(self._mark(outcome).append(f" {self._shown(remark)}", "dim"))
        if len(remarks) > _MOST_REMARKS:
            more = plural(len(remarks) - _MOST_REMARKS, "more remark")
            self._print(self._text(f"... and {more} in the report files", "dim"))

    def _matrix(self, result: RunResult) -> Table:
        steps = list(dict.fromkeys(step.id for case in result.cases for step in steps_of(case)))
        table = self._new_table()
        table.add_column("case", overflow="fold", min_width=max(len(word) for word in self._words(result)))
        for step in steps:
            header = self._text(one_line(step).replace("-", "-\n"))
            table.add_column(header, justify="center", no_wrap=True, overflow="crop")
        table.add_column("time", justify="right", no_wrap=True, overflow="crop")
        for case in result.cases:
            outcomes = {step.id: step.outcome for step in steps_of(case)}
            marks = [self._mark(outcomes[step]) if step in outcomes else Text() for step in steps]
            table.add_row(self._case(case), *marks, Text(duration(case.duration_s)))
        return table

    def _list(self, result: RunResult) -> Table:
        """Return a table with a line for each step; the time is below the case, for width is scarce."""
        table = self._new_table(show_lines=True)
        table.add_column("case", overflow="fold")
        table.add_column("steps", overflow="fold")
        for case in result.cases:
            steps = [self._mark(s.outcome).append(f" {self._shown(one_line(s.id))}") for s in steps_of(case)]
            table.add_row(self._case(case).append(f"\n{duration(case.duration_s)}"), Text("\n").join(steps))
        return table

    def _new_table(self, show_lines: bool = False) -> Table:
        return Table(safe_box=True, show_lines=show_lines, header_style="bold")

    def _words(self, result: RunResult) -> list[str]:
        return [part for case in result.cases for part in self._case(case).plain.split("\n")]

    def _case(self, case: CaseResult) -> Text:
        """Return the id on two lines, for a narrow column: the module, then the class."""
        path, separator, name = one_line(case.id).partition("::")
        return self._text(f"{path}\n{separator}{name}" if separator else path)

    def _failure(self, failure: Failure) -> None:
        title = self._mark(failure.step.outcome)
        title.append(f" {self._shown(_failure_title(failure))}", "bold")
        self._console.print()
        self._print(title)
        for line in _explanation(failure, self._options):
            # Blanks at the start of a source line count too, so that its continuation is indented as well.
            text = line.text.lstrip(" ")
            self._print(self._text(text, _ROLE_STYLES[line.role]), 2 + line.indent + len(line.text) - len(text))

    def _mark(self, outcome: Outcome) -> Text:
        # Assembled, so that text appended to the mark does not take on its style.
        return Text.assemble((self._symbols[outcome], STYLES[outcome]))

    def _print(self, text: Text, indent: int = 0) -> None:
        """Print a paragraph, each of its lines indented and without blanks at the end."""
        for line in text.wrap(self._console, max(self._console.width - indent, _NARROWEST // 2), overflow="fold"):
            line.rstrip()
            self._console.print(Text(" " * indent).append_text(line), no_wrap=True, overflow="ignore", crop=False)

    def _text(self, text: str, style: str = "") -> Text:
        return Text(self._shown(text), style)

    def _shown(self, text: str) -> str:
        return encodable(clean(text), self._encoding)
