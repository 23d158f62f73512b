"""Variables side by side."""

from __future__ import annotations

from tf_equivalence.report.html.variables import VariableRow, variables

from .builders import finding, inventory


def test_rows_say_what_differs() -> None:
    """What both sides have stands in one row; what one lacks leaves its cell empty."""
    found = variables(inventory(), 10)
    assert found is not None
    assert found.rows == (
        VariableRow("a:0 [3]", "a:0 [4]", "shape, dtype or flag"),
        VariableRow("x:0 [3]", "y:0 [3]", "name"),
        VariableRow("b:0 [2]", "", "only in TF1"),
        VariableRow("", "c:0 [2]", "only in TF2"),
    )
    assert found.left_out == 5


def test_rows_that_are_left_out_are_counted() -> None:
    """Those that the judge left out count, too."""
    found = variables(inventory(), 1)
    assert found is not None
    assert (len(found.rows), found.left_out) == (1, 8)


def test_other_findings_have_none() -> None:
    """Only the first finding of an inventory has the table."""
    assert variables(finding(), 10) is None
