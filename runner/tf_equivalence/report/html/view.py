"""What the page shows, as plain values: the template only lays them out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.report.excerpt import SourceLine, excerpt, parse_location
from tf_equivalence.report.explain import (
    DIFF,
    HISTOGRAM,
    Failure,
    failures,
    figure,
    findings_of,
    notes_of,
    run_problem,
    short_id,
    steps_of,
    workspace_path,
)
from tf_equivalence.report.html import plots
from tf_equivalence.report.labels import SYMBOLS, counts, duration, power_text, verdict
from tf_equivalence.report.sparkline import differs_alone, sparkline
from tf_equivalence.result import CaseResult, Finding, Location, RunResult, StepResult, TracedPair, TracedSide

_MOST_CAUSES, _MOST_FOLLOWING, _MOST_STACK = 8, 20, 30
_WINDOW = 6  # operations to show before and after the one where the divergence starts
_MOST_PLOTS = 40  # of a page, for its size
_LONGEST = 6000  # characters of a message


@dataclass(frozen=True)
class HtmlOptions:
    """What the page needs besides the result.

    Attributes:
        root: The workspace, to read source lines from.
        path_prefix: What stands before every relative path in the result.
        source_url: What comes before a path in a link to the sources; empty for no links.
    """

    root: Path = field(default_factory=Path)
    path_prefix: str = ""
    source_url: str = ""


@dataclass(frozen=True)
class Place:
    """A line of source: where it is, and what stands around it.

    Attributes:
        side: `TF1` or `TF2`, or what else it is.
        text: `path:line`.
        url: Of the line; empty without one.
        lines: Around it; empty where the source cannot be read.
    """

    side: str
    text: str
    url: str
    lines: tuple[SourceLine, ...]


@dataclass(frozen=True)
class FindingView:
    """A finding.

    Attributes:
        title: Kind and name.
        message: A paragraph.
        places: Both sides' lines.
        settings: Name, TF1's value and TF2's of what differs.
        around: TF1's and TF2's values around the worst element.
        bound: What was allowed; empty without one.
        histogram: An `svg` element; empty without one.
        histogram_text: The same in words.
        inventory: Rows of TF1's and TF2's variables side by side.
        stack: Frames, the user's first.
        help: A page about the cause.
    """

    title: str
    message: str
    places: tuple[Place, ...]
    settings: tuple[tuple[str, str, str], ...] = ()
    around: tuple[tuple[str, ...], ...] = ()
    bound: str = ""
    histogram: str = ""
    histogram_text: str = ""
    inventory: tuple[tuple[str, str, str], ...] = ()
    stack: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True)
class OperationRow:
    """A row of the aligned trace.

    Attributes:
        tf1: TF1's operation; empty without one.
        tf2: TF2's.
        places: Their lines.
        alone: The difference on TF1's values.
        so_far: In the run as it was.
        marked: Whether it differs by itself.
    """

    tf1: str
    tf2: str
    places: tuple[str, str]
    alone: str
    so_far: str
    marked: bool


@dataclass(frozen=True)
class StepView:
    """A step of a case.

    Attributes:
        anchor: Its id on the page.
        id: Its id, with those that failed for the same causes.
        outcome: A word.
        symbol: For the table.
        message: One line.
        time: Such as `1.2 s`.
        power: How much it would have caught; empty where that was not measured.
        notes: Lines.
        command: Repeats this step alone.
        causes: What to look at.
        following: What follows from it, as text.
        more: How many findings are left out.
        plot: The divergence along the network, an `svg` element.
        plot_text: The same in words.
        operations: Around where it starts.
        left_out: How many operations are not shown.
    """

    anchor: str
    id: str
    outcome: str
    symbol: str
    message: str
    time: str
    power: str
    notes: tuple[str, ...]
    command: str
    causes: tuple[FindingView, ...] = ()
    following: tuple[str, ...] = ()
    more: int = 0
    plot: str = ""
    plot_text: str = ""
    operations: tuple[OperationRow, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class CaseView:
    """A case.

    Attributes:
        anchor: Its id on the page.
        id: As on the command line.
        name: Of its class.
        path: Of its module; empty where the name is the module's.
        outcome: A word.
        symbol: For the table.
        time: Such as `1.2 s`.
        steps: All of them.
        failed: Those that failed, what failed for the same causes as one.
    """

    anchor: str
    id: str
    name: str
    path: str
    outcome: str
    symbol: str
    time: str
    steps: tuple[StepView, ...]
    failed: tuple[StepView, ...]


@dataclass(frozen=True)
class PageView:
    """The whole page.

    Attributes:
        verdict: In a few words.
        outcome: The outcome's word, for its colour.
        counts: How much ran.
        time: Such as `41.2 s`.
        problem: What is wrong with the run as a whole.
        environment: Versions.
        step_ids: The columns of the table.
        cases: In the order of the run.
    """

    verdict: str
    outcome: str
    counts: str
    time: str
    problem: str
    environment: tuple[tuple[str, str], ...]
    step_ids: tuple[str, ...]
    cases: tuple[CaseView, ...]


def page(result: RunResult, options: HtmlOptions) -> PageView:
    """Return what the page of a result shows."""
    builder = _Builder(result, options)
    return PageView(
        verdict=verdict(result),
        outcome=result.outcome.value,
        counts=counts(result),
        time=duration(result.duration_s),
        problem=run_problem(result),
        environment=tuple((one_line(key), one_line(value)) for key, value in sorted(result.environment.items())),
        step_ids=tuple(dict.fromkeys(one_line(step.id) for case in result.cases for step in steps_of(case))),
        cases=tuple(builder.case(number, case) for number, case in enumerate(result.cases, 1)),
    )


class _Builder:
    def __init__(self, result: RunResult, options: HtmlOptions) -> None:
        self._options = options
        self._plots = 0
        self._failures: dict[int, list[Failure]] = {}
        for failure in failures(result):
            self._failures.setdefault(id(failure.case), []).append(failure)

    def case(self, number: int, case: CaseResult) -> CaseView:
        failed = tuple(self._failed(number, failure) for failure in self._failures.get(id(case), ()))
        anchors = {step_id: view.anchor for view in failed for step_id in view.id.split(", ")}
        steps = tuple(self._step(number, case, step, anchors) for step in steps_of(case))
        outcome = case.outcome
        return CaseView(
            f"case-{number}",
            one_line(case.id),
            short_id(case.id),
            one_line(case.path) if "::" in case.id else "",
            outcome.value,
            SYMBOLS[outcome],
            duration(case.duration_s),
            steps,
            failed,
        )

    def _step(self, number: int, case: CaseResult, step: StepResult, anchors: Mapping[str, str]) -> StepView:
        step_id = one_line(step.id)
        return StepView(
            anchor=anchors.get(step_id, f"case-{number}-steps"),
            id=step_id,
            outcome=step.outcome.value,
            symbol=SYMBOLS[step.outcome],
            message=one_line(step.message)[:_LONGEST],
            time=duration(step.duration_s),
            power=_power(step),
            notes=tuple(
                line.text.removeprefix("note: ") for line in notes_of(step) if not line.text.startswith("power:")
            ),
            command=_command(case, step_id),
        )

    def _failed(self, number: int, failure: Failure) -> StepView:
        step = failure.step
        anchor = f"case-{number}-{one_line(step.id)}"
        findings = findings_of(step)
        causes = [finding for finding in findings if not finding.follows]
        following = [finding for finding in findings if finding.follows]
        rows, left_out = _window(step.trace)
        drawn = sparkline(step.trace)
        view = self._step(number, failure.case, step, {one_line(step.id): anchor})
        return StepView(
            **{
                **{name: getattr(view, name) for name in view.__dataclass_fields__},
                "id": ", ".join(map(one_line, failure.step_ids)),
                "causes": tuple(
                    self._finding(finding, f"{anchor}-{at}") for at, finding in enumerate(causes[:_MOST_CAUSES])
                ),
                "following": tuple(
                    f"{one_line(f'{f.kind} {f.name}')}: {_shortened(f.message)}" for f in following[:_MOST_FOLLOWING]
                ),
                "more": max(len(causes) - _MOST_CAUSES, 0) + max(len(following) - _MOST_FOLLOWING, 0),
                "plot": self._drawn(plots.divergence(step.trace, anchor)) if step.trace else "",
                "plot_text": f"{drawn.caption}; {drawn.start or 'no operation differs by itself'}" if drawn else "",
                "operations": rows,
                "left_out": left_out,
            }
        )

    def _drawn(self, svg: str) -> str:
        """Return a figure while the page has room for it."""
        self._plots += 1
        return svg if self._plots <= _MOST_PLOTS else ""

    def _finding(self, finding: Finding, anchor: str) -> FindingView:
        metrics = finding.metrics
        places = [self._place("TF2" if metrics.get("tf1_line") else "", finding.location)]
        places += [self._place("TF1", parse_location(metrics.get("tf1_line")))]
        drawn, words = self._histogram(metrics, anchor)
        return FindingView(
            title=one_line(f"{finding.kind} {finding.name}"),
            message=_shortened(finding.message),
            places=tuple(place for place in places if place is not None),
            settings=_settings(metrics.get("differences")),
            around=_around(metrics),
            bound=_bound(metrics.get("bound")),
            histogram=drawn,
            histogram_text=words,
            inventory=side_by_side(str(metrics.get(DIFF, ""))),
            stack=tuple(clean(frame) for frame in finding.stack[:_MOST_STACK]),
            help=one_line(str(metrics.get("help", ""))),
        )

    def _place(self, side: str, location: Location | None) -> Place | None:
        if location is None:
            return None
        path = workspace_path(location.path)
        url = f"{self._options.source_url}{path}#L{location.line}" if self._options.source_url and path else ""
        lines = excerpt(self._options.root, location, 3, self._options.path_prefix)
        return Place(side, one_line(str(location)), url, lines)

    def _histogram(self, metrics: Mapping[str, object], anchor: str) -> tuple[str, str]:
        told = metrics.get(HISTOGRAM)
        if not isinstance(told, Mapping):
            return "", ""
        first, counted = int(told["first_decade"]), [int(count) for count in told["counts"]]
        bound = metrics.get("bound")
        allowed = None
        if isinstance(bound, Mapping) and not bound.get("rtol") and told["scale"]:
            allowed = float(bound["atol"]) / float(told["scale"])
        svg = self._drawn(plots.histogram(first, counted, allowed, anchor))
        words = ", ".join(
            f"{count:,} between 1e{first + at:+d} and 1e{first + at + 1:+d}"
            for at, count in enumerate(counted)
            if count
        )
        return svg, f"Of {sum(counted) + int(told['equal']):,} elements {int(told['equal']):,} are equal; {words}"


def _power(step: StepResult) -> str:
    return one_line(power_text(step.power)).removeprefix("power: ") if step.power else ""


def _command(case: CaseResult, step_id: str) -> str:
    if "::" not in case.id:
        return f"tf-equivalence run {shlex.quote(one_line(case.path))}"
    path, name = (shlex.quote(one_line(text)) for text in (case.path, case.id))
    return f"tf-equivalence run {path} --case {name} --step {step_id}"


def _shortened(message: str) -> str:
    text = clean(message)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _settings(differences: object) -> tuple[tuple[str, str, str], ...]:
    if not isinstance(differences, Sequence):
        return ()
    return tuple(
        (one_line(str(told["name"])), one_line(_value(told["tf1"])), one_line(_value(told["tf2"])))
        for told in differences
        if isinstance(told, Mapping)
    )


def _value(value: object) -> str:
    return "not given" if value is None else figure(value)


def _around(metrics: Mapping[str, object]) -> tuple[tuple[str, ...], ...]:
    rows = [metrics.get(f"{side}_around") for side in ("tf1", "tf2")]
    if not all(isinstance(row, Sequence) and row for row in rows):
        return ()
    return tuple(tuple(one_line(figure(value)) for value in row) for row in rows if isinstance(row, Sequence))


def _bound(bound: object) -> str:
    if not isinstance(bound, Mapping):
        return one_line(figure(bound)) if bound is not None else ""
    relative = f" + {figure(bound['rtol'])} * |TF1|" if bound.get("rtol") else ""
    source = f" ({bound['source']})" if bound.get("source") else ""
    return one_line(f"{figure(bound.get('atol', 0.0))}{relative}{source}")


def _window(trace: Sequence[TracedPair]) -> tuple[tuple[OperationRow, ...], int]:
    """Return the operations around the first that differs by itself, and how many others there are."""
    start = next((at for at, row in enumerate(trace) if differs_alone(row) or row.tf1 is None or row.tf2 is None), None)
    first = next((at for at, row in enumerate(trace) if differs_alone(row)), start)
    if first is None:
        return (), 0
    shown = trace[max(0, first - _WINDOW) : first + _WINDOW + 1]
    return tuple(_row(row) for row in shown), len(trace) - len(shown)


def _row(row: TracedPair) -> OperationRow:
    return OperationRow(
        _operation(row.tf1),
        _operation(row.tf2),
        (_line(row.tf1), _line(row.tf2)),
        "" if row.alone is None else f"{row.alone:.2g}",
        "" if row.difference is None else f"{row.difference:.2g}",
        differs_alone(row),
    )


def _operation(side: TracedSide | None) -> str:
    return one_line(f"{side.type} {side.name}") if side is not None else ""


def _line(side: TracedSide | None) -> str:
    return one_line(str(side.location)) if side is not None and side.location is not None else ""


def side_by_side(diff: str) -> tuple[tuple[str, str, str], ...]:
    """Return the rows of a unified diff: what TF1 has, what TF2 has, and `same`, `changed`, `missing` or `surplus`."""
    rows: list[tuple[str, str, str]] = []
    removed: list[str] = []

    def flush() -> None:
        rows.extend((line, "", "missing") for line in removed)
        removed.clear()

    for line in clean(diff).splitlines():
        if line.startswith(("---", "+++", "@@")):
            continue
        if line.startswith("-"):
            removed.append(line[1:])
        elif line.startswith("+"):
            rows.append((removed.pop(0), line[1:], "changed") if removed else ("", line[1:], "surplus"))
        else:
            flush()
            rows.append((line[1:], line[1:], "same"))
    flush()
    return tuple(rows)
