"""Draws the conclusion from traces: the causes, ranked and merged, or that there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.pinpoint.align import Alignment
from tf_equivalence.pinpoint.aligned import rows
from tf_equivalence.pinpoint.backward import Gradients, locate_backward
from tf_equivalence.pinpoint.comparison import Comparison
from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.pinpoint.findings import finding_of, non_finite_finding
from tf_equivalence.pinpoint.locate import locate, locate_all
from tf_equivalence.pinpoint.non_finite import first_non_finite
from tf_equivalence.pinpoint.traced import Isolated, Traced, read_trace
from tf_equivalence.recording import Stack, VariableRecord, read_arrays, read_record, user_frames
from tf_equivalence.result import Finding, TracedPair
from tf_equivalence.trace import Effects, TracedOp

_NEGLIGIBLE = 1e-6


@dataclass(frozen=True)
class Conclusion:
    """What was found out about one traced pair.

    Attributes:
        findings: The causes, worst first.
        note: What to tell where there is none; empty for nothing.
    """

    findings: tuple[Finding, ...] = ()
    note: str = ""


def conclude(isolated: Isolated, evidence: Evidence) -> Conclusion:
    """Return the causes of a divergence, or what is known where none was found."""
    if isolated.alignment is None:
        return Conclusion(note=_failed(isolated.problem) if isolated.problem else "")
    try:
        causes = _causes(isolated, isolated.alignment, evidence)
        if isinstance(causes, str):
            return Conclusion(note=causes)
        if causes:
            made = _made_in_another_order(evidence, isolated.traced)
            return Conclusion(_merged(finding_of(evidence.places, cause, made) for cause in causes))
        # Where both sides have the same NaN, nothing differs, and still nothing is known to be right.
        bad = _first_non_finite(isolated.traced)
        return Conclusion((non_finite_finding(evidence.places, bad),) if bad is not None else ())
    except Exception as error:  # noqa: BLE001 - the verdict stands without its explanation
        return Conclusion(note=_failed(f"{type(error).__name__}: {error}"))


def _failed(problem: str) -> str:
    return f"pinpointing failed, which is a bug in tf-equivalence: {problem}"


def trace_rows(isolated: Isolated, evidence: Evidence) -> tuple[TracedPair, ...]:
    """Return the aligned operations for a person to read; none where a trace is missing."""
    (tf1, tf1_arrays), (tf2, tf2_arrays) = (
        read_trace(isolated.traced.tf1.directory),
        read_trace(isolated.traced.tf2.directory),
    )
    alignment = isolated.alignment
    if tf1 is None or tf2 is None or alignment is None or isolated.build is None:
        return ()
    free = Comparison(tf1, tf1_arrays, tf2, tf2_arrays, evidence.tf2_name, alignment)
    other, arrays = read_trace(isolated.build.directory)
    alone = None
    if other is not None and len(other.ops) == len(tf2.ops):
        alone = Comparison(tf1, tf1_arrays, other, arrays, evidence.tf2_name, alignment)
    return rows(evidence.places, free, alone)


def _made_in_another_order(evidence: Evidence, traced: Traced) -> dict[str, Stack]:
    """Return where TF2 creates the variables that are at another place among those of one shape than in TF1."""
    tf1, tf2 = (evidence.built(planned.build).variables for planned in (traced.tf1, traced.tf2))
    shapes = {variable.shape for variable in tf2}
    found: dict[str, Stack] = {}
    for shape in shapes:
        ours = [evidence.tf2_name(variable.name) for variable in tf1 if variable.shape == shape]
        theirs = _in_order_of_lines([variable for variable in tf2 if variable.shape == shape])
        for name, variable in zip(ours, theirs, strict=False):
            if name != variable.name:
                found[variable.name] = variable.stack
    return found


def _in_order_of_lines(variables: list[VariableRecord]) -> list[VariableRecord]:
    """Return variables in the order of the lines that made them, where each has one of its own in one file.

    Keras layers make theirs when they are first called, whatever the order they were constructed in.
    """
    frames = [next(iter(user_frames(variable.stack)), None) for variable in variables]
    places = [(frame.path, frame.line) for frame in frames if frame is not None]
    one_file = len({path for path, _ in places}) == 1 and len(set(places)) == len(variables)
    if not one_file:
        return variables
    return [variables[at] for at in sorted(range(len(variables)), key=places.__getitem__)]


def _causes(isolated: Isolated, alignment: Alignment, evidence: Evidence) -> tuple[Divergence, ...] | str:
    """Return what differs by itself, or say that nothing does.

    Where not everything could be isolated, that is the first difference of the free traces.
    """
    assert isolated.build is not None
    (tf1, tf1_arrays), (free, free_arrays) = (
        read_trace(isolated.traced.tf1.directory),
        read_trace(isolated.traced.tf2.directory),
    )
    assert tf1 is not None
    assert free is not None
    alone, arrays = read_trace(isolated.build.directory)
    if alone is not None and [op.type for op in alone.ops] == [op.type for op in free.ops]:
        causes = locate_all(Comparison(tf1, tf1_arrays, alone, arrays, evidence.tf2_name, alignment))
        if causes:
            effects = read_record(Effects, str(isolated.build.directory), "effects") or Effects()
            return _ranked(causes, effects)
        both = Comparison(tf1, tf1_arrays, free, free_arrays, evidence.tf2_name, alignment)
        parted = locate_backward(both, *_gradients(isolated.traced))
        if parted is not None:
            return (parted,)
        if isolated.complete and not _is_non_finite(isolated.traced):
            return (
                f"each of the {len(alone.ops)} operations agrees with TF1's when it is given TF1's values, so that the "
                "difference is rounding that adds up; no line is to blame. Give the case a `tolerance` if it is "
                "small enough for you"
            )
    first = locate(tf1, tf1_arrays, free, free_arrays, evidence.tf2_name)
    return (first,) if first is not None else ()


def _gradients(traced: Traced) -> tuple[Gradients, Gradients]:
    """Return the loss's gradients by every output; none for a step without a loss."""
    one, other = (read_arrays(str(planned.directory), "gradients") for planned in (traced.tf1, traced.tf2))
    return one, other


def _ranked(causes: tuple[Divergence, ...], effects: Effects) -> tuple[Divergence, ...]:
    """Return the causes with their effects, the largest first; those that explain nothing left out."""
    known = {place: effect.difference for effect in effects.effects for place in effect.executed}
    told = [
        replace(cause, effect=max((known[place] for place in cause.executed if place in known), default=None))
        for cause in causes
    ]
    largest = max((cause.effect for cause in told if cause.effect is not None), default=0.0)
    kept = [cause for cause in told if cause.effect is None or cause.effect > _NEGLIGIBLE * largest or not largest]
    return tuple(sorted(kept, key=lambda cause: -cause.effect if cause.effect is not None else -largest))


def _merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with those of one cause made one, as where an `arg_scope` tells many calls."""
    known: dict[object, Finding] = {}
    for finding in findings:
        first = known.setdefault(cause_of(finding), finding)
        if first is not finding:
            count = int(str(first.metrics["operations"])) + int(str(finding.metrics["operations"]))
            known[cause_of(finding)] = replace(first, metrics={**first.metrics, "operations": count})
    return tuple(known.values())


def cause_of(finding: Finding) -> object:
    """Return what findings of one cause share, whatever the figures are."""
    return finding.kind, finding.location, str(finding.metrics.get("differences")), finding.metrics.get("tf2_operation")


def _is_non_finite(traced: Traced) -> bool:
    return _first_non_finite(traced) is not None


def _first_non_finite(traced: Traced) -> TracedOp | None:
    trace, arrays = read_trace(traced.tf2.directory)
    return first_non_finite(trace, arrays) if trace is not None else None
