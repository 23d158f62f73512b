"""Writes the result for a person: what ran, then each cause of a failure with its source, then the counts.

On a terminal it is fitted to the width; elsewhere it is plain lines, which logs and `grep` take well,
and what a CI log can fold away is folded. Both say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from tf_equivalence.report.code_text import Code
from tf_equivalence.report.console import make_console
from tf_equivalence.report.escape import clean, encodable, neutralize, one_line
from tf_equivalence.report.explain import Line, Role, run_problem, short_id, steps_of
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
from tf_equivalence.report.root_lines import Columns, Item, Source, Sources, explain_case
from tf_equivalence.report.roots import FailedCase, failed_cases
from tf_equivalence.report.screen import NARROWEST, Screen
from tf_equivalence.result import CaseResult, Outcome, RunResult, StepResult

_ROLE_STYLES = {
    Role.FINDING: "bold cyan",
    Role.MESSAGE: "",
    Role.FRAME: "cyan",
    Role.BOUND: "dim",
    Role.FIGURE: "dim",
    Role.NOTE: "dim",
    Role.FIX: "green",
}
_STEP_WIDTH = 19  # the longest step id
_MOST_REMARKS = 20
_UNLIMITED = 100_000
_LONGEST_LINE = 120  # of a paragraph, however wide the terminal: longer ones are hard to read


@dataclass(frozen=True)
class TerminalOptions:
    """How to write, and what belongs to the run beside its result.

    Attributes:
        screen: What the stream can show.
        reports: Paths of the report files that were written, for the closing lines.
        sources: Where the code is that findings are about.
    """

    screen: Screen = field(default_factory=Screen)
    reports: tuple[str, ...] = ()
    sources: Sources = field(default_factory=Sources)

    @classmethod
    def for_stream(
        cls,
        stream: TextIO,
        environ: Mapping[str, str],
        reports: tuple[str, ...] = (),
        root: Path | None = None,
        prefix: str = "",
    ) -> TerminalOptions:
        """Return options for what this stream can show.

        Args:
            stream: Where to write.
            environ: What says about colours and folds.
            reports: Paths of the report files that were written.
            root: What locations are relative to; None for no excerpts of the code.
            prefix: What was put before their paths for links.
        """
        return cls(Screen.of(stream, environ), reports, Sources(root, prefix))


def write(result: RunResult, stream: TextIO, options: TerminalOptions = TerminalOptions()) -> None:
    """Write the result in the form that the options ask for."""
    _Writer(stream, options).write(result)


class _Writer:
    """Draws each part, as paragraphs of styled text."""

    def __init__(self, stream: TextIO, options: TerminalOptions) -> None:
        screen = options.screen
        self._stream, self._options, self._screen = stream, options, screen
        self._width = max(screen.width, NARROWEST) if screen.is_terminal else _UNLIMITED
        self._console = make_console(stream, screen.color, self._width)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._symbols = symbols_for(self._encoding)
        self._code = Code(screen.color, self._shown)

    def write(self, result: RunResult) -> None:
        if result.cases and self._screen.is_terminal:
            self._table(result)
        elif result.cases:
            self._plain_steps(result)
        self._remarks(result)
        seen: set[tuple[object, ...]] = set()
        every = failed_cases(result)
        for failed in every:
            self._failed(failed, seen)
        self._print(Text())
        if every:
            self._print(self._text(_help(every), "dim"))
        *before, last = _closing(result, self._options.reports)
        for line in before:
            self._print(self._text(line, "dim" if line.startswith("report: ") else "bold"))
        self._print(self._text(last, f"bold {STYLES[result.outcome]}"))

    def _plain_steps(self, result: RunResult) -> None:
        """Print a line for each step; in a log that folds, below a title."""
        start, end = self._screen.fold(f"{counts(result)} in {duration(result.duration_s)}")
        self._stream.write(encodable(start, self._encoding))
        for case in result.cases:
            self._print(self._text(f"{one_line(case.id)}  {case.outcome.value} in {duration(case.duration_s)}"))
            for step in steps_of(case):
                text = self._text(f"{step.outcome.value:<8}", STYLES[step.outcome] if self._screen.color else "")
                text = Text.assemble(text, self._shown(f"  {one_line(step.id):<{_STEP_WIDTH}}  {_plain_remark(step)}"))
                self._print(text, 2)
        self._stream.write(end)

    def _table(self, result: RunResult) -> None:
        """Print a matrix of cases and steps, or where it is too wide, what failed in each case."""
        for matrix in (self._matrix(result, "::"), self._matrix(result, "\n::")):
            options = self._console.options.update(max_width=_UNLIMITED)
            if Measurement.get(self._console, options, matrix).minimum <= self._console.width:
                self._console.print(matrix)
                legend = [self._mark(outcome).append(f" {outcome.value}") for outcome in ORDER if result.count(outcome)]
                self._print(Text("   ").join(legend))
                return
        for case in result.cases:
            self._case(case)

    def _matrix(self, result: RunResult, separator: str) -> Table:
        steps = list(dict.fromkeys(step.id for case in result.cases for step in steps_of(case)))
        ids = [one_line(case.id).replace("::", separator, 1) for case in result.cases]
        table = Table(safe_box=True, header_style="bold")
        longest = max(len(self._shown(word)) for each in ids for word in each.split("\n"))
        table.add_column("case", overflow="fold", min_width=longest)
        for step in steps:
            header = self._text(one_line(step).replace("-", "-\n"))
            table.add_column(header, justify="center", no_wrap=True, overflow="crop")
        table.add_column("time", justify="right", no_wrap=True, overflow="crop")
        for case, shown in zip(result.cases, ids, strict=True):
            outcomes = {step.id: step.outcome for step in steps_of(case)}
            marks = [self._mark(outcomes[step]) if step in outcomes else Text() for step in steps]
            table.add_row(self._text(shown), *marks, Text(duration(case.duration_s)))
        return table

    def _case(self, case: CaseResult) -> None:
        """Print the case with its counts and, by name, the steps that failed."""
        found = steps_of(case)
        said = []
        for outcome in ORDER:
            names = [one_line(step.id) for step in found if step.outcome is outcome]
            if names:
                which = f": {', '.join(names)}" if outcome in FAILED else ""
                said.append(f"{len(names)} {outcome.value}{which}")
        self._fold(Text.assemble(self._mark(case.outcome), self._shown(f" {one_line(case.id)}")))
        self._print(self._text("; ".join([*said, duration(case.duration_s)]), "dim"), 2)

    def _remarks(self, result: RunResult) -> None:
        """Print why steps were skipped, and of a green what it is blind to; a log has both beside the steps."""
        remarks = list(_remarks(result)) if self._screen.is_terminal else []
        for outcome, remark in remarks[:_MOST_REMARKS]:
            self._print(Text.assemble(self._mark(outcome), (f" {self._shown(remark)}", "dim")))
        if len(remarks) > _MOST_REMARKS:
            more = plural(len(remarks) - _MOST_REMARKS, "more remark")
            self._print(self._text(f"... and {more} in the report files", "dim"))

    def _failed(self, failed: FailedCase, seen: set[tuple[object, ...]]) -> None:
        self._print(Text())
        word = Text.assemble((failed.outcome.value.upper(), STYLES[failed.outcome]))
        mark = self._mark(failed.outcome) if self._screen.is_terminal else word
        self._fold(Text.assemble(mark, (self._shown(f" {one_line(failed.case.id)}"), "bold")))
        for item in explain_case(failed, self._options.sources, seen):
            self._item(item)

    def _item(self, item: Item) -> None:
        if isinstance(item, Line):
            # Blanks at the start of a source line count too, so that its continuation is indented as well.
            text = item.text.lstrip(" ")
            self._print(self._text(text, _ROLE_STYLES[item.role]), item.indent + len(item.text) - len(text))
        elif isinstance(item, Source):
            for line in self._code.lines(item.lines, self._symbols[Outcome.PASSED].isascii()):
                line.truncate(self._width - item.indent, overflow="ellipsis" if self._encoding == "utf-8" else "crop")
                self._print(line, item.indent)
        else:
            self._columns(item)

    def _columns(self, columns: Columns) -> None:
        """Print names and values of both sides in columns, or where they are too wide, below each other."""
        rows = [(row.name, row.tf1, row.tf2) for row in columns.rows]
        rows = [tuple(map(self._shown, row)) for row in rows]  # type: ignore[misc]
        name, tf1, tf2 = (max(len(row[at]) for row in [("", "TF1", "TF2"), *rows]) for at in range(3))
        if columns.indent + name + tf1 + tf2 + 6 <= self._width and max(tf1, tf2) <= _LONGEST_LINE:
            head = Text(f"{'':<{name}}  {'TF1':<{tf1}}  TF2", "bold")
            lines = [head] + [Text.assemble((f"{a:<{name}}  ", "dim"), f"{b:<{tf1}}  {c}") for a, b, c in rows]
            for line in lines:
                self._console.print(Text(" " * (columns.indent + 2)).append_text(line), no_wrap=True, crop=False)
            return
        for row in rows:
            self._print(Text(row[0], "dim"), columns.indent + 2)
            for side, value in zip(("TF1", "TF2"), row[1:], strict=True):
                self._print(Text.assemble((f"{side} ", "bold"), value), columns.indent + 4)

    def _mark(self, outcome: Outcome) -> Text:
        # Assembled, so that text appended to the mark does not take on its style.
        return Text.assemble((self._symbols[outcome], STYLES[outcome]))

    def _print(self, text: Text, indent: int = 0) -> None:
        """Print a paragraph, each of its lines indented and without blanks at the end."""
        room = min(self._width, _LONGEST_LINE) if self._screen.is_terminal else _UNLIMITED
        for line in text.wrap(self._console, max(room - indent, 20), overflow="fold") or [Text()]:
            line.rstrip()
            self._console.print(Text(" " * indent).append_text(line), no_wrap=True, overflow="ignore", crop=False)

    def _fold(self, text: Text) -> None:
        """Print a line that begins with a path, which is not broken at the blank before it."""
        for line in text.divide(range(self._width, len(text), self._width)):
            self._console.print(line, no_wrap=True, overflow="ignore", crop=False)

    def _text(self, text: str, style: str = "") -> Text:
        return Text(self._shown(text), style)

    def _shown(self, text: str) -> str:
        harmless = clean(text) if self._screen.is_terminal else neutralize(text)
        return encodable(harmless, self._encoding)


def _plain_remark(step: StepResult) -> str:
    """Return what a line for a step says beside its outcome."""
    if step.outcome in FAILED:
        return one_line(str(step.location)) if step.location else ""
    return one_line(power_text(step.power) if step.power and step.outcome is Outcome.PASSED else step.message)


def _remarks(result: RunResult) -> Iterator[tuple[Outcome, str]]:
    """Yield what the table cannot say of steps that did not fail, alike ones in one line."""
    skipped: dict[tuple[str, str], list[str]] = {}
    blind: dict[tuple[str, tuple[str, ...]], list[StepResult]] = {}
    for case in result.cases:
        for step in case.steps:
            if step.outcome is Outcome.SKIPPED:
                skipped.setdefault((step.id, step.message), []).append(short_id(case.id))
            elif step.power and step.power.blind_spots:
                blind.setdefault((case.id, step.power.blind_spots), []).append(step)
    for (step_id, message), cases in skipped.items():
        who = cases[0] if len(cases) == 1 else plural(len(cases), "case")
        yield Outcome.SKIPPED, f"{who} {one_line(step_id)}: {one_line(message)}"
    if result.outcome is not Outcome.PASSED:
        return  # what is red comes first; a green has to say what it is worth
    for (case_id, _), steps in blind.items():
        power = steps[0].power
        if power is not None:
            names = ", ".join(one_line(step.id) for step in steps)
            yield Outcome.PASSED, f"{short_id(case_id)} {names}: {one_line(power_text(power))}"


def _help(every: tuple[FailedCase, ...]) -> str:
    """Return which command tells more of the first cause."""
    first = every[0].places[0].roots[0]
    topic = first.finding.metrics.get("cause") or first.steps[0]
    return f"more on it: tf-equivalence explain {one_line(str(topic))}"


def _closing(result: RunResult, reports: tuple[str, ...]) -> list[str]:
    """Return the report files, what is wrong with the run as a whole, and the counts, which come last."""
    lines = [f"report: {one_line(path)}" for path in reports]
    problem = run_problem(result)
    if problem:
        lines.append(problem)
    return [*lines, f"{verdict(result)}: {counts(result)} in {duration(result.duration_s)}"]
