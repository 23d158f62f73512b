"""Compares which variables have a regularization loss, and finds the line that states a regularizer."""

from __future__ import annotations

import ast

from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.judge.stated import Setting, stated_at
from tf_equivalence.recording import Frame, VariableRecord
from tf_equivalence.result import Finding
from tf_equivalence.steps import TF1_INFERENCE, TF2_INFERENCE, Need


def regularizer_line(variable: VariableRecord) -> Frame | None:
    """Return the line that gives a variable its regularizer; None where the source does not say."""
    kind = "bias" if variable.name.rpartition("/")[2] in ("bias", "biases", "beta") else "kernel"
    names = {
        "bias": ("bias_regularizer", "biases_regularizer"),
        "kernel": ("kernel_regularizer", "weights_regularizer"),
    }
    setting = Setting((*names[kind], "regularizer"), lambda given: isinstance(given, ast.Call | ast.Lambda), exact=True)
    return stated_at(variable.stack, setting)


def judge_regularized(evidence: Evidence) -> list[Finding]:
    """Return a finding for each variable that is regularized on one side only."""
    tf1 = _loss_variables(evidence, TF1_INFERENCE)
    tf2 = _loss_variables(evidence, TF2_INFERENCE)
    stacks = {v.name: v.stack for v in evidence.built(TF2_INFERENCE).variables}
    one = {evidence.tf2_name(name) for name in tf1}
    found = []
    written = [s for s in evidence.built(TF2_INFERENCE).sightings if s.kind == "collection-write"]
    for name in sorted((one ^ tf2) & set(stacks)):
        sides = ("TF1", "TF2") if name in one else ("TF2", "TF1")
        remedy, stack = "Pass the same `regularizer` on both sides.", stacks[name]
        if written and name in one:
            stack = written[0].stack
            remedy = (
                f"A loss is added to the collection `{written[0].name}` here, which eager execution ignores: use "
                "`regularizer=`, or `self.add_loss`."
            )
        found.append(
            Finding(
                "regularization-missing" if name in one else "regularization-unexpected",
                f"{name}:0",
                f"{name}:0 has a regularization loss on the {sides[0]} side and none on the {sides[1]} side. {remedy}",
                evidence.places.location(stack),
                evidence.places.lines(stack),
            )
        )
    return found


def _loss_variables(evidence: Evidence, build: object) -> set[str]:
    run = evidence.run(Need(build, "constant"))  # type: ignore[arg-type]
    losses = [loss for loss in run.record.losses if loss.collection == "regularization_losses"]
    return {name for loss in losses for name in loss.variables}
