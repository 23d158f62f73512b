"""Recordings of one case, written to disk as workers write them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tf_equivalence.discover import CaseRef
from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.judge.places import Places
from tf_equivalence.recording import (
    BuildRecord,
    Fault,
    Frame,
    Leaf,
    Loss,
    RandomOp,
    RunRecord,
    Stack,
    VariableRecord,
    write_arrays,
    write_record,
)
from tf_equivalence.steps import ALL_BUILDS, STEPS, Build

SETTINGS = {"variable_names": {}, "constant": 0.001, "tolerance": None, "skip": {}, "reference": None}


@dataclass
class Recordings:
    """The workspace of one case and the directory of its recordings.

    Attributes:
        root: The workspace.
        case: Its case, at line 5 of `equivalence_a.py`.
    """

    root: Path
    case: CaseRef
    directory: Path

    @property
    def evidence(self) -> Evidence:
        """What a judge reads, fresh from disk."""
        return Evidence(self.directory, Places(self.root), "measured")

    def stack(self, line: int, file: str = "net.py", library: str = "") -> Stack:
        """Return a stack whose innermost frame is a line of a file in the workspace, or of a library."""
        frames = (Frame(str(self.root / file), line, "call", "", f"line {line}"),)
        return (Frame(f"/lib/{library}.py", 1, "f", library, "7 frames"), *frames) if library else frames

    def variable(self, name: str, line: int = 1, **changes: Any) -> VariableRecord:
        """Return a tracked, trainable float variable of three elements, made on a line of `net.py`."""
        record = VariableRecord(name, (3,), "float32", trainable=True, tracked=True, stack=self.stack(line))
        return dataclasses.replace(record, **changes)

    def draw(self, op: str, seed: int, line: int = 1, **changes: Any) -> RandomOp:
        """Return a draw of three floats on a line of `net.py`."""
        record = RandomOp(op, (3,), "float32", seed, "", self.stack(line))
        return dataclasses.replace(record, **changes)

    def build(self, build: Build, settings: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Write a build."""
        where = self.directory / build.directory
        where.mkdir(parents=True, exist_ok=True)
        definition = self.stack(90 if build.side == "tf1" else 80, f"{build.side}.py")
        record = BuildRecord(build.side, {}, ("A",), {**SETTINGS, **(settings or {})}, definition=definition)
        write_record(str(where), "build", dataclasses.replace(record, **fields))

    def run(
        self,
        build: Build,
        condition: str,
        outputs: Mapping[str, Any] | None = None,
        losses: Mapping[str, float] | None = None,
        rerun: bool = False,
        **changes: Any,
    ) -> None:
        """Write a run: named output arrays, and regularization losses by variable."""
        where = self.directory / f"{build.directory}{'-rerun' if rerun else ''}"
        where.mkdir(parents=True, exist_ok=True)
        given = {name: np.asarray(value) for name, value in (outputs or {}).items()}
        arrays = {f"o.{name}": array for name, array in given.items()}
        leaves = tuple(
            Leaf(name, "tensor", array.dtype.name, array.shape, (f"o.{name}",)) for name, array in given.items()
        )
        records = tuple(Loss(f"{name}/loss", (name,), f"loss.{name}", ()) for name in losses or {})
        arrays |= {f"loss.{name}": np.float32(value) for name, value in (losses or {}).items()}
        if losses:
            arrays["total"] = np.float32(sum(losses.values()))
        record = RunRecord(condition, leaves, records, "total" if losses else "")
        write_arrays(str(where), condition, arrays)
        write_record(str(where), condition, dataclasses.replace(record, **changes))

    def fault(self, build: Build, fault: Fault, condition: str = "") -> None:
        """Write why a build, or one condition of it, is missing."""
        where = self.directory / build.directory
        where.mkdir(parents=True, exist_ok=True)
        write_record(str(where), f"{condition}.fault" if condition else "fault", fault)

    def complete(self, outputs: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None) -> None:
        """Write recordings on which every step passes: one variable, one output."""
        chosen = {"output": np.array([1.0, 2.0], np.float32)} if outputs is None else outputs
        for build in ALL_BUILDS:
            self.build(build, settings, variables=(self.variable("w"),))
        pairs = {need for step in STEPS.values() for pair in step.pairs for need in pair}
        for need in pairs | {need for step in STEPS.values() for need in step.needs if need.condition != "build"}:
            trained = {f"trained/w:0 after {number} steps": value for number, value in enumerate(chosen.values())}
            kept = trained if need.condition.startswith("optimizer") else chosen
            self.run(need.build, need.condition, {} if need.condition == "once" else kept)
