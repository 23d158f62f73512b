"""The rules that findings break: one for each known cause and each kind of finding, with a text that helps."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tf_equivalence import __version__
from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.report.explain import figure
from tf_equivalence.result import Finding

if TYPE_CHECKING:
    from tf_equivalence.pinpoint.causes import Cause

SOURCE = "https://github.com/org/tf-equivalence-action"
_CAUSES_PAGE = f"{SOURCE}/blob/v{__version__}/docs/causes.md"
_README = f"{SOURCE}/blob/v{__version__}/README.md#the-steps"
_LONGEST_ID = 100  # characters


@dataclass(frozen=True)
class Rule:
    """What should have held.

    Attributes:
        id: The name of the cause where it is known, else the kind of finding.
        title: What is wrong, one sentence.
        text: What is wrong where it is broken, and how to mend it.
        url: The page on it.
    """

    id: str
    title: str
    text: str
    url: str


# What is wrong, and what to do. A kind that is not here is described by its own words.
_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "gradient-missing": (
            "A variable that TF1 trains has no gradient in TF2.",
            "Look for a value that leaves the tape: NumPy, tf.stop_gradient, a variable that is not tracked.",
        ),
        "gradient-unexpected": (
            "A variable has a gradient in TF2 and none in TF1.",
            "Put back the tf.stop_gradient of TF1, or make the variable not trainable.",
        ),
        "gradient-value": (
            "The gradient of the loss with respect to a variable differs.",
            "Mend the outputs and the loss first; then compare what lies between this variable and the loss.",
        ),
        "initial-value": (
            "A variable starts from other values.",
            "Spell the initializer and its arguments out on both sides: the defaults of v1, slim and Keras differ.",
        ),
        "loss-scale": (
            "The loss to minimize is a multiple of TF1's.",
            "Reduce it as TF1 does: a sum, a mean, a mean over the weights that are not zero.",
        ),
        "loss-missing": (
            "A regularization loss of TF1 is lacking in TF2.",
            "Give the TF2 layer the same regularizer, and track the layer.",
        ),
        "loss-unexpected": ("TF2 has a regularization loss that TF1 has not.", "Drop the regularizer."),
        "loss-value": (
            "A regularization loss has another value.",
            "tf.nn.l2_loss halves the sum of squares, Keras' regularizers do not.",
        ),
        "objective-value": (
            "The loss to minimize has another value.",
            "Mend the outputs and the regularization first, then compare how the losses are added up.",
        ),
        "operation-dtype": ("An operation computes in another dtype than TF1's.", "Cast where TF1 does."),
        "operation-extra": ("TF2 computes an operation that TF1 does not.", "Leave it out."),
        "operation-missing": ("TF2 lacks an operation that TF1 computes.", "Compute it in the same place."),
        "operation-non-finite": (
            "An operation gives NaN or infinity on both sides, so nothing is known about what follows.",
            "Guard the operation, or give inputs for which it is finite.",
        ),
        "operation-substituted": ("TF2 computes another operation in the place of TF1's.", "Use TF1's operation."),
        "operation-value": (
            "An operation gives other numbers from the same inputs.",
            "Compare the two lines argument by argument, defaults included.",
        ),
        "output-missing": ("An output of TF1 is lacking in TF2.", "Return the same outputs under the same names."),
        "output-non-finite": (
            "An output is NaN or infinite on one side, or in other places.",
            "Guard logarithms, square roots and divisions in the same way on both sides.",
        ),
        "output-structure": ("The outputs are nested in another way.", "Return TF1's structure, in its order."),
        "output-unexpected": ("TF2 returns an output that TF1 does not.", "Return the same outputs."),
        "output-value": (
            "An output of the migrated model differs by more than rounding.",
            "Mend the causes that are named beside it, or compare the layers one by one.",
        ),
        "power-low": (
            "The step would have caught too few known changes to be a check.",
            "Give inputs and weights on which the outputs depend, or lower min-power.",
        ),
        "random-op-order": (
            "Random operations are drawn in another order.",
            "Draw in TF1's order, or set operation_seed before the draw that is out of order.",
        ),
        "regularization-missing": (
            "A variable that TF1 regularizes is not regularized in TF2.",
            "Give the layer TF1's regularizer.",
        ),
        "regularization-not-added": (
            "The regularization losses are not part of the loss that TF2 minimizes.",
            "Add `model.losses` to it.",
        ),
        "regularization-unexpected": ("TF2 regularizes a variable that TF1 does not.", "Drop the regularizer."),
        "region": ("Between here and the last agreement, the two sides compute different things.", "Compare both."),
        "state-value": (
            "State that is not trained, such as a moving average, differs after training calls.",
            "Update it as TF1 does, with the same momentum and as often.",
        ),
        "update-missing": (
            "A moving average stays as it is in TF2's training calls.",
            "Pass `training=True` down to the layer, and update it in the call.",
        ),
        "update-order": (
            "State is updated more than once in a step, in an order that TF1 leaves open.",
            "Give each call of a shared layer statistics of its own, or update them once.",
        ),
        "update-rate": (
            "One training call moves a moving average further, or less far, than in TF1.",
            "Pass TF1's momentum: `decay` of slim and `momentum` of Keras have other defaults.",
        ),
        "update-unexpected": (
            "A moving average moves in TF2's training calls, and not in TF1's.",
            "Call the layer with `training=False`, or run the update in TF1: decide which is meant.",
        ),
        "variable-created": (
            "A call after the first one creates a variable, so what was learned in it is lost.",
            "Create variables once, in `__init__` or `build`, and keep them on `self`.",
        ),
        "variable-dtype": ("A variable has another dtype.", "Create it with TF1's dtype."),
        "variable-duplicate": ("Two variables have one name.", "Give each layer a name of its own."),
        "variable-misnamed": (
            "A variable has another name than in TF1, so a checkpoint cannot be loaded by name.",
            "Name the layer as TF1's scope is named, or map the two in `variable_names`.",
        ),
        "variable-missing": ("TF2 lacks a variable of TF1.", "Create it in the same scope, and track it."),
        "variable-shape": ("A variable has another shape.", "Create it with TF1's shape."),
        "variable-trainable": ("A variable is trainable on one side only.", "Pass the same `trainable`."),
        "variable-unexpected": ("TF2 has a variable that TF1 has not.", "Leave it out, or map it in `variable_names`."),
        "variable-untracked": (
            "The model does not track a variable that it uses, so it is neither trained nor saved.",
            "Keep the variable, or the layer that has it, as an attribute of the model.",
        ),
        "variables-differ": (
            "The variables of the two sides cannot be matched, so the numbers say nothing.",
            "Mend what variable-inventory and variables-once report first.",
        ),
    }
)


@functools.cache
def _cause(name: str) -> Cause | None:
    """Return the known cause of this name."""
    # Here, not at the top: it loads NumPy, and a message about a wrong option needs none of it.
    from tf_equivalence.pinpoint.causes import CAUSES  # noqa: PLC0415

    return next((cause for cause in CAUSES if cause.name == name), None)


def rule_of(finding: Finding) -> Rule:
    """Return the rule that a finding breaks."""
    cause = _cause(str(finding.metrics.get("cause", "")))
    if cause is not None:
        return _rule_of_cause(cause)
    kind = one_line(finding.kind)[:_LONGEST_ID] or "finding"
    what, fix = _KINDS.get(kind, (f"{_words(kind)}: the migrated model does not do what the TF1 code does.", ""))
    return Rule(kind, what, f"{what} {fix}".strip(), _README)


def digest(finding: Finding) -> str:
    """Return on one line what is wrong and how to mend it: of a known cause, the message without its figures."""
    message = one_line(clean(finding.message).strip().partition("\n")[0])
    cause = _cause(str(finding.metrics.get("cause", "")))
    if cause is None or cause.why not in message:
        return message
    return " ".join((*_first_difference(finding), message[message.index(cause.why) :]))


def _first_difference(finding: Finding) -> tuple[str, ...]:
    """Return a sentence on the setting that differs first; nothing where none does."""
    differences = finding.metrics.get("differences")
    for each in differences if isinstance(differences, list) else ():
        if isinstance(each, Mapping) and each.get("source") != "dataflow":
            tf1, tf2 = (one_line(figure(each.get(side))) for side in ("tf1", "tf2"))
            return (f"{one_line(str(each.get('name')))} is {tf1} in TF1, {tf2} in TF2.",)
    return ()


def _rule_of_cause(cause: Cause) -> Rule:
    fix = cause.fix.format(tf1="<TF1's>", tf2="<TF2's>")
    return Rule(cause.name, f"{_words(cause.name)}: {cause.why}", f"{cause.why} {fix}", f"{_CAUSES_PAGE}#{cause.name}")


def _words(name: str) -> str:
    return name.replace("-", " ").capitalize()
