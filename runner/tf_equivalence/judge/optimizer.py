"""Judges the step `optimizer`: training steps of the model, and of both optimizers apart from it.

Apart from the model both sides get the same gradients, so that what differs there is the optimizers'. What only
sparse gradients show is a failure where the model has such gradients, and a note where it has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tf_equivalence.judge.evidence import Evidence, Run
from tf_equivalence.judge.optimizer_values import ALONE, MODEL, comparable, moment, record_of, uncompared_slots
from tf_equivalence.judge.outputs import RunJudgement
from tf_equivalence.judge.quantities import judge_quantities
from tf_equivalence.recording import Leaf, OptimizerRecord
from tf_equivalence.result import Finding
from tf_equivalence.steps import TF1_OPTIMIZER, TF2_OPTIMIZER, Need, Step

_SPARSE = "sparse-gradients"
_IN_SPARSE = f"/{_SPARSE}/"


def is_training(run: Run) -> bool:
    """Tell whether a run records training steps."""
    return run.record.condition.partition(".")[0] in (MODEL, ALONE)


def judge_training(evidence: Evidence, tf1: Run, tf2: Run) -> RunJudgement:
    """Compare two runs of training steps; of what differs, the first moment is told."""
    one, other, notes = comparable(evidence, tf1, tf2)
    alone = tf1.record.condition == ALONE
    record = record_of(evidence, TF1_OPTIMIZER)
    sparse: list[str] = []
    if alone and record is not None and not record.sparse:
        sparse = _of_sparse_gradients(evidence, one, other)
        one, other = (_only(run, lambda leaf: _IN_SPARSE not in leaf.name) for run in (one, other))
    if alone and not one.record.outputs:
        return RunJudgement((), 0, 0, 0.0, 0.0, (), tuple(notes))
    judgement = judge_quantities(evidence, one, other)
    notes += sparse if not judgement.findings else []
    return replace(judgement, findings=tuple(_first_moments(judgement.findings)), notes=(*judgement.notes, *notes))


def note_training(evidence: Evidence, step: Step) -> list[str]:
    """Return what was trained with what, and what could not be compared."""
    notes = []
    for side, build in (("TF1", TF1_OPTIMIZER), ("TF2", TF2_OPTIMIZER)):
        record = record_of(evidence, build)
        if record is None:
            continue
        notes.append(f"{side}: {named(record)}, {record.steps} steps")
        notes += record.notes
        if record.unknown:
            notes.append(f"{side}: not known which slots these are, so not compared: {', '.join(record.unknown)}")
        if record.every > 1:
            notes.append(f"{side}: of large variables every {record.every}th element is compared")
        fault = evidence.fault(Need(build, ALONE))
        said = () if fault is not None else evidence.run(Need(build, ALONE)).record.notes
        notes += [f"{side}: apart from the model, {note}" for note in said]
    for tf1, tf2 in step.pairs:
        notes += uncompared_slots(evidence.run(tf1), evidence.run(tf2))
    return list(dict.fromkeys(notes))


def named(record: OptimizerRecord) -> str:
    """Return an optimizer's name with its learning rate."""
    rate = f"learning rate {record.rate:g}" if record.rate is not None else ""
    return f"{record.name}({rate})"


def _only(run: Run, keeps: Callable[[Leaf], bool]) -> Run:
    return replace(run, record=replace(run.record, outputs=tuple(leaf for leaf in run.record.outputs if keeps(leaf))))


def _of_sparse_gradients(evidence: Evidence, tf1: Run, tf2: Run) -> list[str]:
    """Return a note where the two would differ, had the model sparse gradients."""
    one, other = (_only(run, lambda leaf: _IN_SPARSE in leaf.name) for run in (tf1, tf2))
    if not one.record.outputs or not judge_quantities(evidence, one, other).findings:
        return []
    return ["with sparse gradients, such as an embedding's, the two would differ; this model has none"]


def _first_moments(findings: Sequence[Finding]) -> list[Finding]:
    """Return of all findings about one value the one of the fewest steps; the fewest steps first."""
    first: dict[tuple[str, str], tuple[int, Finding]] = {}
    for finding in findings:
        steps = max(moment(finding.name), 0)
        key = (finding.kind, finding.name.rpartition(" after ")[0] or finding.name)
        if key not in first or steps < first[key][0]:
            first[key] = steps, finding
    return [finding for _, finding in sorted(first.values(), key=lambda item: item[0])]
