"""Which operations a trace looks through, drops or folds, and how their attributes become JSON."""

from typing import Any, Dict, List, Tuple

import numpy as np

from tf_equivalence import recording, stacks, trace

# One value in, the same value out: input position to follow.
PASS_THROUGH = {
    "Identity": 0,
    "StopGradient": 0,
    "PreventGradient": 0,
    "Snapshot": 0,
    "CheckNumerics": 0,
    "CheckNumericsV2": 0,
    "DebugIdentity": 0,
    "EnsureShape": 0,
    "PlaceholderWithDefault": 0,
    "ReadVariableOp": 0,
    "Enter": 0,
    "RefEnter": 0,
    "Switch": 0,
    "RefSwitch": 0,
    "NextIteration": 0,
    "RefIdentity": 0,
    "TensorArrayScatterV3": 2,
    "TensorArrayReadV3": 2,
    "TensorArrayWriteV3": 2,
    "TensorArrayUnpackV3": 2,
}
VARIABLES = frozenset(["VariableV2", "Variable", "VarHandleOp", "AutoReloadVariable"])
INPUTS = frozenset(["Placeholder", "PlaceholderV2"])
CONSTANTS = frozenset(["Const", "HostConst"])
# Their outputs follow from shapes alone.
SHAPE_ONLY = frozenset(
    "Shape ShapeN Size Rank ZerosLike OnesLike TensorArraySizeV3 BroadcastGradientArgs VariableShape".split()
)
DROPPED = frozenset(
    "NoOp Assert ControlTrigger LoopCond TensorArrayV3 TensorArrayCloseV3 VarIsInitializedOp IsVariableInitialized "
    "Print PrintV2 ScalarSummary HistogramSummary ImageSummary MergeSummary WriteSummary WriteScalarSummary "
    "DestroyResourceOp MutexLock AssertNextDataset".split()
)
WRITES = frozenset(
    "Assign AssignAdd AssignSub AssignVariableOp AssignAddVariableOp AssignSubVariableOp ScatterUpdate ScatterAdd "
    "ScatterSub ResourceScatterUpdate ResourceScatterAdd ResourceScatterSub".split()
)
_NOISE = frozenset(
    "_class _output_shapes container shared_name dtype shape value N Index index_type Tidx Tindices Taxis Tshape "
    "Tpaddings Tmultiples Tlen Tblock_shape Tcrops Tdim Toffset Tparams Tsplits use_cudnn_on_gpu "
    "grad_a grad_b seed_generator frame_name parallel_iterations is_constant swap_memory num_args _op_def_hash "
    "validate_indices validate_shape use_locking explicit_paddings U Truncate Tperm Tnumsegments TI".split()
)
_KINDS = "fciub"
# Frames between the user's line and the function that it names.
WRAPPERS = frozenset(
    "error_handler op_dispatch_handler new_func wrapper func_with_args __call__ wrapped _wrapped decorated "
    "inner_factory tf_method_func tf_convert tf__call if_body else_body converted_call _call_unconverted "
    "binary_op_wrapper r_binary_op_wrapper return_outputs_and_add_losses run_with_metrics decorator "
    "tf_method_wrapper apply _wrap_call __enter__ __exit__ <lambda> wrap call_with_layout _template_call".split()
)


def text(value):
    # type: (Any) -> str
    """Return an operation type or attribute name as text; eager execution gives some as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def attributes(items):
    # type: (Dict[str, Any]) -> Dict[str, Any]
    """Return the attributes that can change numbers, as JSON values."""
    found = {}
    for key, value in items.items():
        if key in _NOISE or key.startswith("_"):
            continue
        kept = _json(value)
        if kept is not None:
            found[key] = kept
    if items.get("explicit_paddings"):
        found["explicit_paddings"] = _json(items["explicit_paddings"])
    return found


def _json(value):
    # type: (Any) -> Any
    if isinstance(value, bytes):
        return text(value)
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float, np.integer, np.floating)):
        return shortest(np.float32(value)) if isinstance(value, (float, np.floating)) else int(value)
    if isinstance(value, (list, tuple)):
        items = [_json(item) for item in value]
        return None if any(item is None for item in items) else items
    return value.name if hasattr(value, "as_numpy_dtype") else None


def shortest(number):
    # type: (Any) -> float
    """Return a float32's shortest decimal form: 0.001, not 0.0010000000474974513."""
    return float(str(number))


def storable(array):
    # type: (Any) -> Any
    """Return `array` as one that `.npz` can hold, bfloat16 and its like as float32; None for no numbers."""
    array = np.asarray(array)
    if array.dtype.kind in _KINDS:
        return array
    if array.dtype.kind == "V" and not array.dtype.fields:
        try:
            return array.astype(np.float32)
        except (TypeError, ValueError):
            return None
    return None


def constant_value(array):
    # type: (Any) -> Any
    """Return a constant as nested lists, or a summary of one with more than `MAX_CONSTANT` elements."""
    array = np.asarray(array)
    if array.dtype.kind in "SUO":
        return [text(item) for item in array.ravel()[: trace.MAX_CONSTANT]]
    array = storable(array)
    if array is None:
        return None
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], -1)
    if array.size <= trace.MAX_CONSTANT:
        if array.dtype in (np.float16, np.float32):
            array = np.array([shortest(item) for item in array.ravel()], np.float64).reshape(array.shape)
        return array.tolist()
    values = array.astype(np.float64)
    return {
        "shape": list(array.shape),
        "first": values.ravel()[:4].tolist(),
        "sum": float(values.sum()),
        "norm": float(np.sqrt(np.square(values).sum())),
    }


def fingerprint(array):
    # type: (Any) -> Any
    """Return sum and Euclidean norm in float64: enough to tell two variables' values apart."""
    array = storable(array)
    if array is None:
        return None
    values = np.abs(array).astype(np.float64) if array.dtype.kind == "c" else array.astype(np.float64)
    return [float(values.sum()), float(np.sqrt(np.square(values).sum()))]


def compact_stack(raw, cache):
    # type: (Tuple[stacks.RawFrame, ...], Dict[Any, recording.Stack]) -> recording.Stack
    """Return the user's frames, after the library function that the innermost of them called.

    A graph's own tracebacks leave library functions out.
    """
    if raw not in cache:
        kept = []  # type: List[recording.Frame]
        called = None
        for frame in stacks.to_stack(raw):
            if not frame.library:
                if not kept and called is not None:
                    kept.append(called)
                kept.append(frame)
            elif frame.function not in WRAPPERS:
                called = frame
        cache[raw] = tuple(kept)
    return cache[raw]
