"""The divergence along a network in one line."""

from __future__ import annotations

import math

import pytest

from tf_equivalence.report.sparkline import sparkline
from tf_equivalence.result import Location, TracedPair, TracedSide


def rows(*differences: float | None, alone: tuple[float | None, ...] = ()) -> list[TracedPair]:
    """Return rows of a trace with these differences."""
    given = [*alone, *(None for _ in differences)]
    side = [TracedSide("Conv2D", f"conv_{n}", Location("nets/a.py", n + 1)) for n in range(len(differences))]
    return [TracedPair(side[n], side[n], difference, given[n]) for n, difference in enumerate(differences)]


def test_it_starts_where_an_operation_differs_by_itself() -> None:
    """Rounding before it is no start, and what it drags along is none either."""
    line = sparkline(rows(0.0, 1e-5, 0.5, 0.5, 1.0, alone=(0.0, 1e-7, 0.25, 0.0, 0.0)))
    assert line is not None
    assert line.bars == "▁▃███"
    assert line.mark == "  ^"
    assert line.start == "starts at Conv2D, nets/a.py:3: 0.25"
    assert "5 operations" in line.caption


def test_without_isolation_it_starts_at_the_first_difference() -> None:
    """A missing operation differs by nothing of its own: the first that is not rounding is told."""
    line = sparkline(rows(0.0, 1e-6, 2e-3, 1.0))
    assert line is not None
    assert (line.mark, line.start) == ("  ^", "starts at Conv2D, nets/a.py:3: 0.002")


def test_the_scale_is_logarithmic() -> None:
    """Each factor is a step of the same height."""
    line = sparkline(rows(*(10.0**-n for n in range(7, -1, -1))))
    assert line is not None
    assert list(line.bars) == sorted(line.bars)
    assert len(set(line.bars)) >= 7


def test_a_long_network_is_one_line() -> None:
    """A column shows the largest difference of its operations, so that a spike is never lost."""
    values = [0.0] * 5000
    values[3210] = 1.0
    line = sparkline(rows(*values))
    assert line is not None
    assert len(line.bars) == 60
    assert line.bars.count("█") == 1
    assert line.bars.index("█") == line.mark.index("^") == 3210 * 60 // 5000


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_values_that_are_not_finite(value: float) -> None:
    """They are as different as can be, and drawn."""
    line = sparkline(rows(0.0, value, 1e-3))
    assert line is not None
    assert line.bars[1] == "█"
    assert line.mark == " ^"


def test_nothing_differs() -> None:
    """A flat line has no start."""
    line = sparkline(rows(0.0, 0.0))
    assert line is not None
    assert (line.bars, line.start) == ("▁▁", "")
    assert str(line).endswith("▁▁")


@pytest.mark.parametrize("trace", [[], rows(None, None)])
def test_nothing_is_known(trace: list[TracedPair]) -> None:
    """Without figures there is nothing to draw."""
    assert sparkline(trace) is None
