"""Both optimizers apart from the model: what was recorded, and what their formulas make of the same gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tf_equivalence.judge.bounds import Array, largest
from tf_equivalence.judge.evidence import Evidence, Run
from tf_equivalence.judge.optimizer_formulas import Optimizer, Values, trajectory
from tf_equivalence.judge.optimizer_values import ALONE, COUNTED, RATES
from tf_equivalence.recording import OptimizerRecord
from tf_equivalence.steps import TF1_OPTIMIZER, TF2_OPTIMIZER, Build, Need

# The counts of steps at which the worker reads learning rates.
COUNTS = (0, 1, 2, 3, 10, 100, 1000, 10000, 100000, 1000000)
_INITIAL = "initial_accumulator_value"
_SPARSE, _PLAIN = "sparse-gradients", "plain"
_CLOSE = 1e-3  # of a slot's initial value
_KEPT = {"rmsprop": ("mean-square", "rho"), "adagrad": ("accumulator", ""), "adadelta": ("accumulator", "rho")}


@dataclass(frozen=True)
class Effect:
    """By how much something moves a variable.

    Attributes:
        absolute: The largest difference, in the unit of the variable.
        relative: The same relative to the variable's largest move.
        scene: Where it is largest.
        steps: After how many steps.
    """

    absolute: float
    relative: float
    scene: str
    steps: int

    def __str__(self) -> str:
        scene = "" if self.scene == _PLAIN else f" with {self.scene.replace('-', ' ')}"
        steps = f"{self.steps} step{'' if self.steps == 1 else 's'}"
        return f"{self.absolute:.3g} ({100 * self.relative:.3g}% of its move){scene} after {steps}"


@dataclass(frozen=True)
class Alone:
    """Both optimizers apart from the model.

    Attributes:
        tf1: TF1's optimizer.
        tf2: TF2's.
        values: By side, the recorded arrays by name.
    """

    tf1: OptimizerRecord
    tf2: OptimizerRecord
    values: Mapping[Build, Mapping[str, Array]]

    @classmethod
    def of(cls, evidence: Evidence, tf1: OptimizerRecord, tf2: OptimizerRecord) -> Alone:
        """Return what was recorded of a case."""
        values = {}
        for build in (TF1_OPTIMIZER, TF2_OPTIMIZER):
            need = Need(build, ALONE)
            values[build] = _by_name(evidence.run(need)) if evidence.fault(need) is None else {}
        return cls(tf1, tf2, values)

    def rates(self, build: Build) -> Array | None:
        """Return the learning rates that a side would have at each count."""
        return self.values[build].get(RATES)

    def counted(self, build: Build) -> int:
        """Return how many of its steps a side counted; some, where that is not known."""
        return int(self.values[build].get(COUNTED, 1))

    def effective(self, build: Build) -> Array:
        """Return the learning rates that a side takes; the first one, where nothing counts its steps."""
        rates = self.values[build][RATES]
        return rates if self.counted(build) else np.full_like(rates, rates[0])

    @property
    def scenes(self) -> dict[str, tuple[str, ...]]:
        """The scenes that both sides recorded, and the variables of each."""
        found: dict[str, tuple[str, ...]] = {}
        for name in self.values[TF1_OPTIMIZER].keys() & self.values[TF2_OPTIMIZER].keys():
            if name.startswith("trained/") and name.endswith(":0 after 0 steps"):
                scene, variable = name.removeprefix("trained/").removesuffix(":0 after 0 steps").split("/")
                found[scene] = tuple(sorted((*found.get(scene, ()), variable)))
        return dict(sorted(found.items()))

    def effect_of(self, setting: str) -> Effect | None:
        """Return by how much TF1's value of a setting moves TF2's variables; None where its formula is not known."""
        ours, theirs = self._optimizers()
        if self._is_of_v1_alone(setting):
            return Effect(0.0, 0.0, _PLAIN, 0)
        changed = replace(theirs, settings={**theirs.settings, setting: ours[setting]})
        slots = self._first_slots(self.tf1 if setting == _INITIAL else self.tf2), self._first_slots(self.tf2)
        return self._largest(changed, theirs, *slots)

    def effect_of_formula(self) -> Effect | None:
        """Return how far apart two formulas lead that have equal settings, rates and initial slots."""
        ours, theirs = self._optimizers()
        if ours.family != theirs.family and {ours.family, theirs.family} != {"sgd", "momentum"}:
            return None
        same = {name: value for name, value in ours.settings.items() if not self._is_of_v1_alone(name)}
        equal = replace(theirs, settings={**theirs.settings, **same}, rate=ours.rate)
        return self._largest(ours, equal, *([self._first_slots(self.tf1)] * 2))

    def _is_of_v1_alone(self, name: str) -> bool:
        """Tell whether a setting stands for what v1's kernel lacks: Adagrad's has no epsilon."""
        return name == "epsilon" and self.tf1.family == "adagrad" and self.tf1.api == "v1"

    def initial_slot(self) -> tuple[str, float, float] | None:
        """Return the slot that starts from another value on either side, and both values."""
        slot, decay = _KEPT.get(self.tf1.family, ("", ""))
        starts = []
        for record, build in ((self.tf1, TF1_OPTIMIZER), (self.tf2, TF2_OPTIMIZER)):
            after = self.values[build].get(f"slot-{slot}/{_PLAIN}/weights:0 after 1 step")
            given = self.values[TF1_OPTIMIZER].get(f"given-gradients/{_PLAIN}/weights:0 after 1 step")
            if after is None or given is None or after.shape != given.shape:
                return None
            kept = record.settings.get(decay, 0.0) if decay else 1.0
            square = (1 - kept if decay else 1.0) * given.astype(np.float64) ** 2
            starts.append(float(np.median((after - square) / kept)) if kept else 0.0)
        top = max(abs(start) for start in starts)
        one, other = (start if abs(start) > _CLOSE * top else 0.0 for start in starts)
        return (slot, one, other) if abs(one - other) > _CLOSE * max(abs(one), abs(other), _CLOSE) else None

    def _optimizers(self) -> tuple[Optimizer, Optimizer]:
        rates = []
        for record, build in ((self.tf1, TF1_OPTIMIZER), (self.tf2, TF2_OPTIMIZER)):
            known = self.values[build].get(RATES)
            rates.append(float(known[0]) if known is not None and known.size else record.rate or 0.0)
        return Optimizer.of(self.tf1, rates[0]), Optimizer.of(self.tf2, rates[1])

    def _first_slots(self, record: OptimizerRecord) -> dict[str, float]:
        if record.family == "rmsprop":
            return {"mean-square": 1.0} if record.api == "v1" else {}
        value = record.settings.get(_INITIAL)
        return {"accumulator": value} if value is not None and record.family in ("adagrad", "ftrl") else {}

    def _largest(
        self, one: Optimizer, other: Optimizer, first: Mapping[str, float], second: Mapping[str, float]
    ) -> Effect | None:
        """Return the largest difference of two optimizers in any scene; None where a formula is not known."""
        if not one.is_known or not other.is_known or not self.scenes:
            return None
        found = Effect(0.0, 0.0, _PLAIN, 0)
        for scene, variables in self.scenes.items():
            if scene == _SPARSE and not self.tf1.sparse:
                continue
            for variable in variables:
                start, gradients, rows = self._given(scene, variable)
                if not gradients:
                    continue
                ways = [
                    trajectory(optimizer, start, gradients, rows, slots)
                    for optimizer, slots in ((one, first), (other, second))
                ]
                for step, (mine, theirs) in enumerate(zip(*ways, strict=True), 1):
                    moved = max(largest(mine - start), largest(theirs - start))
                    apart = largest(mine - theirs)
                    if moved and apart / moved > found.relative:
                        found = Effect(apart, apart / moved, scene, step)
        return found

    def _given(self, scene: str, variable: str) -> tuple[Values, list[Values], list[np.ndarray] | None]:
        """Return a variable's initial value, its gradients, and of sparse ones the rows that they hold."""
        values = self.values[TF1_OPTIMIZER]
        start = values[f"trained/{scene}/{variable}:0 after 0 steps"].astype(np.float64)
        gradients: list[Values] = []
        while True:
            steps = len(gradients) + 1
            given = values.get(f"given-gradients/{scene}/{variable}:0 after {steps} step{'' if steps == 1 else 's'}")
            if given is None:
                break
            gradients.append(given.astype(np.float64))
        rows = [np.any(g.reshape(len(g), -1) != 0, axis=1) for g in gradients] if scene == _SPARSE else None
        return start, gradients, rows


def _by_name(run: Run) -> dict[str, Array]:
    return {leaf.name: run.arrays[leaf.arrays[0]] for leaf in run.record.outputs if leaf.arrays}
