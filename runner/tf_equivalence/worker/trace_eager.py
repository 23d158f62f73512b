"""Traces the TF2 side: every operation that one eager call of the model executes, with its values."""

import dataclasses
import sys
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

import numpy as np

from tf_equivalence import recording, stacks, trace
from tf_equivalence.worker import call_arguments, eager_ops, op_kinds

Arrays = Dict[str, np.ndarray]

_NOT_ARRAYS = ("resource", "variant", "string")


class _Executed(NamedTuple):
    """One executed operation, before it is known whether anything depends on it."""

    type: str
    name: str
    scope: str
    inputs: List[int]
    outputs: List[Tuple[int, str, trace.Shape]]
    attrs: Dict[str, Any]
    call: Optional[trace.Call]
    layer: Optional[trace.Layer]
    raw: Tuple[stacks.RawFrame, ...]
    loop: str
    iteration: int


class EagerTracer:
    """Records what runs inside of the `with` block; every `tf.function` runs operation by operation.

    Give the model its inputs as tensors made before the block, so that they can be told from
    constants. `inputs` tells them from tensors that the model has kept from an earlier call.

        with EagerTracer(variables, inputs) as tracer:
            outputs = model(inputs, training=False)
        found, arrays = tracer.result(outputs)
    """

    def __init__(self, variables, inputs=None, keep=False):
        # type: (Any, Any, bool) -> None
        """Take the variables by name (without `:0`), or as a list that carries names; and the inputs.

        With `keep`, the tensors themselves are kept, for a tape to tell their gradients.
        """
        self.tensors = {} if keep else None  # type: Optional[Dict[str, Any]]
        named = variables if isinstance(variables, Mapping) else {v.name: v for v in variables}
        self._variables = {}  # type: Dict[int, str]
        for name, variable in named.items():
            self._variables[_handle_id(variable)] = name.split(":")[0]
        self._inputs = None if inputs is None else {i for i in map(_tensor_id, _flatten(inputs)) if i is not None}
        self._ops = []  # type: List[_Executed]
        self._producers = {}  # type: Dict[int, Tuple[int, int]]
        self._values = {}  # type: Dict[int, Any]
        self._reader = call_arguments.CallReader()
        self._loops = eager_ops.LoopCounter()
        self._first_id = 0
        self._was_eager = False
        self._paused = False

    def __enter__(self):
        # type: () -> EagerTracer
        import tensorflow as tf
        from tensorflow.python.framework import op_callbacks

        self._was_eager = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(True)
        self._first_id = tf.constant(0)._id
        op_callbacks.add_op_callback(self._on_op)
        return self

    def __exit__(self, *exc_info):
        # type: (*Any) -> None
        import tensorflow as tf
        from tensorflow.python.framework import op_callbacks

        op_callbacks.remove_op_callback(self._on_op)
        tf.config.run_functions_eagerly(self._was_eager)
        self._reader.close()
        self._loops.close()

    def _on_op(self, op_type, inputs, attrs, outputs, op_name=None, graph=None):  # noqa: ARG002 - TensorFlow's call
        # type: (Any, Any, Any, Any, Any, Any) -> None
        if graph is not None or self._paused:
            return
        self._paused = True
        try:
            self._record(op_kinds.text(op_type), inputs, attrs, outputs)
        finally:
            self._paused = False

    def _record(self, op_type, inputs, attrs, outputs):
        # type: (str, Any, Any, Any) -> None
        from tensorflow.python.eager import context

        frame = sys._getframe(2)
        call, layer = self._reader.read(frame)
        loop, iteration = self._loops.read(frame)
        scope = (context.context().scope_name or "").rstrip("/")
        self._name_variables(inputs, frame)
        for tensor in inputs:
            if tensor._id not in self._producers and tensor._id not in self._values:
                self._keep_value(tensor)
        made = []  # type: List[Tuple[int, str, trace.Shape]]
        for at, tensor in enumerate(outputs):
            self._producers[tensor._id] = (len(self._ops), at)
            self._keep_value(tensor)
            if self.tensors is not None:
                self.tensors[_key(tensor._id)] = tensor
            made.append((tensor._id, tensor.dtype.name, tuple(tensor.shape.as_list())))
        self._ops.append(
            _Executed(
                op_type,
                "/".join(filter(None, (scope, op_type))),
                scope,
                [tensor._id for tensor in inputs],
                made,
                eager_ops.attributes(op_type, attrs),
                call,
                layer,
                stacks.capture(2),
                loop,
                iteration,
            )
        )

    def give(self, tensor, value):
        # type: (Any, Any) -> Any
        """Let `value` take the place of the last operation's output `tensor`, and return it as a tensor.

        What takes it is told to have its value; the operation keeps the one that it computed.
        """
        import tensorflow as tf

        self._paused = True
        try:
            given = tf.constant(value, tensor.dtype)
        finally:
            self._paused = False
        self._producers[given._id] = self._producers[tensor._id]
        self._keep_value(given)
        return given

    def line(self, executed):
        # type: (int) -> Any
        """Return path and line of the user's code that executed an operation; None without any."""
        frame = next((frame for frame in stacks.to_stack(self._ops[executed].raw) if not frame.library), None)
        return (frame.path, frame.line) if frame is not None else None

    def _name_variables(self, inputs, frame):
        # type: (Any, Any) -> None
        """Tell variables that an operation was given as they are, and that TensorFlow read without an operation.

        They are still to be seen in the arguments of the function that ran the operation.
        """
        unknown = [t for t in inputs if t._id >= self._first_id and t._id not in self._producers]
        unknown = [t for t in unknown if t._id not in self._variables and t._id not in self._values]
        if not unknown:
            return
        given = []  # type: List[Any]
        for value in frame.f_locals.values():
            items = value if isinstance(value, (list, tuple)) else (value,)
            given.extend(item for item in items if _handle_id(item) in self._variables)
        for tensor in unknown:
            for variable in given:
                if variable.shape == tensor.shape:
                    self._variables[tensor._id] = self._variables[_handle_id(variable)]
                    given = [other for other in given if other is not variable]
                    break

    def _keep_value(self, tensor):
        # type: (Any) -> None
        """Copy the value now: a variable's buffer may be written to later."""
        if tensor.dtype.name not in _NOT_ARRAYS:
            self._values[tensor._id] = op_kinds.storable(tensor.numpy())

    def result(self, outputs=None, updates=False):
        # type: (Any, bool) -> Tuple[trace.Trace, Arrays]
        """Return the operations that `outputs` were computed from.

        Args:
            outputs: A nest of tensors. Without it, everything that leads to more than a variable's update.
            updates: Whether to keep writes to variables, and what leads to them.

        Returns:
            The trace and its arrays.
        """
        targets = [i for i in map(_tensor_id, _flatten(outputs)) if i is not None] if outputs is not None else None
        data = self._data_dependent()
        wanted = self._ancestors(targets, updates)
        kept = [at for at, op in enumerate(self._ops) if at in data and at in wanted and _is_traced(op)]
        place = {at: index for index, at in enumerate(kept)}
        arrays = {}  # type: Arrays
        cache = {}  # type: Dict[Any, recording.Stack]
        ops = tuple(self._op(at, place, data, arrays, cache) for at in kept)
        results = tuple(self._source(i, place, data) for i in targets or ())
        arrays.update((s.array, self._values[int(s.array[1:])]) for s in results if s.array)
        notes = tuple(sorted({"{} hides what it computes".format(op.type) for op in ops if op.type in _OPAQUE}))
        return trace.Trace("tf2", ops, results, notes), arrays

    def _data_dependent(self):
        # type: () -> Set[int]
        data = set()  # type: Set[int]
        for at, op in enumerate(self._ops):
            if op.type in op_kinds.SHAPE_ONLY:
                continue
            if eager_ops.is_stateful(op.type) or any(self._is_data(i, data) for i in op.inputs):
                data.add(at)
        return data

    def _is_data(self, tensor_id, data):
        # type: (int, Set[int]) -> bool
        if tensor_id in self._producers:
            return self._producers[tensor_id][0] in data
        return tensor_id in self._variables or tensor_id < self._first_id

    def _ancestors(self, targets, updates):
        # type: (Optional[List[int]], bool) -> Set[int]
        pending = [self._producers[i][0] for i in targets or () if i in self._producers]
        for at, op in enumerate(self._ops):
            if op.type in op_kinds.WRITES:
                if updates:
                    pending.append(at)
            elif targets is None and not self._is_consumed(at):
                pending.append(at)
        found = set()  # type: Set[int]
        while pending:
            at = pending.pop()
            if at not in found:
                found.add(at)
                pending.extend(self._producers[i][0] for i in self._ops[at].inputs if i in self._producers)
        return found

    def _is_consumed(self, at):
        # type: (int) -> bool
        if not hasattr(self, "_consumed"):
            self._consumed = {i for op in self._ops for i in op.inputs}
        return any(made[0] in self._consumed for made in self._ops[at].outputs)

    def _origin(self, tensor_id):
        # type: (int) -> int
        """Return the tensor whose value this one is, through reads and identities."""
        while tensor_id in self._producers:
            at, output = self._producers[tensor_id]
            op = self._ops[at]
            if op.type == "IdentityN":
                tensor_id = op.inputs[output]
            elif op.type in op_kinds.PASS_THROUGH and len(op.inputs) > op_kinds.PASS_THROUGH[op.type]:
                tensor_id = op.inputs[op_kinds.PASS_THROUGH[op.type]]
            else:
                break
        return tensor_id

    def _is_stopped(self, tensor_id):
        # type: (int) -> bool
        """Tell whether a StopGradient is among the reads and identities that `_origin` looks through."""
        origin = self._origin(tensor_id)
        while tensor_id != origin:
            at, output = self._producers[tensor_id]
            op = self._ops[at]
            if op.type == "StopGradient":
                return True
            tensor_id = op.inputs[output if op.type == "IdentityN" else op_kinds.PASS_THROUGH[op.type]]
        return False

    def _source(self, tensor_id, place, data):
        # type: (int, Dict[int, int], Set[int]) -> trace.Source
        return dataclasses.replace(self._unstopped(tensor_id, place, data), stopped=self._is_stopped(tensor_id))

    def _unstopped(self, tensor_id, place, data):
        # type: (int, Dict[int, int], Set[int]) -> trace.Source
        origin = self._origin(tensor_id)
        producer = self._producers.get(origin)
        if producer is not None and producer[0] in place:
            key = _key(origin) if self._values.get(origin) is not None else ""
            return trace.Source("operation", place[producer[0]], producer[1], array=key)
        if origin in self._variables:
            value = self._values.get(tensor_id)
            fingerprint = None if value is None else op_kinds.fingerprint(value)
            return trace.Source("variable", name=self._variables[origin], value=fingerprint)
        if producer is None and origin < self._first_id:
            known = self._inputs is None or origin in self._inputs
            key = _key(origin) if self._values.get(origin) is not None else ""
            return trace.Source("input" if known else "outside", array=key)
        if producer is not None and producer[0] in data:
            return trace.Source("outside", name=self._ops[producer[0]].name)
        value = self._values.get(origin)
        return trace.Source("constant", value=None if value is None else op_kinds.constant_value(value))

    def _op(self, at, place, data, arrays, cache):
        # type: (int, Dict[int, int], Set[int], Arrays, Dict[Any, recording.Stack]) -> trace.TracedOp
        op = self._ops[at]
        keys = []
        for made, _, _ in op.outputs:
            value = self._values.get(made)
            keys.append("" if value is None else _key(made))
            if value is not None:
                arrays[keys[-1]] = value
        sources = tuple(self._source(i, place, data) for i in op.inputs)
        arrays.update((s.array, self._values[int(s.array[1:])]) for s in sources if s.array and s.array not in arrays)
        return trace.TracedOp(
            index=place[at],
            type=op.type,
            name=op.name,
            scope=op.scope,
            sources=sources,
            outputs=tuple(keys),
            dtypes=tuple(dtype for _, dtype, _ in op.outputs),
            shapes=tuple(shape for _, _, shape in op.outputs),
            attrs=op.attrs,
            call=op.call,
            layer=op.layer,
            stack=op_kinds.compact_stack(op.raw, cache),
            loop=op.loop,
            iteration=op.iteration,
            executed=at,
        )


_OPAQUE = frozenset(
    "PartitionedCall StatefulPartitionedCall XlaLaunch While StatelessWhile If StatelessIf EagerPyFunc PyFunc "
    "PyFuncStateless NumpyFunction".split()
)


def _is_traced(op):
    # type: (_Executed) -> bool
    return op.type not in op_kinds.PASS_THROUGH and op.type not in op_kinds.DROPPED and op.type != "IdentityN"


def _key(tensor_id):
    # type: (int) -> str
    return "t{}".format(tensor_id)


def _handle_id(variable):
    # type: (Any) -> int
    handle = getattr(variable, "handle", None)
    return int(getattr(handle, "_id", -1))


def _tensor_id(value):
    # type: (Any) -> Optional[int]
    found = getattr(value, "_id", None)
    return found if isinstance(found, int) else None


def _flatten(nest):
    # type: (Any) -> List[Any]
    import tensorflow as tf

    return [item for item in tf.nest.flatten(nest, expand_composites=True) if item is not None]
