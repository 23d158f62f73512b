"""Compares what steps record by variable: gradients, and the values that training leaves.

Such a recording has leaves named `what/variable:0`, TF1's name on both sides. What is None, sparse or
rounding noise is put into comparable form first; then arrays are compared as outputs are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tf_equivalence.case import Tolerance
from tf_equivalence.judge.bounds import Array, TolerancePreset, bound_for, eps_of, largest
from tf_equivalence.judge.evidence import Evidence, Run
from tf_equivalence.judge.outputs import RunJudgement, judge_run
from tf_equivalence.recording import Leaf
from tf_equivalence.result import Finding

_NOISY = 0.1  # of its own size: a gradient that rounding moves as much is made of rounding
_SMALL = 2.0**10  # units of rounding of the largest gradient of all; rounding noise stays below
_MOST_NAMES = 6
_USUAL_RATE = 1e-2  # of a moving average whose rate the graph does not tell
_LEAST_RATE = 1e-5
RATE = "rate"
# What optimizers keep for each variable, by one name for all kinds of them.
SLOTS = (
    "momentum",
    "mean",
    "variance",
    "maximal-variance",
    "mean-square",
    "mean-gradient",
    "accumulator",
    "update-accumulator",
    "linear",
)
_NAME = re.compile(r"(?P<what>[a-z-]+)/(?P<variable>.*?):0(?: after (?P<when>.*))?")


@dataclass(frozen=True)
class Quantity:
    """A kind of value that steps record by variable.

    Attributes:
        kind: Begins the kinds of findings about it.
        word: Such as `gradient`.
        missing: What to say where TF2 has none; may name `{variable}`.
        unexpected: The same where TF1 has none.
    """

    kind: str
    word: str
    missing: str
    unexpected: str


LOSS = Quantity("objective", "loss", "", "")
_GRADIENT = Quantity(
    "gradient",
    "gradient",
    "The TF1 loss has a gradient by {variable}, the TF2 loss has none, so that training leaves it as it is. Look for "
    "tf.stop_gradient, an integer cast, NumPy, or an operation without gradient between the two, and for "
    "trainable=False.",
    "The TF2 loss has a gradient by {variable}, the TF1 loss has none: TF1 keeps it from being trained by this loss. "
    "Look for a tf.stop_gradient that was lost.",
)
_STATE = Quantity(
    "state",
    "value",
    "TF1 keeps {variable} as state that no optimizer trains; TF2 has no such variable.",
    "TF2 keeps {variable} as state that no optimizer trains; TF1 has no such variable.",
)
QUANTITIES: Mapping[str, Quantity] = {
    "gradients": _GRADIENT,
    "regularization-gradients": replace(
        _GRADIENT,
        missing="{variable} is regularized in TF1 and not in TF2: pass the same regularizer on both sides.",
        unexpected="{variable} is regularized in TF2 and not in TF1: pass the same regularizer on both sides.",
    ),
    "state": _STATE,
    "trained": Quantity(
        "trained",
        "value",
        "TF1 trains {variable}; TF2 has no such trainable variable.",
        "TF2 trains {variable}; TF1 has no such trainable variable.",
    ),
    "learning-rate": Quantity("rate", "learning rate", "", ""),
    **{f"slot-{slot}": Quantity("slot", f"slot of {slot}", "", "") for slot in SLOTS},
}


@dataclass(frozen=True)
class Subject:
    """What a recorded array is about.

    Attributes:
        quantity: What it is.
        variable: TF1's name, without `:0`; empty for a loss.
        when: After what; empty where there is only one moment.
    """

    quantity: Quantity
    variable: str
    when: str = ""


def subject_of(name: str) -> Subject | None:
    """Return what a leaf, or a component of one, is about; None for an output of the model."""
    if name == "loss" or name.startswith("loss after "):
        return Subject(LOSS, "", name.removeprefix("loss").removeprefix(" after "))
    parts = _NAME.match(name)
    if parts is None or parts["what"] not in QUANTITIES:
        return None
    return Subject(QUANTITIES[parts["what"]], parts["variable"], parts["when"] or "")


def is_by_variable(run: Run) -> bool:
    """Tell whether a run records values by variable rather than outputs."""
    return any((subject := subject_of(leaf.name)) is not None and subject.variable for leaf in run.record.outputs)


def judge_quantities(evidence: Evidence, tf1: Run, tf2: Run) -> RunJudgement:
    """Compare two runs that record values by variable."""
    rows = _rows((tf1, tf2))
    one, other = _dense(tf1, rows), _dense(tf2, rows)
    ours = {leaf.name: leaf for leaf in one.record.outputs}
    theirs = {leaf.name: leaf for leaf in other.record.outputs}
    notes: list[str] = []
    absent: list[Finding] = []
    compared: list[str] = []
    zero: list[str] = []
    names = [*ours, *(name for name in theirs if name not in ours)]
    for name in (name for name in names if subject_of(name) is not None):
        sides = _present(ours.get(name)), _present(theirs.get(name))
        if all(sides):
            compared.append(name)
        elif any(sides):
            run, leaf = (one, ours[name]) if sides[0] else (other, theirs[name])
            if name in ours and name in theirs and not run.arrays[leaf.arrays[0]].any():
                zero.append(name)
            else:
                absent.append(_absent(evidence, name, missing=sides[0]))
    noise = _noise_only(one, other, [name for name in compared if name.startswith("gradients/")])
    kept = [name for name in compared if name not in noise]
    notes += _remarks(_sparse_on_one_side(tf1, tf2), zero, noise)
    judgement = judge_run(
        replace(one.record, outputs=tuple(ours[name] for name in kept), losses=(), total_loss=""),
        one.arrays,
        one.reruns,
        replace(other.record, outputs=tuple(theirs[name] for name in kept), losses=(), total_loss=""),
        other.arrays,
        _tolerance(evidence.tolerance()),
        tf2_names=evidence.tf2_name,
        rounding=rounding_of_rates(one),
        until_first=evidence.until_first,
    )
    found = tuple(replace(finding, kind=_kind(finding)) for finding in judgement.findings)
    if absent and [finding.kind for finding in found] == ["nothing-compared"]:
        found = ()
    return replace(judgement, findings=(*absent, *found), notes=(*judgement.notes, *notes))


def rounding_of_rates(run: Run) -> dict[str, float]:
    """Return by how much rounding may move each moving average, whose rate is 1 - decay.

    A decay next to one leaves few digits in `1 - decay`: half a unit in its last place is up to
    ``eps / 4 / rate`` of what the average moves by, of which four are allowed. TF1's graph holds the rate.
    """
    values = {leaf.name: run.arrays[leaf.arrays[0]] for leaf in run.record.outputs if leaf.kind == "tensor"}
    allowed = {}
    for name, value in values.items():
        subject = subject_of(name)
        start = values.get(f"state/{subject.variable}:0 after 0 calls") if subject and subject.when else None
        if start is None or value.dtype.kind != "f" or start.shape != value.shape:
            continue
        rate = float(values.get(f"{RATE}/{subject.variable}:0" if subject else "", _USUAL_RATE))
        moved = largest(value.astype(np.float64) - start)
        allowed[name] = eps_of(value.dtype.name) * moved / max(min(rate, 1.0), _LEAST_RATE)
    return allowed


def _present(leaf: Leaf | None) -> bool:
    return leaf is not None and leaf.kind != "none"


def _kind(finding: Finding) -> str:
    subject = subject_of(finding.name)
    if subject is None or not finding.kind.startswith("output-"):
        return finding.kind
    return f"{subject.quantity.kind}-{finding.kind.removeprefix('output-')}"


def _absent(evidence: Evidence, name: str, *, missing: bool) -> Finding:
    subject = subject_of(name)
    assert subject is not None
    quantity = subject.quantity
    template = quantity.missing if missing else quantity.unexpected
    variable = f"{evidence.tf2_name(subject.variable)}:0"
    kind = f"{quantity.kind}-{'missing' if missing else 'unexpected'}"
    return Finding(kind, name, template.format(variable=variable))


def _tolerance(tolerance: TolerancePreset) -> TolerancePreset:
    """Return what bounds these values: the case's tolerance is in the unit of its outputs, unless a glob names them."""
    if isinstance(tolerance, str | Tolerance):
        return "measured"
    return {glob: chosen for glob, chosen in tolerance.items() if "/" in glob and glob.split("/")[0] in QUANTITIES}


def _rows(runs: Sequence[Run]) -> dict[str, int]:
    """Return how many rows each sparse value has when it is dense: as many as the dense one of the other side, if any.

    The slices alone tell no more than the largest index.
    """
    rows: dict[str, int] = {}
    for run in runs:
        for leaf in run.record.outputs:
            if leaf.kind == "indexed-slices":
                indices = leaf.arrays[1]
                held = (each[indices] for each in (run.arrays, *run.reruns) if indices in each)
                rows[leaf.name] = max([rows.get(leaf.name, 0), *(int(i.max(initial=-1)) + 1 for i in held)])
    for run in runs:
        for leaf in run.record.outputs:
            if leaf.name in rows and leaf.kind == "tensor" and leaf.shape:
                rows[leaf.name] = max(rows[leaf.name], leaf.shape[0])
    return rows


def _dense(run: Run, rows: Mapping[str, int]) -> Run:
    """Return the run with the slices of each sparse gradient added up in a dense array.

    Where one index occurs several times, the order of the slices means nothing.
    """
    leaves, arrays = [], dict(run.arrays)
    reruns = [dict(rerun) for rerun in run.reruns]
    for leaf in run.record.outputs:
        if leaf.kind != "indexed-slices":
            leaves.append(leaf)
            continue
        values, indices = leaf.arrays[:2]
        for each in (arrays, *reruns):
            if values in each and indices in each:
                each[values] = _added_up(each[values], each[indices], rows[leaf.name])
        leaves.append(replace(leaf, kind="tensor", arrays=(values,), shape=arrays[values].shape))
    return replace(run, record=replace(run.record, outputs=tuple(leaves)), arrays=arrays, reruns=tuple(reruns))


def _added_up(values: Array, indices: Array, rows: int) -> Array:
    dense = np.zeros((rows, *values.shape[1:]), values.dtype)
    np.add.at(dense, indices.reshape(-1).astype(np.int64), values)
    return dense


def _noise_only(tf1: Run, tf2: Run, names: Sequence[str]) -> list[str]:
    """Return the gradients that are rounding noise, as that of a bias ahead of a batch normalization is.

    They are as small as rounding makes them beside the largest gradient, on both sides, and the
    reference's own noise changes them by their own size.
    """
    ours = {leaf.name: tf1.arrays[leaf.arrays[0]] for leaf in tf1.record.outputs if leaf.arrays}
    theirs = {leaf.name: tf2.arrays[leaf.arrays[0]] for leaf in tf2.record.outputs if leaf.arrays}
    keys = {leaf.name: leaf.arrays[0] for leaf in tf1.record.outputs if leaf.arrays}
    top = max((largest(ours[name]) for name in names), default=0.0)
    found = []
    for name in names:
        dtype = ours[name].dtype.name
        limit = _SMALL * eps_of(dtype) * top
        if max(largest(ours[name]), largest(theirs[name])) > limit or not tf1.reruns:
            continue
        reruns = [rerun[keys[name]] for rerun in tf1.reruns if keys[name] in rerun]
        noise = bound_for(name, ours[name], reruns, "measured").noise
        if noise is not None and noise > _NOISY * largest(ours[name]):
            found.append(name)
    return found


def _sparse_on_one_side(tf1: Run, tf2: Run) -> list[str]:
    kinds = {leaf.name: leaf.kind for leaf in tf1.record.outputs}
    pairs = ((leaf.name, {leaf.kind, kinds.get(leaf.name)}) for leaf in tf2.record.outputs)
    return [name for name, both in pairs if both == {"tensor", "indexed-slices"}]


def _remarks(sparse: Sequence[str], zero: Sequence[str], noise: Sequence[str]) -> list[str]:
    remarks = []
    if sparse:
        remarks.append(
            f"{_names(sparse)}: sparse on one side, dense on the other. The values agree, but an optimizer moves only "
            "the rows of a sparse gradient, and all rows by a dense one's momentum"
        )
    if zero:
        remarks.append(
            f"{_names(zero)}: None on one side, zero on the other. An optimizer leaves a variable without gradient "
            "alone; momentum and weight decay go on to move one whose gradient is zero"
        )
    if noise:
        remarks.append(f"{_names(noise)}: nothing but rounding noise beside the largest gradient, so not compared")
    return remarks


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"
