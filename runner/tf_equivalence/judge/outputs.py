"""Compares two runs: presence and structure of outputs by name, each array, then the losses."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tf_equivalence.judge.bounds import ROUNDINGS, Array, Bound, TolerancePreset, bound_for, eps_of, largest, widened
from tf_equivalence.judge.compare import compare
from tf_equivalence.judge.wording import describe
from tf_equivalence.recording import COMPONENTS, Leaf, Loss, RunRecord, Stack
from tf_equivalence.result import Finding

Arrays = Mapping[str, Array]
_EXACT = Bound(0.0, 0.0, "exact")


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


def judge_run(
    tf1: RunRecord,
    tf1_arrays: Arrays,
    reruns: Sequence[Arrays],
    tf2: RunRecord,
    tf2_arrays: Arrays,
    tolerance: TolerancePreset,
    *,
    tf2_names: Callable[[str], str],
    cross_runtime: bool = False,
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
    """
    judge = _Judge(tf1_arrays, reruns, tf2_arrays, tolerance, tf2_names, cross_runtime)
    judge.outputs(tf1.outputs, tf2.outputs)
    judge.losses(tf1, tf2)
    return judge.verdict()


class _Judge:
    def __init__(
        self,
        tf1_arrays: Arrays,
        reruns: Sequence[Arrays],
        tf2_arrays: Arrays,
        tolerance: TolerancePreset,
        tf2_names: Callable[[str], str],
        cross_runtime: bool,
    ) -> None:
        self._arrays = tf1_arrays, tf2_arrays
        self._reruns = reruns
        self._tolerance, self._tf2_names, self._cross_runtime = tolerance, tf2_names, cross_runtime
        self._found: list[tuple[float, Finding]] = []
        self._compared = self._elements = self._finite = 0
        self._max_abs = self._max_rel = 0.0
        self._bounds: list[tuple[str, Bound]] = []
        self._notes: list[str] = []
        self._sources: dict[str, tuple[Stack, Stack]] = {}

    def verdict(self) -> RunJudgement:
        if not self._compared and not self._found:
            self._fail("nothing-compared", "", "Neither side returned anything to compare, so nothing is known.")
        if self._bounds and not self._finite and not self._found:
            self._fail(
                "nothing-compared",
                "",
                "No output has a finite value on the TF1 side, so nothing was compared. "
                "Choose weights or inputs that keep the reference finite, such as a smaller `constant`.",
            )
        findings = [finding for _, finding in sorted(self._found, key=lambda item: -item[0])]
        return RunJudgement(
            tuple(findings), self._compared, self._elements, self._max_abs, self._max_rel,
            tuple(self._bounds), tuple(self._notes), self._sources,
        )  # fmt: skip

    def _fail(self, kind: str, name: str, message: str, severity: float = float("inf"), **metrics: object) -> None:
        self._found.append((severity, Finding(kind, name, message, metrics=metrics)))

    # --- outputs

    def outputs(self, tf1: Sequence[Leaf], tf2: Sequence[Leaf]) -> None:
        """Compare outputs by name."""
        ours, theirs = {leaf.name: leaf for leaf in tf1}, {leaf.name: leaf for leaf in tf2}
        surplus = [name for name in theirs if name not in ours]
        for name, leaf in ours.items():
            if name in theirs:
                self._leaf(leaf, theirs[name])
            else:
                near = difflib.get_close_matches(name, surplus, 1, 0.4) or (surplus if len(surplus) == 1 else [])
                hint = f" The nearest one that TF1 lacks is {near[0]!r}." if near else ""
                self._fail(
                    "output-missing",
                    name,
                    f"TF1 returns the output {name!r}, TF2 does not.{hint} Return the same structure on both sides.",
                )
        for name in surplus:
            self._fail(
                "output-unexpected",
                name,
                f"TF2 returns the output {name!r}, TF1 does not. Return the same structure on both sides.",
            )

    def _leaf(self, one: Leaf, other: Leaf) -> None:
        if one.kind != other.kind or len(one.arrays) != len(other.arrays):
            kinds = [_kind_text(leaf) for leaf in (one, other)]
            self._fail(
                "output-structure",
                one.name,
                f"{one.name} is {kinds[0]} on the TF1 side and {kinds[1]} on the "
                "TF2 side. Return the same kind on both sides.",
            )
            return
        labels = COMPONENTS[one.kind]
        for number, (our_key, their_key) in enumerate(zip(one.arrays, other.arrays, strict=True)):
            label = labels[min(number, len(labels) - 1)]
            name = one.name if one.kind == "tensor" else f"{one.name}.{label}"
            dtypes = (one.dtype, other.dtype) if label == "values" else ("", "")
            self._array(name, our_key, their_key, dtypes)

    def _array(self, name: str, our_key: str, their_key: str, dtypes: tuple[str, str]) -> None:
        ours, theirs = self._arrays[0][our_key], self._arrays[1][their_key]
        reruns = [rerun[our_key] for rerun in self._reruns if our_key in rerun]
        bound = bound_for(name, ours, reruns, self._tolerance, dtype=dtypes[0], cross_runtime=self._cross_runtime)
        self._count(name, ours, theirs, bound)
        found = compare(ours, theirs, bound, tf1_dtype=dtypes[0], tf2_dtype=dtypes[1])
        if found is not None:
            self._fail(f"output-{found.kind}", name, describe(name, found), found.severity, **found.to_metrics())

    def _count(self, name: str, ours: Array, theirs: Array, bound: Bound) -> None:
        self._compared += 1
        self._elements += ours.size
        if ours.dtype.kind not in "fc":
            return
        self._bounds.append((name, bound))
        # An empty array is all there is of it.
        self._finite += int(np.count_nonzero(np.isfinite(ours))) if ours.size else 1
        if not np.isfinite(ours).all() and ours.size:
            count = int(np.count_nonzero(~np.isfinite(ours)))
            self._notes.append(f"{name} has {count} non-finite of {ours.size} elements on the TF1 side")
        if ours.shape == theirs.shape and theirs.dtype.kind in "fc" and ours.size:
            with np.errstate(invalid="ignore", over="ignore"):
                apart = largest(np.asarray(np.abs(widened(ours) - widened(theirs))))
            self._max_abs = max(self._max_abs, apart)
            if bound.scale:
                self._max_rel = max(self._max_rel, apart / bound.scale)

    # --- losses

    def losses(self, tf1: RunRecord, tf2: RunRecord) -> None:
        """Compare regularization losses: by variable, then the others in order, then the total."""
        ours = _by_variable(tf1.losses, self._tf2_names)
        theirs = _by_variable(tf2.losses, str)
        before = len(self._found)
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            self._loss(name, ours.get(name, []), theirs.get(name, []))
        if len(self._found) == before and tf1.total_loss and tf2.total_loss:
            self._total(tf1, tf2)

    def _loss(self, name: str, ours: Sequence[Loss], theirs: Sequence[Loss]) -> None:
        shown = name if name.startswith("loss #") else f"{name}:0"
        self._sources[shown] = (ours[0].stack if ours else (), theirs[0].stack if theirs else ())
        if not ours or not theirs:
            kind, has, lacks = ("loss-missing", "TF1", "TF2") if ours else ("loss-unexpected", "TF2", "TF1")
            what = "A loss from no single variable" if name.startswith("loss #") else f"{shown} has a loss that"
            verb = "is" if name.startswith("loss #") else "is there"
            self._fail(
                kind,
                shown,
                f"{what} {verb} on the {has} side and not on the {lacks} side. Pass the same "
                "regularizer on both sides, or use `self.add_loss`.",
            )
            return
        one, other = self._sum(0, ours), self._sum(1, theirs)
        bound = self._loss_bound(shown, one, ours)
        self._count(shown, one, other, bound)
        found = compare(one, other, bound)
        if found is not None:
            message = f"The regularization loss of {describe(shown, found)}{_ratio(one, other)}"
            self._fail("loss-value", shown, message, found.severity, **found.to_metrics())

    def _sum(self, side: int, losses: Sequence[Loss]) -> Array:
        return np.asarray(sum(self._arrays[side][loss.array].astype(np.float64) for loss in losses), np.float64)

    def _loss_bound(self, name: str, value: Array, losses: Sequence[Loss]) -> Bound:
        """Return a bound relative to the loss itself, whatever the tolerance of the outputs is.

        Most losses are far smaller than any absolute tolerance made for outputs.
        """
        key = losses[0].array
        dtype = self._arrays[0][key].dtype.name
        reruns = [
            np.asarray(sum(rerun[loss.array].astype(np.float64) for loss in losses))
            for rerun in self._reruns
            if all(loss.array in rerun for loss in losses)
        ]
        measured = bound_for(name, value, reruns, "measured", dtype=dtype, cross_runtime=self._cross_runtime)
        # A sum of n squares in another order; 16 roundings are too few for large variables.
        rounding = 8 * ROUNDINGS * eps_of(dtype) * measured.scale
        if rounding <= measured.atol:
            return measured
        source = f"measured: {8 * ROUNDINGS} units in the last place of {dtype}, for a sum in another order"
        return Bound(0.0, rounding, source, measured.noise, measured.scale)

    def _total(self, tf1: RunRecord, tf2: RunRecord) -> None:
        one, other = self._arrays[0][tf1.total_loss], self._arrays[1][tf2.total_loss]
        scale = largest(one)
        bound = Bound(0.0, 8 * ROUNDINGS * eps_of(one.dtype.name) * scale, "measured: 128 units in the last place")
        found = compare(one, other, bound)
        self._compared += 1
        if found is not None:
            name = "total regularization loss"
            self._fail("loss-total", name, describe(name, found), found.severity, **found.to_metrics())
        else:
            self._notes.append(
                f"regularization loss {float(one):.8g} on the TF1 side, {float(other):.8g} on the TF2 side"
            )


def _kind_text(leaf: Leaf) -> str:
    return {"none": "None", "tensor": "a tensor"}.get(leaf.kind, f"a {leaf.kind} tensor of {len(leaf.arrays)} arrays")


def _by_variable(losses: Sequence[Loss], rename: Callable[[str], str]) -> dict[str, list[Loss]]:
    """Return the losses by their one variable; those of none or several are numbered in order."""
    grouped: dict[str, list[Loss]] = {}
    others = 0
    for loss in losses:
        if len(loss.variables) == 1:
            name = rename(loss.variables[0])
        else:
            name, others = f"loss #{others}", others + 1
        grouped.setdefault(name, []).append(loss)
    return grouped


def _ratio(one: Array, other: Array) -> str:
    """Return a sentence on an exact ratio of two and its usual cause; empty without one."""
    ratio = float(other) / float(one) if float(one) else 0.0
    for value, word in ((2.0, "twice"), (0.5, "half")):
        if abs(ratio / value - 1) < 1e-5:
            return (
                f" TF2's is exactly {word} TF1's: tf.nn.l2_loss and slim's l2_regularizer carry a factor 0.5 that "
                "tf.keras.regularizers.l2 does not."
            )
    return ""
