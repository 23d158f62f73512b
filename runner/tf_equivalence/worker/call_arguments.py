"""What the user's line asked of the library: the called function, its arguments, the Keras layer.

A graph keeps the stack of every operation but not the arguments in it, and epsilon, rate or axis
often exist nowhere else. So they are read from the running frames when an operation comes to be.
"""

import sys
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from tf_equivalence import stacks, trace
from tf_equivalence.worker import op_kinds

_LAYER_METHODS = frozenset(["call", "__call__", "_fused_batch_norm", "_batch_normalization", "apply"])
_NO_SETTING = frozenset(["self", "cls", "name", "scope"])
_MAX_DEPTH = 400
_MAX_ITEMS = 16
_NOTHING = object()


def simple(value, depth=0):
    # type: (Any, int) -> Any
    """Return `value` as a JSON value, or `_NOTHING` where it is not a simple setting."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float, np.integer, np.floating, np.bool_)):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (tuple, list)) and len(value) <= _MAX_ITEMS and depth < 2:
        items = [simple(item, depth + 1) for item in value]
        return _NOTHING if any(item is _NOTHING for item in items) else items
    dtype = getattr(value, "as_numpy_dtype", None)
    if dtype is not None and isinstance(getattr(value, "name", None), str):
        return value.name
    if isinstance(value, type):
        return value.__name__
    if callable(value) and isinstance(getattr(value, "__name__", None), str):
        return value.__name__
    return _NOTHING


def simple_items(values):
    # type: (Dict[str, Any]) -> Dict[str, Any]
    """Return the items with simple values."""
    found = {}
    for key, value in values.items():
        kept = simple(value)
        if kept is not _NOTHING:
            found[str(key)] = kept
    return found


def _arguments(frame):
    # type: (Any) -> Dict[str, Any]
    code = frame.f_code
    count = code.co_argcount + getattr(code, "co_kwonlyargcount", 0)
    names = [name for name in code.co_varnames[:count] if name not in _NO_SETTING]
    values = frame.f_locals
    found = {name: values[name] for name in names if name in values}
    if code.co_flags & 0x08:  # takes **kwargs
        extra = values.get(code.co_varnames[count + (1 if code.co_flags & 0x04 else 0)])
        if isinstance(extra, dict):
            found.update((key, value) for key, value in extra.items() if key not in _NO_SETTING)
    return simple_items(found)


class CallReader:
    """Reads the call and the layer that the running code is in.

    Consecutive operations mostly come from one call, so the last answer is kept together with the
    frame it was read from (a reference, or another frame could take its place).
    """

    def __init__(self):
        # type: () -> None
        self._frame = None  # type: Any
        self._call = None  # type: Optional[trace.Call]
        self._layers = {}  # type: Dict[int, Tuple[Any, Optional[trace.Layer]]]

    def close(self):
        # type: () -> None
        """Let go of frames and layers, and of everything that they keep alive."""
        self._frame = None
        self._layers.clear()

    def read(self, frame):
        # type: (Any) -> Tuple[Optional[trace.Call], Optional[trace.Layer]]
        """Return the call and the layer around `frame`, a library's frame inside of user code."""
        library = []  # type: List[Any]  # innermost first
        depth = 0
        while frame is not None and depth < _MAX_DEPTH and stacks.library_of(frame.f_code.co_filename):
            library.append(frame)
            frame = frame.f_back
            depth += 1
        layer = self._layer(library)
        if frame is None or depth >= _MAX_DEPTH:
            return None, layer
        if layer is None:
            layer = self._enclosing_layer(frame, depth)
        return self._read_call(library), layer

    def _read_call(self, library):
        # type: (List[Any]) -> Optional[trace.Call]
        for frame in reversed(library):
            if (
                frame.f_code.co_name in op_kinds.WRAPPERS
                or stacks.library_of(frame.f_code.co_filename) == "tf_equivalence"
            ):
                continue
            if frame is not self._frame:
                self._frame = frame
                self._call = trace.Call(_function_name(frame), _arguments(frame))
            return self._call
        return None

    def _layer(self, frames):
        # type: (List[Any]) -> Optional[trace.Layer]
        for frame in frames:
            code = frame.f_code
            if code.co_name in _LAYER_METHODS and code.co_varnames[:1] == ("self",):
                found = self._describe(frame.f_locals.get("self"))
                if found is not None:
                    return found
        return None

    def _enclosing_layer(self, frame, depth):
        # type: (Any, int) -> Optional[trace.Layer]
        frames = []  # type: List[Any]
        while frame is not None and depth < _MAX_DEPTH and len(frames) < 60:
            frames.append(frame)
            frame = frame.f_back
            depth += 1
        return self._layer(frames)

    def _describe(self, layer):
        # type: (Any) -> Optional[trace.Layer]
        if id(layer) not in self._layers:
            self._layers[id(layer)] = (layer, _describe_layer(layer))
        return self._layers[id(layer)][1]


def _function_name(frame):
    # type: (Any) -> str
    name = frame.f_code.co_name
    if frame.f_code.co_varnames[:1] == ("self",):
        owner = frame.f_locals.get("self")
        return "{}.{}".format(type(owner).__name__, name)
    return str(name)


def _describe_layer(layer):
    # type: (Any) -> Optional[trace.Layer]
    if not (hasattr(layer, "get_config") and hasattr(layer, "call") and isinstance(getattr(layer, "name", None), str)):
        return None
    try:
        config = simple_items(layer.get_config())
    except Exception:  # a user's own layer may not support it at all
        config = {}
    # The legacy layers have no configuration; their settings are attributes of the same names.
    for key in _LAYER_SETTINGS:
        if key not in config and key in vars(layer):
            config.update(simple_items({key: vars(layer)[key]}))
    config.pop("name", None)
    lines = sys.modules.get("tf_equivalence.worker.layer_lines")  # not in a TF1 process
    raw = lines.of(layer) if lines is not None else ()
    return trace.Layer(type(layer).__name__, layer.name, config, op_kinds.compact_stack(raw, {}))


_LAYER_SETTINGS = (
    "epsilon momentum axis rate alpha activation recurrent_activation strides padding data_format dilation_rate "
    "center scale trainable use_bias pool_size forget_bias _forget_bias _activation reset_after unit_forget_bias "
    "go_backwards return_sequences interpolation".split()
)


class GraphRecorder:
    """Keeps, per operation name, the call and the layer that created it; active while a graph is built.

    Attributes:
        calls: Operation name to call.
        layers: Operation name to layer.
    """

    def __init__(self):
        # type: () -> None
        self.calls = {}  # type: Dict[str, trace.Call]
        self.layers = {}  # type: Dict[str, trace.Layer]
        self._reader = CallReader()
        self._create = None  # type: Any

    def __enter__(self):
        # type: () -> GraphRecorder
        from tensorflow.python.framework import ops

        recorder, create = self, ops.Graph._create_op_internal
        self._create = create

        def create_and_record(graph, *args, **kwargs):
            # type: (Any, *Any, **Any) -> Any
            op = create(graph, *args, **kwargs)
            recorder._record(op, sys._getframe(1))
            return op

        ops.Graph._create_op_internal = create_and_record
        return self

    def __exit__(self, *exc_info):
        # type: (*Any) -> None
        from tensorflow.python.framework import ops

        ops.Graph._create_op_internal = self._create
        self._reader.close()

    def _record(self, op, frame):
        # type: (Any, Any) -> None
        call, layer = self._reader.read(frame)
        if call is not None:
            self.calls[op.name] = call
        if layer is not None:
            self.layers[op.name] = layer
