"""Estimates how long a run still takes: the one place that does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_SIDES = 2  # of a case, which run at the same time in every pass over it


@dataclass(frozen=True)
class Pending:
    """A case that is not finished.

    Attributes:
        expected_s: What its processes took together in an earlier run, in seconds; None where that is not known.
        spent_s: What they took together so far, in seconds.
    """

    expected_s: float | None
    spent_s: float = 0.0


def seconds_left(pending: Iterable[Pending], finished_s: Sequence[float], jobs: int) -> float | None:
    """Return how many seconds the run still takes; None where there is nothing to tell it from.

    Processes of all cases share the jobs, so that what is left of them takes at least its sum divided by the
    jobs. Towards the end there are fewer processes than jobs: a case runs little more than its two sides at a
    time, so that it takes at least half of what is left of it. The larger of the two is the estimate.

    Args:
        pending: The cases that are not finished.
        finished_s: What the processes of this run's own finished cases took, in seconds: their mean stands in
            for what is not known.
        jobs: Processes at a time, at least 1.

    Returns:
        Seconds, 0 or more. It never grows as cases go on, as one finishes or with more jobs, other things
        being equal.
    """
    typical = sum(finished_s) / len(finished_s) if finished_s else None
    left = []
    for case in pending:
        expected = typical if case.expected_s is None else case.expected_s
        if expected is None:
            return None
        left.append(max(expected - case.spent_s, 0.0))
    jobs = max(jobs, 1)
    return max(sum(left) / jobs, max(left, default=0.0) / min(jobs, _SIDES))


def expected_seconds(recorded: Mapping[str, float], steps: Iterable[str], processes: str) -> float | None:
    """Return what a case's processes take; None where its last run tells nothing about these steps.

    Args:
        recorded: Seconds from the case's start to the end of each of its steps, and of its processes together.
        steps: The steps that run now: where they are only some of those, so much less is expected as the last
            of them came earlier.
        processes: The key of the processes.
    """
    ran = {step: seconds for step, seconds in recorded.items() if step != processes}
    chosen = set(steps)
    if processes not in recorded or not chosen or not chosen <= set(ran):
        return None
    last = max(ran.values())
    return recorded[processes] * (max(ran[step] for step in chosen) / last if last else 1.0)
