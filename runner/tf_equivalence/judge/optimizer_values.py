"""Puts two recordings of training steps into comparable form: what both have, and what rounding does to updates.

An adaptive optimizer divides a gradient by its size, so that one that is made of rounding moves its variable as far as
any other. Elements that may lie apart for that reason alone are taken as equal, each by its own allowance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tf_equivalence.judge.bounds import NOISE_FACTOR, ROUNDINGS, Array, eps_of, largest
from tf_equivalence.judge.evidence import Evidence, Run
from tf_equivalence.judge.quantities import LOSS, subject_of
from tf_equivalence.recording import OptimizerRecord, read_record
from tf_equivalence.steps import TF1_OPTIMIZER, TF2_OPTIMIZER, Build, Need

MODEL, ALONE, RECORD = "optimizer", "optimizer-alone", "optimizer-record"
RATES = "learning-rate/optimizer:0"
COUNTED = "counted/steps:0"
_NOISY = 0.1  # of its own size: a gradient that rounding moves as much is made of rounding
_SMALL = 2.0**10  # units of rounding of the largest gradient of all; rounding noise stays below
_DERIVATIVE = 2.0  # the update depends on the gradient through its numerator and its divisor
_USUAL_RATE = 1e-3
# The family -> the slot that holds the square of the gradient's size.
_SQUARES = {"adam": "variance", "rmsprop": "mean-square", "adagrad": "accumulator", "adadelta": "accumulator"}


def record_of(evidence: Evidence, build: Build) -> OptimizerRecord | None:
    """Return what a side tells of its optimizer."""
    return read_record(OptimizerRecord, str(evidence.directory / build.directory), RECORD)


def rates_of(evidence: Evidence, build: Build) -> Array | None:
    """Return the learning rates of a side at some counts of steps; None where they are not known."""
    need = Need(build, ALONE)
    return evidence.run(need).arrays.get(_key(evidence.run(need), RATES)) if evidence.fault(need) is None else None


def first_rate(evidence: Evidence, build: Build) -> float:
    """Return the learning rate of the first step; a usual one where it is not known."""
    rates = rates_of(evidence, build)
    record = record_of(evidence, build)
    known = record.rate if record is not None and record.rate is not None else _USUAL_RATE
    return float(rates[0]) if rates is not None and rates.size else known


def _key(run: Run, name: str) -> str:
    return next((leaf.arrays[0] for leaf in run.record.outputs if leaf.name == name and leaf.arrays), "")


def comparable(evidence: Evidence, tf1: Run, tf2: Run) -> tuple[Run, Run, list[str]]:
    """Return two recordings of training steps in comparable form, and what to tell about it."""
    if tf1.record.condition == ALONE:
        tf1, tf2 = _effective(tf1), _effective(tf2)
    one, other, notes = _finite(*_shared(tf1, tf2))
    record = record_of(evidence, TF1_OPTIMIZER)
    if record is None:
        return one, other, notes
    rate = max(first_rate(evidence, build) for build in (TF1_OPTIMIZER, TF2_OPTIMIZER))
    rounding = _Rounding(one, record, rate)
    noise = rounding.noise_only(_Rounding(other, record, rate)) if tf1.record.condition == MODEL else []
    one, other = _without(one, noise), _without(other, noise)
    one, other, equated = rounding.equated(one, other)
    if noise:
        more = f" and {len(noise) - 3} more" if len(noise) > 3 else ""
        notes.append(
            f"{', '.join(f'{name}:0' for name in noise[:3])}{more}: the gradient is nothing but rounding noise, which "
            f"{record.name} makes as large a step as of any other; judged by the loss alone"
        )
    if equated:
        notes.append(
            f"{equated} elements may lie further apart: the optimizer divides their gradients by their size, and so "
            "the rounding of these, too"
        )
    return one, other, notes


def _finite(tf1: Run, tf2: Run) -> tuple[Run, Run, list[str]]:
    """Return the runs up to where TF1's own training overflows: what comes then is no number to compare."""
    first = min(
        (
            int(subject.when.split()[0])
            for leaf in tf1.record.outputs
            if leaf.arrays
            and (subject := subject_of(leaf.name)) is not None
            and subject.when
            and not np.isfinite(tf1.arrays[leaf.arrays[0]]).all()
        ),
        default=None,
    )
    if first is None or tf1.record.condition != MODEL:
        return tf1, tf2, []

    def kept(run: Run) -> Run:
        leaves = (leaf for leaf in run.record.outputs if moment(leaf.name) < first)
        return replace(run, record=replace(run.record, outputs=tuple(leaves)))

    note = (
        f"TF1's own training is not finite any more after step {first}, so that it is compared up to there: a smaller "
        "learning rate in tf1_optimizer() and tf2_optimizer() shows more"
    )
    return kept(tf1), kept(tf2), [note]


def moment(name: str) -> int:
    """Return after how many steps a value is read; -1 for one that is none of training's."""
    subject = subject_of(name)
    return int(subject.when.split()[0]) if subject is not None and subject.when else -1


def _effective(run: Run) -> Run:
    """Return the run with the learning rates that its steps take: those of the first, where nothing counts them."""
    rates, counted = (_key(run, name) for name in (RATES, COUNTED))
    if not rates or not counted or int(run.arrays[counted]):
        return run
    constant = np.full_like(run.arrays[rates], run.arrays[rates][0])
    return replace(run, arrays={**run.arrays, rates: constant})


def uncompared_slots(tf1: Run, tf2: Run) -> list[str]:
    """Return a note on the slots that one side keeps and the other has no counterpart of."""
    if not all(any(leaf.name.startswith("trained/") for leaf in run.record.outputs) for run in (tf1, tf2)):
        return []  # one side was not tried
    kept = [
        {name.split("/")[0] for leaf in run.record.outputs if (name := leaf.name).startswith("slot-")}
        for run in (tf1, tf2)
    ]
    sides = (("TF1", kept[0] - kept[1]), ("TF2", kept[1] - kept[0]))
    apart = [f"{side} alone keeps {slot.removeprefix('slot-')}" for side, slots in sides for slot in sorted(slots)]
    return [f"slots not compared: {', '.join(apart)}"] if apart else []


def _shared(tf1: Run, tf2: Run) -> tuple[Run, Run]:
    """Return the runs with the slots, rates and scenes that both have; a trained variable has to be on both sides."""
    names = [{leaf.name for leaf in run.record.outputs} for run in (tf1, tf2)]
    both = names[0] & names[1]
    alone = tf1.record.condition.startswith(ALONE)

    def kept(run: Run) -> Run:
        leaves = tuple(
            leaf
            for leaf in run.record.outputs
            if leaf.name in both or (not alone and not leaf.name.startswith(("slot-", "loss")))
        )
        return replace(run, record=replace(run.record, outputs=leaves))

    return kept(tf1), kept(tf2)


def _without(run: Run, variables: Sequence[str]) -> Run:
    leaves = tuple(
        leaf
        for leaf in run.record.outputs
        if (subject := subject_of(leaf.name)) is None or subject.variable not in variables
    )
    return replace(run, record=replace(run.record, outputs=leaves))


@dataclass(frozen=True)
class _Rounding:
    """What rounding may do to the updates of one run of the reference.

    Attributes:
        run: The reference.
        record: Its optimizer.
        rate: The learning rate.
    """

    run: Run
    record: OptimizerRecord
    rate: float

    def _values(self, arrays: Mapping[str, Array], what: str, variable: str) -> dict[int, Array]:
        """Return the values of a variable, or of a slot of it, by the number of steps."""
        found = {}
        for leaf in self.run.record.outputs:
            subject = subject_of(leaf.name)
            if subject is None or subject.variable != variable or not leaf.name.startswith(f"{what}/"):
                continue
            if leaf.arrays and leaf.arrays[0] in arrays and subject.when:
                found[int(subject.when.split()[0])] = arrays[leaf.arrays[0]]
        return found

    def _sizes(self, arrays: Mapping[str, Array], variable: str) -> dict[int, tuple[Array, Array]]:
        """Return the size of the gradients, and the divisor of the update, after each step."""
        slot = _SQUARES.get(self.record.family)
        found = {}
        settings = self.record.settings
        decay = settings.get("beta_2" if self.record.family == "adam" else "rho", 0.0)
        first = {"rmsprop": 1.0, "adagrad": settings.get("initial_accumulator_value", 0.0)}
        for step, value in self._values(arrays, f"slot-{slot}", variable).items() if slot else ():
            if not step:
                continue
            square = value.astype(np.float64)
            kept = decay**step if decay else 1.0
            left = np.maximum(square - first.get(self.record.family, 0.0) * kept, 0.0)
            size = np.sqrt(left / (1 - kept) if decay else left)
            if self.record.family == "adam":
                divisor = size + settings.get("epsilon", 0.0)
            else:
                divisor = np.sqrt(square + settings.get("epsilon", 0.0))
            found[step] = (size, divisor)
        return found

    def _variables(self) -> list[str]:
        subjects = (subject_of(leaf.name) for leaf in self.run.record.outputs if leaf.name.startswith("trained/"))
        return list(dict.fromkeys(subject.variable for subject in subjects if subject is not None))

    def first_sizes(self, arrays: Mapping[str, Array], variable: str) -> Array | None:
        """Return the size of each element of a variable's first gradient, where a slot tells it."""
        if self.record.family == "momentum":
            kept = self._values(arrays, "slot-momentum", variable).get(1)
            return None if kept is None else np.abs(kept.astype(np.float64))
        sizes = self._sizes(arrays, variable).get(1)
        return None if sizes is None else sizes[0]

    def _noise(self, variable: str) -> float:
        """Return by how much the reference's own noise changes the size of a variable's first gradient."""
        size = self.first_sizes(self.run.arrays, variable)
        again = [self.first_sizes(arrays, variable) for arrays in self.run.reruns]
        return max((largest(other - size) for other in again if size is not None and other is not None), default=0.0)

    def noise_only(self, tf2: _Rounding) -> list[str]:
        """Return the variables whose gradients are rounding noise on both sides, as of a bias ahead of a batch norm."""
        sizes = {name: self.first_sizes(self.run.arrays, name) for name in self._variables()}
        known = {name: size for name, size in sizes.items() if size is not None}
        limit = _SMALL * eps_of("float32") * max((largest(size) for size in known.values()), default=0.0)
        found = []
        for name, size in known.items() if self.run.reruns else ():
            other = tf2.first_sizes(tf2.run.arrays, name)
            small = largest(size) <= limit and (other is None or largest(other) <= limit)
            if small and self._noise(name) > _NOISY * largest(size):
                found.append(name)
        return found

    def _allowances(self, variable: str) -> dict[int, Array]:
        """Return how far each element of a variable may lie apart after each step; in the unit of the variable."""
        values = self._values(self.run.arrays, "trained", variable)
        sizes = self._sizes(self.run.arrays, variable)
        decay = self._decay_rounding()
        first = values.get(0)
        found: dict[int, Array] = {}
        total: Array | None = None
        noise = self._noise(variable)
        ftrl, _ = self._of_ftrl(variable)
        for step in sorted(values):
            moved = np.zeros(1)
            if first is not None and values[step].shape == first.shape:
                moved = decay * np.abs(values[step].astype(np.float64) - first)
            if step in sizes and self.run.record.condition == MODEL:
                size, divisor = sizes[step]
                gradient = max(ROUNDINGS * eps_of(values[step].dtype.name) * largest(size), NOISE_FACTOR * noise)
                with np.errstate(divide="ignore", invalid="ignore"):
                    gain = np.nan_to_num(_DERIVATIVE * self.rate * gradient / divisor, posinf=self.rate)
                total = gain if total is None or total.shape != gain.shape else total + gain
            found[step] = (moved if total is None else moved + total) + ftrl.get(step, 0.0)
        return found

    def _of_ftrl(self, variable: str) -> tuple[dict[int, Array], dict[int, Array]]:
        """Return how far Ftrl's variable, and its slot `linear`, may lie apart.

        ``z += g - (sqrt(n') - sqrt(n)) / rate * x`` cancels, and ``x = (clip(z) - z) / (sqrt(n) / rate)``.
        """
        if self.record.family != "ftrl":
            return {}, {}
        power = self.record.settings.get("learning_rate_power", -0.5)
        l1 = self.record.settings.get("l1_regularization_strength", 0.0)
        squares = self._values(self.run.arrays, "slot-accumulator", variable)
        top = max(
            (largest(value) for value in self._values(self.run.arrays, "trained", variable).values()), default=0.0
        )
        moved, kept = {}, {}
        for step, linear in self._values(self.run.arrays, "slot-linear", variable).items():
            if step and step in squares:
                unit = ROUNDINGS * eps_of(linear.dtype.name)
                scale = np.maximum(squares[step].astype(np.float64), np.finfo(np.float32).tiny) ** power * self.rate
                kept[step] = unit * (largest(linear) + l1 + top / scale)
                moved[step] = kept[step] * scale
        return moved, kept

    def _of_losses(self, allowances: Mapping[str, Mapping[int, Array]]) -> dict[str, Array]:
        """Return how far each loss may lie apart, for variables that may: to first order, that part of its change."""
        losses = {
            int(subject.when.split()[0]): (leaf.name, float(self.run.arrays[leaf.arrays[0]]))
            for leaf in self.run.record.outputs
            if leaf.arrays and (subject := subject_of(leaf.name)) is not None and subject.quantity is LOSS
        }
        start = losses.get(0, ("", 0.0))[1]
        found = {}
        for step, (name, _) in losses.items():
            part = 0.0
            for variable, allowed in allowances.items():
                values = self._values(self.run.arrays, "trained", variable)
                if step in allowed and step in values and 0 in values and values[0].shape == values[step].shape:
                    moved = np.abs(values[step].astype(np.float64) - values[0])
                    least = np.broadcast_to(np.minimum(allowed[step], moved), moved.shape)
                    part = max(part, float(np.linalg.norm(least) / (np.linalg.norm(moved) or np.inf)))
            change = max(abs(losses[each][1] - start) for each in losses if each <= step)
            found[name] = np.asarray(_DERIVATIVE * part * change)
        return found

    def _decay_rounding(self) -> float:
        """Return by what part of itself rounding may move what is made with a decay next to one.

        In float32, ``1 - 0.999`` has few digits left: kernels compute it so, Keras computes it in Python's floats.
        """
        names = ("beta_1", "beta_2", "rho")
        decays = [value for name in names if 0 < (value := self.record.settings.get(name, 0.0)) < 1]
        return max((2 * eps_of("float32") / (1 - decay) for decay in decays), default=0.0)

    def equated(self, one: Run, other: Run) -> tuple[Run, Run, int]:
        """Return the runs with elements made equal that may lie apart, and how many these are."""
        decay = self._decay_rounding()
        if not decay and self.record.family not in (*_SQUARES, "ftrl"):
            return one, other, 0
        keys = {leaf.name: leaf.arrays[0] for leaf in other.record.outputs if leaf.arrays}
        theirs = dict(other.arrays)
        reruns = [dict(arrays) for arrays in one.reruns]
        count = 0
        allowances = {variable: self._allowances(variable) for variable in self._variables()}
        losses = self._of_losses(allowances)
        for leaf in one.record.outputs:
            subject = subject_of(leaf.name)
            if subject is None or not leaf.arrays or leaf.name not in keys:
                continue
            ours = one.arrays[leaf.arrays[0]]
            if not subject.variable:
                allowed: Array | None = losses.get(leaf.name)
            elif leaf.name.startswith("slot-"):
                allowed = decay * np.abs(ours.astype(np.float64))
                if leaf.name.startswith("slot-linear"):
                    allowed = self._of_ftrl(subject.variable)[1].get(moment(leaf.name), allowed)
            else:
                allowed = allowances.get(subject.variable, {}).get(moment(leaf.name))
            if allowed is None or ours.dtype.kind != "f":
                continue
            theirs[keys[leaf.name]], changed = _equal_within(ours, theirs[keys[leaf.name]], allowed)
            count += changed
            for arrays in reruns:
                if leaf.arrays[0] in arrays:
                    arrays[leaf.arrays[0]], _ = _equal_within(ours, arrays[leaf.arrays[0]], allowed)
        return replace(one, reruns=tuple(reruns)), replace(other, arrays=theirs), count


def _equal_within(one: Array, other: Array, allowed: Array) -> tuple[Array, int]:
    """Return the other array with one's elements where they are no further apart than allowed, and their number."""
    if one.shape != other.shape or one.dtype != other.dtype or allowed.shape not in (one.shape, (1,)):
        return other, 0
    apart = np.abs(other.astype(np.float64) - one)
    near = (apart > ROUNDINGS * eps_of(one.dtype.name) * largest(one)) & (apart <= allowed)
    return np.where(near, one, other).astype(other.dtype), int(np.count_nonzero(near))
