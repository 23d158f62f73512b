"""What explains training steps that differ: settings, rates, initial slots, clipping, formulas, the order of work."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tf_equivalence.judge.bounds import Array
from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.judge.optimizer_scenes import COUNTS, Alone
from tf_equivalence.judge.optimizer_values import ALONE, MODEL, record_of
from tf_equivalence.judge.stated import Setting, stated_at
from tf_equivalence.recording import OptimizerRecord, Stack, user_frames
from tf_equivalence.result import Finding
from tf_equivalence.steps import TF1_OPTIMIZER, TF2_OPTIMIZER, Need, Step

TRACED = "optimizer-traced"
_CLOSE = 1e-6  # of a rate: float32 has no more digits
_LEAST = 1e-6  # of the largest move of a variable: what rounding hides
# Settings that clip, and TensorFlow's function that does the same.
_CLIPS = {"global_clipnorm": "clip_by_global_norm", "clipnorm": "clip_by_norm", "clipvalue": "clip_by_value"}
_RATE_NAMES = ("learning_rate", "lr", "initial_learning_rate", "decay_rate", "decay_steps", "boundaries", "values")
_OF_METHOD = {"sgd": "gradient descent", "momentum": "momentum", "rmsprop": "RMSProp"}


def explain_optimizer(evidence: Evidence, step: Step, symptoms: Sequence[Finding]) -> list[Finding]:
    """Return what explains training steps that differ; and a learning rate that a trace keeps, which no step shows.

    Args:
        evidence: The case's recordings.
        step: The step `optimizer`.
        symptoms: What differs, with places.
    """
    del step
    tf1, tf2 = record_of(evidence, TF1_OPTIMIZER), record_of(evidence, TF2_OPTIMIZER)
    if tf1 is None or tf2 is None:
        return []
    causes = _Causes(evidence, tf1, tf2, symptoms)
    found = causes.of_the_optimizers() if symptoms else []
    return found + causes.frozen() + (causes.of_the_training() if symptoms and not found else [])


@dataclass(frozen=True)
class _Causes:
    """The two optimizers, and what differs."""

    evidence: Evidence
    tf1: OptimizerRecord
    tf2: OptimizerRecord
    symptoms: Sequence[Finding]

    @functools.cached_property
    def alone(self) -> Alone:
        """Both optimizers apart from the model."""
        return Alone.of(self.evidence, self.tf1, self.tf2)

    def of_the_optimizers(self) -> list[Finding]:
        """Return how the optimizers themselves differ, where that shows."""
        return self._method() or [
            *self._rates(),
            *self._settings(),
            *self._initial_slots(),
            *self._formula(),
            *self._clipping(),
        ]

    def of_the_training(self) -> list[Finding]:
        """Return how the two training steps differ, where the optimizers agree."""
        return self._recomputed() or self._gradients()

    def _at(self, kind: str, name: str, message: str, stack: Stack, setting: Setting | None = None) -> Finding:
        stated = stated_at(stack, setting) if setting is not None else None
        stack = (stated, *stack) if stated is not None else stack
        places = self.evidence.places
        return Finding(kind, name, message, places.location(stack), places.lines(stack))

    def _method(self) -> list[Finding]:
        one, other = self.tf1.family, self.tf2.family
        both_descend = {one, other} == {"sgd", "momentum"}
        if not one or not other or one == other or both_descend:
            return []
        message = (
            f"TF1 trains with {_method(self.tf1)} ({self.tf1.name}), TF2 with {_method(self.tf2)} ({self.tf2.name}): "
            "these are different methods. Train with the same one."
        )
        return [self._at("optimizer-method", self.tf2.name, message, self.tf2.stack)]

    def _rates(self) -> list[Finding]:
        """Return where the learning rates differ: from the start, later on, or because one side does not count."""
        alone = self.alone
        ours, theirs = alone.rates(TF1_OPTIMIZER), alone.rates(TF2_OPTIMIZER)
        if ours is None or theirs is None:
            return []
        one, other = (alone.effective(build) for build in (TF1_OPTIMIZER, TF2_OPTIMIZER))
        apart = _first_apart(COUNTS, one, other)
        if apart is None:
            return []
        at, rate, wrong = apart
        moves = [not np.allclose(each, each[0], rtol=_CLOSE, atol=0) for each in (ours, theirs)]
        if not alone.counted(TF1_OPTIMIZER) and moves[0]:
            message = (
                f"TF1's train operation does not advance the global step, so that its learning rate stays {ours[0]:g}; "
                f"TF2's is {wrong:g} at step {at}. Pass `global_step` to `minimize()` if the schedule is meant; else "
                f"give TF2 the constant rate {ours[0]:g}, which is what TF1 trained with."
            )
            return [self._at("global-step-missing", "global_step", message, self.tf1.stepped or self.tf1.stack)]
        if not alone.counted(TF2_OPTIMIZER) and moves[1]:
            message = (
                f"TF2's training step does not advance the count of steps, so that its learning rate stays "
                f"{theirs[0]:g}; TF1's is {rate:g} at step {at}. Apply gradients by the optimizer, or pass "
                "`global_step`."
            )
            return [self._at("global-step-missing", "iterations", message, self.tf2.stepped or self.tf2.stack)]
        schedule = "" if at == 0 else " Decay it as TF1 does, with one of tf.keras.optimizers.schedules."
        message = (
            f"The learning rate at step {at} is {rate:.6g} in TF1 and {wrong:.6g} in TF2, {wrong / rate:.4g} times as "
            f"much.{schedule or f' Pass learning_rate={rate:.6g}.'}"
            if rate
            else f"The learning rate at step {at} is 0 in TF1 and {wrong:.6g} in TF2.{schedule}"
        )
        setting = Setting(_RATE_NAMES, _is_stated)
        return [self._at("learning-rate", "learning_rate", message, self.tf2.stack, setting)]

    def _settings(self) -> list[Finding]:
        """Return the settings that differ and matter: by the formulas, or all where these are not known."""
        found = []
        names = [name for name in self.tf1.settings if name in self.tf2.settings and name not in _CLIPS]
        for name in names:
            one, other = self.tf1.settings[name], self.tf2.settings[name]
            if one == other or (one and abs(other / one - 1) < _CLOSE):
                continue
            effect = self.alone.effect_of(name)
            if effect is not None and effect.relative <= _LEAST:
                continue
            shows = f", which moves a variable by up to {effect}" if effect is not None else ""
            remedy = f"Pass {name}={_value(name, one)}" if one or name not in _OFF else f"Leave {name} out"
            message = f"{name} is {_value(name, one)} in TF1 and {_value(name, other)} in TF2{shows}. {remedy}."
            setting = Setting((name,), _is_stated)
            found.append(self._at("optimizer-setting", name, message, self.tf2.stack, setting))
        return found

    def _initial_slots(self) -> list[Finding]:
        if self.tf1.settings.get("initial_accumulator_value") != self.tf2.settings.get("initial_accumulator_value"):
            return []
        starts = self.alone.initial_slot()
        if starts is None:
            return []
        slot, one, other = starts
        message = (
            f"The slot {slot} starts at {one:.3g} in TF1 and at {other:.3g} in TF2, so that the first steps have "
            f"another size. Start it as TF1 does: {_SET_SLOT.get(self.tf2.api, _SET_ANY)}."
        )
        return [self._at("slot-initial", slot, message, self.tf2.stack)]

    def _formula(self) -> list[Finding]:
        """Return that the pair computes another update from equal settings, with the difference to expect."""
        effect = self.alone.effect_of_formula()
        if effect is None or effect.relative <= _LEAST:
            return []
        message = (
            f"{self.tf1.name} and {self.tf2.name} update a variable by different formulas, so that they cannot agree: "
            f"with equal settings they are to be expected up to {effect} apart. {_remedy(self.tf1, self.tf2)}"
        )
        return [self._at("optimizer-formula", self.tf2.name.rpartition(".")[2], message, self.tf2.stack)]

    def _clipping(self) -> list[Finding]:
        """Return that gradients are clipped on one side alone, or by another norm."""
        mine = self.tf1.clips
        theirs = (*self.tf2.clips, *(_CLIPS[name] for name in _CLIPS if self.tf2.settings.get(name)))
        by_size = any("/large-gradients/" in finding.name for finding in self.symptoms)
        rest = any(f"/{scene}/" in finding.name for finding in self.symptoms for scene in ("plain", "tiny-gradients"))
        if set(mine) == set(theirs) and not (by_size and not rest):
            return []
        argument = next((name for name in _CLIPS if self.tf2.settings.get(name)), "")
        if mine and theirs and set(mine) != set(theirs):
            wanted = next((name for name, function in _CLIPS.items() if function in mine), "")
            message = (
                f"TF1 clips gradients with tf.{mine[0]}, TF2 with {argument or f'tf.{theirs[0]}'}, which is "
                f"tf.{theirs[0]}: {_OF_CLIPS.get(theirs[0], '')}. Pass {wanted} in the place of {argument or 'it'}."
            )
        elif mine and not theirs and not self.tf2.stepped:
            wanted = next((name for name, function in _CLIPS.items() if function in mine), "")
            message = f"TF1 clips gradients with tf.{mine[0]}, TF2 does not clip. Pass {wanted} to the optimizer."
        elif theirs and not mine and not self.tf1.stepped:
            message = f"TF2 clips gradients by {argument or theirs[0]}, TF1 does not clip. Leave it out."
        elif by_size and not rest:
            message = (
                "Only with large gradients do the steps differ: gradients are clipped to another value or by another "
                "norm. tf.clip_by_global_norm is `global_clipnorm`, tf.clip_by_norm is `clipnorm`, and "
                "tf.clip_by_value is `clipvalue` of Keras' optimizers."
            )
        else:
            return []
        setting = Setting(tuple(_CLIPS), _is_stated)
        return [self._at("clipping", argument or "clipping", message, self.tf2.stepped or self.tf2.stack, setting)]

    def _recomputed(self) -> list[Finding]:
        if not user_frames(self.tf2.recomputed):
            return []
        several = f"runs {self.tf1.operations} train operations at once, which" if self.tf1.operations > 1 else "step"
        message = (
            f"Here the loss is computed again after the step has moved variables. TF1's {several} takes all gradients "
            "at the values before the step. Compute all gradients first, with one tf.GradientTape, then apply them."
        )
        if self.tf1.operations > 1:
            message = message.replace("TF1's runs", "TF1 runs")
        return [self._at("gradients-after-update", "loss", message, self.tf2.recomputed)]

    def _gradients(self) -> list[Finding]:
        """Return that the optimizers agree on equal gradients, where they do and the model's steps do not."""
        alone = self.evidence.fault(Need(TF1_OPTIMIZER, ALONE)) is None and self.alone.scenes
        if not alone or any(f"/{scene}/" in finding.name for finding in self.symptoms for scene in self.alone.scenes):
            return []
        first = self.symptoms[0]
        if first.kind in ("trained-missing", "trained-unexpected"):  # the inventory tells
            return []
        if first.kind.startswith("objective") and first.name == "loss after 0 steps":
            said = "The loss differs before the first step: look at the steps named-weights and gradients first"
        else:
            said = (
                "On equal gradients both optimizers take equal steps, so that the gradients differ: look at the step "
                "gradients first"
            )
        where = self.tf2.stepped or self.evidence.built(TF2_OPTIMIZER).definition
        own = ", and at what tf2_train_step() does with them" if self.tf2.stepped else ""
        return [self._at("training-step", MODEL, f"{said}{own}.", where)]

    def frozen(self) -> list[Finding]:
        """Return that a traced training step keeps the learning rate that it was traced with."""
        need = Need(TF2_OPTIMIZER, TRACED)
        if self.evidence.fault(need) is not None:
            return []
        run = self.evidence.run(need)
        values = {leaf.name: run.arrays[leaf.arrays[0]] for leaf in run.record.outputs if leaf.arrays}
        assigned: Stack = next((leaf.stack for leaf in run.record.outputs if leaf.stack), ())
        for name, eager in values.items():
            traced = values.get(name.replace("eager/", "traced/", 1))
            if not name.startswith("eager/") or traced is None:
                continue
            if _agree(eager, traced):
                continue
            steps = name.rpartition(" after ")[2]
            apart = f"{np.max(np.abs(eager.astype(np.float64) - traced)):.3g}"
            rates = self.alone.rates(TF2_OPTIMIZER)
            frozen = bool(assigned) or (rates is not None and bool(np.any(rates != rates[0])))
            kind, template = ("learning-rate-frozen", _FROZEN) if frozen else ("step-traced", _TRACED)
            stack = assigned or self.tf2.stepped or self.tf2.stack
            return [
                self._at(
                    kind, "learning_rate" if frozen else "tf.function", template.format(steps=steps, apart=apart), stack
                )
            ]
        return []


_FROZEN = (
    "In a tf.function the step keeps the learning rate that it was traced with: after {steps} a variable is up to "
    "{apart} away from where eager execution takes it. A Python number is frozen when a function is traced. Pass a "
    "schedule of tf.keras.optimizers.schedules, or keep the rate in a tf.Variable."
)
_TRACED = (
    "In a tf.function the training step is another one than eagerly: after {steps} a variable is up to {apart} away "
    "from where eager execution takes it. What the step does in Python it does once, while it is traced. Keep what "
    "changes in a tf.Variable, and the learning rate in a schedule."
)
_OFF = ("weight_decay", "use_ema", "amsgrad", "centered", "nesterov", "beta")
_FLAGS = ("nesterov", "centered", "amsgrad", "use_ema")
_SET_SLOT = {
    "legacy": 'in a subclass, `self.add_slot(variable, "rms", "ones")` in `_create_slots`',
    "keras": "in a subclass, assign ones to `self._velocities` the first time that `build()` is called",
}
_SET_ANY = "assign the slots before the first step"
_OF_CLIPS = {
    "clip_by_norm": "it clips each gradient by its own norm, and changes the direction of the step",
    "clip_by_global_norm": "it clips all gradients by their common norm",
    "clip_by_value": "it clips each element",
}


def _method(record: OptimizerRecord) -> str:
    return _OF_METHOD.get(record.family, record.family.capitalize())


def _value(name: str, value: float) -> str:
    return str(bool(value)) if name in _FLAGS and value in (0, 1) else f"{value:g}"


def _is_stated(given: ast.expr) -> bool:
    return isinstance(given, ast.expr)


def _agree(one: Array, other: Array) -> bool:
    bound = 64 * float(np.finfo(np.float32).eps) * float(np.max(np.abs(one), initial=0.0))
    return one.shape == other.shape and bool(np.all(np.abs(one.astype(np.float64) - other) <= bound))


def _first_apart(counts: Sequence[int], one: Array, other: Array) -> tuple[int, float, float] | None:
    """Return the first count at which two rates differ, with both rates."""
    bound = _CLOSE * 16 * float(np.max(np.abs(one)))
    for count, mine, theirs in zip(counts, one, other, strict=False):
        if abs(float(mine) - float(theirs)) > bound:
            return count, float(mine), float(theirs)
    return None


def _remedy(tf1: OptimizerRecord, tf2: OptimizerRecord) -> str:
    """Return which optimizer computes what v1's does."""
    if tf2.family == "rmsprop" and tf2.api == "legacy":
        return "tf.keras.optimizers.RMSprop adds epsilon under the square root, as v1 does."
    if tf2.api == "keras":
        name = {"sgd": "SGD", "momentum": "SGD", "rmsprop": "RMSprop"}.get(tf2.family, tf2.family.capitalize())
        return f"tf.keras.optimizers.legacy.{name} runs v1's own kernels."
    return f"Train with {tf1.name}, which runs eagerly, too, or accept it and say so in `skip`."
