"""Windows of aligned traces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tf_equivalence.report.html.limits import FORMS
from tf_equivalence.report.html.operations import OperationsView, operations
from tf_equivalence.report.html.source import HtmlOptions, Sources
from tf_equivalence.result import TracedPair

from .builders import trace

LIMITS = replace(FORMS[0], window=2, folded=3)


def shown(rows: tuple[TracedPair, ...], root: Path = Path("/nowhere")) -> OperationsView:
    """Return the window of a trace."""
    found = operations(rows, Sources(HtmlOptions(root)), LIMITS)
    assert found is not None
    return found


def numbers(found: OperationsView) -> list[list[int]]:
    """Return the numbers of the rows in each part."""
    return [[row.number for row in part] for part in (found.before, found.shown, found.after)]


def test_window_around_the_start() -> None:
    """Some operations before and after are shown, more of them folded away, and the others counted."""
    found = shown(trace(100, 50))
    assert numbers(found) == [[46, 47, 48], [49, 50, 51, 52, 53], [54, 55, 56]]
    assert found.left_out == 89
    assert [row.mark for row in found.shown] == ["", "", "starts here, differs by itself", "", ""]
    assert (found.shown[2].alone, found.shown[2].so_far) == ("0.001", "0.001")


def test_window_at_the_edges() -> None:
    """A divergence may start at the first operation or at the last."""
    assert numbers(shown(trace(10, 0))) == [[], [1, 2, 3], [4, 5, 6]]
    assert numbers(shown(trace(10, 9))) == [[5, 6, 7], [8, 9, 10], []]
    assert numbers(shown(trace(1, 0))) == [[], [1], []]


def test_operations_of_one_side_are_marked() -> None:
    """What only one side has is told, and a trace that differs in nothing else starts there."""
    rows = trace(9, 99)
    found = shown((*rows[:4], replace(rows[4], tf1=None, difference=None), *rows[5:]))
    assert found.shown[2].mark == "starts here, only in TF2"
    assert found.shown[2].tf1 is None
    lacks = shown((*rows[:4], replace(rows[4], tf2=None, difference=None), *rows[5:]))
    assert lacks.shown[2].mark == "starts here, only in TF1"


def test_nothing_to_show() -> None:
    """A trace without a difference has no start, and an empty one neither."""
    assert operations(trace(9, 99), Sources(HtmlOptions()), LIMITS) is None
    assert operations((), Sources(HtmlOptions()), LIMITS) is None


def test_a_line_stands_once(tmp_path: Path) -> None:
    """Operations of one line have its source at the first of them."""
    (tmp_path / "net.py").write_text("one\n    two\n")
    rows = trace(4, 1)
    same = tuple(replace(row, tf2=rows[1].tf2) for row in rows)
    sides = [row.tf2 for row in shown(same, tmp_path).shown]
    assert [(side.place, side.source) for side in sides if side] == [("net.py:2", "two"), ("", ""), ("", ""), ("", "")]
