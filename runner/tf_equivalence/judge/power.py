"""How much a step would have caught: known changes on the TF2 side, judged as the step itself judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tf_equivalence.judge.evidence import Evidence, Run
from tf_equivalence.judge.numbers import judge_runs
from tf_equivalence.recording import PROBES, Loss, Probe
from tf_equivalence.result import Power
from tf_equivalence.steps import Build, Need, Step

_UNCHANGED = "unchanged"
_REGULARIZER = "regularizer-dropped"


def measure_power(evidence: Evidence, step: Step) -> tuple[Power | None, list[str]]:
    """Return how many changes the step tells from the reference, and notes; no power where nothing was tried.

    Changes of inputs and weights stand for bugs in the computation, so they have to show in the
    outputs. A dropped regularizer has to show in the losses.
    """
    evidence = replace(evidence, until_first=True)
    tried = 0
    missed: list[Probe] = []
    for tf1, tf2 in step.pairs:
        probes = [probe for probe in evidence.built(tf2.build).probes if probe.condition == tf2.condition]
        if not probes or not evidence.run(tf1).record.outputs:
            continue
        if not _is_repeatable(evidence, tf1.build, tf2.build):
            return None, ["power was not measured: the same call gave other numbers when it was repeated"]
        whole = evidence.run(tf1)
        reference = _without_losses(whole)
        changed = [probe for probe in probes if probe.kind != _UNCHANGED]
        tried += len(changed)
        missed += [probe for probe in changed if not _is_noticed(evidence, reference, tf2, probe)]
        dropped = _drop_regularizer(evidence, whole, tf2)
        if dropped:
            tried += 1
            missed += [] if dropped[1] else [dropped[0]]
    if not tried:
        return None, []
    blind_spots = dict.fromkeys(PROBES[probe.kind].format(*probe.target) for probe in missed)
    return Power(tried, tried - len(missed), tuple(blind_spots)), []


def _is_repeatable(evidence: Evidence, tf1: Build, tf2: Build) -> bool:
    """Tell whether the TF2 call gave the same numbers when it was repeated, under whatever condition that was tried."""
    unchanged = [probe for probe in evidence.built(tf2).probes if probe.kind == _UNCHANGED]
    for probe in unchanged:
        reference = _without_losses(evidence.run(Need(tf1, probe.condition)))
        if _is_noticed(evidence, reference, Need(tf2, probe.condition), probe):
            return False
    return True


def _without_losses(run: Run) -> Run:
    return replace(run, record=replace(run.record, losses=(), total_loss=""))


def _is_noticed(evidence: Evidence, reference: Run, tf2: Need, probe: Probe) -> bool:
    if not probe.run:
        return True
    return bool(judge_runs(evidence, reference, evidence.run(Need(tf2.build, probe.run))).findings)


def _drop_regularizer(evidence: Evidence, reference: Run, tf2: Need) -> tuple[Probe, bool] | None:
    """Drop the smallest of the TF2 model's losses, which is missed first, and return whether that shows."""
    other = evidence.run(tf2)
    if not reference.record.losses or not other.record.losses:
        return None
    loss = min(other.record.losses, key=lambda loss: float(np.abs(other.arrays[loss.array])))
    target = ", ".join(f"{name}:0" for name in loss.variables) or "no variable"
    judgement = judge_runs(evidence, reference, _dropped(other, loss))
    return Probe(tf2.condition, _REGULARIZER, (target,)), bool(judgement.findings)


def _dropped(run: Run, loss: Loss) -> Run:
    """Return the run as it would be without this loss."""
    losses = tuple(other for other in run.record.losses if other is not loss)
    arrays: Mapping[str, np.ndarray] = run.arrays
    total = run.record.total_loss
    if total:
        arrays = {**arrays, total: np.asarray(arrays[total] - arrays[loss.array])}
    return Run(replace(run.record, losses=losses, total_loss=total if losses else ""), arrays, run.reruns)
