"""The known causes of a divergence, each with its fix. The first one that applies is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tf_equivalence.pinpoint.finding import OUTSIDE, Difference, Divergence

_ACTIVATIONS = frozenset(
    "Relu Relu6 LeakyRelu Elu Selu Tanh Sigmoid Softplus Softsign Softmax LogSoftmax Gelu Erf Erfc".split()
)
_MOMENTS = frozenset(["Mean", "SquaredDifference", "Square", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"])
_MIXED = frozenset(["float16", "bfloat16"])


@dataclass(frozen=True)
class Cause:
    """A known migration bug.

    Attributes:
        name: A short word for it.
        applies: Whether a divergence is of this kind.
        fix: What to do, one sentence; may name `{tf1}` and `{tf2}`, the values of the setting.
        setting: The setting whose values the fix names.
    """

    name: str
    applies: Callable[[Divergence], bool]
    fix: str
    setting: str = ""


def _differs(*names: str) -> Callable[[Divergence], bool]:
    def applies(found: Divergence) -> bool:
        return any(d.name in names and d.tf1 is not None and d.tf2 is not None for d in found.differences)

    return applies


def _has(found: Divergence, types: frozenset[str]) -> bool:
    named = {side.type for side in (found.tf1, found.tf2) if side is not None}
    return bool(types & (named if found.kind == "operation-value" else {*found.tf1_region, *found.tf2_region}))


def _is_kind(*kinds: str) -> Callable[[Divergence], bool]:
    return lambda found: found.kind in kinds


def _mentions(found: Divergence, *words: str) -> bool:
    told = " ".join(f"{side.layer} {side.function} {side.name}" for side in (found.tf1, found.tf2) if side is not None)
    return any(word in told.lower() for word in words)


def _is_activation(found: Divergence) -> bool:
    """The region begins with an activation on the side that has one."""
    structural = found.kind in ("operation-substituted", "operation-missing", "operation-extra")
    heads = {region[0] for region in (found.tf1_region, found.tf2_region) if region}
    return structural and bool(heads & _ACTIVATIONS)


def _is_gate_order(found: Divergence) -> bool:
    return any(d.source == "dataflow" and "of Split" in str(d.tf1) and "of Split" in str(d.tf2)
               for d in found.differences)  # fmt: skip


def _is_foreign_random(found: Divergence) -> bool:
    drawn = ("Random", "TruncatedNormal", "Multinomial", "ParameterizedTruncatedNormal")
    left, right = (any(op.startswith(drawn) for op in region) for region in (found.tf1_region, found.tf2_region))
    return found.kind == "operation-missing" and left and not right


def _is_cached(found: Divergence) -> bool:
    return any(d.tf2 == OUTSIDE for d in found.differences)


def _is_forget_bias(found: Divergence) -> bool:
    if any(d.name == "forget_bias" for d in found.differences):
        return True
    # In a hand-written cell the forget bias is a one that is added ahead of a sigmoid.
    added = [d for d in found.differences if d.source == "constant input" and 1.0 in (d.tf1, d.tf2)]
    return bool(added) and _mentions(found, "lstm") and _has(found, frozenset(["Add", "AddV2"]))


def _is_other_order(found: Divergence) -> bool:
    sides = [side for side in (found.tf1, found.tf2) if side is not None]
    joins = any(side.type.startswith(("Concat", "Pack")) for side in sides)
    return joins and any(d.source == "dataflow" for d in found.differences)


def _is_frozen(found: Divergence) -> bool:
    trainable = next((d for d in found.differences if d.name == "trainable"), None)
    return trainable is not None and trainable.tf2 is False and _mentions(found, "norm")


def _is_batch_statistics(found: Divergence) -> bool:
    if _differs("training")(found):
        return True
    one_sided = ("Mean" in found.tf1_region) != ("Mean" in found.tf2_region)
    return one_sided and _mentions(found, "norm") and _has(found, _MOMENTS)


def _is_guarded_logarithm(found: Divergence) -> bool:
    guards = frozenset(["Maximum", "Minimum", "ClipByValue", "Add", "AddV2"])
    structural = found.kind in ("operation-substituted", "operation-missing", "operation-extra")
    return structural and found.relative_output_difference == float("inf") and _has(found, guards)


def _is_integer_division(found: Divergence) -> bool:
    return "FloorDiv" in found.tf1_region and "RealDiv" in found.tf2_region


def _is_mixed_precision(found: Divergence) -> bool:
    return found.kind == "operation-dtype" and any(
        d.name == "dtype" and d.tf2 in _MIXED and d.tf1 not in _MIXED for d in found.differences
    )


def _involves(*types: str) -> Callable[[Divergence], bool]:
    wanted = frozenset(types)

    def applies(found: Divergence) -> bool:
        regions = {*found.tf1_region, *found.tf2_region}
        return bool(wanted & regions) and found.kind.startswith("operation-")

    return applies


def _is_rescaling(found: Divergence) -> bool:
    arithmetic = frozenset(["Mul", "RealDiv", "Sub", "Add", "AddV2"])
    constant = any(d.source == "constant input" for d in found.differences)
    return constant and _has(found, arithmetic) and not any(found.variables)


CAUSES = (
    Cause(
        "variables-swapped",
        _is_kind("variables-swapped"),
        "Swap the two back: give the TF2 variable that is read here the name `{tf1}`, or map both in `variable_names`.",
        "variable",
    ),
    Cause(
        "reads-other-variable",
        _is_kind("reads-other-variable"),
        "Read `{tf1}` here, or map it to `{tf2}` in `variable_names` if the rename is meant.",
        "variable",
    ),
    Cause(
        "variable-value",
        _is_kind("variable-value"),
        "Give `{tf1}` the same initializer with the same arguments on both sides (v1 defaults differ from Keras': "
        "spell them out), and check that nothing writes to it earlier in the call.",
        "variable",
    ),
    Cause(
        "mixed-precision",
        _is_mixed_precision,
        "Compute in {tf1} as TF1 did: drop the mixed-precision policy or pass `dtype='{tf1}'`.",
        "dtype",
    ),
    Cause("dtype", _is_kind("operation-dtype"), "Cast to {tf1}, the dtype that TF1 has here.", "dtype"),
    Cause(
        "cached-tensor",
        _is_cached,
        "Compute the tensor inside the call instead of keeping one from `__init__` or from an earlier call.",
    ),
    Cause(
        "foreign-random",
        _is_foreign_random,
        "Draw with `tf.random` inside of the call: TF2 uses numbers that NumPy, Python or an earlier call drew.",
    ),
    Cause(
        "output-order",
        _differs("result"),
        "Return the outputs in TF1's structure and order.",
    ),
    Cause(
        "reset-after",
        _differs("reset_after"),
        "Pass `reset_after=False` to the Keras GRU, and give it the gates in its own order (update before reset).",
    ),
    Cause(
        "gate-order",
        _is_gate_order,
        "Take the slices of the kernel in TF1's order (an LSTM's gates are i, j, f, o in TF1 and i, f, c, o in Keras; "
        "a GRU's are reset, update in TF1 and update, reset in Keras), or permute the weights once when loading.",
    ),
    Cause(
        "forget-bias",
        _is_forget_bias,
        "Add TF1's `forget_bias` (1 by default) to the forget gate, or once to the forget slice of the bias.",
    ),
    Cause(
        "frozen-batch-norm",
        _is_frozen,
        "Leave `trainable` as in TF1 and pass the `training` flag that TF1 passed: a frozen Keras batch "
        "normalization always uses the moving averages.",
    ),
    Cause(
        "batch-statistics",
        _is_batch_statistics,
        "Pass the `training` flag that TF1 passed down to this layer: one side uses batch statistics, the other "
        "the moving averages.",
    ),
    Cause("epsilon", _differs("epsilon"), "Pass `epsilon={tf1}`, as TF1 did.", "epsilon"),
    Cause(
        "resize",
        _differs("align_corners", "half_pixel_centers"),
        "Keep `tf.compat.v1.image.resize_*` with TF1's flags: `tf.image.resize` samples at half-pixel centers.",
    ),
    Cause(
        "resize-missing",
        _involves("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea", "ScaleAndTranslate"),
        "Keep the TF1 resize operation with its flags (`tf.compat.v1.image.resize_*`).",
    ),
    Cause(
        "dropout-rate",
        _differs("rate"),
        "Pass `rate={tf1}`: `rate` is one minus TF1's `keep_prob`.",
        "rate",
    ),
    Cause(
        "logarithm",
        _is_guarded_logarithm,
        "Guard the argument in the same way on both sides: the same epsilon, added or clipped, or none.",
    ),
    Cause("axis", _differs("axis"), "Pass `axis={tf1}`, the axis that TF1 uses.", "axis"),
    Cause("layout", _differs("data_format"), "Use TF1's data format, {tf1}.", "data_format"),
    Cause("activation", _is_activation, "Use the activation that TF1 has in this place."),
    Cause(
        "integer-division",
        _is_integer_division,
        "Write `//`: TF1's `tf.div` of integers rounds down, `/` does not.",
    ),
    Cause(
        "feature-order",
        _is_other_order,
        "Concatenate in TF1's order; feature columns were sorted by name.",
    ),
    Cause("momentum", _differs("momentum"), "Pass `momentum={tf1}`, as TF1 did.", "momentum"),
    Cause("alpha", _differs("alpha"), "Pass `alpha={tf1}`, as TF1 did (v1's leaky ReLU defaults to 0.2).", "alpha"),
    Cause("strides", _differs("strides"), "Use TF1's strides, {tf1}.", "strides"),
    Cause("padding", _differs("padding", "paddings"), "Pad as TF1 did."),
    Cause(
        "padding-explicit",
        _involves("Pad", "PadV2", "MirrorPad"),
        "Pad as TF1 did: explicit padding and `padding='same'` split an odd amount differently.",
    ),
    Cause(
        "transposed",
        _involves("Transpose", "ReverseV2", "Reverse", "StridedSlice"),
        "Keep the axes and the channels in TF1's order (NHWC or NCHW, height before width, RGB or BGR).",
    ),
    Cause("rescaled", _is_rescaling, "Scale the input as TF1 did, by the same constants."),
    Cause(
        "seed",
        _differs("seed", "seed2"),
        "Draw random numbers in TF1's order, or set `operation_seed` before the draw that is out of order.",
    ),
)


def fix_for(found: Divergence) -> str:
    """Return the fix of the first known cause that applies, else what to try."""
    for cause in CAUSES:
        if cause.applies(found):
            return _filled(cause, found)
    return _what_to_try(found)


def _filled(cause: Cause, found: Divergence) -> str:
    difference = next((d for d in found.differences if d.name == cause.setting), None)
    if difference is None:
        return cause.fix
    return cause.fix.format(tf1=_short(difference.tf1), tf2=_short(difference.tf2))


def _short(value: object) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _told(difference: Difference) -> bool:
    return difference.source != "dataflow" and difference.tf1 is not None and difference.tf2 is not None


def _what_to_try(found: Divergence) -> str:
    told = next((d for d in found.differences if _told(d)), None)
    if told is not None:
        return f"Set {told.name} to {_short(told.tf1)}, as in TF1."
    if found.kind == "operation-missing" and found.tf1 is not None:
        return f"Compute {found.tf1.type} in this place as TF1 does."
    if found.kind == "operation-extra" and found.tf2 is not None:
        return f"Leave out {found.tf2.type} in this place, or find where TF1 computes the same."
    if found.kind == "operation-substituted" and found.tf1 is not None:
        return f"Compute {found.tf1.type} in this place as TF1 does, with the same settings."
    if any(d.source == "dataflow" for d in found.differences):
        return "Connect the inputs of this operation as in TF1."
    return "Compare the two lines argument by argument, defaults included: the operation's attributes are the same."
