"""Judges `variables-once`: no call after the first creates a variable."""

from __future__ import annotations

from collections.abc import Sequence

from tf_equivalence.judge.evidence import Evidence, Judged
from tf_equivalence.recording import ORIGINS, Creation
from tf_equivalence.result import Finding, Location
from tf_equivalence.steps import TF2_INFERENCE

_REMEDIES = {
    "explicit-variable": "Create it once and keep it on `self`.",
    "keras-object": "Build it in `__init__`, or through `tf.compat.v1.keras.utils.get_or_create_layer`.",
    "auto-named-v1-layer": "Name it, or wrap the calls in a named `tf.compat.v1.variable_scope`: the automatic "
    "name counts up with each call.",
    "unscoped-name": "Wrap the call in a named `tf.compat.v1.variable_scope`.",
    "get-variable": "Decorate the method with `tf.compat.v1.keras.utils.track_tf1_style_variables`.",
    "template": "Make the template once, in `__init__`.",
    "moving-average": "Make the `ExponentialMovingAverage` and its shadow variables once, outside of the call.",
}


def judge_variables_once(evidence: Evidence) -> Judged:
    """Return a finding for each line that creates variables in a later call, and the notes."""
    build = evidence.built(TF2_INFERENCE)
    lines: dict[tuple[Location | None, str], list[Creation]] = {}
    for creation in build.creations:
        place = evidence.places.location(creation.variable.stack)
        lines.setdefault((place, creation.variable.origin), []).append(creation)
    findings = [_finding(evidence, place, origin, group) for (place, origin), group in lines.items()]
    seen = tuple(creation.phase for creation in build.creations)
    # Where a call is known to create variables, what it raised because of that adds nothing.
    return Judged(findings, [n for n in build.notes if "not tried" in n and not (seen and n.startswith(seen))])


def _finding(evidence: Evidence, place: Location | None, origin: str, group: Sequence[Creation]) -> Finding:
    names = list(dict.fromkeys(f"{creation.variable.name}:0" for creation in group))
    phases = list(dict.fromkeys(creation.phase for creation in group))
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    variables = "variable" if len(names) == 1 else f"{len(names)} variables"
    flag_only = all(phase.startswith("training=") for phase in phases)
    remedy = _REMEDIES[origin]
    when = "in every call after the first" if len(phases) > 3 else f"in a call after the first ({', '.join(phases)})"
    if flag_only:
        when = f"only when called with {phases[0]}"
        remedy = "Build this part whatever the flag is, and only leave its result unused."
    return Finding(
        kind="variable-created",
        name=names[0],
        message=f"Creates the {variables} {shown} {when}: {ORIGINS[origin]}. {remedy}",
        location=place or evidence.places.location(evidence.built(TF2_INFERENCE).definition),
        stack=evidence.places.lines(group[0].variable.stack),
        metrics={"class": origin, "phases": phases, "variables": names},
    )
