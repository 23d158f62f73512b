"""The recordings of one case, read when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tf_equivalence.case import Tolerance
from tf_equivalence.judge.places import Places
from tf_equivalence.recording import BuildRecord, Fault, NoiseJump, RunRecord, read_arrays, read_record
from tf_equivalence.result import Difference, Finding
from tf_equivalence.steps import ALL_BUILDS, TF1_INFERENCE, TF1_TRAINING, Build, Need

PROBE_MARK = ".probe-"  # in the condition of a run that tries a change
_JUMP = 100  # an operation that amplifies noise more than this is where it comes from

Preset = str | Tolerance | Mapping[str, Tolerance]


class Judged(NamedTuple):
    """What a step's judge found out.

    Attributes:
        findings: Every failure, causes before symptoms; none where the step holds.
        notes: What a reader of a green should know.
        difference: How far apart the compared values were; None where none were compared.
        ill_conditioned: Outputs whose bound is the reference's own noise, and wide.
    """

    findings: list[Finding]
    notes: list[str]
    difference: Difference | None = None
    ill_conditioned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """One run, its arrays, and the arrays of its reruns, which measure the reference's noise.

    Attributes:
        record: What it returned.
        arrays: By key.
        reruns: The same keys, computed again.
        remarks: Why the reference is noisy, where that is known.
    """

    record: RunRecord
    arrays: Mapping[str, np.ndarray]
    reruns: tuple[Mapping[str, np.ndarray], ...]
    remarks: tuple[str, ...] = ()


@dataclass
class Evidence:
    """What was recorded of one case.

    Attributes:
        directory: Of the case's recordings.
        places: For locations.
        default_tolerance: For a case that does not choose.
        min_power: The fraction of known changes that a numeric step must catch to pass.
        until_first: Whether one failure of a run is enough to know, as where power is measured.
    """

    directory: Path
    places: Places
    default_tolerance: Preset
    min_power: float = 0.0
    until_first: bool = False
    _builds: dict[Build, BuildRecord] = field(default_factory=dict)
    _runs: dict[Need, Run] = field(default_factory=dict)

    def fault(self, need: Need) -> Fault | None:
        """Return why this recording is missing; None where it is there."""
        directory = str(self.directory / need.build.directory)
        fault = read_record(Fault, directory, "fault") or read_record(Fault, directory, f"{need.condition}.fault")
        if fault is not None:
            return fault
        if self.build(need.build) is None:
            return Fault("missing", f"The {need.build.side} side left no recording and did not say why.")
        if need.condition == "build":
            return None
        # Files appear whole or not at all, and the arrays first; a record without them must not be judged.
        run = self.directory / need.build.directory / need.condition
        if not all(run.with_name(f"{run.name}.{suffix}").exists() for suffix in ("json", "npz")):
            return Fault("missing", f"The {need.build.side} side left no recording of its {need.condition} run.")
        return None

    def build(self, build: Build) -> BuildRecord | None:
        """Return the record of a build; None where it did not get that far."""
        record = self._builds.get(build)
        if record is None:  # perhaps only not written yet
            record = read_record(BuildRecord, str(self.directory / build.directory), "build")
            if record is not None:
                self._builds[build] = record
        return record

    def built(self, build: Build) -> BuildRecord:
        """Return the record of a build that is known to be there."""
        record = self.build(build)
        assert record is not None
        return record

    def rerun_directory(self, build: Build) -> Path:
        """Return where a build goes that is recorded again for the reference's noise."""
        return self.directory / f"{build.directory}-rerun"

    def forget_runs(self) -> None:
        """Let go of the runs that a step was judged by: they are large, and may be recorded again."""
        self._runs.clear()

    def run(self, need: Need) -> Run:
        """Return a run that is known to be there; of one that is no probe, the same until it is forgotten."""
        known = self._runs.get(need)
        if known is None:
            known = self._read_run(need)
            if PROBE_MARK not in need.condition:
                self._runs[need] = known
        return known

    def _read_run(self, need: Need) -> Run:
        directory = str(self.directory / need.build.directory)
        record = read_record(RunRecord, directory, need.condition)
        assert record is not None
        again = self.rerun_directory(need.build)
        noisy = read_record(RunRecord, str(again), need.condition)
        jump = read_record(NoiseJump, str(again), f"{need.condition}.noise")
        remarks = (*(noisy.notes if noisy else ()), *([self._worded(jump)] if jump else []))
        return Run(record, read_arrays(directory, need.condition), self.reruns(need), remarks)

    def reruns(self, need: Need) -> tuple[Mapping[str, np.ndarray], ...]:
        """Return the arrays of a run computed again, for its noise; by another process, or by the same one."""
        again, here = self.rerun_directory(need.build), self.directory / need.build.directory
        moved = f"{need.condition}.rerun-*.npz"
        paths = [*again.glob(f"{need.condition}.npz"), *sorted(again.glob(moved)), *sorted(here.glob(moved))]
        return tuple(arrays for path in paths if (arrays := read_arrays(str(path.parent), path.stem)))

    def _worded(self, jump: NoiseJump) -> str:
        place = self.places.location(jump.stack)
        grows = "jumps" if jump.after > _JUMP * jump.before else "grows step by step, most"
        return (
            f"the reference's own noise {grows} at {jump.type} {jump.name}{f' ({place})' if place else ''}: from "
            f"{jump.before:.1g} to {jump.after:.1g} of the largest value"
        )

    def any_build(self) -> BuildRecord | None:
        """Return the record of any build that is there, for what all builds of a case share."""
        records = (self.build(build) for build in ALL_BUILDS)
        return next((record for record in records if record is not None), None)

    def tolerance(self) -> Preset:
        """Return the case's own tolerance, else the run's."""
        record = self.any_build()
        written = record.settings.get("tolerance") if record else None
        if written is None:
            return self.default_tolerance
        if isinstance(written, list):
            return Tolerance(*written)
        if isinstance(written, dict):
            return {glob: Tolerance(*bound) for glob, bound in written.items()}
        return str(written)

    def nan_equal(self) -> tuple[str, ...]:
        """Return the globs of the outputs in which NaN agrees with NaN."""
        record = self.any_build()
        return tuple(record.settings.get("nan_equal", ())) if record else ()

    def tf2_name(self, tf1_name: str) -> str:
        """Return the name that a TF1 variable has on the TF2 side; both without `:0`."""
        record = self.any_build()
        names = record.settings["variable_names"] if record else {}
        renamed = names.get(tf1_name) or names.get(f"{tf1_name}:0") or tf1_name
        return str(renamed).removesuffix(":0")

    def output_names(self) -> list[str]:
        """Return the names of the outputs of any TF1 run that is there."""
        for build in (TF1_INFERENCE, TF1_TRAINING):
            for condition in ("constant", "named", "random"):
                record = read_record(RunRecord, str(self.directory / build.directory), condition)
                if record is not None:
                    return [leaf.name for leaf in record.outputs]
        return []
