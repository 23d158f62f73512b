"""The known causes of a divergence, each with what is behind it and its fix. The first one that applies is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tf_equivalence.pinpoint import recognize
from tf_equivalence.pinpoint.finding import Difference, Divergence


@dataclass(frozen=True)
class Cause:
    """A known migration bug.

    Attributes:
        name: A short word for it.
        applies: Whether a divergence is of this kind.
        why: What is behind it, one sentence.
        fix: What to do, one sentence; may name `{tf1}` and `{tf2}`, the values of the setting.
        setting: The setting whose values the fix names.
    """

    name: str
    applies: Callable[[Divergence], bool]
    why: str
    fix: str
    setting: str = ""


CAUSES = (
    Cause(
        "variables-swapped",
        recognize.is_kind("variables-swapped"),
        "Two variables of one shape have each other's name, so a checkpoint loads each into the other's place.",
        "Swap the two back: give the TF2 variable that is read here the name `{tf1}`, or map both in `variable_names`.",
        "variable",
    ),
    Cause(
        "reads-other-variable",
        recognize.is_kind("reads-other-variable"),
        "The call computes with another variable than TF1's does here.",
        "Read `{tf1}` here, or map it to `{tf2}` in `variable_names` if the rename is meant.",
        "variable",
    ),
    Cause(
        "variable-value",
        recognize.is_kind("variable-value"),
        "The variable does not begin with TF1's value: v1 layers, slim and Keras have other default initializers.",
        "Give `{tf1}` the same initializer with the same arguments on both sides (v1 defaults differ from Keras': "
        "spell them out), and check that nothing writes to it earlier in the call.",
        "variable",
    ),
    Cause(
        "stop-gradient",
        lambda found: found.kind == "operation-gradient" and recognize.differs("stop_gradient")(found),
        "tf.stop_gradient changes no value, so that only training shows where it was lost or added; v1's "
        "softmax_cross_entropy_with_logits stops the gradient into the labels by itself.",
        "Write tf.stop_gradient where TF1 has it (there: {tf1}, in TF2: {tf2}), as around the labels.",
        "stop_gradient",
    ),
    Cause(
        "gradient",
        recognize.is_kind("operation-gradient"),
        "The two sides compute one value in ways whose gradients differ: tf.custom_gradient, tf.stop_gradient, a "
        "gradient override, or an operation without gradient.",
        "Compare how both sides compute it, and give TF2 the gradient that TF1 has.",
    ),
    Cause(
        "ctc-blank",
        recognize.differs("blank_index"),
        "v1's CTC takes the last class for the blank, tf.nn.ctc_loss the first unless `blank_index` says otherwise.",
        "Pass `blank_index=-1` where TF1 took the last class ({tf1} in TF1, {tf2} in TF2).",
        "blank_index",
    ),
    Cause(
        "cosine-distance",
        recognize.is_cosine,
        "v1's cosine_distance is 1 - cos; Keras' CosineSimilarity is -cos, one less.",
        "Add one: `1 + CosineSimilarity(...)(...)`, and reduce over the same axis.",
    ),
    Cause(
        "loss-reduction",
        recognize.is_loss_reduction,
        "v1.losses divides by the number of weights that are not zero (SUM_BY_NONZERO_WEIGHTS); a mean, and Keras' "
        "losses, divide by the size of the batch.",
        "Divide the weighted sum by tf.math.count_nonzero(weights), as TF1 did.",
    ),
    Cause(
        "mixed-precision",
        recognize.is_mixed_precision,
        "A mixed-precision policy, or a layer's `dtype`, makes TF2 compute with fewer bits than TF1.",
        "Compute in {tf1} as TF1 did: drop the mixed-precision policy or pass `dtype='{tf1}'`.",
        "dtype",
    ),
    Cause(
        "dtype",
        recognize.is_kind("operation-dtype"),
        "TF2's operation returns another dtype than TF1's; `tf.image.resize` and division turn integers into floats.",
        "Cast to {tf1}, the dtype that TF1 has here.",
        "dtype",
    ),
    Cause(
        "cached-tensor",
        recognize.is_cached,
        "The value was computed once and kept, so later calls go on with what an earlier one left.",
        "Compute the tensor inside the call instead of keeping one from `__init__` or from an earlier call.",
    ),
    Cause(
        "foreign-random",
        recognize.is_foreign_random,
        "Numbers that NumPy or Python draw are constants to a graph, and new in every eager call.",
        "Draw with `tf.random` inside of the call: TF2 uses numbers that NumPy, Python or an earlier call drew.",
    ),
    Cause(
        "output-order",
        recognize.differs("result"),
        "The values are right and are returned in another place.",
        "Return the outputs in TF1's structure and order.",
    ),
    Cause(
        "reset-after",
        recognize.differs("reset_after"),
        "Keras' GRU multiplies by the reset gate after the matrix product by default, TF1's cell before it.",
        "Pass `reset_after=False` to the Keras GRU, and give it the gates in its own order (update before reset).",
    ),
    Cause(
        "gate-order",
        recognize.is_gate_order,
        "TF1 and Keras keep the gates of a recurrent cell in another order in one kernel.",
        "Take the slices of the kernel in TF1's order (an LSTM's gates are i, j, f, o in TF1 and i, f, c, o in Keras; "
        "a GRU's are reset, update in TF1 and update, reset in Keras), or permute the weights once when loading.",
    ),
    Cause(
        "forget-bias",
        recognize.is_forget_bias,
        "TF1's LSTM cells add `forget_bias` in every call; Keras puts a one into the initial bias instead.",
        "Add TF1's `forget_bias` (1 by default) to the forget gate, or once to the forget slice of the bias.",
    ),
    Cause(
        "frozen-batch-norm",
        recognize.is_frozen,
        "A Keras batch normalization that is not trainable runs in inference mode whatever `training` says.",
        "Leave `trainable` as in TF1 and pass the `training` flag that TF1 passed: a frozen Keras batch "
        "normalization always uses the moving averages.",
    ),
    Cause(
        "batch-statistics",
        recognize.is_batch_statistics,
        "`training` decides whether a normalization takes the batch's statistics or the moving averages.",
        "Pass the `training` flag that TF1 passed down to this layer: one side uses batch statistics, the other "
        "the moving averages.",
    ),
    Cause(
        "epsilon",
        recognize.differs("epsilon"),
        "The defaults differ: 1e-3 in `v1.layers`, slim and Keras, and 1e-5 or 1e-12 in many nets ported since.",
        "Pass `epsilon={tf1}`, as TF1 did.",
        "epsilon",
    ),
    Cause(
        "resize",
        recognize.differs("align_corners", "half_pixel_centers"),
        "`tf.image.resize` samples at half-pixel centers, which no v1 resize did by default.",
        "Keep `tf.compat.v1.image.resize_*` with TF1's flags: `tf.image.resize` samples at half-pixel centers.",
    ),
    Cause(
        "resize-missing",
        recognize.involves(
            "ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea", "ScaleAndTranslate"
        ),
        "TF1 resizes here with a sampling rule of its own, which only its own operation has.",
        "Keep the TF1 resize operation with its flags (`tf.compat.v1.image.resize_*`).",
    ),
    Cause(
        "dropout-rate",
        recognize.differs("rate"),
        "`keep_prob` says how much to keep, `rate` how much to drop.",
        "Pass `rate={tf1}`: `rate` is one minus TF1's `keep_prob`.",
        "rate",
    ),
    Cause(
        "logarithm",
        recognize.is_guarded_logarithm,
        "The argument reaches zero, where a guarded logarithm stays finite and a bare one does not.",
        "Guard the argument in the same way on both sides: the same epsilon, added or clipped, or none.",
    ),
    Cause(
        "axis",
        recognize.differs("axis"),
        "The operation works along another axis.",
        "Pass `axis={tf1}`, the axis that TF1 uses.",
        "axis",
    ),
    Cause(
        "layout",
        recognize.differs("data_format"),
        "One side has the channels first, the other last.",
        "Use TF1's data format, {tf1}.",
        "data_format",
    ),
    Cause(
        "activation",
        recognize.is_activation,
        "Another function, or none, is applied to what the layer computes.",
        "Use the activation that TF1 has in this place.",
    ),
    Cause(
        "integer-division",
        recognize.is_integer_division,
        "Python 3's `/` and `tf.math.divide` turn integers into floats, which `tf.div` did not.",
        "Write `//`: TF1's `tf.div` of integers rounds down, `/` does not.",
    ),
    Cause(
        "feature-order",
        recognize.is_other_order,
        "The same features are joined in another order, so the weights that follow meet other columns.",
        "Concatenate in TF1's order; feature columns were sorted by name.",
    ),
    Cause(
        "momentum",
        recognize.differs("momentum"),
        "`decay` of slim and `momentum` of Keras are the same, and their defaults differ: 0.999 and 0.99.",
        "Pass `momentum={tf1}`, as TF1 did.",
        "momentum",
    ),
    Cause(
        "alpha",
        recognize.differs("alpha"),
        "The slope of a leaky ReLU is 0.2 by default in `tf.nn`, and 0.3 in Keras' layer.",
        "Pass `alpha={tf1}`, as TF1 did (v1's leaky ReLU defaults to 0.2).",
        "alpha",
    ),
    Cause(
        "strides",
        recognize.differs("strides"),
        "The window moves by another step.",
        "Use TF1's strides, {tf1}.",
        "strides",
    ),
    Cause(
        "padding", recognize.differs("padding", "paddings"), "The edges are padded in another way.", "Pad as TF1 did."
    ),
    Cause(
        "padding-explicit",
        recognize.involves("Pad", "PadV2", "MirrorPad"),
        "Padding by hand and `padding='same'` put an odd pixel on different sides when strides are larger than one.",
        "Pad as TF1 did: explicit padding and `padding='same'` split an odd amount differently.",
    ),
    Cause(
        "transposed",
        recognize.involves("Transpose", "ReverseV2", "Reverse", "StridedSlice"),
        "Height and width, or the channels, are in another order on one side.",
        "Keep the axes and the channels in TF1's order (NHWC or NCHW, height before width, RGB or BGR).",
    ),
    Cause(
        "rescaled",
        recognize.is_rescaling,
        "The input is scaled or shifted by other constants.",
        "Scale the input as TF1 did, by the same constants.",
    ),
    Cause(
        "seed",
        recognize.differs("seed", "seed2"),
        "The operation draws with another seed: random operations are counted, and one of them is out of order.",
        "Draw random numbers in TF1's order, or set `operation_seed` before the draw that is out of order.",
    ),
)


def cause_of(found: Divergence) -> Cause | None:
    """Return the first known cause that applies; None where what is found is not known."""
    return next((cause for cause in CAUSES if cause.applies(found)), None)


def fix_for(found: Divergence) -> str:
    """Return the fix of the first known cause that applies, else what to try."""
    cause = cause_of(found)
    return _filled(cause, found) if cause is not None else _what_to_try(found)


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
