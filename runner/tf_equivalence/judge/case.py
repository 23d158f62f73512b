"""Judges one case: each step from its recordings, and the faults that kept recordings from being made."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tf_equivalence.discover import CaseRef
from tf_equivalence.judge.bounds import unmatched_globs
from tf_equivalence.judge.creations import judge_variables_once
from tf_equivalence.judge.evidence import Evidence, Judged
from tf_equivalence.judge.inventory import judge_variable_inventory
from tf_equivalence.judge.modes import judge_modes
from tf_equivalence.judge.numbers import judge_numbers
from tf_equivalence.judge.power import measure_power
from tf_equivalence.recording import Fault
from tf_equivalence.result import Finding, Location, Outcome, Power, StepResult
from tf_equivalence.steps import STEPS, Need, Step

LOAD = "load"
_MOST_NAMES = 20
_MOST_BLIND_SPOTS = 8
# Of a step whose bound is wide because its reference is noisy. Some changes show in no outputs at all, such as the
# scale of what is normalized next, so that it is less than one would like.
_LEAST_POWER = 0.25

# What training differs by where these do, and what the step `optimizer` says then.
_BEFORE_TRAINING = {"variable-inventory", "constant-weights", "named-weights", "random-training", "gradients"}
_OF_TRAINING = {
    *("training-step", "variables-differ", "objective-value", "objective-non-finite"),
    *("trained-missing", "trained-unexpected", "trained-shape", "trained-dtype", "trained-value", "trained-non-finite"),
}

_Judge = Callable[[Evidence], Judged]
_JUDGES: Mapping[str, _Judge] = {
    "variables-once": judge_variables_once,
    "variable-inventory": judge_variable_inventory,
    "execution-modes": judge_modes,
}


def judge_step(evidence: Evidence, step: Step, case: CaseRef, started: float) -> StepResult:
    """Return the result of one step whose builds have all ended.

    Args:
        evidence: The case's recordings.
        step: The step.
        case: For a location where no better one is known.
        started: `time.monotonic()` when the step's first recording was begun.
    """
    skipped = _skipped(evidence, step)
    if skipped is not None:
        return skipped
    fault = next((fault for need in step.needs if (fault := evidence.fault(need)) is not None), None)
    if fault is not None:
        return _faulty(evidence, step.id, fault, case, started)
    judge = _JUDGES.get(step.id) or (lambda evidence: judge_numbers(evidence, step))
    try:
        findings, notes, difference, ill_conditioned = judge(evidence)
        power, remarks = (None, []) if findings or not step.pairs else measure_power(evidence, step)
    finally:
        evidence.forget_runs()
    findings += _check_power(evidence, step, power, ill_conditioned, case) if not findings else []
    notes += remarks
    duration = time.monotonic() - started
    if not findings:
        return StepResult(
            step.id, Outcome.PASSED, duration, step.holds, power=power, notes=tuple(notes), difference=difference
        )
    location = next((finding.location for finding in findings if finding.location), Location(case.path, case.line))
    return StepResult(
        step.id,
        Outcome.DIVERGED,
        duration,
        one_line(findings),
        location,
        tuple(findings),
        power,
        notes=tuple(notes),
        difference=difference,
    )


def _check_power(
    evidence: Evidence, step: Step, power: Power | None, ill_conditioned: tuple[str, ...], case: CaseRef
) -> list[Finding]:
    """Return a finding where a pass would say less than the settings, or a wide bound, ask for."""
    asked = max(evidence.min_power, _LEAST_POWER if ill_conditioned else 0.0) if step.pairs else 0.0
    if not asked or (power is not None and power.caught >= asked * power.probes):
        return []
    if power is None:
        said = "It agrees, but how much it would have caught could not be measured."
    else:
        blind = list(power.blind_spots[:_MOST_BLIND_SPOTS])
        more = len(power.blind_spots) - len(blind)
        blind += [f"{more} more"] if more else []
        said = f"It agrees, but would have caught only {power.caught} of {power.probes} known changes; "
        said += f"blind to {'; '.join(blind)}."
    why = f"At least {asked:.0%} are asked for."
    if ill_conditioned:
        why = (
            f"The reference's own noise makes the bound of {', '.join(ill_conditioned[:_MOST_BLIND_SPOTS])} wide, so "
            f"that at least {asked:.0%} are asked for."
        )
    message = f"{said} {why} Choose inputs that vary, such as an ArraySpec, or a larger batch."
    kind = "ill-conditioned" if ill_conditioned else "power-low"
    return [Finding(kind, case.class_name, message, Location(case.path, case.line))]


def follow_up(steps: Sequence[StepResult]) -> list[StepResult]:
    """Return the steps of a case, what an earlier one explains marked: where gradients differ, training does, too."""
    differing = {step.id: step for step in steps if step.outcome is Outcome.DIVERGED}
    found = []
    for step in steps:
        shifted = [each for each in differing.values() if each.id in _BEFORE_TRAINING] if step.id == "optimizer" else []
        told = bool(shifted) and all(finding.kind in _OF_TRAINING or finding.follows for finding in step.findings)
        findings = tuple(replace(finding, follows=True) for finding in step.findings) if told else step.findings
        location = shifted[0].location if told else step.location
        found.append(replace(step, findings=findings, location=location))
    return found


def one_line(findings: Sequence[Finding]) -> str:
    """Return the first finding's first sentence, and how many more there are."""
    head = " ".join(findings[0].message.split())
    head = head.split(". ")[0].rstrip(".")
    more = len(findings) - 1
    return f"{head[:300]}" + (f" (and {more} more finding{'s' if more > 1 else ''})" if more else "")


def _skipped(evidence: Evidence, step: Step) -> StepResult | None:
    record = evidence.any_build()
    reason = (record.settings["skip"] if record else {}).get(step.id)
    if reason is None:
        return None
    return StepResult(step.id, Outcome.SKIPPED, 0.0, str(reason) or "skipped by the case, without a reason")


def _faulty(evidence: Evidence, step_id: str, fault: Fault, case: CaseRef, started: float) -> StepResult:
    duration = time.monotonic() - started
    if fault.kind == "not-applicable":
        return StepResult(step_id, Outcome.SKIPPED, duration, fault.message)
    finding = fault_finding(evidence, fault, case)
    return StepResult(step_id, Outcome.ERROR, duration, one_line([finding]), finding.location, (finding,))


def fault_finding(evidence: Evidence, fault: Fault, case: CaseRef) -> Finding:
    """Return a fault as a finding, at the user's line or else at the case."""
    location = evidence.places.location(fault.stack) or Location(case.path, case.line)
    return Finding(fault.kind, case.class_name, fault.message, location, evidence.places.lines(fault.stack))


def load_fault(evidence: Evidence, needs: Sequence[Need]) -> Fault | None:
    """Return the fault that kept the module from being imported, if that is what happened."""
    faults = (evidence.fault(Need(need.build)) for need in needs)
    return next((fault for fault in faults if fault is not None and fault.kind == "load"), None)


def check_case(evidence: Evidence, case: CaseRef, known_classes: Sequence[str]) -> list[Finding]:
    """Return what is wrong with the case's own settings, and cases that only appeared at import.

    Args:
        evidence: The case's recordings.
        case: The case.
        known_classes: Names of the classes that the module's source defines.
    """
    record = evidence.any_build()
    if record is None:
        return []
    here = Location(case.path, case.line)
    found = []
    for step_id in record.settings["skip"]:
        if step_id not in STEPS:
            found.append(
                Finding(
                    "unknown-step",
                    step_id,
                    f"`skip` names the step {step_id!r}, which does not exist; {_nearest(step_id, STEPS)}",
                    here,
                )
            )
    found += _check_tolerance(evidence, here)
    found += _check_globs("nan_equal", evidence.nan_equal(), evidence, here)
    for name in record.module_cases:
        if name not in known_classes:
            found.append(
                Finding(
                    "hidden-case",
                    name,
                    f"The module makes the case {name} while it is imported, so it "
                    "was not found beforehand and does not run. Write it as a class statement.",
                    here,
                )
            )
    if record.settings.get("reference") not in (None, "graph"):
        found.append(
            Finding(
                "reference",
                str(record.settings["reference"]),
                "reference = "
                f"{record.settings['reference']!r} asks for a runtime that this installation does not "
                "have; use 'graph'.",
                here,
            )
        )
    return found


def _check_tolerance(evidence: Evidence, here: Location) -> list[Finding]:
    tolerance = evidence.tolerance()
    if isinstance(tolerance, str):
        if tolerance in ("measured", "guide"):
            return []
        return [
            Finding(
                "tolerance",
                tolerance,
                f"tolerance = {tolerance!r} is no preset: use 'measured', 'guide', a "
                "Tolerance(rtol, atol), or a mapping from output glob to Tolerance.",
                here,
            )
        ]
    return _check_globs("tolerance", tolerance, evidence, here) if isinstance(tolerance, Mapping) else []


def _check_globs(member: str, globs: Iterable[str], evidence: Evidence, here: Location) -> list[Finding]:
    """Return a finding for each glob that matches no output: it would be without effect in silence."""
    names = evidence.output_names()
    return [
        Finding(f"{member}-glob", glob, f"The {member} glob {glob!r} matches no output; {_nearest(glob, names)}", here)
        for glob in (unmatched_globs(globs, names) if names else ())
    ]


def _nearest(word: str, known: Iterable[str]) -> str:
    """Return a question about the likeliest word, or the list of all, to end a sentence."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"choose among {', '.join(map(repr, names[:_MOST_NAMES]))}" + (" …" if len(names) > _MOST_NAMES else "")
