"""What comparing two runs adds up to: findings, worst first, and how much was compared under which bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tf_equivalence.judge.bounds import ROUNDINGS, Array, Bound, TolerancePreset, eps_of
from tf_equivalence.judge.compare import Difference, largest_difference
from tf_equivalence.judge.elements import blocks
from tf_equivalence.recording import Stack
from tf_equivalence.result import Finding

Arrays = Mapping[str, Array]

# What is wrong at all before what is wrong by some amount.
_ORDER = (
    "nothing-compared",
    "incomplete",
    "missing",
    "unexpected",
    "twice",
    "structure",
    "shape",
    "dtype",
    "non-finite",
)


@dataclass(frozen=True)
class RunJudgement:
    """What comparing two runs found.

    Attributes:
        findings: Every failure, worst first; without a place.
        compared: Arrays compared.
        elements: Elements compared.
        max_abs_diff: The largest absolute difference of any floating array.
        max_rel_diff: The largest difference relative to the largest TF1 value of its array.
        bounds: The bound on each floating array, by name.
        notes: What a reader of a green should know.
        loss_sources: For findings about losses, by their name: the creating stacks on each side.
    """

    findings: tuple[Finding, ...]
    compared: int
    elements: int
    max_abs_diff: float
    max_rel_diff: float
    bounds: tuple[tuple[str, Bound], ...]
    notes: tuple[str, ...] = ()
    loss_sources: Mapping[str, tuple[Stack, Stack]] = field(default_factory=dict)


@dataclass(frozen=True)
class Runs:
    """What is compared with what.

    Attributes:
        tf1: The reference's arrays.
        tf2: Those of the run under test.
        reruns: Arrays of the reference computed again, under the same keys.
        tolerance: As the case or the run chose it.
        cross_runtime: Whether the reference comes from another TensorFlow.
        nan_equal: Globs of the outputs in which NaN at the same place on both sides agrees.
        rounding: By the name of an output: what rounding alone may move it by, in its unit, where that
            is more than its own size tells.
        until_first: Whether one failure is enough to know.
    """

    tf1: Arrays
    tf2: Arrays
    reruns: Sequence[Arrays]
    tolerance: TolerancePreset
    cross_runtime: bool = False
    nan_equal: Sequence[str] = ()
    rounding: Mapping[str, float] = field(default_factory=dict)
    until_first: bool = False


class Tally:
    """Collects what is found while arrays are compared."""

    def __init__(self) -> None:
        self._found: list[tuple[float, Finding]] = []
        self._compared = self._elements = self._finite = 0
        self._max_abs = self._max_rel = 0.0
        self._bounds: list[tuple[str, Bound]] = []
        self._by_noise: list[bool] = []
        self._notes: list[str] = []
        self._sources: dict[str, tuple[Stack, Stack]] = {}

    @property
    def failures(self) -> int:
        """How many failures were found so far."""
        return len(self._found)

    def verdict(self) -> RunJudgement:
        """Return everything that was found, worst first."""
        findings = [finding for _, finding in sorted(self._found, key=_severity)]
        return RunJudgement(
            findings=tuple(findings),
            compared=self._compared,
            elements=self._elements,
            max_abs_diff=self._max_abs,
            max_rel_diff=self._max_rel,
            bounds=tuple(self._bounds),
            notes=tuple(self._notes),
            loss_sources=self._sources,
        )

    def fail(self, kind: str, name: str, message: str) -> None:
        """Note that something is not there or of another kind."""
        self._found.append((float("inf"), Finding(kind, name, message)))

    def differs(self, kind: str, name: str, found: Difference, message: str) -> None:
        """Note that values differ."""
        self._found.append((found.severity, Finding(kind, name, message, metrics=found.to_metrics())))

    def note(self, text: str) -> None:
        """Note what a reader of a green should know."""
        self._notes.append(text)

    def loss_made_at(self, name: str, tf1: Stack, tf2: Stack) -> None:
        """Note where both sides made a loss."""
        self._sources[name] = (tf1, tf2)

    def count(self, name: str, ours: Array, theirs: Array, bound: Bound) -> float:
        """Note that two arrays were compared, and return their largest difference; 0 for exact dtypes."""
        self._compared += 1
        self._elements += ours.size
        if ours.dtype.kind not in "fc":
            return 0.0
        self._bounds.append((name, bound))
        apart = largest_difference(ours, theirs)
        self._max_abs = max(self._max_abs, apart)
        if bound.scale:
            self._max_rel = max(self._max_rel, apart / bound.scale)
        return apart

    def note_width(self, name: str, ours: Array, bound: Bound, apart: float, dtype: str) -> None:
        """Note what keeps a floating output from being checked in earnest."""
        if ours.dtype.kind not in "fc":
            return
        flat = ours.reshape(-1)
        finite = sum(int(np.count_nonzero(np.isfinite(flat[block]))) for block in blocks(flat.size))
        self._finite += finite if ours.size else 1  # an empty array is all there is of it
        if finite < ours.size:
            self._notes.append(f"{name} has {ours.size - finite} non-finite of {ours.size} elements on the TF1 side")
        rounding = ROUNDINGS * eps_of(dtype or ours.dtype.name) * bound.scale
        self._by_noise.append(bound.ill_conditioned and bound.swallows and apart > rounding)
        if bound.swallows:
            self._notes.append(
                f"{name} was hardly checked: the bound of {bound.atol:.3g} is as wide as its largest value, "
                f"{bound.scale:.3g} ({bound.source})"
            )

    def check_that_something_was_compared(self) -> None:
        """Fail where a pass would say nothing about the outputs."""
        if self._found:
            return
        if not self._compared:
            self.fail("nothing-compared", "", "Neither side returned anything to compare, so nothing is known.")
        elif self._by_noise and not self._finite:
            self.fail(
                "nothing-compared",
                "",
                "No output has a finite value on the TF1 side, so nothing was compared. "
                "Choose weights or inputs that keep the reference finite, such as a smaller `constant`.",
            )
        elif self._by_noise and all(self._by_noise):
            self.fail(
                "nothing-compared",
                "",
                "The reference's own noise is as large as its values, in every output, so any TF2 values of that size "
                "would pass. Choose inputs or weights that keep the model well-conditioned, such as a larger batch.",
            )


def _severity(found: tuple[float, Finding]) -> tuple[int, float]:
    """Return a key that sorts the worst first: what is not there, then what is of another kind, then by size."""
    size, finding = found
    kind = finding.kind.split("-", 1)[1] if finding.kind != "nothing-compared" else finding.kind
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), -size
