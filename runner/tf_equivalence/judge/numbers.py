"""Judges the numeric steps: outputs and losses of paired runs, and what explains their differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tf_equivalence.judge.bounds import ILL_CONDITIONED
from tf_equivalence.judge.census import compare_census
from tf_equivalence.judge.checkpoint import explain_checkpoint, note_checkpoint
from tf_equivalence.judge.evidence import Evidence, Judged, Run
from tf_equivalence.judge.gradients import explain_gradients, note_optimization
from tf_equivalence.judge.initial import compare_initial_values
from tf_equivalence.judge.inventory import judge_variable_inventory
from tf_equivalence.judge.optimizer import is_training, judge_training, note_training
from tf_equivalence.judge.optimizer_causes import explain_optimizer
from tf_equivalence.judge.outputs import RunJudgement, judge_run
from tf_equivalence.judge.quantities import is_by_variable, judge_quantities, subject_of
from tf_equivalence.judge.regularized import regularizer_line
from tf_equivalence.judge.sightings import explain_by_sightings
from tf_equivalence.judge.state import explain_state
from tf_equivalence.recording import RunRecord, Stack, VariableRecord
from tf_equivalence.result import Difference, Finding
from tf_equivalence.steps import TF1_INFERENCE, TF2_INFERENCE, Need, Step

_REGULARIZATION = "regularization_losses"
_EXPLAIN: Mapping[str, Callable[[Evidence, Step, Sequence[Finding]], list[Finding]]] = {
    "checkpoint": explain_checkpoint,
    "gradients": explain_gradients,
    "optimizer": explain_optimizer,
    "state-updates": explain_state,
}
_REMARK: Mapping[str, Callable[[Evidence, Step], list[str]]] = {
    "checkpoint": note_checkpoint,
    "gradients": note_optimization,
    "optimizer": note_training,
}
# How the notes of the TF1 side begin that belong to a step.
_SAID = {"gradients": "model_fn's loss", "state-updates": "train_op"}
# What notes of these conditions begin with.
_SAID_OF = {
    "random": "first call: ",
    "random-second": "second call: ",
    "optimizer": "training the model: ",
    "optimizer-alone": "apart from the model: ",
}
_MOST_BOUNDS = 5
_MOST_NOTES = 12


def judge_numbers(evidence: Evidence, step: Step) -> Judged:
    """Return what differs between the paired runs of a step, causes before symptoms, the notes, and by how much."""
    causes: list[Finding] = []
    symptoms: list[Finding] = []
    notes: list[str] = []
    diverged: list[str] = []
    judgements: list[RunJudgement] = []
    for tf1, tf2 in step.pairs:
        judgement, remarks = _judge_pair(evidence, tf1, tf2)
        judgements.append(judgement)
        if judgement.findings:
            diverged.append(tf1.condition)
        symptoms += _place(evidence, tf2, judgement)
        notes += _summarize(tf1.condition, judgement, remarks)
        if tf1.condition == "random":
            causes += compare_initial_values(evidence, tf1.build, tf2.build)
    causes = _order_of_draws(evidence, step, causes, symptoms, notes) + causes
    symptoms = [_with_hint(step, finding) for finding in symptoms]
    causes = explain_by_sightings(evidence, step, diverged) + causes
    if step.id in _EXPLAIN:
        causes += _EXPLAIN[step.id](evidence, step, symptoms)
    if symptoms and not causes:
        causes = _different_variables(evidence)
    found = [*causes, *symptoms]
    # The first cause explains the numbers; initial values after it are shifted by it, too.
    explained = {"initial-value", *(finding.kind for finding in symptoms)} if causes else set()
    notes += _REMARK[step.id](evidence, step) if step.id in _REMARK else []
    if step.id in _SAID:
        notes += [note for note in evidence.built(step.pairs[0][0].build).notes if note.startswith(_SAID[step.id])]
    largest = Difference(
        max(judgement.max_abs_diff for judgement in judgements), max(judgement.max_rel_diff for judgement in judgements)
    )
    ill = dict.fromkeys(name for judgement in judgements for name in _ill_conditioned(judgement))
    found = [replace(f, follows=f.kind in explained) if f is not found[0] else f for f in found]
    return Judged(found, notes, largest, tuple(ill))


def _with_hint(step: Step, finding: Finding) -> Finding:
    """Add what to try when one constant for all weights makes a deep net overflow."""
    if step.id != "constant-weights" or finding.kind != "output-non-finite":
        return finding
    hint = "If it is the constant that makes the net overflow, set `constant` of the case to a smaller value."
    return replace(finding, message=f"{finding.message} {hint}")


def _judge_pair(evidence: Evidence, tf1: Need, tf2: Need) -> tuple[RunJudgement, tuple[str, ...]]:
    """Return the judgement, and why the reference is noisy, where that is known."""
    one = evidence.run(tf1)
    return judge_runs(evidence, one, evidence.run(tf2)), one.remarks


def judge_runs(evidence: Evidence, tf1: Run, tf2: Run) -> RunJudgement:
    """Compare two runs of a case as its steps do."""
    if is_training(tf1):
        return judge_training(evidence, tf1, tf2)
    if is_by_variable(tf1):
        return judge_quantities(evidence, tf1, tf2)
    ours, theirs = _comparable_losses(tf1.record, tf2.record)
    return judge_run(
        ours,
        tf1.arrays,
        tf1.reruns,
        theirs,
        tf2.arrays,
        evidence.tolerance(),
        tf2_names=evidence.tf2_name,
        nan_equal=evidence.nan_equal(),
        until_first=evidence.until_first,
    )


def _comparable_losses(tf1: RunRecord, tf2: RunRecord) -> tuple[RunRecord, RunRecord]:
    """Return the records with the losses that stand for the same thing.

    `compat.v1.losses` collects a model's supervised losses too, which a TF2 model does not own.
    They are compared only when the TF2 model has more losses than TF1 regularizes.
    """
    regularization = tuple(loss for loss in tf1.losses if loss.collection == _REGULARIZATION)
    if len(regularization) == len(tf1.losses):
        return tf1, tf2
    if len(tf2.losses) <= len(regularization):
        return replace(tf1, losses=regularization), tf2
    return replace(tf1, total_loss=""), replace(tf2, total_loss="")


def _place(evidence: Evidence, tf2: Need, judgement: RunJudgement) -> list[Finding]:
    """Return the findings with the line to look at: a variable's creation, a loss's, else the model."""
    build = evidence.built(tf2.build)
    variables: dict[str, VariableRecord] = {variable.name: variable for variable in build.variables}
    placed = []
    made = {leaf.name: leaf.stack for leaf in evidence.run(tf2).record.outputs if leaf.stack}
    for finding in judgement.findings:
        if (subject := subject_of(finding.name)) is not None:
            variable = variables.get(evidence.tf2_name(subject.variable))
            stack = variable.stack if variable else build.definition
            stack = made.get(finding.name) or stack  # where the value comes from, rather than whose it is
            placed.append(_at(evidence, finding, stack))
            continue
        variable = variables.get(finding.name.removesuffix(":0"))
        sources = judgement.loss_sources.get(finding.name, ((), ()))
        candidates = [variable.stack if variable and finding.kind.startswith("loss") else (), *reversed(sources)]
        stack = next((stack for stack in candidates if evidence.places.location(stack)), build.definition)
        stated = regularizer_line(variable) if variable and finding.kind == "loss-value" else None
        stack = (stated, *stack) if stated is not None else stack
        placed.append(_at(evidence, finding, stack))
    return placed


def _at(evidence: Evidence, finding: Finding, stack: Stack) -> Finding:
    return replace(finding, location=evidence.places.location(stack), stack=evidence.places.lines(stack))


def _ill_conditioned(judgement: RunJudgement) -> list[str]:
    return [name for name, bound in judgement.bounds if bound.ill_conditioned]


def _allowed(judgement: RunJudgement) -> list[str]:
    """Return what was allowed and why: the range over all arrays, and each array whose noise decided."""
    by_noise = [(name, bound) for name, bound in judgement.bounds if bound.by_noise]
    others = [bound for name, bound in judgement.bounds if not bound.by_noise]
    lines = [f"allowed {bound.atol:.3g} for {name} ({bound.source})" for name, bound in by_noise[:_MOST_BOUNDS]]
    if len(by_noise) > _MOST_BOUNDS:
        lines.append(f"allowed by noise for {len(by_noise) - _MOST_BOUNDS} more arrays")
    if others:
        low, high = min(bound.atol for bound in others), max(bound.atol for bound in others)
        widest = next(bound for bound in others if bound.atol == high)
        spread = f"{high:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        rtol = f" + {widest.rtol:.3g} * |TF1|" if widest.rtol else ""
        lines.append(f"allowed {spread}{rtol} ({widest.source})")
    return lines


def _summarize(condition: str, judgement: RunJudgement, remarks: tuple[str, ...]) -> list[str]:
    call = _SAID_OF.get(condition, "")
    arrays = "1 array" if judgement.compared == 1 else f"{judgement.compared} arrays"
    compared = f"{call}{arrays} with {judgement.elements} elements compared"
    largest = f"largest difference {judgement.max_abs_diff:.2g}, {judgement.max_rel_diff:.2g} of the largest value"
    notes = [f"{compared}; {largest}", *(f"{call}{line}" for line in _allowed(judgement))]
    if not judgement.compared and not judgement.findings:
        notes = [f"{call}not compared"]
    ill = _ill_conditioned(judgement)
    if ill:
        more = f" and {len(ill) - _MOST_BOUNDS} more" if len(ill) > _MOST_BOUNDS else ""
        names = f"{', '.join(ill[:_MOST_BOUNDS])}{more}"
        notes.append(
            f"{call}ill-conditioned: {names}: the reference's own noise exceeds {ILL_CONDITIONED:g} of its values"
        )
    said = [f"{call}{note}" for note in (*remarks, *judgement.notes)]
    rest = [f"{call}{len(said) - _MOST_NOTES} more remarks of this kind"] if len(said) > _MOST_NOTES else []
    return [*notes, *said[:_MOST_NOTES], *rest]


def _order_of_draws(
    evidence: Evidence, step: Step, causes: list[Finding], symptoms: list[Finding], notes: list[str]
) -> list[Finding]:
    """Return the census finding where it explains something; else only note it."""
    tf1, tf2 = step.pairs[0]
    if tf1.condition != "random":  # one constant seed does not care about order
        return []
    census = compare_census(evidence, tf1.build, tf2.build)
    if census is None:
        return []
    if causes or symptoms:
        return [census]
    notes.append(f"without effect on any value: {census.message}")
    return []


def _different_variables(evidence: Evidence) -> list[Finding]:
    """Return the inventory's first finding as the cause of numbers that cannot agree."""
    if evidence.build(TF1_INFERENCE) is None or evidence.build(TF2_INFERENCE) is None:
        return []
    kinds = (
        "variable-untracked",
        "variable-missing",
        "variable-misnamed",
        "variable-unexpected",
        "variable-shape",
        "variable-dtype",
    )
    for finding in judge_variable_inventory(evidence, regularized=False).findings:
        if finding.kind in kinds:
            message = f"The two sides do not have the same variables, so their numbers cannot agree. {finding.message}"
            return [Finding("variables-differ", finding.name, message, finding.location, finding.stack)]
    return []
