"""Both sides' variables in one table: a row for each that differs or is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.explain import SIDE_BY_SIDE
from tf_equivalence.result import Finding


@dataclass(frozen=True)
class VariableRow:
    """A row.

    Attributes:
        tf1: Name, shape, dtype and flag; empty where TF1 has none.
        tf2: The same of TF2.
        mark: What is to be seen, in words.
    """

    tf1: str
    tf2: str
    mark: str


@dataclass(frozen=True)
class VariablesView:
    """The table.

    Attributes:
        rows: At least one.
        left_out: How many others there are.
    """

    rows: tuple[VariableRow, ...]
    left_out: int


def variables(finding: Finding, most: int) -> VariablesView | None:
    """Return the variables that differ, which the first finding of an inventory has; None for any other."""
    told = finding.metrics.get(SIDE_BY_SIDE)
    if not isinstance(told, Mapping) or not told["rows"] or not most:
        return None
    rows = tuple(_row(*row) for row in told["rows"][:most])
    return VariablesView(rows, len(told["rows"]) - len(rows) + int(told["left_out"]))


def _row(tf1: str | None, tf2: str | None) -> VariableRow:
    return VariableRow(one_line(tf1 or ""), one_line(tf2 or ""), _mark(tf1, tf2))


def _mark(tf1: str | None, tf2: str | None) -> str:
    if tf1 is None:
        return "only in TF2"
    if tf2 is None:
        return "only in TF1"
    (name, _, rest), (other, _, others) = tf1.partition(" "), tf2.partition(" ")
    return ", ".join((["name"] if name != other else []) + (["shape, dtype or flag"] if rest != others else []))
