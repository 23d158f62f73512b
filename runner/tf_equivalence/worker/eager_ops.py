"""What eager execution leaves out of its reports: default attributes, statefulness, loop passes."""

from typing import Any, Dict, Optional, Tuple

from tf_equivalence.worker import op_kinds


class LoopCounter:
    """Tells in which pass of which eagerly run `while_loop` an operation executes."""

    def __init__(self):
        # type: () -> None
        self._current = {}  # type: Dict[int, Tuple[Any, Any, str, int]]
        self._count = 0

    def close(self):
        # type: () -> None
        """Let go of frames."""
        self._current.clear()

    def read(self, frame):
        # type: (Any) -> Tuple[str, int]
        """Return the innermost loop's name, empty for none, and its pass counted from 0."""
        depth = 0
        while frame is not None and depth < 400:
            code = frame.f_code
            if code.co_name == "while_loop" and "/tensorflow/python/ops/" in code.co_filename.replace("\\", "/"):
                found = self._pass(frame)
                if found is not None:
                    return found
            frame = frame.f_back
            depth += 1
        return "", 0

    def _pass(self, frame):
        # type: (Any) -> Optional[Tuple[str, int]]
        values = frame.f_locals
        if not values.get("executing_eagerly") or "try_to_pack" not in values:
            return None  # an outer wrapper of the same name
        state = values.get("loop_vars")
        known = self._current.get(id(frame))
        if known is None or known[0] is not frame:
            self._count += 1
            known = (frame, state, "while_{}".format(self._count), 0)
        elif known[1] is not state:
            known = (frame, state, known[2], known[3] + 1)
        self._current[id(frame)] = known
        return known[2], known[3]


_STATEFUL = {}  # type: Dict[str, bool]


def _definition(op_type):
    # type: (str) -> Any
    from tensorflow.python.framework import op_def_registry

    get = getattr(op_def_registry, "get", None)
    return get(op_type) if get is not None else op_def_registry.get_registered_ops().get(op_type)


def is_stateful(op_type):
    # type: (str) -> bool
    """Return whether an operation depends on more than its inputs, as reads and random numbers do."""
    if op_type not in _STATEFUL:
        definition = _definition(op_type)
        _STATEFUL[op_type] = bool(definition is not None and definition.is_stateful)
    return _STATEFUL[op_type]


_DEFAULTS = {}  # type: Dict[str, Dict[str, Any]]


def _defaults(op_type):
    # type: (str) -> Dict[str, Any]
    """Return the default attributes: eager execution reports only those that the caller spelled out."""
    if op_type not in _DEFAULTS:
        found = {}
        definition = _definition(op_type)
        for attr in definition.attr if definition is not None else ():
            kind = attr.default_value.WhichOneof("value") if attr.HasField("default_value") else None
            if kind in ("s", "i", "f", "b"):
                found[attr.name] = getattr(attr.default_value, kind)
            elif kind == "list":
                values = attr.default_value.list
                found[attr.name] = list(values.i) or list(values.s) or list(values.f)
        _DEFAULTS[op_type] = found
    return _DEFAULTS[op_type]


def attributes(op_type, flat):
    # type: (str, Any) -> Dict[str, Any]
    """Return an executed operation's attributes as JSON values; `flat` alternates names and values."""
    found = dict(_defaults(op_type))
    flat = flat or ()
    found.update((op_kinds.text(k), v) for k, v in zip(flat[::2], flat[1::2]) if v is not None)
    return op_kinds.attributes({key: _dtype_name(value) if key in _TYPES else value for key, value in found.items()})


_TYPES = frozenset(["T", "DstT", "SrcT", "dtype", "out_type", "output_type", "Tout", "Tin"])


def _dtype_name(value):
    # type: (Any) -> Any
    """Return the name of a dtype that eager execution reports as its enum value."""
    from tensorflow.python.framework import dtypes

    try:
        return dtypes.as_dtype(value).name
    except (TypeError, ValueError):
        return value
