"""Judges the step `execution-modes`: every way to run the TF2 model against eager execution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tf_equivalence.judge.evidence import Evidence, Judged
from tf_equivalence.judge.outputs import RunJudgement, judge_run
from tf_equivalence.recording import Fault, Stack
from tf_equivalence.result import Difference, Finding
from tf_equivalence.steps import TF2_MODES, TF2_MODES_TRAINING, Build, Need

_WITHOUT = "function-without-"
_COMPILED = "function-compiled"
_MODES = {
    "function": "as a tf.function",
    "function-second": "in the second call of a tf.function",
    "function-plain": "as a tf.function without graph optimization",
    _COMPILED: "compiled by XLA",
}
_SIGHTINGS = {
    "python-state": "{name} is a Python value that the call changes: eager execution sees it change, a tf.function "
    "keeps the value of its trace. Keep it in a tf.Variable, or pass it as an argument.",
    "numpy-random": "{name} is called inside the model's call: eager execution draws anew each time, a tf.function "
    "keeps the numbers of its trace. Draw with `tf.random`.",
    "cached-tensor": "{name} keeps a tensor between calls: a tf.function keeps the one of its trace. Compute it in "
    "the call.",
}


@dataclass(frozen=True)
class _Mode:
    """One mode compared with eager execution.

    Attributes:
        name: The condition it was recorded under.
        judgement: What differs.
    """

    name: str
    judgement: RunJudgement

    @property
    def differs(self) -> bool:
        return bool(self.judgement.findings)


def judge_modes(evidence: Evidence) -> Judged:
    """Return what differs from eager execution in any mode, in inference and in training, and why."""
    findings: list[Finding] = []
    notes: list[str] = []
    largest = Difference(0.0, 0.0)
    for build in (TF2_MODES, TF2_MODES_TRAINING):
        where = "training" if build.training else "inference"
        fault = evidence.fault(Need(build, "function"))
        if fault is not None:
            findings.append(_raised(evidence, build, fault, where))
            continue
        modes = [_compared(evidence, build, name) for name in _MODES if _is_there(evidence, build, name)]
        for mode in modes:
            largest = Difference(
                max(largest.max_abs, mode.judgement.max_abs_diff), max(largest.max_rel, mode.judgement.max_rel_diff)
            )
        findings += _differing(evidence, build, modes, where)
        agreeing = ", ".join(_MODES[mode.name] for mode in modes if not mode.differs)
        apart = max((mode.judgement.max_rel_diff for mode in modes if not mode.differs), default=0.0)
        notes += [f"{where}: agrees {agreeing}, within {apart:.2g} of the largest value"] if agreeing else []
        notes += [f"{where}: {note}" for note in evidence.built(build).notes if "XLA" in note]
    return Judged(_once(findings), list(dict.fromkeys(notes)), largest)


def _is_there(evidence: Evidence, build: Build, name: str) -> bool:
    return (evidence.directory / build.directory / f"{name}.json").exists()


def _compared(evidence: Evidence, build: Build, name: str) -> _Mode:
    reference = evidence.run(Need(build, "eager-second" if name.endswith("-second") else "eager"))
    more = evidence.reruns(Need(build, "eager-compiled")) if name == _COMPILED else ()
    run = evidence.run(Need(build, name))
    judgement = judge_run(
        reference.record,
        reference.arrays,
        (*reference.reruns, *more),
        run.record,
        run.arrays,
        evidence.tolerance(),
        tf2_names=str,
        cross_runtime=name == _COMPILED,  # it orders sums in another way
        nan_equal=evidence.nan_equal(),
    )
    return _Mode(name, judgement)


def _raised(evidence: Evidence, build: Build, fault: Fault, where: str) -> Finding:
    """Return the finding for a model that runs eagerly and cannot be traced."""
    stack = fault.stack or evidence.built(build).definition
    said = fault.message.rstrip(".")
    message = (
        f"The model runs eagerly, and not in a tf.function ({where}): {said}. While a tf.function is traced, "
        "its tensors have no values: no `.numpy()`, no `int()` or `float()` of a tensor, no Python `if` on one outside "
        "of code that AutoGraph converts, and no variables made after the first call."
    )
    return Finding("mode-raises", "tf.function", message, evidence.places.location(stack), evidence.places.lines(stack))


def _differing(evidence: Evidence, build: Build, modes: Sequence[_Mode], where: str) -> list[Finding]:
    """Return the cause of modes that differ, then the outputs that do."""
    differing = [mode for mode in modes if mode.differs]
    if not differing:
        return []
    stack = evidence.built(build).definition
    told, causes = [], _sighted(evidence, build)
    names = {mode.name for mode in differing}
    if not causes and "function" in names and "function-plain" not in names:
        causes = [_of_optimization(evidence, build, stack)]
    for mode in differing:
        head = f"{_MODES[mode.name]} ({where})"
        for finding in mode.judgement.findings:
            said = finding.message.replace("TF1", "eager").replace("TF2", "traced")
            message = f"{head[0].upper()}{head[1:]}: {said}"
            if not causes and finding is mode.judgement.findings[0]:
                message = f"{message} {_hint(names)}"
            told.append(
                replace(
                    finding,
                    kind=f"mode-{finding.kind.removeprefix('output-')}",
                    message=message,
                    location=evidence.places.location(stack),
                    stack=evidence.places.lines(stack),
                    follows=bool(causes),
                )
            )
    return [*causes, *told]


def _hint(names: set[str]) -> str:
    if names == {"function-second"}:
        return "The first call agrees, so that something is kept from the trace: a Python value, a global, a list."
    if names == {_COMPILED}:
        return "Only the compiled function differs: leave out `jit_compile=True`, or widen the tolerance."
    return (
        "The traced function differs without graph optimization, too: look for what is decided while it is traced, "
        "such as Python values and globals."
    )


def _sighted(evidence: Evidence, build: Build) -> list[Finding]:
    """Return what user code was seen to do that a traced function keeps."""
    return [
        Finding(
            sighting.kind,
            sighting.name,
            _SIGHTINGS[sighting.kind].format(name=sighting.name),
            evidence.places.location(sighting.stack) or evidence.places.location(evidence.built(build).definition),
            evidence.places.lines(sighting.stack),
        )
        for sighting in evidence.built(build).sightings
        if sighting.kind in _SIGHTINGS
    ]


def _of_optimization(evidence: Evidence, build: Build, stack: Stack) -> Finding:
    """Return the finding that names the pass of the graph optimizer which makes the difference."""
    directory = evidence.directory / build.directory
    tried = sorted(path.stem for path in directory.glob(f"{_WITHOUT}*.json") if not path.stem.endswith(".fault"))
    guilty = [name.removeprefix(_WITHOUT) for name in tried if not _compared(evidence, build, name).differs]
    if guilty:
        words = f"With its pass `{guilty[0]}` off it agrees"
        option = f"{{'{guilty[0]}': False}}"
    else:
        words = "No single pass is to blame; with all of them off it agrees"
        option = "{'disable_meta_optimizer': True}"
    message = (
        f"Graph optimization changes the numbers. {words}. Call "
        f"tf.config.optimizer.set_experimental_options({option}), or give the case a `tolerance` if the difference is "
        "small enough for you."
    )
    name = guilty[0] if guilty else "grappler"
    return Finding("mode-optimization", name, message, evidence.places.location(stack), evidence.places.lines(stack))


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, causes first, with those that inference and training share told once."""
    unique: dict[tuple[object, ...], Finding] = {}
    for finding in sorted(findings, key=lambda finding: finding.follows):
        shown = finding.message.replace("(training)", "").replace("(inference)", "")
        unique.setdefault((finding.kind, finding.name, finding.location, shown), finding)
    return list(unique.values())
