"""`variables-once`: each line that creates variables again is one finding, with what to do about it."""

from __future__ import annotations

import pytest

from tf_equivalence.judge.creations import judge_variables_once
from tf_equivalence.recording import ORIGINS, Creation
from tf_equivalence.result import Location
from tf_equivalence.steps import TF2_INFERENCE

from .recordings import Recordings

ALL = ("training=True", "third call", "second batch size", "tf.function")


def test_no_creation_no_finding(recordings: Recordings) -> None:
    """A build without later creations passes; what was not tried is noted, the rest is not."""
    notes = ("tf.function not tried to the end: x", "something else")
    recordings.build(TF2_INFERENCE, notes=notes)
    assert judge_variables_once(recordings.evidence) == ([], [notes[0]], None, ())


@pytest.mark.parametrize("origin", ORIGINS)
def test_every_origin_has_a_remedy(recordings: Recordings, origin: str) -> None:
    """The finding says how the variable came to be and what to do, at the creating line."""
    variable = recordings.variable("scale", 31, origin=origin)
    recordings.build(TF2_INFERENCE, creations=tuple(Creation(phase, variable) for phase in ALL))
    (finding,), _, *_ = judge_variables_once(recordings.evidence)
    assert finding.location == Location("net.py", 31)
    assert finding.kind == "variable-created"
    assert finding.name == "scale:0"
    assert ORIGINS[origin] in finding.message
    assert len(finding.message.split(ORIGINS[origin])[1]) > 20
    assert finding.metrics == {"class": origin, "phases": list(ALL), "variables": ["scale:0"]}
    assert finding.stack[0].startswith("net.py:31")


def test_one_line_is_one_finding(recordings: Recordings) -> None:
    """Seven variables of one line make one finding that names five; another line makes another."""
    made = [Creation("third call", recordings.variable(f"w{i}", 31)) for i in range(7)]
    recordings.build(TF2_INFERENCE, creations=(*made, Creation("third call", recordings.variable("b", 32))))
    findings, _, *_ = judge_variables_once(recordings.evidence)
    assert [finding.location.line for finding in findings] == [31, 32]
    assert "7 variables w0:0, w1:0, w2:0, w3:0, w4:0 and 2 more" in findings[0].message
    assert findings[0].metrics["variables"] == [f"w{i}:0" for i in range(7)]


def test_part_built_for_one_flag_only(recordings: Recordings) -> None:
    """What only the other training flag creates is told to be built whatever the flag is."""
    recordings.build(TF2_INFERENCE, creations=(Creation("training=True", recordings.variable("aux/w", 31)),))
    (finding,), _, *_ = judge_variables_once(recordings.evidence)
    assert "only when called with training=True" in finding.message
    assert "whatever the flag is" in finding.message


def test_creation_without_a_user_line_points_at_the_model(recordings: Recordings) -> None:
    """Where no user line created it, the model's `call` is the place to look at."""
    recordings.build(TF2_INFERENCE, creations=(Creation("third call", recordings.variable("w", stack=())),))
    (finding,), _, *_ = judge_variables_once(recordings.evidence)
    assert finding.location == Location("tf2.py", 80)
