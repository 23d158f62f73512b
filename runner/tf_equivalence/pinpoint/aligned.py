"""Sets two aligned traces out in rows."""

from __future__ import annotations

from tf_equivalence.judge.places import Places
from tf_equivalence.pinpoint.comparison import UNKNOWN, Comparison
from tf_equivalence.result import TracedPair, TracedSide
from tf_equivalence.trace import Trace, TracedOp


def rows(places: Places, free: Comparison, alone: Comparison | None) -> tuple[TracedPair, ...]:
    """Return a row for every operation: pairs in TF1's order, and what only TF2 has where it is executed.

    Args:
        places: For locations.
        free: TF1 beside TF2 as it runs by itself.
        alone: TF1 beside TF2 isolated; None where that failed.
    """
    alignment, tf2 = free.alignment, free.tf2
    pairs = {**alignment.single_substitutions, **alignment.pairs}
    taken = set(pairs.values()) | set(alignment.first_pass)
    found: list[TracedPair] = []
    shown = 0
    for op in free.tf1.ops:
        other = pairs.get(op.index)
        if other is None:
            found.append(TracedPair(_side(places, op), None))
            continue
        found += [TracedPair(None, _side(places, extra)) for extra in _between(tf2, shown, other, taken)]
        shown = max(shown, other + 1)
        found.append(
            TracedPair(
                _side(places, op),
                _side(places, tf2.ops[other]),
                _difference(free, op, other),
                _difference(alone, op, other) if alone is not None else None,
            )
        )
    return (*found, *(TracedPair(None, _side(places, op)) for op in _between(tf2, shown, len(tf2.ops), taken)))


def _between(trace: Trace, first: int, last: int, taken: set[int]) -> list[TracedOp]:
    return [op for op in trace.ops[first:last] if op.index not in taken]


def _difference(both: Comparison, one: TracedOp, other: int) -> float | None:
    difference, _ = both.output_difference(one, both.tf2.ops[other])
    return None if difference == UNKNOWN else difference


def _side(places: Places, op: TracedOp) -> TracedSide:
    return TracedSide(op.type, op.name, places.location(op.stack))
