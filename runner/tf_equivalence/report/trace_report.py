"""Writes aligned traces as text: every operation of both sides, and how far apart they are."""

from __future__ import annotations

from typing import TextIO

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.labels import plural
from tf_equivalence.report.sparkline import differs_alone
from tf_equivalence.result import RunResult, StepResult, TracedPair, TracedSide

_HEAD = """Operations of both sides, aligned, in TF1's order. The two columns of figures are differences relative to
TF1's largest value: `alone` where TF2's operation was given TF1's inputs, `so far` in the run as it was. `!` marks
what differs by itself, `-` what only TF1 has, `+` what only TF2 has.
"""
_WIDEST = 60


def write(result: RunResult, stream: TextIO) -> None:
    """Write every trace of the result, one after the other."""
    stream.write(_HEAD)
    traced = [(case, step) for case in result.cases for step in case.steps if step.trace]
    for case, step in traced:
        stream.write(f"\n{one_line(case.id)}  {one_line(step.id)}  {step.outcome.value}\n\n")
        stream.write("\n".join(_lines(step)) + "\n")
    if not traced:
        stream.write("\nNothing was traced: no step that compares numbers was judged.\n")


def _lines(step: StepResult) -> list[str]:
    sides = [(_text(row.tf1), _text(row.tf2)) for row in step.trace]
    width = min(max((len(left) for left, _ in sides), default=0), _WIDEST)
    lines = [f"    {'alone':>8}  {'so far':>8}  {'TF1':<{width}}  TF2"]
    for row, (left, right) in zip(step.trace, sides, strict=True):
        lines.append(
            f"{_mark(row)}   {_figure(row.alone):>8}  {_figure(row.difference):>8}  {left:<{width}}  {right}".rstrip()
        )
    both = sum(row.tf1 is not None and row.tf2 is not None for row in step.trace)
    alone = sum(_mark(row) == "!" for row in step.trace)
    return [*lines, "", f"{plural(both, 'pair')}, {alone} of them different by themselves"]


def _mark(row: TracedPair) -> str:
    if row.tf2 is None:
        return "-"
    if row.tf1 is None:
        return "+"
    return "!" if differs_alone(row) else " "


def _figure(difference: float | None) -> str:
    return "" if difference is None else f"{difference:.2g}"


def _text(side: TracedSide | None) -> str:
    if side is None:
        return ""
    place = f" {side.location}" if side.location is not None else ""
    return one_line(f"{side.type} {side.name}{place}")
