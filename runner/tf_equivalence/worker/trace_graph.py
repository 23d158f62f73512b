"""Traces the TF1 side: every operation between inputs, variables and what is fetched, with its values."""

import dataclasses
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np

from tf_equivalence import recording, stacks
from tf_equivalence.trace import Shape, Source, Trace, TracedOp
from tf_equivalence.worker import call_arguments, op_kinds

Arrays = Dict[str, np.ndarray]

_UNFETCHABLE = ("resource", "variant", "string")


class _Origin(NamedTuple):
    """A tensor that holds the value, and the operation output that it comes from."""

    op: Any
    output: int
    readable: Any  # a fetchable tensor with the same value, or None
    stopped: bool  # whether a StopGradient was looked through


def trace(
    graph,  # type: Any
    session,  # type: Any
    fetches,  # type: Sequence[Any]
    feed_dict,  # type: Any
    variable_names,  # type: Iterable[str]
    recorder=None,  # type: Optional[call_arguments.GraphRecorder]
):
    # type: (...) -> Tuple[Trace, Arrays]
    """Run `fetches` once and return everything that they were computed from.

    Args:
        graph: With the whole forward pass built.
        session: With variables set.
        fetches: Tensors and operations. For an operation that groups others, those count too.
        feed_dict: As for `session.run`.
        variable_names: Without `:0`; what is not among them is still traced under its own name.
        recorder: That was active while the graph was built; without it no call arguments are known.

    Returns:
        The trace, and the arrays of all operations outside of loops and branches.
    """
    return _GraphTracer(graph, variable_names, recorder).run(session, fetches, feed_dict)


class _GraphTracer:
    def __init__(self, graph, variable_names, recorder):
        # type: (Any, Iterable[str], Optional[call_arguments.GraphRecorder]) -> None
        self._graph = graph
        self._names = {name.split(":")[0]: name.split(":")[0] for name in variable_names}
        self._recorder = recorder
        self._origins = {}  # type: Dict[str, _Origin]
        self._stacks = {}  # type: Dict[Any, recording.Stack]
        self._notes = []  # type: List[str]

    def run(self, session, fetches, feed_dict):
        # type: (Any, Sequence[Any], Any) -> Tuple[Trace, Arrays]
        targets = [fetch for fetch in fetches if hasattr(fetch, "op")]
        roots = [fetch.op for fetch in targets] + _grouped(f for f in fetches if not hasattr(f, "op"))
        ancestors = _ancestors(roots)
        in_order = [op for op in self._graph.get_operations() if op in ancestors]
        data = _data_dependent(in_order)
        kept = [op for op in in_order if op in data and _is_traced(op)]
        place = {op: index for index, op in enumerate(kept)}
        edges = {op: [self._origin(tensor) for tensor in _data_inputs(op)] for op in kept}
        wanted = {}  # type: Dict[str, Any]
        for tensor in [tensor for op in kept for tensor in op.outputs]:
            if self._is_fetchable(tensor):
                wanted[tensor.name] = tensor
        results = [self._origin(tensor) for tensor in targets]
        for origin in [origin for op in kept for origin in edges[op]] + results:
            if origin.op not in place and origin.readable is not None:
                wanted[origin.readable.name] = origin.readable
        values = self._fetch(session, [f for f in fetches if not hasattr(f, "op")], wanted, feed_dict)
        known = {name: value for name, value in values.items() if value is not None}
        ops = tuple(self._op(op, place, edges[op], known, data) for op in kept)
        arrays = {key: known[key] for op in ops for key in op.outputs if key}
        found = tuple(self._source(origin, place, known, data) for origin in results)
        taken = [source for op in ops for source in op.sources] + list(found)
        arrays.update((source.array, known[source.array]) for source in taken if source.array)
        return Trace("tf1", ops, found, tuple(self._notes)), arrays

    def _is_fetchable(self, tensor):
        # type: (Any) -> bool
        return self._graph.is_fetchable(tensor.op) and tensor.dtype.base_dtype.name not in _UNFETCHABLE

    def _origin(self, tensor):
        # type: (Any) -> _Origin
        chain = []
        seen = set()  # type: Set[str]
        while True:
            chain.append(tensor)
            following = _followed(tensor)
            if following is None or tensor.name in seen:
                break
            seen.add(tensor.name)
            tensor = following
        same = chain[: _same_value_length(chain)]
        readable = next((t for t in reversed(same) if self._is_fetchable(t)), None)
        stopped = any(t.op.type == "StopGradient" for t in chain)
        return _Origin(tensor.op, tensor.value_index, readable, stopped)

    def _fetch(self, session, operations, tensors, feed_dict):
        # type: (Any, Sequence[Any], Dict[str, Any], Any) -> Dict[str, Any]
        """Return values by tensor name; what cannot be fetched is found by halving and left out."""
        everything = list(tensors.values())
        try:
            got = session.run((list(operations), everything), feed_dict)[1]
            return self._by_name(everything, got)
        except Exception:  # whatever an operation raises that nobody meant to fetch
            session.run(list(operations), feed_dict)
        self._notes.append("fetched in several runs: random numbers and updates moved on between them")
        values = {}  # type: Dict[str, Any]
        pending = [everything]
        while pending:
            batch = pending.pop()
            try:
                values.update(self._by_name(batch, session.run(batch, feed_dict)))
            except Exception as error:
                if len(batch) == 1:
                    message = (str(error).splitlines() or [type(error).__name__])[0][:200]
                    self._notes.append("{} could not be fetched: {}".format(batch[0].name, message))
                    continue
                half = len(batch) // 2
                pending.extend([batch[half:], batch[:half]])
        return values

    def _by_name(self, tensors, values):
        # type: (Sequence[Any], Sequence[Any]) -> Dict[str, Any]
        return {tensor.name: op_kinds.storable(value) for tensor, value in zip(tensors, values)}

    def _source(self, origin, place, known, data):
        # type: (_Origin, Dict[Any, int], Dict[str, np.ndarray], Set[Any]) -> Source
        return dataclasses.replace(self._unstopped(origin, place, known, data), stopped=origin.stopped)

    def _unstopped(self, origin, place, known, data):
        # type: (_Origin, Dict[Any, int], Dict[str, np.ndarray], Set[Any]) -> Source
        key = origin.readable.name if origin.readable is not None else ""
        if origin.op in place:
            array = "{}:{}".format(origin.op.name, origin.output)
            return Source("operation", place[origin.op], origin.output, array=array if array in known else "")
        if origin.op.type in op_kinds.VARIABLES:
            name = self._names.get(origin.op.name, origin.op.name)
            value = op_kinds.fingerprint(known[key]) if key in known else None
            return Source("variable", name=name, value=value)
        if origin.op.type in op_kinds.INPUTS:
            return Source("input", name=origin.op.name, array=key if key in known else "")
        if origin.op in data:
            return Source("outside", name=origin.op.name, array=key if key in known else "")
        value = known[key] if key in known else _static_value(origin.op, origin.output)
        return Source("constant", value=None if value is None else op_kinds.constant_value(value))

    def _op(self, op, place, origins, known, data):
        # type: (Any, Dict[Any, int], Sequence[_Origin], Dict[str, np.ndarray], Set[Any]) -> TracedOp
        scope = op.name.rpartition("/")[0]
        loop = _loop_name(op)
        recorder = self._recorder
        return TracedOp(
            index=place[op],
            type=op.type,
            name=op.name,
            scope=scope,
            sources=tuple(self._source(origin, place, known, data) for origin in origins),
            outputs=tuple(t.name if t.name in known and not loop else "" for t in op.outputs),
            dtypes=tuple(t.dtype.base_dtype.name for t in op.outputs),
            shapes=tuple(_shape(t) for t in op.outputs),
            attrs=_attributes(op),
            call=recorder.calls.get(op.name) if recorder else None,
            layer=recorder.layers.get(op.name) if recorder else None,
            stack=op_kinds.compact_stack(stacks.raw_from_summary(op.traceback), self._stacks),
            loop=loop,
        )


def _grouped(operations):
    # type: (Iterable[Any]) -> List[Any]
    """Return the operations together with those that grouping operations only wait for."""
    found = []  # type: List[Any]
    pending = list(operations)
    seen = set()  # type: Set[Any]
    while pending:
        op = pending.pop()
        if op in seen:
            continue
        seen.add(op)
        found.append(op)
        if op.type == "NoOp":
            pending.extend(op.control_inputs)
    return found


def _data_inputs(op):
    # type: (Any) -> List[Any]
    if op.type == "Exit":  # the value that the loop's body hands on, not the one that it began with
        merge = op.inputs[0].op.inputs[0].op if op.inputs[0].op.type == "Switch" else None
        if merge is not None and merge.type == "Merge" and len(merge.inputs) == 2:
            return [merge.inputs[1]]
    return list(op.inputs)


def _followed(tensor):
    # type: (Any) -> Any
    """Return the tensor that this one is only another name for; None where it is a value of its own."""
    op = tensor.op
    if op.type == "IdentityN":
        return op.inputs[tensor.value_index]
    if op.type == "Merge" and any(t.op.type == "NextIteration" for t in op.inputs):
        return op.inputs[0]
    if op.type == "TensorArrayReadV3" and len(op.inputs) < 3:
        return None
    at = op_kinds.PASS_THROUGH.get(op.type)
    return op.inputs[at] if at is not None and len(op.inputs) > at else None


def _same_value_length(chain):
    # type: (Sequence[Any]) -> int
    """Return how many of a chain's tensors have the first one's value: until a loop or a handle lies between."""
    for at, tensor in enumerate(chain):
        if tensor.op.type in ("Merge", "TensorArrayReadV3", "TensorArrayWriteV3", "NextIteration"):
            return at + 1
    return len(chain)


def _ancestors(roots):
    # type: (Sequence[Any]) -> Set[Any]
    found = set()  # type: Set[Any]
    pending = list(roots)
    while pending:
        op = pending.pop()
        if op not in found:
            found.add(op)
            pending.extend(tensor.op for tensor in op.inputs)
    return found


def _data_dependent(ops):
    # type: (Sequence[Any]) -> Set[Any]
    """Return what depends on inputs, variables or random numbers by more than its shape."""
    consumers = {}  # type: Dict[Any, List[Any]]
    for op in ops:
        for tensor in op.inputs:
            consumers.setdefault(tensor.op, []).append(op)
    data = set()  # type: Set[Any]
    pending = [op for op in ops if _is_data_origin(op)]
    while pending:
        op = pending.pop()
        if op in data or (op.type in op_kinds.SHAPE_ONLY and op.type not in op_kinds.VARIABLES):
            continue
        data.add(op)
        pending.extend(consumers.get(op, ()))
    return data


def _is_data_origin(op):
    # type: (Any) -> bool
    if op.type in op_kinds.VARIABLES or op.type in op_kinds.INPUTS or op.type == "PlaceholderWithDefault":
        return True
    if op.type.startswith("TensorArray") or op.type in op_kinds.DROPPED:
        return False
    definition = op.op_def
    return bool(definition is not None and definition.is_stateful and op.type not in op_kinds.WRITES)


def _is_traced(op):
    # type: (Any) -> bool
    if op.type in op_kinds.PASS_THROUGH or op.type in op_kinds.VARIABLES or op.type in op_kinds.INPUTS:
        return False
    if op.type in op_kinds.DROPPED or op.type == "IdentityN":
        return False
    return not (op.type == "Merge" and any(t.op.type == "NextIteration" for t in op.inputs))


def _loop_name(op):
    # type: (Any) -> str
    context = op._get_control_flow_context()
    while context is not None:
        if context.IsWhileContext():
            return str(context.name)
        context = context.outer_context
    return ""


def _static_value(op, output):
    # type: (Any, int) -> Any
    from tensorflow.python.framework import tensor_util

    try:
        return tensor_util.constant_value(op.outputs[output])
    except Exception:  # not worth failing a trace for
        return None


def _shape(tensor):
    # type: (Any) -> Shape
    return None if tensor.shape.ndims is None else tuple(tensor.shape.as_list())


def _attributes(op):
    # type: (Any) -> Dict[str, Any]
    found = {}
    for key in op.node_def.attr:
        try:
            found[key] = op.get_attr(key)
        except ValueError:
            continue
    return op_kinds.attributes(found)
