"""Watches user code while it runs: which variables it creates, from where and in what manner."""

import contextlib
import hashlib
import os
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.recording import Digest, VariableRecord
from tf_equivalence.worker.random_tool import AlignedRandom

SAMPLE = 64  # elements kept
STATISTICS = 65536  # elements, about, that norm, mean and deviation are taken over


class Created(NamedTuple):
    """A variable and how it came to be."""

    variable: Any
    phase: str
    raw_stack: Tuple[stacks.RawFrame, ...]
    origin: str
    initial: Optional[Digest]


class CreationWatch:
    """Remembers every variable that is created while it is entered.

    Attributes:
        created: In order of creation.
        phase: What is being called; the caller sets it.
        keeps: Whether to keep initial values; the caller sets it.
        values: Each variable with its initial value, where these are kept.
    """

    def __init__(self, tool):
        # type: (Optional[AlignedRandom]) -> None
        self.created = []  # type: List[Created]
        self.phase = "first call"
        self.keeps = False
        self.values = []  # type: List[Tuple[Any, np.ndarray]]
        self._tool = tool

    @contextlib.contextmanager
    def scope(self, phase):
        # type: (str) -> Iterator[None]
        """Watch under the name of this phase."""
        self.phase = phase
        with tf.variable_creator_scope(self._create):
            yield

    def _create(self, next_creator, **kwargs):
        # type: (Any, **Any) -> Any
        creation = {"name": str(kwargs.get("name") or "")}
        frame = sys._getframe(1)
        raw = _made(frame) or stacks.capture(1)
        origin = _origin(frame)
        outer = self._tool.creation if self._tool else None
        if self._tool:
            self._tool.creation = creation
        try:
            variable = next_creator(**kwargs)
        finally:
            if self._tool:
                self._tool.creation = outer
        if _is_bookkeeping(raw):
            return variable
        creation["name"] = plain_name(variable)
        initial = _initial_digest(variable) if self.phase == "first call" else None
        if self.keeps and initial is not None:
            self.values.append((variable, np.array(variable.numpy())))
        self.created.append(Created(variable, self.phase, raw, origin, initial))
        return variable


def _made(frame):
    # type: (Any) -> Tuple[stacks.RawFrame, ...]
    """Return where the library's layer was made that creates a variable; empty without one."""
    lines = sys.modules.get("tf_equivalence.worker.layer_lines")  # not in a TF1 process
    while lines is not None and frame is not None and stacks.library_of(frame.f_code.co_filename):
        raw = lines.of(frame.f_locals.get("self")) if frame.f_code.co_name == "add_weight" else ()
        if raw:
            return raw
        frame = frame.f_back
    return ()


def _is_bookkeeping(raw):
    # type: (Tuple[stacks.RawFrame, ...]) -> bool
    """Return whether a variable only counts a Keras model's batches, or a checkpoint's saves; no model tracks these."""
    names = ("_init_batch_counters", "_maybe_create_save_counter")
    return any(frame[2] in names and stacks.library_of(frame[0]) for frame in raw)


def _initial_digest(variable):
    # type: (Any) -> Optional[Digest]
    """Digest an eager variable's value before any call can update it; None in a graph."""
    with tf.init_scope():
        if not tf.executing_eagerly():
            return None
        return digest(variable.numpy())


def plain_name(variable):
    # type: (Any) -> str
    """Return a variable's name without the output number."""
    name = str(variable.name)
    return name[:-2] if name.endswith(":0") else name


def digest(array):
    # type: (np.ndarray) -> Optional[Digest]
    """Return the digest of a variable's value; None for a dtype without arithmetic."""
    if array.dtype.kind not in "fciub" and array.dtype.name != "bfloat16":
        return None
    flat = np.ascontiguousarray(array).reshape(-1)
    sha256 = hashlib.sha256(flat.view(np.uint8).data if flat.size else b"").hexdigest()
    if flat.dtype.kind == "c":
        flat = np.abs(flat)
    if not flat.size:
        return Digest(sha256, (), 0.0, 0.0, 0.0)
    positions = np.unique(np.linspace(0, flat.size - 1, num=min(SAMPLE, flat.size)).astype(np.int64))
    sample = tuple(flat[positions].astype(np.float64).tolist())
    # Not by BLAS, whose threads would spin against TensorFlow's for a thousand small arrays.
    # Squares of narrower floats overflow, and their rounding would be all of a small deviation.
    values = flat[:: max(1, flat.size // STATISTICS)].astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite initial values
        mean, l2 = float(np.mean(values)), float(np.sqrt(np.sum(values * values)))
        values -= mean
        std = float(np.sqrt(np.sum(values * values) / values.size))
    return Digest(sha256, sample, l2, mean, std)


def _origin(frame):
    # type: (Any) -> str
    """Tell how a variable came to be, from the library calls between its creation and user code.

    A template calls user code that creates the variable, so it and moving averages are looked for
    in the whole stack.
    """
    found = slim = ""
    in_library = True
    while frame is not None:
        code = frame.f_code
        library = stacks.library_of(code.co_filename)
        base = os.path.basename(code.co_filename)
        if base == "template.py":
            return "template"
        if base == "moving_averages.py":
            return "moving-average"
        in_library = in_library and bool(library)
        if in_library and found in ("", "get-variable"):  # layers call get_variable, too
            found = _library_origin(code.co_name, frame.f_locals, library) or found
        if in_library and library == "tf_slim" and "scope" in frame.f_locals:
            # The outermost decides: the inner ones are named below it.
            slim = "auto-named-v1-layer" if frame.f_locals["scope"] is None else "unscoped-name"
        frame = frame.f_back
    return slim or found or "explicit-variable"


def _library_origin(function, local, library):
    # type: (str, Dict[str, Any], str) -> str
    """Return what one library frame says about the origin; empty when it says nothing."""
    owner = local.get("self")
    if function in ("__call__", "add_weight") and owner is not None and _is_layer(owner):
        if _is_legacy_layer(owner):
            return "auto-named-v1-layer" if _has_automatic_name(owner) else "unscoped-name"
        return "keras-object"
    if function == "get_variable" and library == "tensorflow":
        return "get-variable"
    return ""


def _is_layer(value):
    # type: (Any) -> bool
    return hasattr(value, "add_weight") and hasattr(value, "get_config")


def _is_legacy_layer(layer):
    # type: (Any) -> bool
    return any("legacy_tf_layers" in kind.__module__ or "tf_slim" in kind.__module__ for kind in type(layer).__mro__)


def _has_automatic_name(layer):
    # type: (Any) -> bool
    """Tell whether a legacy layer made up its own name: the class's name and perhaps a number."""
    name = str(getattr(layer, "name", ""))
    snake = "".join("_" + c.lower() if c.isupper() else c for c in type(layer).__name__).lstrip("_")
    return name == snake or (name.startswith(snake + "_") and name[len(snake) + 1 :].isdigit())


def variable_record(created, tracked):
    # type: (Created, bool) -> VariableRecord
    """Return the record of a created variable."""
    variable = created.variable
    shape = tuple(variable.shape.as_list()) if variable.shape.rank is not None else (None,)
    return VariableRecord(
        plain_name(variable),
        shape,
        variable.dtype.base_dtype.name,
        bool(variable.trainable),
        tracked,
        stacks.to_stack(created.raw_stack),
        created.origin,
        created.initial,
    )
