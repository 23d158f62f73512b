"""`variable-inventory`: the same variables on both sides, or a finding that says which and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tf_equivalence.judge.inventory import judge_variable_inventory
from tf_equivalence.recording import Loss, RunRecord, Sighting, VariableRecord, write_record
from tf_equivalence.result import Finding, Location
from tf_equivalence.steps import TF1_INFERENCE, TF2_INFERENCE

from .recordings import Recordings


def judge(
    recordings: Recordings,
    tf1: Sequence[VariableRecord],
    tf2: Sequence[VariableRecord],
    renames: dict[str, str] | None = None,
    **tf2_fields: Any,
) -> tuple[list[Finding], list[str]]:
    """Return what the judge says of these variables."""
    settings = {"variable_names": renames or {}}
    recordings.build(TF1_INFERENCE, settings, variables=tuple(tf1))
    recordings.build(TF2_INFERENCE, settings, variables=tuple(tf2), **tf2_fields)
    return judge_variable_inventory(recordings.evidence, regularized=False)[:2]


def kinds(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Return kind and name of each finding."""
    return [(finding.kind, finding.name) for finding in findings]


def test_same_variables_pass(recordings: Recordings) -> None:
    """Order does not matter; the counts are noted."""
    a, b = recordings.variable("a"), recordings.variable("b", 2)
    findings, notes = judge(recordings, [a, b], [b, a])
    assert findings == []
    assert notes == ["2 variables on the TF1 side, 2 on the TF2 side"]


@pytest.mark.parametrize(
    ("change", "kind", "one", "other"),
    [
        pytest.param({"shape": (4,)}, "variable-shape", "[3]", "[4]", id="shape"),
        pytest.param({"shape": (3, 1)}, "variable-shape", "[3]", "[3, 1]", id="rank"),
        pytest.param({"dtype": "float64"}, "variable-dtype", "float32", "float64", id="dtype"),
        pytest.param({"trainable": False}, "variable-trainable", "True", "False", id="trainable"),
    ],
)
def test_properties_must_agree(recordings: Recordings, change: dict[str, Any], kind: str, one: str, other: str) -> None:
    """A differing property is a finding at the TF2 variable's line, with both values."""
    findings, _ = judge(recordings, [recordings.variable("w")], [recordings.variable("w", 31, **change)])
    assert kinds(findings) == [(kind, "w:0")]
    assert findings[0].location == Location("net.py", 31)
    assert findings[0].metrics["tf1"] == one
    assert findings[0].metrics["tf2"] == other


def test_float_dtype_after_autocast_names_the_input(recordings: Recordings) -> None:
    """Where Keras casts the input, a differing dtype is put down to that."""
    cast = Sighting("autocast", "float64 to float32", ())
    tf1 = recordings.variable("w", dtype="float64")
    findings, _ = judge(recordings, [tf1], [recordings.variable("w")], sightings=(cast,))
    assert "float64 to float32" in findings[0].message
    assert "autocast=False" in findings[0].message


def test_missing_and_unexpected_variables(recordings: Recordings) -> None:
    """A variable of one side only is a finding on that side, with a diff of the inventories."""
    tf1 = [recordings.variable("a"), recordings.variable("head/kernel", 3, shape=(5, 7))]
    tf2 = [recordings.variable("a"), recordings.variable("z", 9, shape=(1,))]
    findings, _ = judge(recordings, tf1, tf2)
    assert kinds(findings) == [("variable-missing", "head/kernel:0"), ("variable-unexpected", "z:0")]
    assert [finding.location.line for finding in findings] == [3, 9]
    assert findings[0].metrics["diff"].splitlines()[2:] == [
        "@@ -2 +2 @@",
        "-head/kernel:0 [5, 7] float32, trainable",
        "+z:0 [1] float32, trainable",
    ]


def test_nearest_names_are_paired(recordings: Recordings) -> None:
    """A renamed variable is one finding that gives the line to write, same shapes first."""
    tf1 = [recordings.variable("conv/weights", 1), recordings.variable("conv/biases", 2, shape=(9,))]
    tf2 = [recordings.variable("conv/bias", 11, shape=(9,)), recordings.variable("conv/kernel", 12)]
    findings, _ = judge(recordings, tf1, tf2)
    assert sorted(kinds(findings)) == [("variable-misnamed", "conv/bias:0"), ("variable-misnamed", "conv/kernel:0")]
    texts = {finding.name: finding for finding in findings}
    assert 'variable_names = {"conv/weights": "conv/kernel"}' in texts["conv/kernel:0"].message
    assert texts["conv/bias:0"].metrics["tf1_line"] == "net.py:2"


@pytest.mark.parametrize("suffix", ["", ":0"])
def test_declared_renames_pass(recordings: Recordings, suffix: str) -> None:
    """A rename that the case declares is no difference, with or without `:0`."""
    renames = {f"old{suffix}": f"new{suffix}"}
    assert judge(recordings, [recordings.variable("old")], [recordings.variable("new")], renames)[0] == []


def test_unused_rename_is_told(recordings: Recordings) -> None:
    """A rename of a variable that TF1 does not have is a finding with the nearest name."""
    w = recordings.variable("layer/weights")
    findings, _ = judge(recordings, [w], [w], {"layer/weight": "x"})
    assert kinds(findings) == [("rename-unused", "layer/weight")]
    assert "did you mean layer/weights?" in findings[0].message


@pytest.mark.parametrize(
    "renames",
    [
        pytest.param({"a": "c", "b": "c"}, id="two-renames"),
        pytest.param({"a": "b"}, id="rename-onto-another"),
    ],
)
def test_colliding_renames_are_told(recordings: Recordings, renames: dict[str, str]) -> None:
    """Two TF1 variables under one TF2 name would hide one of them."""
    target = next(iter(renames.values()))
    tf1 = [recordings.variable("a"), recordings.variable("b")]
    findings, _ = judge(recordings, tf1, [recordings.variable(target)], renames)
    assert kinds(findings) == [("rename-collision", "a:0")]
    assert findings[0].location == Location("tf1.py", 90)
    assert f"one TF2 name, {target}" in findings[0].message


def test_duplicate_names(recordings: Recordings) -> None:
    """Two TF2 variables of one name cannot be told apart by a name-based checkpoint."""
    w = recordings.variable("w", 1)
    findings, _ = judge(recordings, [w], [w, recordings.variable("w", 7)])
    assert kinds(findings) == [("variable-duplicate", "w:0")]
    assert "2 variables" in findings[0].message


def test_untracked_variable_is_missing_from_the_model(recordings: Recordings) -> None:
    """A variable that TF1 has and the model makes without tracking is found at the creating line."""
    findings, _ = judge(recordings, [recordings.variable("w")], [recordings.variable("w", 31, tracked=False)])
    assert kinds(findings) == [("variable-untracked", "w:0")]
    assert findings[0].location == Location("net.py", 31)


def test_untracked_trainable_stranger_is_told(recordings: Recordings) -> None:
    """A trainable variable that nobody tracks is lost to training under whatever name."""
    w = recordings.variable("w")
    findings, _ = judge(recordings, [w], [w, recordings.variable("stray", 31, tracked=False)])
    assert kinds(findings) == [("variable-untracked", "stray:0")]


def test_untracked_counter_is_only_noted(recordings: Recordings) -> None:
    """What is not trainable and unknown to TF1, such as a random generator's state, is no difference."""
    w = recordings.variable("w")
    counter = recordings.variable("counter", tracked=False, trainable=False)
    findings, notes = judge(recordings, [w], [w, counter])
    assert findings == []
    assert any("counter:0" in note for note in notes)


def test_slices_of_a_partitioned_variable(recordings: Recordings) -> None:
    """Slices on the TF1 side name the partitioner as the cause."""
    tf1 = [recordings.variable(f"embedding/part_{i}", shape=(5, 2)) for i in range(2)]
    findings, _ = judge(recordings, tf1, [recordings.variable("embedding", shape=(10, 2))])
    assert [kind for kind, _ in kinds(findings)] == ["variable-misnamed", "variable-missing"]
    assert all("drop the partitioner" in finding.message for finding in findings)


def test_global_step_is_not_asked_of_the_model(recordings: Recordings) -> None:
    """TF1's `global_step` belongs to training; a model may have it or not."""
    w, step = recordings.variable("w"), recordings.variable("global_step", dtype="int64", shape=(), trainable=False)
    findings, notes = judge(recordings, [w, step], [w])
    assert findings == []
    assert any("global_step" in note for note in notes)
    assert judge(recordings, [w, step], [w, step])[0] == []


def test_no_variables_on_either_side_are_no_pass(recordings: Recordings) -> None:
    """With nothing to compare, nothing is known."""
    findings, _ = judge(recordings, [], [])
    assert kinds(findings) == [("nothing-compared", "")]
    assert findings[0].location == Location("tf2.py", 80)


def test_variable_without_a_user_line_points_at_the_model(recordings: Recordings) -> None:
    """Where no user line created it, the model's `call` is the place to look at."""
    findings, _ = judge(recordings, [], [recordings.variable("w", stack=())])
    assert findings[0].location == Location("tf2.py", 80)


def test_diff_is_bounded(recordings: Recordings) -> None:
    """A model with nothing in common does not fill the report."""
    tf1 = [recordings.variable(f"a{i}", shape=(i,)) for i in range(300)]
    findings, _ = judge(recordings, tf1, [recordings.variable("zzz", shape=())])
    lines = findings[0].metrics["diff"].splitlines()
    assert len(lines) == 201
    assert lines[-1].endswith("more lines")


@pytest.mark.parametrize(
    ("tf1", "tf2", "kind"),
    [
        pytest.param({"w": 1.0}, {}, "regularization-missing", id="lost"),
        pytest.param({}, {"w": 1.0}, "regularization-unexpected", id="new"),
    ],
)
def test_regularization_by_variable(
    recordings: Recordings, tf1: dict[str, float], tf2: dict[str, float], kind: str
) -> None:
    """A variable that only one side regularizes is found at its creation."""
    for build, losses in ((TF1_INFERENCE, tf1), (TF2_INFERENCE, tf2)):
        recordings.build(build, variables=(recordings.variable("w", 31),))
        recordings.run(build, "constant", losses=losses)
    findings, _, *_ = judge_variable_inventory(recordings.evidence)
    assert kinds(findings) == [(kind, "w:0")]
    assert findings[0].location == Location("net.py", 31)


def test_supervised_losses_are_no_regularization(recordings: Recordings) -> None:
    """What `compat.v1.losses` collected is not asked of the model."""
    for build in (TF1_INFERENCE, TF2_INFERENCE):
        recordings.build(build, variables=(recordings.variable("w"),))
        recordings.run(build, "constant")
    supervised = Loss("l:0", ("w",), "loss.w", (), "losses")
    record = RunRecord("constant", (), (supervised,))
    write_record(str(recordings.directory / TF1_INFERENCE.directory), "constant", record)
    assert judge_variable_inventory(recordings.evidence)[0] == []


def test_variables_side_by_side(recordings: Recordings) -> None:
    """What differs stands in one row, a misnamed variable beside its nearest, the rest on its own side."""
    tf1 = [recordings.variable("same"), recordings.variable("net/logits/kernel"), recordings.variable("wide")]
    tf2 = [
        recordings.variable("same"),
        recordings.variable("net/dense/kernel"),
        recordings.variable("wide", shape=(9,)),
    ]
    findings, _ = judge(recordings, [*tf1, recordings.variable("qqq", shape=(7, 7))], tf2)
    rows = findings[0].metrics["side_by_side"]
    assert isinstance(rows, dict)
    assert rows["left_out"] == 0
    assert [[text and text.split()[0] for text in row] for row in rows["rows"]] == [
        ["net/logits/kernel:0", "net/dense/kernel:0"],
        ["wide:0", "wide:0"],
        ["qqq:0", None],
    ]
    assert "side_by_side" not in findings[1].metrics


def test_variables_side_by_side_are_bounded(recordings: Recordings) -> None:
    """Of very many, some are told, and the others counted."""
    findings, _ = judge(recordings, [recordings.variable("same")], _many(recordings))
    rows = findings[0].metrics["side_by_side"]
    assert isinstance(rows, dict)
    assert (len(rows["rows"]), rows["left_out"]) == (200, 101)
    assert rows["rows"][1][0] is None


def _many(recordings: Recordings) -> list[VariableRecord]:
    return [recordings.variable(f"v{number}", shape=(number + 5, 2)) for number in range(300)]
