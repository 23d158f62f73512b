"""The census: the first random operation that the two sides do not share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tf_equivalence.judge.census import compare_census
from tf_equivalence.recording import RandomOp
from tf_equivalence.result import Finding, Location
from tf_equivalence.steps import TF1_INFERENCE, TF2_INFERENCE

from .recordings import Recordings


def census(
    recordings: Recordings,
    tf1: Sequence[RandomOp],
    tf2: Sequence[RandomOp],
    renames: dict[str, str] | None = None,
) -> Finding | None:
    """Return what comparing these draws finds."""
    settings = {"variable_names": renames or {}}
    recordings.build(TF1_INFERENCE, settings, random_ops=tuple(tf1))
    recordings.build(TF2_INFERENCE, settings, random_ops=tuple(tf2))
    return compare_census(recordings.evidence, TF1_INFERENCE, TF2_INFERENCE)


def test_same_draws_agree(recordings: Recordings) -> None:
    """The same operations in the same order are no finding, from whatever lines they come."""
    ours = [recordings.draw("uniform", 0, 1), recordings.draw("normal", 1, 2)]
    theirs = [recordings.draw("uniform", 0, 11), recordings.draw("normal", 1, 12)]
    assert census(recordings, ours, theirs) is None


def test_first_draw_out_of_order_is_named(recordings: Recordings) -> None:
    """The finding has the position and the lines of both sides, and points at TF2's."""
    ours = [recordings.draw("uniform", 0, 1), recordings.draw("uniform", 1, 2), recordings.draw("normal", 2, 3)]
    theirs = [recordings.draw("uniform", 0, 11), recordings.draw("normal", 1, 12), recordings.draw("uniform", 2, 13)]
    finding = census(recordings, ours, theirs)
    assert finding.kind == "random-op-order"
    assert finding.location == Location("net.py", 12)
    assert finding.metrics == {"position": 1, "tf1_line": "net.py:2", "tf2_line": "net.py:12"}
    assert "number 1 differs: TF1 draws uniform of shape [3] at net.py:2" in finding.message
    assert "TF2 draws normal of shape [3] at net.py:12" in finding.message
    assert "operation_seed" in finding.message


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        pytest.param({"shape": (3,)}, {"shape": (4,)}, True, id="shapes"),
        pytest.param({"shape": None}, {"shape": (4,)}, False, id="a-shape-not-known"),
        pytest.param({"dtype": "float32"}, {"dtype": "float64"}, True, id="dtypes"),
        pytest.param({"variable": "a"}, {"variable": "b"}, False, id="names-of-one-side-only"),
        pytest.param({"variable": "a"}, {"variable": ""}, False, id="a-variable-not-known"),
        pytest.param({"variable": "old"}, {"variable": "new"}, False, id="a-renamed-variable"),
    ],
)
def test_what_makes_draws_differ(
    recordings: Recordings, one: dict[str, Any], other: dict[str, Any], differs: bool
) -> None:
    """Two draws differ by what both of them know."""
    ours, theirs = [recordings.draw("uniform", 0, **one)], [recordings.draw("uniform", 0, **other)]
    assert (census(recordings, ours, theirs, {"old": "new"}) is not None) == differs


def test_variables_drawn_in_another_order(recordings: Recordings) -> None:
    """Draws alike in all but the variable are told apart by names that both sides draw for."""
    ours = [recordings.draw("uniform", number, variable=name) for number, name in enumerate("ab")]
    theirs = [recordings.draw("uniform", number, variable=name) for number, name in enumerate("ba")]
    finding = census(recordings, ours, theirs)
    assert finding is not None
    assert finding.metrics["position"] == 0


def test_a_side_that_draws_no_more(recordings: Recordings) -> None:
    """A missing draw points at the one before it, after which it belongs."""
    ours = [recordings.draw("uniform", 0, 1), recordings.draw("normal", 1, 2)]
    finding = census(recordings, ours, ours[:1])
    assert "TF2 draws no more" in finding.message
    assert finding.location == Location("net.py", 1)
    assert finding.metrics["tf1_line"] == "net.py:2"
    finding = census(recordings, ours[:1], ours)
    assert "TF1 draws no more" in finding.message
    assert finding.metrics["tf1_line"] == ""


def test_a_draw_that_only_tf1_makes(recordings: Recordings) -> None:
    """Where TF2 goes on with TF1's next draw, the line after which one is missing is TF2's own."""
    ours = [recordings.draw(op, number, number + 1) for number, op in enumerate(("uniform", "normal", "gamma"))]
    theirs = [recordings.draw(op, number, number + 11) for number, op in enumerate(("uniform", "gamma"))]
    finding = census(recordings, ours, theirs)
    assert finding is not None
    assert finding.location == Location("net.py", 11)


def test_aligned_programs_agree(recordings: Recordings) -> None:
    """Where the case sets `operation_seed`, draws are paired by their seeds, not by program order."""
    ours = [recordings.draw("uniform", 0), recordings.draw("normal", 1)]
    theirs = [recordings.draw("normal", 1), recordings.draw("uniform", 0)]
    assert census(recordings, ours, theirs) is None


def test_other_seeds_differ(recordings: Recordings) -> None:
    """Equal operations under different seeds draw different numbers, and the seeds are told."""
    finding = census(recordings, [recordings.draw("uniform", 0)], [recordings.draw("uniform", 7)])
    assert "with operation_seed 0" in finding.message
    assert "with operation_seed 7" in finding.message


def test_no_draws_agree(recordings: Recordings) -> None:
    """Models that draw nothing have nothing out of order."""
    assert census(recordings, [], []) is None
