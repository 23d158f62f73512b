"""Compares what two operations were told: attributes, constants, call arguments, layer configuration."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from tf_equivalence.pinpoint.align import normalized_type
from tf_equivalence.pinpoint.finding import Difference
from tf_equivalence.trace import Trace, TracedOp

_ALIASES = {
    "variance_epsilon": "epsilon",
    "eps": "epsilon",
    "dim": "axis",
    "axes": "axis",
    "reduction_indices": "axis",
    "concat_dim": "axis",
    "split_dim": "axis",
    "squeeze_dims": "axis",
    "keep_dims": "keepdims",
    "activation_fn": "activation",
    "_activation": "activation",
    "is_training": "training",
    "stride": "strides",
    "ksize": "pool_size",
    "kernel": "kernel_size",
    "ksizes": "pool_size",
    "dilation": "dilation_rate",
    "dilations": "dilation_rate",
    "decay": "momentum",
    "negative_slope": "alpha",
    "_forget_bias": "forget_bias",
    "perm": "perm",
}
# Settings that say the same thing whoever takes them, so that TF1's call may be held against TF2's layer.
_UNIVERSAL = frozenset(
    "epsilon axis rate momentum alpha strides padding dilation_rate forget_bias align_corners half_pixel_centers "
    "reset_after center scale training blank_index keepdims activation recurrent_activation pool_size "
    "max_value threshold approximate go_backwards time_major ord antialias method interpolation "
    "label_smoothing reduction delta from_logits transpose_a transpose_b".split()
)
_IGNORED = frozenset(
    "_reuse _scope a activity_regularizer adjustment args autocast b batch_input_shape bias_constraint "
    "bias_initializer bias_regularizer biases_initializer biases_regularizer conv_op data dtype explicit_paddings "
    "exponential_avg_factor features filters func fused groups implementation initializer input inputs "
    "kernel_constraint kernel_initializer kernel_regularizer kwargs layer_name logits mask N name_scope "
    "normalizer_fn normalizer_params num num_outputs num_split outputs outputs_collections parallel_iterations "
    "param_initializers partitioner regularizer renorm renorm_clipping renorm_momentum reset_default "
    "return_sequences return_state reuse seed_gen shape SrcT stateful swap_memory synchronized T tensor time_major "
    "Tin Tout trainable_weights units unroll updates_collections use_bias validate_shape value values "
    "variables_collections virtual_batch_size weights_initializer weights_regularizer x y zero_output_for_mask".split()
)
_POSITIONS: Mapping[tuple[str, int], str] = {
    ("Transpose", 1): "perm",
    ("Mean", 1): "axis",
    ("Sum", 1): "axis",
    ("Max", 1): "axis",
    ("Min", 1): "axis",
    ("Prod", 1): "axis",
    ("Any", 1): "axis",
    ("All", 1): "axis",
    ("ArgMax", 1): "axis",
    ("ArgMin", 1): "axis",
    ("Cumsum", 1): "axis",
    ("ExpandDims", 1): "axis",
    ("ReverseV2", 1): "axis",
    ("Split", 0): "axis",
    ("Gather", 2): "axis",
    ("Pad", 1): "paddings",
    ("MirrorPad", 1): "paddings",
    ("ResizeBilinear", 1): "size",
    ("ResizeNearestNeighbor", 1): "size",
    ("ResizeBicubic", 1): "size",
    ("StridedSlice", 1): "begin",
    ("StridedSlice", 2): "end",
    ("StridedSlice", 3): "strides",
    ("Slice", 1): "begin",
    ("Slice", 2): "size",
    ("OneHot", 1): "depth",
    ("OneHot", 2): "on_value",
    ("OneHot", 3): "off_value",
    ("TopK", 1): "k",
    ("Tile", 1): "multiples",
    ("ClipByValue", 1): "clip_value_min",
    ("ClipByValue", 2): "clip_value_max",
}
_NORMALIZATION = re.compile(r"norm", re.IGNORECASE)
_SHAPES_OF_RESULT = frozenset(["Reshape", "Fill", "BroadcastTo"])
_ACTIVATIONS = frozenset(
    "Relu Relu6 LeakyRelu Elu Selu Tanh Sigmoid Softplus Softsign Softmax LogSoftmax Erf Erfc Gelu Exp".split()
)


def same_setting(one: object, other: object) -> bool:
    """Return whether two JSON values ask for the same thing, spelling aside."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other or (one in (0, 1) and other in (0, 1) and bool(one) == bool(other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-6) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, str) and isinstance(other, str):
        return _word(one) == _word(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same_summary(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            short, long = sorted((list(one), list(other)), key=len)
            return bool(short) and all(same_setting(short[0], item) for item in (*short, *long))
        return all(same_setting(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, list | tuple):
        return bool(one) and all(same_setting(item, other) for item in one)
    if isinstance(other, list | tuple):
        return bool(other) and all(same_setting(one, item) for item in other)
    return one == other


def _same_summary(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-12)
    return same_setting(one, other)


def _word(text: str) -> str:
    word = text.lower().removeprefix("tf.").strip("_")
    return {"channels_last": "nhwc", "channels_first": "nchw"}.get(word, word)


def attribute_differences(one: TracedOp, other: TracedOp) -> list[Difference]:
    """Return the operation attributes that both have with different values."""
    found = [
        Difference(_ALIASES.get(key, key), one.attrs[key], other.attrs[key], "attribute")
        for key in one.attrs.keys() & other.attrs.keys() - _IGNORED
        if not same_setting(one.attrs[key], other.attrs[key])
    ]
    return sorted(found, key=lambda d: d.name)


def constant_differences(one: TracedOp, other: TracedOp, traces: tuple[Trace, Trace]) -> list[Difference]:
    """Return the constant inputs that differ, named by what they mean where that is known."""
    if normalized_type(one) in _SHAPES_OF_RESULT or one.type.startswith(("Random", "TruncatedNormal")):
        return []
    if normalized_type(one) == normalized_type(other) == "Concat" and len(one.sources) != len(other.sources):
        return []
    left, right = one.constants, other.constants
    found = []
    for at in sorted(left.keys() & right.keys()):
        name = _position_name(one, at, traces[0])
        values = left[at], right[at]
        if None in values or same_setting(*(_counted(v, name, op) for v, op in zip(values, (one, other), strict=True))):
            continue
        found.append(Difference(name, *values, "constant input"))
    return found


def _position_name(op: TracedOp, at: int, trace: Trace) -> str:
    kind = normalized_type(op)
    if kind == "Concat" and at == len(op.sources) - 1:
        return "axis"
    if (kind, at) in _POSITIONS:
        return _POSITIONS[kind, at]
    return _epsilon_name(op, trace) or _dropout_name(op, trace) or f"input {at}"


def _epsilon_name(op: TracedOp, trace: Trace) -> str:
    """Call the constant that is added ahead of a (reciprocal) square root, or inside of a logarithm, epsilon."""
    if normalized_type(op) not in ("Add", "Maximum"):
        return ""
    consumers = {other.type for other in trace.ops if op.index in other.inputs}
    return "epsilon" if consumers & {"Rsqrt", "Sqrt", "Log"} else ""


def _dropout_name(op: TracedOp, trace: Trace) -> str:
    if op.type != "GreaterEqual" or not op.sources or op.sources[0].kind != "operation":
        return ""
    return "rate" if trace.ops[op.sources[0].producer].type.startswith("RandomUniform") else ""


def _counted(value: object, name: str, op: TracedOp) -> object:
    """Count an axis from the front."""
    shape = op.shapes[0] if op.shapes else None
    if name not in ("axis", "perm") or shape is None:
        return value
    if isinstance(value, list):
        return [_counted(item, name, op) for item in value]
    return value + len(shape) if isinstance(value, int) and value < 0 else value


def request_differences(ones: Iterable[TracedOp], others: Iterable[TracedOp]) -> list[Difference]:
    """Return the call arguments and layer settings that differ between two operations or two regions."""
    left, right = list(ones), list(others)
    about_activation = any(op.type in _ACTIVATIONS for op in (*left, *right))
    found: dict[str, Difference] = {}
    calls, configs = _requests(left), _requests(right)
    for source in ("call argument", "layer configuration"):
        for key in calls[source].keys() & configs[source].keys():
            _add(found, key, calls[source][key], configs[source][key], source)
    for one, other in (("call argument", "layer configuration"), ("layer configuration", "call argument")):
        for key in calls[one].keys() & configs[other].keys() & _UNIVERSAL:
            settled = key in calls[other] and key in configs[one]
            if not settled:
                _add(found, key, calls[one][key], configs[other][key], "layer configuration")
    kept = [d for d in found.values() if about_activation or "activation" not in d.name]
    return sorted(kept, key=lambda d: (d.source, d.name))


def _add(found: dict[str, Difference], name: str, one: object, other: object, source: str) -> None:
    if name in found or same_setting(one, other):
        return
    if (one is None or other is None) and "activation" not in name:
        return  # a default that the library fills in
    found[name] = Difference(name, one, other, source)


def _requests(ops: Sequence[TracedOp]) -> dict[str, dict[str, object]]:
    """Return canonical settings by source; the first operation that states one decides."""
    found: dict[str, dict[str, object]] = {"call argument": {}, "layer configuration": {}}
    for op in ops:
        if op.call is not None:
            _take(found["call argument"], op.call.arguments, op)
        if op.layer is not None:
            _take(found["layer configuration"], op.layer.config, op)
    return found


def _take(found: dict[str, object], stated: Mapping[str, object], op: TracedOp) -> None:
    for key in stated:
        name, value = _canonical(key, stated, op)
        if name in _IGNORED or any(part in name for part in ("initializer", "regularizer", "constraint")):
            continue
        if name == "axis" and _is_normalization(op) and value in (-1, 1, 3, [-1], [1], [3]):
            continue  # which of these is the last one depends on the rank; a wrong one changes the variables
        found.setdefault(name, value)


def _canonical(key: str, stated: Mapping[str, object], op: TracedOp) -> tuple[str, object]:
    """Return one name and meaning for what functions and layers spell differently."""
    name, value = _ALIASES.get(key, key), stated[key]
    if name == "rate" and op.call is not None and "conv" in op.call.function.lower():
        return "dilation_rate", value
    if name == "keep_prob" and isinstance(value, int | float) and stated.get("rate") is None:
        return "rate", round(1.0 - value, 12)
    return name, value


def _is_normalization(op: TracedOp) -> bool:
    return bool(_NORMALIZATION.search((op.layer.type if op.layer else "") + (op.call.function if op.call else "")))


def region_differences(
    ones: Sequence[TracedOp], others: Sequence[TracedOp], traces: tuple[Trace, Trace]
) -> list[Difference]:
    """Return the settings that differ between two regions that compute the same thing in different operations.

    A fused batch normalization has its epsilon as an attribute where the unfused form adds a constant.
    """
    found: list[Difference] = []
    left, right = _stated(ones, traces[0]), _stated(others, traces[1])
    for name in sorted(left.keys() & right.keys()):
        if not same_setting(left[name][0], right[name][0]):
            source = "attribute" if left[name][1] == right[name][1] == "attribute" else "constant input"
            found.append(Difference(name, left[name][0], right[name][0], source))
    named = {d.name for d in found} | (left.keys() & right.keys())
    found += [d for d in request_differences(ones, others) if d.name not in named]
    return found + _implied_differences(ones, others)


def _implied_differences(ones: Sequence[TracedOp], others: Sequence[TracedOp]) -> list[Difference]:
    """Return settings that only Keras has a name for: its GRU applies the reset gate after the product by default."""
    cells = {op.layer.type for op in ones if op.layer is not None}
    if not any("GRU" in cell for cell in cells) or "reset_after" in _requests(ones)["layer configuration"]:
        return []
    after = _requests(others)["layer configuration"].get("reset_after")
    return [Difference("reset_after", False, True, "layer configuration")] if after is True else []


def _stated(ops: Sequence[TracedOp], trace: Trace) -> dict[str, tuple[object, str]]:
    found: dict[str, tuple[object, str]] = {}
    for op in ops:
        for key, value in op.attrs.items():
            name = _ALIASES.get(key, key)
            if name in _UNIVERSAL and name not in ("transpose_a", "transpose_b", "keepdims"):
                found.setdefault(name, (value, "attribute"))
        for at, value in op.constants.items():
            name = _position_name(op, at, trace)
            if name in ("epsilon", "rate"):
                found.setdefault(name, (value, "constant input"))
    return found


def stated_constants(op: TracedOp, trace: Trace) -> list[tuple[str, object]]:
    """Return the constants of one operation by name."""
    if normalized_type(op) in _SHAPES_OF_RESULT or op.type.startswith(("Random", "TruncatedNormal")):
        return []
    return [(_position_name(op, at, trace), value) for at, value in op.constants.items() if value is not None]


def spellings(name: str) -> tuple[str, ...]:
    """Return the names under which functions and layers take a setting, the canonical one first."""
    return (
        name,
        *(alias for alias, canonical in _ALIASES.items() if canonical == name),
        *_MORE_SPELLINGS.get(name, ()),
    )


def means(name: str, value: object) -> Callable[[ast.expr], bool]:
    """Return a test of whether an expression in the source states a value of a setting."""
    wanted = _inner(name, value)

    def test(expression: ast.expr) -> bool:
        if isinstance(expression, ast.IfExp):
            return test(expression.body) or test(expression.orelse)
        if isinstance(expression, ast.Lambda):
            return any(test(part) for part in ast.walk(expression.body) if isinstance(part, ast.expr))
        if isinstance(expression, ast.Call) and "partial" in (
            getattr(expression.func, "id", ""),
            getattr(expression.func, "attr", ""),
        ):
            return any(test(part) for part in (*expression.args, *(keyword.value for keyword in expression.keywords)))
        try:
            literal = ast.literal_eval(expression)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            words = (getattr(expression, "attr", ""), getattr(expression, "id", ""))
            return isinstance(wanted, str) and any(word and _word(word) == _word(wanted) for word in words)
        if name == "rate" and isinstance(literal, float) and isinstance(wanted, float):
            return same_setting(literal, wanted) or same_setting(1.0 - literal, wanted)
        if name == "activation" and literal is None:
            return wanted in (None, "linear")
        return same_setting(literal, wanted)

    return test


_MORE_SPELLINGS = {"rate": ("keep_prob",), "paddings": ("padding",), "training": ("is_training",)}


def _inner(name: str, value: object) -> object:
    """Return the sizes of height and width alone, as calls state them, of an attribute that has all four."""
    spatial = name in ("strides", "dilation_rate", "pool_size")
    if spatial and isinstance(value, list) and len(value) == 4 and value[0] == value[3] == 1:
        return value[1:3]
    return value
