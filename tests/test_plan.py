"""The plan: every recording once, and every step's needs met."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tf_equivalence.discover import CaseRef
from tf_equivalence.plan import case_directory, make_plan
from tf_equivalence.steps import ALL_BUILDS, STEPS


def ref(name: str) -> CaseRef:
    """Return a case of this name."""
    return CaseRef(f"equivalence_a.py::{name}", "equivalence_a.py", 1, name, Path("/w/equivalence_a.py"))


@pytest.mark.parametrize("count", [1, 2, len(STEPS)])
def test_every_need_is_planned(tmp_path: Path, count: int) -> None:
    """Whichever steps are chosen, what their judgement reads is recorded."""
    for number, chosen in enumerate(itertools.combinations(STEPS, count)):
        plan = make_plan([ref("A")], chosen, tmp_path / str(number))
        recorded = {(planned.build, condition) for planned in plan.builds for condition in planned.conditions}
        builds = {planned.build for planned in plan.builds}
        for step in plan.steps:
            for need in step.needs:
                assert need.build in builds
                assert need.condition == "build" or (need.build, need.condition) in recorded


def test_nothing_is_planned_twice(tmp_path: Path) -> None:
    """With all steps each build is one process, and each of its conditions is recorded once."""
    plan = make_plan([ref("A")], tuple(STEPS), tmp_path)
    assert sorted(planned.build for planned in plan.builds) == sorted(ALL_BUILDS)
    for planned in plan.builds:
        assert len(planned.conditions) == len(set(planned.conditions))
    assert len({planned.directory for planned in plan.builds}) == len(plan.builds)


def test_nothing_needless_is_planned(tmp_path: Path) -> None:
    """One step costs only its own builds and conditions."""
    plan = make_plan([ref("A")], ["named-weights"], tmp_path)
    assert [(p.build.side, p.build.training, p.conditions) for p in plan.builds] == [
        ("tf1", False, ("named",)),
        ("tf2", False, ("named",)),
    ]


def test_steps_keep_their_own_order(tmp_path: Path) -> None:
    """The order in which steps are asked for does not matter."""
    plan = make_plan([ref("A")], ["random-training", "variables-once"], tmp_path)
    assert [step.id for step in plan.steps] == ["variables-once", "random-training"]


def test_both_sides_of_a_build_are_neighbours(tmp_path: Path) -> None:
    """The two sides that are compared with each other start together."""
    plan = make_plan([ref("A"), ref("B")], ["random-inference", "random-training"], tmp_path)
    order = [(planned.case.class_name, planned.build.training, planned.build.side) for planned in plan.builds]
    assert order == [(name, flag, side) for name in "AB" for flag in (False, True) for side in ("tf1", "tf2")]


def test_directories_are_made_and_distinct(tmp_path: Path) -> None:
    """Every build has a directory of its own, also for case ids that no file system would take."""
    cases = [ref("A"), ref("B"), ref("../../escape"), ref("\udcff" + "x" * 400)]
    plan = make_plan(cases, ["named-weights"], tmp_path)
    directories = [planned.directory for planned in plan.builds]
    assert all(directory.is_dir() and tmp_path in directory.parents for directory in directories)
    assert len(set(directories)) == 8
    assert case_directory(tmp_path, cases[0]) == directories[0].parent


def test_every_numeric_step_compares_something() -> None:
    """A step that judges neither variables nor pairs of runs could only pass."""
    for step in STEPS.values():
        assert step.needs
        assert step.pairs or step.id in ("variables-once", "variable-inventory")
        if step.id == "execution-modes":  # of one side alone, each mode against eager execution
            assert all(one.condition.startswith("eager") for one, _ in step.pairs)
            continue
        for tf1, tf2 in step.pairs:
            assert (tf1.build.side, tf2.build.side) == ("tf1", "tf2")
            assert tf1.build.training == tf2.build.training
            assert tf1.condition == tf2.condition
            assert {tf1, tf2} <= set(step.needs)
