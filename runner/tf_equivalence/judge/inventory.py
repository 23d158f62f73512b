"""Judges `variable-inventory`: the same variables, and the same ones regularized, on both sides."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from tf_equivalence.judge.evidence import Evidence, Judged
from tf_equivalence.judge.regularized import judge_regularized
from tf_equivalence.judge.stated import named_at
from tf_equivalence.recording import BuildRecord, Stack, VariableRecord
from tf_equivalence.result import Finding
from tf_equivalence.steps import TF1_INFERENCE, TF2_INFERENCE

_SLICE = re.compile(r"/part_\d+$")
_MAX_DIFF_LINES = 200


def judge_variable_inventory(evidence: Evidence, regularized: bool = True) -> Judged:
    """Return a finding for each variable that the two sides do not share, and the notes.

    Args:
        evidence: The recordings.
        regularized: Whether to compare, too, which variables have a regularization loss.
    """
    inventory = _Inventory(evidence)
    findings = [
        *inventory.nothing(),
        *inventory.untracked(),
        *inventory.misnamed(),
        *inventory.missing(),
        *inventory.unexpected(),
        *inventory.duplicates(),
        *inventory.collisions(),
        *inventory.properties(),
        *inventory.unused_renames(),
        *(judge_regularized(evidence) if regularized else ()),
    ]
    diff = inventory.diff()
    if findings and diff:
        first = findings[0]
        metrics = {**first.metrics, "diff": diff, "side_by_side": inventory.side_by_side()}
        findings[0] = Finding(first.kind, first.name, first.message, first.location, first.stack, metrics)
    return Judged(findings, inventory.notes())


class _Inventory:
    """Both sides' variables, matched by name after the case's renames."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._tf1_build, self._tf2_build = evidence.built(TF1_INFERENCE), evidence.built(TF2_INFERENCE)
        self._global_step = [v for v in self._tf1_build.variables if v.name == "global_step" and not v.trainable]
        ours = [v for v in self._tf1_build.variables if v not in self._global_step]
        self._tf1 = {evidence.tf2_name(v.name): v for v in ours}
        # Two variables under one name leave one of them unchecked.
        self._collisions = [v for v in ours if self._tf1[evidence.tf2_name(v.name)] is not v]
        tracked = [v for v in self._tf2_build.variables if v.tracked]
        self._tf2 = {v.name: v for v in tracked}
        self._counts = Counter(v.name for v in tracked)
        if self._global_step and "global_step" in self._tf2:
            self._tf1["global_step"] = self._global_step[0]
        self._lost = [v for v in self._tf2_build.variables if not v.tracked]
        unmatched = [v for name, v in self._tf2.items() if name not in self._tf1]
        self._untracked = [v for v in self._lost if v.name in self._tf1 and v.name not in self._tf2]
        gone = {v.name for v in self._untracked}
        absent = [(name, v) for name, v in self._tf1.items() if name not in self._tf2 and name not in gone]
        self._pairs = nearest_pairs(absent, unmatched)
        paired = {tf1.name for tf1, _ in self._pairs}, {tf2.name for _, tf2 in self._pairs}
        self._absent = [v for _, v in absent if v.name not in paired[0]]
        self._unmatched = [v for v in unmatched if v.name not in paired[1]]
        # A trainable variable that nobody tracks is lost to training, whatever it is called.
        self._strays = [v for v in self._lost if v.trainable and v not in self._untracked]

    def nothing(self) -> list[Finding]:
        if self._tf1 or self._tf2:
            return []
        location = self._evidence.places.location(self._tf2_build.definition)
        message = "Neither side has a variable, so there is nothing to compare. Assign them to attributes of the model."
        return [Finding("nothing-compared", "", message, location)]

    def untracked(self) -> list[Finding]:
        found = []
        for variable in (*self._untracked, *self._strays):
            found.append(
                self._finding(
                    "variable-untracked",
                    variable,
                    f"The TF2 model creates {_text(variable)} in its forward pass but does not track it, so it is "
                    "neither trained nor saved. Assign it, or the layer that owns it, to an attribute of `self`.",
                )
            )
        return found

    def misnamed(self) -> list[Finding]:
        found = []
        for tf1, tf2 in self._pairs:
            sliced = _SLICE.search(tf1.name)
            remedy = (
                "It is a slice of a partitioned variable: drop the partitioner on both sides and merge the slices in "
                "the checkpoint."
                if sliced
                else f'Name it as TF1 does, or declare the rename: variable_names = {{"{tf1.name}": "{tf2.name}"}}.'
            )
            finding = self._finding(
                "variable-misnamed",
                tf2,
                f"TF1 has {_text(tf1)}, TF2 does not; the nearest TF2 variable that TF1 lacks is {_text(tf2)}. "
                f"{remedy}",
                tf1=tf1.name,
                tf1_line=str(self._evidence.places.location(tf1.stack)),
            )
            finding = self._named(finding, tf2, self._evidence.tf2_name(tf1.name).split("/"))
            found.append(finding)
        return found

    def missing(self) -> list[Finding]:
        found = []
        for variable in self._absent:
            remedy = "Create it on the TF2 side and keep what owns it on `self`."
            if _SLICE.search(variable.name):
                remedy = "It is a slice of a partitioned variable: drop the partitioner."
            place = self._evidence.places.location(variable.stack)
            message = f"TF1 creates {_text(variable)} at {place}; the TF2 model has no such variable. {remedy}"
            finding = self._finding("variable-missing", variable, message, tf1_line=str(place))
            sibling = self._sibling(variable)
            found.append(self._at(finding, sibling.stack) if sibling is not None else finding)
        return found

    def _sibling(self, variable: VariableRecord) -> VariableRecord | None:
        """Return a variable that TF2 does have of the same layer or block, and most others are not of."""
        parts = self._evidence.tf2_name(variable.name).split("/")
        for depth in range(len(parts) - 1, 0, -1):
            prefix = "/".join(parts[:depth]) + "/"
            near = [tf2 for name, tf2 in self._tf2.items() if name.startswith(prefix)]
            if near:
                return near[-1] if len(near) < len(self._tf2) else None
        return None

    def unexpected(self) -> list[Finding]:
        return [
            self._named(
                self._finding(
                    "variable-unexpected",
                    variable,
                    f"The TF2 model has {_text(variable)}; TF1 has no such variable. Remove it, or name it as TF1 "
                    "does.",
                ),
                variable,
                {part for name in self._tf1 for part in name.split("/")},
            )
            for variable in self._unmatched
        ]

    def _named(self, finding: Finding, variable: VariableRecord, expected: Collection[str]) -> Finding:
        """Return the finding at the line that gives the first component of the name that TF1 does not have."""
        unknown = (part for part in variable.name.split("/") if part not in expected)
        # Where only a scope is lost, the line that names the layer says where.
        parts = [*unknown, *variable.name.split("/")[-2:-1]]
        named = next((frame for part in parts if (frame := named_at(variable.stack, part)) is not None), None)
        return self._at(finding, (named, *variable.stack)) if named is not None else finding

    def _at(self, finding: Finding, stack: Stack) -> Finding:
        places = self._evidence.places
        return replace(finding, location=places.location(stack), stack=places.lines(stack))

    def duplicates(self) -> list[Finding]:
        return [
            self._finding(
                "variable-duplicate",
                self._tf2[name],
                f"The TF2 model has {count} variables of the name {name}:0, so a name-based checkpoint cannot tell "
                "them apart. Give each its own name or scope.",
            )
            for name, count in self._counts.items()
            if count > 1
        ]

    def collisions(self) -> list[Finding]:
        location = self._evidence.places.location(self._tf1_build.definition)
        found = []
        for variable in self._collisions:
            new = self._evidence.tf2_name(variable.name)
            found.append(
                Finding(
                    "rename-collision",
                    f"{variable.name}:0",
                    f"variable_names leaves TF1's {variable.name} and {self._tf1[new].name} with one TF2 name, {new}, "
                    "so one of them would go unchecked. Give each TF1 variable a TF2 variable of its own.",
                    location,
                )
            )
        return found

    def properties(self) -> list[Finding]:
        found = []
        for name, tf1 in self._tf1.items():
            tf2 = self._tf2.get(name)
            if tf2 is None:
                continue
            for kind, what, one, other, remedy in _differences(tf1, tf2, self._tf2_build):
                found.append(
                    self._finding(
                        kind,
                        tf2,
                        f"{name}:0 has {what} {one} on the TF1 side and {other} on the TF2 side. {remedy}",
                        tf1=one,
                        tf2=other,
                    )
                )
        return found

    def unused_renames(self) -> list[Finding]:
        known = {v.name for v in self._tf1_build.variables}
        renames: Mapping[str, str] = self._tf1_build.settings["variable_names"]
        return [
            Finding(
                "rename-unused",
                old,
                f"variable_names renames {old}, but TF1 has no such variable"
                + "".join(f"; did you mean {near}?" for near in difflib.get_close_matches(old, known, 1)),
                self._evidence.places.location(self._tf1_build.definition),
            )
            for old in renames
            if old.removesuffix(":0") not in known
        ]

    def notes(self) -> list[str]:
        notes = [f"{len(self._tf1)} variables on the TF1 side, {len(self._tf2)} on the TF2 side"]
        if self._global_step and "global_step" not in self._tf2:
            notes.append("TF1's global_step belongs to training and is not asked of the TF2 model")
        quiet = [v for v in self._lost if v not in self._untracked and v not in self._strays]
        notes += [f"not tracked by the model, not trainable, unknown to TF1: {_text(v)}" for v in quiet]
        return notes

    def diff(self) -> str:
        """Return a text diff of the two inventories."""
        lines = list(
            difflib.unified_diff(
                sorted(_text(v, name) for name, v in self._tf1.items()),
                sorted(_text(v) for v in self._tf2.values()),
                "tf1",
                "tf2",
                n=0,
                lineterm="",
            )
        )
        more = len(lines) - _MAX_DIFF_LINES
        return "\n".join(lines[:_MAX_DIFF_LINES] + ([f"… {more} more lines"] if more > 0 else []))

    def side_by_side(self) -> dict[str, object]:
        """Return what the diff says as rows of TF1's variable and TF2's, None where a side has none."""
        nearest = {self._evidence.tf2_name(tf1.name): tf2.name for tf1, tf2 in self._pairs}
        rows: list[list[str | None]] = []
        for name, variable in self._tf1.items():
            other = self._tf2.get(nearest.get(name, name))
            row = [_text(variable, name), _text(other) if other is not None else None]
            if row[0] != row[1]:
                rows.append(row)
        known = self._tf1.keys() | set(nearest.values())
        rows += [[None, _text(other)] for name, other in self._tf2.items() if name not in known]
        return {"rows": rows[:_MAX_DIFF_LINES], "left_out": max(len(rows) - _MAX_DIFF_LINES, 0)}

    def _finding(self, kind: str, variable: VariableRecord, message: str, **metrics: str) -> Finding:
        places = self._evidence.places
        location = places.location(variable.stack) or places.location(self._tf2_build.definition)
        return Finding(kind, f"{variable.name}:0", message, location, places.lines(variable.stack), metrics)


def _text(variable: VariableRecord, name: str = "") -> str:
    shape = ", ".join("?" if size is None else str(size) for size in variable.shape)
    trainable = "trainable" if variable.trainable else "not trainable"
    return f"{name or variable.name}:0 [{shape}] {variable.dtype}, {trainable}"


def _differences(tf1: VariableRecord, tf2: VariableRecord, build: BuildRecord) -> list[tuple[str, str, str, str, str]]:
    """Return (kind, property, TF1 value, TF2 value, remedy) for each property that differs."""
    found = []
    if tf1.shape != tf2.shape:
        found.append(
            (
                "variable-shape",
                "shape",
                str(list(tf1.shape)),
                str(list(tf2.shape)),
                _shape_remedy(tf1, tf2),
            )
        )
    if tf1.dtype != tf2.dtype:
        casts = [sighting.name for sighting in build.sightings if sighting.kind == "autocast"]
        remedy = (
            f'Keras casts the floating input from {casts[0]}: give the layer `dtype="{tf1.dtype}"`, or '
            "`autocast=False`."
            if casts
            else f"Create it with dtype {tf1.dtype}."
        )
        found.append(("variable-dtype", "dtype", tf1.dtype, tf2.dtype, remedy))
    if tf1.trainable != tf2.trainable:
        found.append(
            (
                "variable-trainable",
                "trainable flag",
                str(tf1.trainable),
                str(tf2.trainable),
                "Pass the same `trainable` on both sides.",
            )
        )
    return found


def _shape_remedy(tf1: VariableRecord, tf2: VariableRecord) -> str:
    """Return what to do about two shapes; a GRU's second bias is known."""
    if tf2.shape == (2, *tf1.shape) and "bias" in tf2.name:
        return "A GRU has two rows of bias with `reset_after=True`, the TF2 default: pass `reset_after=False`."
    return "Make the two layers the same size."


def nearest_pairs(
    absent: Sequence[tuple[str, VariableRecord]], unmatched: Sequence[VariableRecord]
) -> list[tuple[VariableRecord, VariableRecord]]:
    """Pair each missing TF1 variable with the most similar unmatched TF2 name, same shapes first."""
    candidates = sorted(
        (
            (tf1.shape != tf2.shape, -difflib.SequenceMatcher(None, name, tf2.name, autojunk=False).ratio(), i, j)
            for i, (name, tf1) in enumerate(absent[:300])
            for j, tf2 in enumerate(unmatched[:300])
        ),
    )
    pairs: list[tuple[VariableRecord, VariableRecord]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for other_shape, similarity, i, j in candidates:
        if i in used[0] or j in used[1] or -similarity < (0.6 if other_shape else 0.3):
            continue
        used[0].add(i)
        used[1].add(j)
        pairs.append((absent[i][1], unmatched[j]))
    return pairs
