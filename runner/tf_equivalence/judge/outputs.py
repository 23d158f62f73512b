"""Compares two runs: presence and structure of outputs by name, each array, then the losses."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tf_equivalence.judge.bounds import ROUNDINGS, Array, Bound, TolerancePreset, bound_for, eps_of, largest, matches
from tf_equivalence.judge.compare import Difference, compare, largest_difference
from tf_equivalence.judge.elements import blocks
from tf_equivalence.judge.wording import describe
from tf_equivalence.recording import COMPONENTS, Leaf, Loss, RunRecord, Stack
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
_LOSS_ROUNDINGS = 8 * ROUNDINGS  # a sum of many squares, in another order


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


def judge_run(  # noqa: PLR0913 - two runs, each with its arrays, and how to compare them
    tf1: RunRecord,
    tf1_arrays: Arrays,
    reruns: Sequence[Arrays],
    tf2: RunRecord,
    tf2_arrays: Arrays,
    tolerance: TolerancePreset,
    *,
    tf2_names: Callable[[str], str],
    cross_runtime: bool = False,
    nan_equal: Sequence[str] = (),
) -> RunJudgement:
    """Compare a TF2 run with its TF1 reference; outputs are matched by name, never by position.

    Args:
        tf1: The reference.
        tf1_arrays: Its arrays.
        reruns: Arrays of the reference computed again, under the same keys.
        tf2: The run under test.
        tf2_arrays: Its arrays.
        tolerance: As the case or the run chose it.
        tf2_names: Maps a TF1 variable name to the TF2 name.
        cross_runtime: Whether the reference comes from another TensorFlow.
        nan_equal: Globs of the outputs in which NaN at the same place on both sides agrees.
    """
    lacking = [*_absent("TF1", tf1, tf1_arrays), *_absent("TF2", tf2, tf2_arrays)]
    if lacking:
        return RunJudgement(tuple(lacking), 0, 0, 0.0, 0.0, ())
    judge = _Judge((tf1_arrays, tf2_arrays), reruns, tolerance, cross_runtime, nan_equal)
    judge.outputs(tf1.outputs, tf2.outputs)
    judge.check_that_something_was_compared()
    judge.losses(tf1, tf2, tf2_names)
    return judge.verdict()


def _absent(side: str, run: RunRecord, arrays: Arrays) -> list[Finding]:
    """Return a finding for each array that the record names and the recording lacks."""
    named = [(leaf.name, key) for leaf in run.outputs for key in leaf.arrays]
    named += [(loss.name, loss.array) for loss in run.losses]
    named += [("total regularization loss", run.total_loss)] if run.total_loss else []
    return [
        Finding(
            "recording-incomplete",
            name,
            f"The {side} recording lacks the values of {name}, so they were not compared. Run it again.",
        )
        for name, key in named
        if key not in arrays
    ]


class _Judge:
    def __init__(
        self,
        arrays: tuple[Arrays, Arrays],
        reruns: Sequence[Arrays],
        tolerance: TolerancePreset,
        cross_runtime: bool,
        nan_equal: Sequence[str],
    ) -> None:
        self._arrays, self._reruns = arrays, reruns
        self._tolerance, self._cross_runtime, self._nan_equal = tolerance, cross_runtime, nan_equal
        self._found: list[tuple[float, Finding]] = []
        self._compared = self._elements = self._finite = 0
        self._max_abs = self._max_rel = 0.0
        self._bounds: list[tuple[str, Bound]] = []
        self._by_noise: list[bool] = []
        self._notes: list[str] = []
        self._sources: dict[str, tuple[Stack, Stack]] = {}

    def verdict(self) -> RunJudgement:
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

    def _fail(self, kind: str, name: str, message: str) -> None:
        self._found.append((float("inf"), Finding(kind, name, message)))

    def _differs(self, prefix: str, name: str, found: Difference, message: str) -> None:
        self._found.append(
            (found.severity, Finding(f"{prefix}-{found.kind}", name, message, metrics=found.to_metrics()))
        )

    # --- outputs

    def outputs(self, tf1: Sequence[Leaf], tf2: Sequence[Leaf]) -> None:
        """Compare outputs by name."""
        for side, leaves in (("TF1", tf1), ("TF2", tf2)):
            for name, count in Counter(leaf.name for leaf in leaves).items():
                if count > 1:
                    again = f"{side} returns {count} outputs of the name {name!r}. Give each a name of its own."
                    self._fail("output-twice", name, again)
        ours, theirs = {leaf.name: leaf for leaf in tf1}, {leaf.name: leaf for leaf in tf2}
        surplus = [name for name in theirs if name not in ours]
        for name, leaf in ours.items():
            if name in theirs:
                self._leaf(leaf, theirs[name])
            else:
                self._missing(name, surplus)
        for name in surplus:
            self._fail(
                "output-unexpected",
                name,
                f"TF2 returns the output {name!r}, TF1 does not. Return the same structure on both sides.",
            )

    def _missing(self, name: str, surplus: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, surplus, 1, 0.4) or (surplus if len(surplus) == 1 else [])
        hint = f" The nearest one that TF1 lacks is {near[0]!r}." if near else ""
        self._fail(
            "output-missing",
            name,
            f"TF1 returns the output {name!r}, TF2 does not.{hint} Return the same structure on both sides.",
        )

    def _leaf(self, one: Leaf, other: Leaf) -> None:
        if one.kind != other.kind or len(one.arrays) != len(other.arrays):
            self._fail(
                "output-structure",
                one.name,
                f"{one.name} is {_kind_text(one)} on the TF1 side and {_kind_text(other)} on the TF2 side. Return the "
                "same kind on both sides.",
            )
            return
        labels = COMPONENTS[one.kind]
        for number, keys in enumerate(zip(one.arrays, other.arrays, strict=True)):
            label = labels[min(number, len(labels) - 1)]
            dtypes = (one.dtype, other.dtype) if label == "values" else ("", "")
            # Tolerances name outputs, not what a composite is made of.
            self._array(one.name, one.name if one.kind == "tensor" else f"{one.name}.{label}", keys, dtypes)

    def _array(self, output: str, name: str, keys: tuple[str, str], dtypes: tuple[str, str]) -> None:
        ours, theirs = self._arrays[0][keys[0]], self._arrays[1][keys[1]]
        reruns = [rerun[keys[0]] for rerun in self._reruns if keys[0] in rerun]
        bound = bound_for(output, ours, reruns, self._tolerance, dtype=dtypes[0], cross_runtime=self._cross_runtime)
        apart = self._count(name, ours, theirs, bound)
        self._note_width(name, ours, bound, apart, dtypes[0])
        nan_equal = any(matches(output, glob) for glob in self._nan_equal)
        found = compare(ours, theirs, bound, nan_equal=nan_equal, tf1_dtype=dtypes[0], tf2_dtype=dtypes[1])
        if found is not None:
            self._differs("output", name, found, describe(name, found))

    def _count(self, name: str, ours: Array, theirs: Array, bound: Bound) -> float:
        """Note that two arrays were compared, and return their largest difference."""
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

    def _note_width(self, name: str, ours: Array, bound: Bound, apart: float, dtype: str) -> None:
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
            self._fail("nothing-compared", "", "Neither side returned anything to compare, so nothing is known.")
        elif self._by_noise and not self._finite:
            self._fail(
                "nothing-compared",
                "",
                "No output has a finite value on the TF1 side, so nothing was compared. "
                "Choose weights or inputs that keep the reference finite, such as a smaller `constant`.",
            )
        elif self._by_noise and all(self._by_noise):
            self._fail(
                "nothing-compared",
                "",
                "The reference's own noise is as large as its values, in every output, so any TF2 values of that size "
                "would pass. Choose inputs or weights that keep the model well-conditioned, such as a larger batch.",
            )

    # --- losses

    def losses(self, tf1: RunRecord, tf2: RunRecord, tf2_names: Callable[[str], str]) -> None:
        """Compare regularization losses: by variable, then those of none or several, then the total."""
        ours, loose_ours = _by_variable(tf1.losses, tf2_names)
        theirs, loose_theirs = _by_variable(tf2.losses, str)
        before = len(self._found)
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            self._loss(f"{name}:0", ours.get(name, []), theirs.get(name, []))
        paired = self._pair(loose_ours, loose_theirs)
        for number, (one, other) in enumerate(paired):
            self._loss(f"loss #{number}", one, other)
        if len(self._found) == before and tf1.total_loss and tf2.total_loss:
            self._total(tf1, tf2)

    def _pair(self, ours: Sequence[Loss], theirs: Sequence[Loss]) -> list[tuple[list[Loss], list[Loss]]]:
        """Pair losses of no single variable by their values, for their order means nothing; the rest in order."""
        rest, pairs = list(theirs), dict[int, Loss]()
        for number, one in enumerate(ours):
            value = self._sum(0, [one])
            bound = self._loss_bound("", value, [one])
            equal = (k for k, other in enumerate(rest) if compare(value, self._sum(1, [other]), bound) is None)
            if (found := next(equal, None)) is not None:
                pairs[number] = rest.pop(found)
        for number in range(len(ours)):
            if number not in pairs and rest:
                pairs[number] = rest.pop(0)
        together = [([one], [pairs[number]] if number in pairs else []) for number, one in enumerate(ours)]
        return together + [([], [other]) for other in rest]

    def _loss(self, name: str, ours: Sequence[Loss], theirs: Sequence[Loss]) -> None:
        self._sources[name] = (ours[0].stack if ours else (), theirs[0].stack if theirs else ())
        if not ours or not theirs:
            kind, has, lacks = ("loss-missing", "TF1", "TF2") if ours else ("loss-unexpected", "TF2", "TF1")
            what = (
                "A loss from no single variable is" if name.startswith("loss #") else f"{name} has a loss that is there"
            )
            remedy = "Pass the same regularizer on both sides, or use `self.add_loss`."
            self._fail(kind, name, f"{what} on the {has} side and not on the {lacks} side. {remedy}")
            return
        one, other = self._sum(0, ours), self._sum(1, theirs)
        bound = self._loss_bound(name, one, ours)
        self._count(name, one, other, bound)
        dtypes = [self._arrays[side][losses[0].array].dtype.name for side, losses in enumerate((ours, theirs))]
        found = compare(one, other, bound, tf1_dtype=dtypes[0], tf2_dtype=dtypes[1])
        if found is not None:
            reason = _counts(len(ours), len(theirs)) or _ratio(one, other)
            self._differs(
                "loss", name, found, f"The regularization loss of {describe(name, found, adjustable=False)}{reason}"
            )

    def _sum(self, side: int, losses: Sequence[Loss]) -> Array:
        values = [self._arrays[side][loss.array].astype(np.float64) for loss in losses]
        return values[0] if len(values) == 1 else np.asarray(sum(values), np.float64)

    def _loss_bound(self, name: str, value: Array, losses: Sequence[Loss]) -> Bound:
        """Return a bound relative to the loss itself, whatever the tolerance of the outputs is.

        Most losses are far smaller than any absolute tolerance made for outputs.
        """
        dtype = self._arrays[0][losses[0].array].dtype.name
        reruns = [
            np.asarray(sum(rerun[loss.array].astype(np.float64) for loss in losses))
            for rerun in self._reruns
            if all(loss.array in rerun for loss in losses)
        ]
        measured = bound_for(name, value, reruns, "measured", dtype=dtype, cross_runtime=self._cross_runtime)
        rounding = _LOSS_ROUNDINGS * eps_of(dtype) * measured.scale
        if rounding <= measured.atol:
            return measured
        source = f"measured: {_LOSS_ROUNDINGS} units in the last place of {dtype}, for a sum in another order"
        return replace(measured, atol=rounding, source=source, ill_conditioned=False)

    def _total(self, tf1: RunRecord, tf2: RunRecord) -> None:
        one, other = self._arrays[0][tf1.total_loss], self._arrays[1][tf2.total_loss]
        scale = largest(one)
        source = f"measured: {_LOSS_ROUNDINGS} units in the last place of {one.dtype.name}, for a sum in another order"
        bound = Bound(0.0, _LOSS_ROUNDINGS * eps_of(one.dtype.name) * scale, source, scale=scale)
        found = compare(one, other, bound)
        self._compared += 1
        if found is None:
            sums = [str(side.sum(dtype=side.dtype)) for side in (one, other)]  # the shortest text of each float
            self._notes.append(f"regularization loss {sums[0]} on the TF1 side, {sums[1]} on the TF2 side")
            return
        name = "total regularization loss"
        finding = Finding("loss-total", name, describe(name, found, adjustable=False), metrics=found.to_metrics())
        self._found.append((found.severity, finding))


def _severity(found: tuple[float, Finding]) -> tuple[int, float]:
    """Return a key that sorts the worst first: what is not there, then what is of another kind, then by size."""
    size, finding = found
    kind = finding.kind.split("-", 1)[1] if finding.kind != "nothing-compared" else finding.kind
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), -size


def _kind_text(leaf: Leaf) -> str:
    return {"none": "None", "tensor": "a tensor"}.get(leaf.kind, f"a {leaf.kind} tensor of {len(leaf.arrays)} arrays")


def _by_variable(losses: Sequence[Loss], rename: Callable[[str], str]) -> tuple[dict[str, list[Loss]], list[Loss]]:
    """Return the losses by their one variable, and those of none or several."""
    grouped: dict[str, list[Loss]] = {}
    loose: list[Loss] = []
    for loss in losses:
        target = grouped.setdefault(rename(loss.variables[0]), []) if len(loss.variables) == 1 else loose
        target.append(loss)
    return grouped, loose


def _counts(ours: int, theirs: int) -> str:
    """Return a sentence on a regularizer that was applied more often on one side; empty without one."""
    if ours == theirs:
        return ""
    return (
        f" It is the sum of {ours} on the TF1 side and of {theirs} on the TF2 side: apply the regularizer as often on "
        "both sides."
    )


def _ratio(one: Array, other: Array) -> str:
    """Return a sentence on an exact ratio of two and its usual cause; empty without one."""
    if one.size != 1 or other.size != 1 or not one.any():
        return ""
    ratio = float(other.reshape(-1)[0] / one.reshape(-1)[0])
    for value, word in ((2.0, "twice"), (0.5, "half")):
        if abs(ratio / value - 1) < 1e-5:
            return (
                f" TF2's is exactly {word} TF1's: tf.nn.l2_loss and slim's l2_regularizer carry a factor 0.5 that "
                "tf.keras.regularizers.l2 does not."
            )
    return ""
