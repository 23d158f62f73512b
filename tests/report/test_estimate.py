"""The time left is never made up, never negative, and falls as a run goes on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf_equivalence.report.estimate import Pending, expected_seconds, seconds_left

_SECONDS = st.floats(0, 1e5)
_KNOWN = st.builds(Pending, _SECONDS, _SECONDS)
_ANY = st.builds(Pending, st.none() | _SECONDS, _SECONDS)
_JOBS = st.integers(1, 64)


def _at_most(smaller: float | None, larger: float | None) -> bool:
    assert smaller is not None
    assert larger is not None
    return smaller <= larger * (1 + 1e-9)


@pytest.mark.parametrize(
    ("pending", "finished", "jobs", "expected"),
    [
        pytest.param([], [], 4, 0.0, id="nothing-left"),
        pytest.param([Pending(None)], [], 4, None, id="nothing-known"),
        pytest.param([Pending(10.0), Pending(None)], [], 4, None, id="one-not-known"),
        pytest.param([Pending(10.0), Pending(None)], [4.0, 8.0], 1, 16.0, id="by-this-run"),
        pytest.param([Pending(8.0)] * 4, [], 4, 8.0, id="shared"),
        pytest.param([Pending(8.0)] * 4, [], 1, 32.0, id="one-job"),
        pytest.param([Pending(12.0, 2.0)], [], 8, 5.0, id="two-sides-at-a-time"),
        pytest.param([Pending(5.0, 9.0)], [], 2, 0.0, id="over-time"),
    ],
)
def test_estimates(pending: list[Pending], finished: list[float], jobs: int, expected: float | None) -> None:
    """What is known is shared among the jobs; without anything known there is no estimate."""
    assert seconds_left(pending, finished, jobs) == expected


@given(st.lists(_ANY, max_size=6), st.lists(_SECONDS, max_size=3), st.integers(-1, 64))
def test_never_negative(pending: list[Pending], finished: list[float], jobs: int) -> None:
    """Whatever the records say, no time is less than none."""
    left = seconds_left(pending, finished, jobs)
    assert left is None or left >= 0


@given(st.lists(_KNOWN, min_size=1, max_size=6), st.data(), _JOBS)
def test_falls_as_cases_go_on(pending: list[Pending], data: st.DataObject, jobs: int) -> None:
    """Time that a case's processes have spent is time less to wait."""
    at = data.draw(st.integers(0, len(pending) - 1))
    later = replace(pending[at], spent_s=pending[at].spent_s + data.draw(_SECONDS))
    assert _at_most(seconds_left([*pending[:at], later, *pending[at + 1 :]], [], jobs), seconds_left(pending, [], jobs))


@given(st.lists(_KNOWN, min_size=1, max_size=6), _JOBS)
def test_falls_as_a_case_finishes(pending: list[Pending], jobs: int) -> None:
    """A case less is no time more."""
    assert _at_most(seconds_left(pending[1:], [], jobs), seconds_left(pending, [], jobs))


@given(st.lists(_KNOWN, min_size=1, max_size=6), _JOBS, _JOBS)
def test_jobs_count(pending: list[Pending], fewer: int, more: int) -> None:
    """More jobs never take longer, and one job takes all there is."""
    few, many = sorted((fewer, more))
    assert _at_most(seconds_left(pending, [], many), seconds_left(pending, [], few))
    every = sum(max((case.expected_s or 0) - case.spent_s, 0) for case in pending)
    assert seconds_left(pending, [], 1) == pytest.approx(every)


@pytest.mark.parametrize(
    ("recorded", "steps", "expected"),
    [
        pytest.param({"a": 2.0, "b": 4.0, "*": 10.0}, ["a", "b"], 10.0, id="same-steps"),
        pytest.param({"a": 2.0, "b": 4.0, "*": 10.0}, ["a"], 5.0, id="fewer-steps"),
        pytest.param({"a": 2.0, "*": 10.0}, ["a", "b"], None, id="more-steps"),
        pytest.param({"a": 2.0}, ["a"], None, id="no-processes"),
        pytest.param({"*": 10.0}, ["a"], None, id="no-steps"),
        pytest.param({"a": 0.0, "*": 10.0}, ["a"], 10.0, id="instant"),
        pytest.param({"a": 2.0, "*": 10.0}, [], None, id="none-chosen"),
        pytest.param({}, ["a"], None, id="nothing"),
    ],
)
def test_expected_seconds(recorded: dict[str, float], steps: list[str], expected: float | None) -> None:
    """A record of other steps says nothing; one of more steps says as much less as the last came earlier."""
    assert expected_seconds(recorded, steps, "*") == expected
