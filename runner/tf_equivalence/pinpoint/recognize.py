"""Recognizes known migration bugs by what a divergence shows."""

from __future__ import annotations

from collections.abc import Callable

from tf_equivalence.pinpoint.finding import OUTSIDE, Divergence

_ACTIVATIONS = frozenset(
    "Relu Relu6 LeakyRelu Elu Selu Tanh Sigmoid Softplus Softsign Softmax LogSoftmax Gelu Erf Erfc".split()
)
_MOMENTS = frozenset(["Mean", "SquaredDifference", "Square", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"])
_MIXED = frozenset(["float16", "bfloat16"])


def differs(*names: str) -> Callable[[Divergence], bool]:
    """Recognize a setting of one of these names that both sides state."""

    def applies(found: Divergence) -> bool:
        return any(d.name in names and d.tf1 is not None and d.tf2 is not None for d in found.differences)

    return applies


def has(found: Divergence, types: frozenset[str]) -> bool:
    """Tell whether an operation of these types is named, or in the regions of a structural divergence."""
    named = {side.type for side in (found.tf1, found.tf2) if side is not None}
    return bool(types & (named if found.kind == "operation-value" else {*found.tf1_region, *found.tf2_region}))


def is_kind(*kinds: str) -> Callable[[Divergence], bool]:
    """Recognize divergences of these kinds."""
    return lambda found: found.kind in kinds


def mentions(found: Divergence, *words: str) -> bool:
    """Tell whether a layer, function or name holds one of these words."""
    told = " ".join(f"{side.layer} {side.function} {side.name}" for side in (found.tf1, found.tf2) if side is not None)
    return any(word in told.lower() for word in words)


def is_activation(found: Divergence) -> bool:
    """The region begins with an activation on the side that has one."""
    structural = found.kind in ("operation-substituted", "operation-missing", "operation-extra")
    heads = {region[0] for region in (found.tf1_region, found.tf2_region) if region}
    return structural and bool(heads & _ACTIVATIONS)


def is_gate_order(found: Divergence) -> bool:
    """Recognize parts of a split that are taken in another order."""
    return any(d.source == "dataflow" and "of Split" in str(d.tf1) and "of Split" in str(d.tf2)
               for d in found.differences)  # fmt: skip


def is_foreign_random(found: Divergence) -> bool:
    """Recognize a draw of TF1 that TF2 does not make."""
    drawn = ("Random", "TruncatedNormal", "Multinomial", "ParameterizedTruncatedNormal")
    left, right = (any(op.startswith(drawn) for op in region) for region in (found.tf1_region, found.tf2_region))
    return found.kind == "operation-missing" and left and not right


def is_cached(found: Divergence) -> bool:
    """Recognize an input that existed before the call."""
    return any(d.tf2 == OUTSIDE for d in found.differences)


def is_forget_bias(found: Divergence) -> bool:
    """Recognize the bias that TF1 adds to the forget gate."""
    if any(d.name == "forget_bias" for d in found.differences):
        return True
    # In a hand-written cell the forget bias is a one that is added ahead of a sigmoid.
    added = [d for d in found.differences if d.source == "constant input" and 1.0 in (d.tf1, d.tf2)]
    return bool(added) and mentions(found, "lstm") and has(found, frozenset(["Add", "AddV2"]))


def is_other_order(found: Divergence) -> bool:
    """Recognize a join of other inputs."""
    sides = [side for side in (found.tf1, found.tf2) if side is not None]
    joins = any(side.type.startswith(("Concat", "Pack")) for side in sides)
    return joins and any(d.source == "dataflow" for d in found.differences)


def is_frozen(found: Divergence) -> bool:
    """Recognize a batch normalization that is not trainable."""
    trainable = next((d for d in found.differences if d.name == "trainable"), None)
    return trainable is not None and trainable.tf2 is False and mentions(found, "norm")


def is_batch_statistics(found: Divergence) -> bool:
    """Recognize statistics of the batch in the place of moving averages, or the other way round."""
    if differs("training")(found):
        return True
    one_sided = ("Mean" in found.tf1_region) != ("Mean" in found.tf2_region)
    return one_sided and mentions(found, "norm") and has(found, _MOMENTS)


def is_guarded_logarithm(found: Divergence) -> bool:
    """Recognize a logarithm whose argument one side keeps from zero."""
    guards = frozenset(["Maximum", "Minimum", "ClipByValue", "Add", "AddV2"])
    structural = found.kind in ("operation-substituted", "operation-missing", "operation-extra")
    return structural and found.relative_output_difference == float("inf") and has(found, guards)


def is_integer_division(found: Divergence) -> bool:
    """Recognize a division that no longer rounds down."""
    return "FloorDiv" in found.tf1_region and "RealDiv" in found.tf2_region


def is_mixed_precision(found: Divergence) -> bool:
    """Recognize a narrower dtype on the TF2 side."""
    return found.kind == "operation-dtype" and any(
        d.name == "dtype" and d.tf2 in _MIXED and d.tf1 not in _MIXED for d in found.differences
    )


def involves(*types: str) -> Callable[[Divergence], bool]:
    """Recognize a structural divergence with one of these operations."""
    wanted = frozenset(types)

    def applies(found: Divergence) -> bool:
        regions = {*found.tf1_region, *found.tf2_region}
        return bool(wanted & regions) and found.kind.startswith("operation-")

    return applies


def is_cosine(found: Divergence) -> bool:
    """Recognize Keras' cosine similarity in the place of v1's cosine distance."""
    theirs = f"{found.tf2.layer} {found.tf2.name}".lower() if found.tf2 is not None else ""
    return mentions(found, "cosine_distance") and "cosine" in theirs


def is_loss_reduction(found: Divergence) -> bool:
    """Recognize a loss that is divided by something else, in a call that is of a loss on the TF1 side."""
    one = found.tf1
    if one is None or "loss" not in f"{one.name} {one.function}".lower():
        return False
    reduced = frozenset(["Mean", "DivNoNan", "RealDiv", "Sum"])
    structural = found.kind in ("operation-substituted", "operation-missing", "operation-extra")
    return differs("reduction")(found) or (structural and has(found, reduced))


def is_rescaling(found: Divergence) -> bool:
    """Recognize arithmetic with other constants ahead of all variables."""
    arithmetic = frozenset(["Mul", "RealDiv", "Sub", "Add", "AddV2"])
    constant = any(d.source == "constant input" for d in found.differences)
    return constant and has(found, arithmetic) and not any(found.variables)
