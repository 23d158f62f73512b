"""What one side of one case did, as files: the only thing that a worker and the judge share.

A *build* is one model on one side: the TF1 graph or the TF2 object, for one training flag, one
call form and one way of drawing random numbers. It writes `build.json`: variables, random
operations, creations. Each *run* of a build under one condition writes `<condition>.json` and
`<condition>.npz`: outputs and losses. A build that cannot go on writes `fault.json`. Every file
appears whole or not at all, so that a killed worker leaves what it had finished.

Arrays are read with ``allow_pickle=False``. Strings are stored as fixed-width bytes.

Runs on Python 3.7 with NumPy 1.18 too, and never imports TensorFlow.
"""

import dataclasses
import json
import os
import struct
import zipfile
from dataclasses import dataclass
from typing import Any, BinaryIO, Dict, List, Mapping, Optional, Tuple, Type, TypeVar, cast

import numpy as np

T = TypeVar("T")

FORMAT = 1
MAPPED = 1 << 22  # bytes; a smaller array is read, and its checksum verified
_ALIGNMENT = 64
_LOCAL_HEADER, _ZIP64 = 30, 20  # bytes of a zip file's local header, and of the field with 64-bit sizes


@dataclass(frozen=True)
class Frame:
    """One frame of a stack in or below user code.

    Attributes:
        path: Absolute.
        line: Counted from 1.
        function: The code's name.
        library: Empty for user code, else the library's name, such as `tensorflow`.
        text: The source line, stripped; for a library, how many frames this one stands for.
    """

    path: str
    line: int
    function: str
    library: str = ""
    text: str = ""


Stack = Tuple[Frame, ...]  # innermost first


@dataclass(frozen=True)
class Digest:
    """Enough of an array's values to compare it without storing it whole.

    Attributes:
        sha256: Of the C-ordered bytes; equal digests mean equal arrays.
        sample: Values at evenly spread flat positions, the first and the last among them; all of
            them where the array has at most `SAMPLE` elements. Unit: the variable's own.
        l2: Euclidean norm of some 65,536 evenly spread elements, in float64.
        mean: Of the same elements, in float64.
        std: Their population standard deviation, in float64.
    """

    sha256: str
    sample: Tuple[float, ...]
    l2: float
    mean: float
    std: float


@dataclass(frozen=True)
class VariableRecord:
    """A variable as one side sees it.

    Attributes:
        name: Without `:0`, in this side's own naming.
        shape: None for a dimension that is not known.
        dtype: A TensorFlow dtype name, such as `float32`.
        trainable: The flag of the variable.
        tracked: TF2: reachable from the model's `variables`. TF1: always true.
        stack: Where it was created.
        origin: How it came to be: a key of `ORIGINS`.
        initial: None for a dtype without arithmetic.
    """

    name: str
    shape: Tuple[Optional[int], ...]
    dtype: str
    trainable: bool
    tracked: bool
    stack: Stack
    origin: str = "explicit-variable"
    initial: Optional[Digest] = None


ORIGINS = {
    "explicit-variable": "an explicit tf.Variable",
    "keras-object": "a Keras object built in the call",
    "auto-named-v1-layer": "a compat.v1 or slim layer with an automatic name",
    "unscoped-name": "a variable below an automatically named variable scope",
    "get-variable": "compat.v1.get_variable outside of track_tf1_style_variables",
    "template": "a make_template made anew",
    "moving-average": "ExponentialMovingAverage.apply",
}


@dataclass(frozen=True)
class Creation:
    """A variable that a later call created.

    Attributes:
        phase: Which call: `second call`, `training=True`, `second batch size`, `tf.function` and so on.
        variable: What it created.
    """

    phase: str
    variable: VariableRecord


@dataclass(frozen=True)
class RandomOp:
    """A stateful random operation in program order.

    Attributes:
        op: The drawing function, such as `truncated_normal`.
        shape: As asked for; None where it is not static.
        dtype: As asked for; empty where it is not known.
        seed: The operation seed it took.
        variable: The variable whose initializer drew it, in this side's naming; else empty.
        stack: Where it was drawn.
    """

    op: str
    shape: Optional[Tuple[int, ...]]
    dtype: str
    seed: int
    variable: str
    stack: Stack


@dataclass(frozen=True)
class Sighting:
    """Something that user code did which explains a divergence when there is one.

    Attributes:
        kind: A key of `SIGHTINGS`.
        name: What it was done to.
        stack: Where.
    """

    kind: str
    name: str
    stack: Stack


SIGHTINGS = {
    "collection-write": "adds to a graph collection, which eager execution ignores",
    "cached-tensor": "keeps a tensor on the model between calls",
    "numpy-random": "draws from NumPy's or Python's random numbers inside the call",
    "no-training-argument": "takes no `training` argument",
    "autocast": "has its floating input cast by Keras",
    "python-state": "keeps a Python value that its calls change",
    "updated-twice": "is updated more than once in a step, in an order that TF1 leaves open",
}


@dataclass(frozen=True)
class Leaf:
    """One output.

    Attributes:
        name: Its path in the returned nest: dict keys and positions joined by `/`; `output` for a
            single tensor.
        kind: `tensor`, `none`, or a composite: `sparse`, `ragged`, `indexed-slices`.
        dtype: A TensorFlow dtype name; empty for `none`.
        shape: Empty for a scalar and for `none`.
        arrays: Keys in the run's `.npz`: one for a tensor, its components for a composite, in the
            order of `COMPONENTS`.
        stack: Where it was made, where that is known and no output of the model.
    """

    name: str
    kind: str
    dtype: str
    shape: Tuple[int, ...]
    arrays: Tuple[str, ...]
    stack: Stack = ()


COMPONENTS = {
    "tensor": ("values",),
    "none": (),
    "sparse": ("indices", "values", "dense_shape"),
    "ragged": ("values", "row_splits"),  # one row_splits for each ragged dimension
    "indexed-slices": ("values", "indices"),
}


@dataclass(frozen=True)
class Loss:
    """One regularization loss.

    Attributes:
        name: The loss tensor's name where it has one.
        variables: The variables it is computed from, in this side's naming.
        array: Its key in the run's `.npz`; a scalar.
        stack: Where it was created.
        collection: `regularization_losses` (on the TF2 side: the model's `losses`), or `losses` for
            what `compat.v1.losses` collected.
    """

    name: str
    variables: Tuple[str, ...]
    array: str
    stack: Stack
    collection: str = "regularization_losses"


@dataclass(frozen=True)
class RunRecord:
    """Outputs and losses of one run.

    Attributes:
        condition: Its name, such as `constant`; the noise of a reference run has the same
            `condition` and `rerun` set.
        outputs: In the order of the nest.
        losses: Each regularization loss.
        total_loss: Key of their sum as the framework adds them; empty where there is none.
        notes: What was left out and why.
        seconds: Wall time of the run.
    """

    condition: str
    outputs: Tuple[Leaf, ...]
    losses: Tuple[Loss, ...] = ()
    total_loss: str = ""
    notes: Tuple[str, ...] = ()
    seconds: float = 0.0


def rerun(condition, number):
    # type: (str, int) -> str
    """Return the name of a run of the reference whose inputs and weights moved by one unit in the last place."""
    return "{}.rerun-{}".format(condition, number)


@dataclass(frozen=True)
class NoiseJump:
    """The operation that makes a reference noisy.

    Attributes:
        type: Of the operation.
        name: In the graph.
        before: The largest change of its inputs when inputs and weights move by one unit in the last
            place, relative to their magnitude.
        after: The same of its output.
        stack: The user's frames, innermost first.
    """

    type: str
    name: str
    before: float
    after: float
    stack: Stack


@dataclass(frozen=True)
class Probe:
    """A small known change of inputs or weights on the TF2 side, and what the model made of it.

    Attributes:
        condition: The run that it was tried on.
        kind: A key of `PROBES`.
        target: The names of the inputs, variables or operations that it changed.
        run: The recorded run, with outputs and no losses; empty where the call raised an exception.
    """

    condition: str
    kind: str
    target: Tuple[str, ...]
    run: str = ""


# What a step is blind to that does not notice the change.
PROBES = {
    "unchanged": "",
    "input-zeroed": "whether {0} is used at all",
    "input-permuted": "the order of the elements of {0}",
    "input-scaled": "the scale of {0}",
    "variables-swapped": "which of {0} and {1} is which",
    "variable-scaled": "0.1% of {0}",
    "activation-dropped": "whether {0} is applied",
    "regularizer-dropped": "the regularization loss of {0}",
    "optimizer-setting": "{0}",
}


@dataclass(frozen=True)
class CheckpointFile:
    """The name-based checkpoint that both sides load.

    Attributes:
        prefix: Absolute.
        made: Whether the TF1 side wrote it, for want of one of the case's own.
        keys: What the TF1 side reads from it: TF1's names, those of partitioned variables as a whole.
        unread: What else it holds.
        shadows: TF1's name to the key of the moving average that was read in its place.
        slices: The name of each slice of a partitioned variable to the variable's key, and the slice's
            offset and shape.
    """

    prefix: str
    made: bool
    keys: Tuple[str, ...]
    unread: Tuple[str, ...] = ()
    shadows: Dict[str, str] = dataclasses.field(default_factory=dict)
    slices: Dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Restore:
    """A call by which user code restored variables, or opened a checkpoint to do so.

    Attributes:
        function: Such as `tf.train.Checkpoint.restore`.
        stack: Where.
        path: What it read; absolute; empty where that is not known.
        deferred: Whether it goes on to restore what is created later, as far as it tracks that.
        nothing: Whether it matched nothing, as far as its status and the variables tell.
    """

    function: str
    stack: Stack
    path: str = ""
    deferred: bool = False
    nothing: bool = False


@dataclass(frozen=True)
class Loaded:
    """What the TF2 side made of the checkpoint, by TF1's names.

    Attributes:
        taken: How many variables hold the checkpoint's values.
        missing: TF2's variables that the checkpoint lacks.
        unexpected: Keys that TF1 reads and no variable of TF2 takes.
        shapes: TF2's variables of another shape than the checkpoint's, with both shapes.
        dtypes: TF2's variables of another dtype than the checkpoint's, with both dtypes.
        restores: Calls of user code that restored this checkpoint; where there are any, nothing was loaded
            over what they left.
        late: Variables that were created after the last of these calls, and hold their initial values.
        untouched: Variables that were there before, and hold their initial values all the same.
        other: Variables that hold other values, with the key that these are of; empty for no key's.
        elsewhere: Calls of user code that restored other files.
        converted: Variables in the object-based checkpoint that was written to be kept.
        unconverted: Why there is none, or what it lacks; empty for nothing.
    """

    taken: int = 0
    missing: Tuple[str, ...] = ()
    unexpected: Tuple[str, ...] = ()
    shapes: Dict[str, Any] = dataclasses.field(default_factory=dict)
    dtypes: Dict[str, Any] = dataclasses.field(default_factory=dict)
    restores: Tuple[Restore, ...] = ()
    late: Tuple[str, ...] = ()
    untouched: Tuple[str, ...] = ()
    other: Dict[str, str] = dataclasses.field(default_factory=dict)
    elsewhere: Tuple[Restore, ...] = ()
    converted: int = 0
    unconverted: str = ""


@dataclass(frozen=True)
class BuildRecord:
    """What building one side did.

    Attributes:
        side: `tf1` or `tf2`.
        environment: `tensorflow`, `python`, `keras`, `numpy` versions.
        module_cases: Names of the concrete cases that the loaded module defines.
        settings: The case's own `variable_names`, `tolerance`, `skip`, `constant`, as JSON.
        variables: In order of creation.
        random_ops: In program order.
        creations: By calls after the first.
        sightings: See `Sighting`.
        notes: What was left out and why, by condition.
        seconds: Wall time by phase.
        probes: In the order they were tried.
        definition: The one frame that a finding about the model as a whole points at:
            TF1: `def tf1`; TF2: the model's `call`, else `def tf2`.
    """

    side: str
    environment: Dict[str, str]
    module_cases: Tuple[str, ...]
    settings: Dict[str, Any]
    variables: Tuple[VariableRecord, ...] = ()
    random_ops: Tuple[RandomOp, ...] = ()
    creations: Tuple[Creation, ...] = ()
    sightings: Tuple[Sighting, ...] = ()
    notes: Tuple[str, ...] = ()
    seconds: Dict[str, float] = dataclasses.field(default_factory=dict)
    probes: Tuple[Probe, ...] = ()
    definition: Stack = ()


@dataclass(frozen=True)
class OptimizerRecord:
    """The optimizer of one side.

    Attributes:
        name: As a person writes it, such as `tf.compat.v1.train.AdamOptimizer`.
        family: Such as `adam`; empty for one that is not known.
        api: `v1`, `legacy`, `keras`, or empty.
        settings: Its settings that are numbers, by one name for all kinds; one that is off is 0.
        rate: The learning rate of the first step; None where it is not known.
        own: Whether the case gives it.
        stack: Where it was made.
        stepped: Where the case's own code takes a step; empty where the runner does.
        steps: How many steps were taken.
        counted: How many of them TF1's global step, or TF2's iterations, counted.
        operations: TF1: how many train operations run at once.
        sparse: TF1: whether any gradient of the model is sparse.
        clips: What it clips gradients by, under the names of TensorFlow's functions.
        recomputed: TF2: where the loss is computed again after variables have moved within a step.
        unknown: Names of variables that it keeps and that could not be told to be which slot.
        every: The recording keeps every such element of large variables.
        notes: What a reader should know.
    """

    name: str
    family: str
    api: str
    settings: Dict[str, float]
    rate: Optional[float] = None
    own: bool = True
    stack: Stack = ()
    stepped: Stack = ()
    steps: int = 0
    counted: int = 0
    operations: int = 1
    sparse: bool = False
    clips: Tuple[str, ...] = ()
    recomputed: Stack = ()
    unknown: Tuple[str, ...] = ()
    every: int = 1
    notes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """Why a build, or one run of it, could not be recorded.

    Attributes:
        kind: `load`, `case`, `inputs`, `build`, `call`, `outputs`, `loss`, `checkpoint`, `optimizer`, `not-applicable`,
            or, from the launcher, `exit`, `signal`, `timeout`, `launch`.
        message: What went wrong and what to do, one paragraph.
        stack: Where.
        phase: What was being done, for a person.
        module_cases: Names of the cases that the module defines, where it could be loaded.
    """

    kind: str
    message: str
    stack: Stack = ()
    phase: str = ""
    module_cases: Tuple[str, ...] = ()


def _from_json(cls, value):
    # type: (Any, Any) -> Any
    """Build a value of the annotated type `cls` from what `json.load` returned."""
    if value is None:
        return None
    origin = getattr(cls, "__origin__", None)
    if origin is tuple:
        return tuple(_from_json(cls.__args__[0], item) for item in value)
    if origin is dict:
        return dict(value)
    if origin is not None:  # Optional[X]
        return _from_json(next(arg for arg in cls.__args__ if arg is not type(None)), value)
    if dataclasses.is_dataclass(cls):
        make = cls  # type: Any
        return make(**{f.name: _from_json(f.type, value[f.name]) for f in dataclasses.fields(cls) if f.name in value})
    return float(value) if cls is float else value


def to_json(record):
    # type: (Any) -> Any
    """Return a record as JSON values; non-finite floats become strings that `float` reads."""
    if dataclasses.is_dataclass(record):
        return {f.name: to_json(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, (list, tuple)):
        return [to_json(item) for item in record]
    if isinstance(record, dict):
        return {str(key): to_json(item) for key, item in record.items()}
    if isinstance(record, float) and not np.isfinite(record):
        return repr(record)
    return record


def _write_atomically(path, data):
    # type: (str, bytes) -> None
    with open(path + ".part", "wb") as stream:
        stream.write(data)
    os.replace(path + ".part", path)


def write_record(directory, name, record):
    # type: (str, str, Any) -> None
    """Write one record as `<directory>/<name>.json`."""
    text = json.dumps(to_json(record), allow_nan=False)
    # A lone surrogate, as in an undecodable file name, must not cost the whole record.
    _write_atomically(os.path.join(directory, name + ".json"), text.encode("utf-8", "backslashreplace"))


def write_arrays(directory, name, arrays):
    # type: (str, str, Mapping[str, np.ndarray]) -> None
    """Write `<directory>/<name>.npz`, uncompressed; object arrays are refused with `ValueError`."""
    path = os.path.join(directory, name + ".npz")
    for key, array in arrays.items():
        if array.dtype.hasobject:
            raise ValueError("{}: array {!r} holds Python objects".format(name, key))
    with open(path + ".part", "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for key, array in arrays.items():
            info = zipfile.ZipInfo(key + ".npy")
            info.extra = _padding(stream.tell() + _LOCAL_HEADER + len(info.filename.encode("utf-8")) + _ZIP64)
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    os.replace(path + ".part", path)


def _padding(offset):
    # type: (int) -> bytes
    """Return an extra field after which a member that would start at `offset` is aligned, and so its numbers."""
    count = -(offset + 4) % _ALIGNMENT
    return struct.pack("<HH", 0xD935, count) + bytes(count)  # the field that Android's zipalign pads with


def read_record(cls, directory, name):
    # type: (Type[T], str, str) -> Optional[T]
    """Read `<directory>/<name>.json`; None where the worker did not get that far."""
    try:
        with open(os.path.join(directory, name + ".json"), encoding="utf-8") as stream:
            written = json.load(stream)
    except FileNotFoundError:
        return None
    return cast("T", _from_json(cls, written))


def read_arrays(directory, name):
    # type: (str, str) -> Dict[str, np.ndarray]
    """Read `<directory>/<name>.npz`; empty where there is none.

    Large arrays are mapped into memory, read-only, so that they may be larger than it; whoever replaces
    the file must do so by another one.
    """
    path = os.path.join(directory, name + ".npz")
    if not os.path.exists(path):
        return {}
    arrays = {}  # type: Dict[str, np.ndarray]
    with np.load(path, allow_pickle=False) as archive, open(path, "rb") as stream, zipfile.ZipFile(stream) as members:
        for key in archive.files:
            mapped = _mapped(path, stream, members, key + ".npy")
            arrays[key] = archive[key] if mapped is None else mapped
    return arrays


def _mapped(path, stream, members, member):
    # type: (str, BinaryIO, zipfile.ZipFile, str) -> Optional[np.ndarray]
    """Return one member of an `.npz` mapped into memory; None where reading it does as well or is needed."""
    if member not in members.NameToInfo:
        return None
    info = members.getinfo(member)
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.file_size < MAPPED:
        return None
    stream.seek(info.header_offset)
    header = stream.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
        return None
    start = info.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", header[26:30]))  # its name, its extra field
    stream.seek(start)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        return None
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read_header(stream)
    size = dtype.itemsize * _product(shape)
    if dtype.hasobject or not size or stream.tell() + size != start + info.file_size:
        return None  # nothing can be mapped, or reading it tells what is wrong
    order = "F" if fortran_order else "C"  # type: Any
    mapped = np.memmap(path, dtype, "r", stream.tell(), shape, order)
    return np.asarray(mapped).reshape(shape, order=order)  # a scalar is mapped as an array of one element


def _product(shape):
    # type: (Tuple[int, ...]) -> int
    product = 1
    for dimension in shape:  # in Python's integers, which do not overflow
        product *= dimension
    return product


def user_frames(stack):
    # type: (Stack) -> List[Frame]
    """Return the frames of user code, innermost first."""
    return [frame for frame in stack if not frame.library]
