"""Recordings: what is written is read back the same, and what is not whole is not there."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tf_equivalence.recording import (
    ORIGINS,
    SIGHTINGS,
    BuildRecord,
    Creation,
    Digest,
    Fault,
    Frame,
    Leaf,
    Loss,
    RandomOp,
    RunRecord,
    Sighting,
    VariableRecord,
    read_arrays,
    read_record,
    user_frames,
    write_arrays,
    write_record,
)

STACK = (Frame("/w/net.py", 3, "call", "", "x = f(y)"), Frame("/lib/tf.py", 9, "f", "tensorflow", "4 frames"))
VARIABLE = VariableRecord(
    "a/w", (None, 3), "float32", True, False, STACK, "keras-object", Digest("00", (1.5, -2.0), 2.5, -0.25, 1.75)
)
BUILD = BuildRecord(
    side="tf2",
    environment={"tensorflow": "2"},
    module_cases=("A", "B"),
    settings={"variable_names": {"a": "b"}, "tolerance": {"*": [0.1, 0.2]}, "constant": 0.001},
    variables=(VARIABLE, VariableRecord("s", (), "string", False, True, ())),
    random_ops=(RandomOp("truncated_normal", None, "float32", 3, "a/w", STACK), RandomOp("u", (2,), "", 4, "", ())),
    creations=(Creation("second call", VARIABLE),),
    sightings=(Sighting("cached-tensor", "M.x", STACK),),
    notes=("left out",),
    seconds={"build": 1.5},
    definition=(STACK[0],),
)
RUN = RunRecord(
    "named",
    (Leaf("0/Logits", "tensor", "float32", (2, 3), ("o0.0.values",)), Leaf("1", "none", "", (), ())),
    (Loss("l:0", ("a/w",), "loss.0", STACK), Loss("m:0", (), "loss.1", (), "losses")),
    "total",
    ("note",),
    0.5,
)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(BUILD, id="build"),
        pytest.param(BuildRecord("tf1", {}, (), {}), id="bare-build"),
        pytest.param(RUN, id="run"),
        pytest.param(RunRecord("once", ()), id="bare-run"),
        pytest.param(Fault("call", "it raised", STACK, "tf1()", ("A",)), id="fault"),
    ],
)
def test_records_survive_the_disk(tmp_path: Path, record: object) -> None:
    """Reading a record gives back an equal value, nested values in their own types."""
    write_record(str(tmp_path), "record", record)
    assert read_record(type(record), str(tmp_path), "record") == record


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinite_figures_survive(tmp_path: Path, value: float) -> None:
    """A digest may hold what JSON has no number for."""
    write_record(str(tmp_path), "d", Digest("", (value,), value, value, 0.0))
    assert read_record(Digest, str(tmp_path), "d") == Digest("", (value,), value, value, 0.0)


def test_nan_survives_as_strict_json(tmp_path: Path) -> None:
    """NaN is written as text, so that the file stays JSON for every reader."""
    write_record(str(tmp_path), "d", Digest("", (math.nan,), math.nan, 0.0, 0.0))

    def refuse(name: str) -> None:
        raise AssertionError(name)

    json.loads((tmp_path / "d.json").read_text(), parse_constant=refuse)
    read = read_record(Digest, str(tmp_path), "d")
    assert math.isnan(read.sample[0])
    assert math.isnan(read.l2)


def test_fields_from_a_newer_writer_are_ignored(tmp_path: Path) -> None:
    """A field that the reader does not know costs nothing."""
    (tmp_path / "f.json").write_text(json.dumps({"kind": "call", "message": "m", "novel": 1}))
    assert read_record(Fault, str(tmp_path), "f") == Fault("call", "m")


def test_lone_surrogates_do_not_cost_the_record(tmp_path: Path) -> None:
    """A file name that is no Unicode still leaves a readable record."""
    write_record(str(tmp_path), "f", Fault("call", "m", (Frame("/w/\udcff.py", 1, "f"),)))
    assert read_record(Fault, str(tmp_path), "f").message == "m"


def test_absent_records_are_none(tmp_path: Path) -> None:
    """What the worker did not get to is None for records, and empty for arrays."""
    assert read_record(Fault, str(tmp_path), "fault") is None
    assert read_arrays(str(tmp_path), "named") == {}


def test_broken_records_are_not_absent(tmp_path: Path) -> None:
    """A record that is cut short is an error, never taken for one that was not written."""
    (tmp_path / "fault.json").write_text('{"kind": "ca')
    with pytest.raises(ValueError, match=r"delimiter|Unterminated"):
        read_record(Fault, str(tmp_path), "fault")


ARRAYS = {
    "float32": np.array([[1.5, np.nan], [np.inf, -0.0]], np.float32),
    "scalar": np.array(3, np.int64),
    "empty": np.zeros((0, 4), np.float16),
    "bool": np.array([True, False]),
    "complex64": np.array([1 + 2j], np.complex64),
    "bytes": np.array([b"a|", b"bc|"]),
}


@pytest.mark.parametrize("array", [pytest.param(array, id=name) for name, array in ARRAYS.items()])
def test_arrays_survive_the_disk(tmp_path: Path, array: np.ndarray) -> None:
    """Shape, dtype and every bit of an array come back."""
    write_arrays(str(tmp_path), "run", {"x": array})
    read = read_arrays(str(tmp_path), "run")["x"]
    assert (read.shape, read.dtype) == (array.shape, array.dtype)
    assert read.tobytes() == array.tobytes()


def test_objects_are_refused(tmp_path: Path) -> None:
    """An array of Python objects is refused by its key and leaves no file behind."""
    with pytest.raises(ValueError, match="'x' holds Python objects"):
        write_arrays(str(tmp_path), "run", {"x": np.array([None])})
    assert list(tmp_path.iterdir()) == []


def test_pickles_are_never_read(tmp_path: Path) -> None:
    """An archive with pickled objects, whoever wrote it, is refused."""
    with (tmp_path / "run.npz").open("wb") as stream:
        np.savez(stream, x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        read_arrays(str(tmp_path), "run")


def test_files_appear_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that is killed before the end leaves nothing under the final name."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tf_equivalence.recording.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_record(str(tmp_path), "build", BUILD)
    with pytest.raises(KeyboardInterrupt):
        write_arrays(str(tmp_path), "named", {"x": np.ones(3)})
    assert read_record(BuildRecord, str(tmp_path), "build") is None
    assert read_arrays(str(tmp_path), "named") == {}


def test_user_frames_leave_libraries_out() -> None:
    """Only frames of user code are kept, in their order."""
    assert user_frames((STACK[1], STACK[0])) == [STACK[0]]


@pytest.mark.parametrize("table", [ORIGINS, SIGHTINGS], ids=["origins", "sightings"])
def test_tables_say_something_for_every_key(table: dict[str, str]) -> None:
    """Each class of origin and sighting has its own wording."""
    assert all(table.values())
    assert len(set(table.values())) == len(table)
