"""Compares regularization losses: by variable, then those of none or several, then the total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tf_equivalence.judge.bounds import ROUNDINGS, Array, Bound, bound_for, eps_of, largest
from tf_equivalence.judge.compare import compare
from tf_equivalence.judge.tally import Arrays, Runs, Tally
from tf_equivalence.judge.wording import describe
from tf_equivalence.recording import Loss, RunRecord

_LOSS_ROUNDINGS = 8 * ROUNDINGS  # a sum of many squares, in another order


class LossJudge:
    """Compares the losses of two runs."""

    def __init__(self, runs: Runs, tally: Tally) -> None:
        self._runs, self._tally = runs, tally

    def compare(self, tf1: RunRecord, tf2: RunRecord, tf2_names: Callable[[str], str]) -> None:
        """Compare by variable, then those of none or several, then the total."""
        ours, loose_ours = _by_variable(tf1.losses, tf2_names)
        theirs, loose_theirs = _by_variable(tf2.losses, str)
        before = self._tally.failures
        for names, one, other in _summed(ours, loose_theirs, str):
            self._loss(names, one, other)
        for names, other, one in _summed(theirs, loose_ours, tf2_names):
            self._loss(names, one, other)
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            self._loss(f"{name}:0", ours.get(name, []), theirs.get(name, []))
        paired = self._pair(loose_ours, loose_theirs)
        for number, (one, other) in enumerate(paired):
            self._loss(f"loss #{number}", one, other)
        if self._tally.failures == before and tf1.total_loss and tf2.total_loss:
            self._total(tf1, tf2)

    def _arrays(self, side: int) -> Arrays:
        return (self._runs.tf1, self._runs.tf2)[side]

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
        self._tally.loss_made_at(name, ours[0].stack if ours else (), theirs[0].stack if theirs else ())
        if not ours or not theirs:
            kind, has, lacks = ("loss-missing", "TF1", "TF2") if ours else ("loss-unexpected", "TF2", "TF1")
            what = (
                "A loss from no single variable is" if name.startswith("loss #") else f"{name} has a loss that is there"
            )
            remedy = "Pass the same regularizer on both sides, or use `self.add_loss`."
            self._tally.fail(kind, name, f"{what} on the {has} side and not on the {lacks} side. {remedy}")
            return
        one, other = self._sum(0, ours), self._sum(1, theirs)
        bound = self._loss_bound(name, one, ours)
        self._tally.count(name, one, other, bound)
        dtypes = [self._arrays(side)[losses[0].array].dtype.name for side, losses in enumerate((ours, theirs))]
        found = compare(one, other, bound, tf1_dtype=dtypes[0], tf2_dtype=dtypes[1])
        if found is not None:
            summed = len(ours[0].variables) != len(theirs[0].variables)
            reason = _ratio(one, other) if summed else _counts(len(ours), len(theirs)) or _ratio(one, other)
            self._tally.differs(
                f"loss-{found.kind}",
                name,
                found,
                f"The regularization loss of {describe(name, found, adjustable=False)}{reason}",
            )

    def _sum(self, side: int, losses: Sequence[Loss]) -> Array:
        values = [self._arrays(side)[loss.array].astype(np.float64) for loss in losses]
        return values[0] if len(values) == 1 else np.asarray(sum(values), np.float64)

    def _loss_bound(self, name: str, value: Array, losses: Sequence[Loss]) -> Bound:
        """Return a bound relative to the loss itself, whatever the tolerance of the outputs is.

        Most losses are far smaller than any absolute tolerance made for outputs.
        """
        dtype = self._runs.tf1[losses[0].array].dtype.name
        reruns = [
            np.asarray(sum(rerun[loss.array].astype(np.float64) for loss in losses))
            for rerun in self._runs.reruns
            if all(loss.array in rerun for loss in losses)
        ]
        measured = bound_for(name, value, reruns, "measured", dtype=dtype, cross_runtime=self._runs.cross_runtime)
        rounding = _LOSS_ROUNDINGS * eps_of(dtype) * measured.scale
        if rounding <= measured.atol:
            return measured
        source = f"measured: {_LOSS_ROUNDINGS} units in the last place of {dtype}, for a sum in another order"
        return replace(measured, atol=rounding, source=source, ill_conditioned=False)

    def _total(self, tf1: RunRecord, tf2: RunRecord) -> None:
        one, other = self._runs.tf1[tf1.total_loss], self._runs.tf2[tf2.total_loss]
        scale = largest(one)
        source = f"measured: {_LOSS_ROUNDINGS} units in the last place of {one.dtype.name}, for a sum in another order"
        bound = Bound(0.0, _LOSS_ROUNDINGS * eps_of(one.dtype.name) * scale, source, scale=scale)
        name = "total regularization loss"
        self._tally.count(name, one, other, bound)
        found = compare(one, other, bound)
        if found is None:
            sums = [str(side.sum(dtype=side.dtype)) for side in (one, other)]  # the shortest text of each float
            self._tally.note(f"regularization loss {sums[0]} on the TF1 side, {sums[1]} on the TF2 side")
            return
        self._tally.differs("loss-total", name, found, describe(name, found, adjustable=False))


def _by_variable(losses: Sequence[Loss], rename: Callable[[str], str]) -> tuple[dict[str, list[Loss]], list[Loss]]:
    """Return the losses by their one variable, and those of none or several."""
    grouped: dict[str, list[Loss]] = {}
    loose: list[Loss] = []
    for loss in losses:
        target = grouped.setdefault(rename(loss.variables[0]), []) if len(loss.variables) == 1 else loose
        target.append(loss)
    return grouped, loose


def _summed(
    singles: dict[str, list[Loss]], loose: list[Loss], rename: Callable[[str], str]
) -> list[tuple[str, list[Loss], list[Loss]]]:
    """Take out each loss of several variables that the other side has one by one, and return both.

    A layer of the shim's `get_or_create_layer` has one loss, the sum of those of its variables.

    Args:
        singles: The losses of single variables of the other side, which lose what is taken.
        loose: The losses of none or several variables, which lose what is taken.
        rename: Of the variables of `loose`.

    Returns:
        The variables' names, the other side's losses, and the one that is their sum.
    """
    found = []
    for loss in list(loose):
        names = [rename(name) for name in loss.variables]
        known = [name for name in names if name in singles]
        if len(known) > 1 and sum(set(known) <= set(map(rename, other.variables)) for other in loose) == 1:
            loose.remove(loss)
            found.append((", ".join(f"{name}:0" for name in names), [x for n in known for x in singles.pop(n)], [loss]))
    return found


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
