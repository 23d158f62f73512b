"""The relative change of an array, over what can be compared."""

from __future__ import annotations

import numpy as np
import pytest

from tf_equivalence.worker.change import relative_change

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([1.0, -4.0], [1.0, -4.0], 0.0),
        ([1.0, -4.0], [2.0, -4.0], 0.25),
        ([1.0, NAN], [1.5, 3.0], 0.5),
        ([INF, 2.0], [0.0, 2.0], 0.0),
        ([0.0, 0.0], [1.0, 0.0], 0.0),
        ([3j, 4.0], [3j, 2.0], 0.5),
        ([1, 2], [3, 4], 0.0),
        ([], [], 0.0),
        ([NAN], [NAN], 0.0),
    ],
    ids=["equal", "changed", "nan", "infinite", "zeros", "complex", "integers", "empty", "nothing finite"],
)
def test_relative_change(before: list, after: list, expected: float) -> None:
    """The largest change is relative to the largest magnitude before it."""
    assert relative_change(np.array(before), np.array(after)) == expected


def test_other_shapes_cannot_be_compared() -> None:
    """They are no change, for something else tells of them; and float16 does not overflow."""
    assert relative_change(np.ones(2), np.ones(3)) == 0.0
    assert relative_change(np.array([60000], np.float16), np.array([-60000], np.float16)) == pytest.approx(2.0)
