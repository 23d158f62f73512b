"""What explains gradients that differ: the loss itself, a regularization that one side adds, a common factor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tf_equivalence.judge.bounds import Array, largest
from tf_equivalence.judge.evidence import Evidence, Run
from tf_equivalence.result import Finding
from tf_equivalence.steps import Need, Step

_GRADIENT, _REGULARIZATION = "gradients/", "regularization-gradients/"
_CLOSE = 1e-3  # relative to the largest value: far above rounding, far below any bug's effect
_LEAST_SCALE = 0.01
_LEAST = 2  # gradients with one ratio, to tell a common factor from chance


def explain_gradients(evidence: Evidence, step: Step, symptoms: Sequence[Finding]) -> list[Finding]:
    """Return the cause of gradients that differ, where their values alone tell it.

    Args:
        evidence: The case's recordings.
        step: The step `gradients`.
        symptoms: What differs, with places.
    """
    differing = [f for f in symptoms if f.kind == "gradient-value" and f.name.startswith(_GRADIENT)]
    missing = [f for f in symptoms if f.kind in ("gradient-missing", "gradient-unexpected")]
    if not differing and not missing:
        return []
    one, other = (evidence.run(need) for need in step.pairs[0])
    loss = next((finding for finding in symptoms if finding.kind.startswith("objective-")), None)
    return _not_regularized(one, other, differing, loss) or _common_factor(one, other, differing, loss)


def note_optimization(evidence: Evidence, step: Step) -> list[str]:
    """Return how far TF1's own graph optimization moves its gradients: no migration can be held to less."""
    tf1 = step.pairs[0][0]
    plain, optimized = _values(evidence.run(tf1)), _values(evidence.run(Need(tf1.build, f"{tf1.condition}-optimized")))
    moved = 0.0
    for name, one in plain.items():
        other = optimized.get(name)
        if other is not None and other.shape == one.shape and largest(one):
            moved = max(moved, largest(other - one) / largest(one))
    if not moved:
        return ["TF1's graph optimization does not change a gradient"]
    return [
        f"compared without graph optimization, which changes TF1's own gradients by up to {moved:.2g} of their size"
    ]


def _values(run: Run) -> dict[str, Array]:
    return {leaf.name: run.arrays[leaf.arrays[0]] for leaf in run.record.outputs if leaf.kind == "tensor"}


def _not_regularized(tf1: Run, tf2: Run, differing: Sequence[Finding], loss: Finding | None) -> list[Finding]:
    """Tell gradients that lack exactly what the regularization adds on the other side."""
    ours, theirs = _values(tf1), _values(tf2)
    lacking: dict[str, list[str]] = {"TF1": [], "TF2": []}
    for finding in differing:
        term = ours.get(finding.name.replace(_GRADIENT, _REGULARIZATION))
        one, other = ours[finding.name], theirs[finding.name]
        if term is None or term.shape != one.shape or one.shape != other.shape:
            return []
        for side, apart in (("TF2", one - other), ("TF1", other - one)):
            if largest(apart - term) <= _CLOSE * largest(term):
                lacking[side].append(finding.name.removeprefix(_GRADIENT))
    lacks = next((side for side, names in lacking.items() if names and len(names) == len(differing)), None)
    if lacks is None:
        return []
    names = lacking[lacks]
    has = "TF1" if lacks == "TF2" else "TF2"
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    remedy = "Add them: `loss + tf.add_n(model.losses)`." if lacks == "TF2" else "Add them on both sides."
    first = loss or differing[0]
    message = (
        f"The {has} loss includes the regularization losses, the {lacks} loss does not: the gradient by "
        f"{names[0]}{more} lacks exactly theirs. {remedy}"
    )
    return [Finding("regularization-not-added", names[0], message, first.location, first.stack)]


def _common_factor(tf1: Run, tf2: Run, differing: Sequence[Finding], loss: Finding | None) -> list[Finding]:
    """Tell gradients that all differ by one factor, as where a loss is reduced in another way."""
    ours, theirs = _values(tf1), _values(tf2)
    ratios = [_ratio(ours[finding.name], theirs[finding.name]) for finding in differing]
    if len(ratios) < _LEAST or None in ratios:
        return []
    known = [ratio for ratio in ratios if ratio is not None]
    if max(known) - min(known) > _CLOSE * abs(max(known)):
        return []
    factor = float(np.mean(known))
    if abs(factor - 1) <= _LEAST_SCALE:  # rounding, or something else
        return []
    first = loss or differing[0]
    inverse = f"1/{1 / factor:.6g}" if abs(factor) < 1 else f"{factor:.6g}"
    message = (
        f"Every gradient that differs is {inverse} times TF1's. Look at how the loss is reduced and scaled: a mean "
        "in the place of a sum, the number of weights that are not zero, the number of replicas."
    )
    return [Finding("loss-scale", "loss", message, first.location, first.stack, {"factor": factor})]


def _ratio(one: Array, other: Array) -> float | None:
    """Return the factor from one array to the other; None where there is no single one."""
    if one.shape != other.shape or not largest(one) or one.dtype.kind != "f":
        return None
    wide = one.astype(np.float64).reshape(-1)
    factor = float(np.dot(wide, other.astype(np.float64).reshape(-1)) / np.dot(wide, wide))
    if not np.isfinite(factor) or not factor:
        return None
    return factor if largest(other - factor * wide.reshape(one.shape)) <= _CLOSE * largest(other) else None
