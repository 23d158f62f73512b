"""What training calls leave in the variables that no optimizer trains, such as moving averages, on either side."""

from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import tensor_util

from tf_equivalence import stacks
from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import Fault, Leaf, RunRecord, Sighting, rerun
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import noise, op_kinds, outputs
from tf_equivalence.worker.faults import StopBuild, user_code
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.gradients import trainable_variables
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.migrated import Migrated, bare
from tf_equivalence.worker.probes import probe
from tf_equivalence.worker.sessions import Sessions, load, read
from tf_equivalence.worker.train_op import ancestors
from tf_equivalence.worker.watch import plain_name

UPDATES = "updates"
CALLS = 3
STATE, RATE = "state/{} after {}", "rate/{}"

_State = List[Tuple[str, np.ndarray]]


def _after(call):
    # type: (int) -> str
    return "{} call{}".format(call, "" if call == 1 else "s")


def _calls(drawn, count=CALLS):
    # type: (Sequence[Any], int) -> Iterator[Any]
    """Yield the inputs of each call, taking turns."""
    for number in range(count):
        yield drawn[number % len(drawn)]


def record_tf1(case, reference, sessions, recorder, condition, drawn):
    # type: (EquivalenceCase, Any, Sessions, Recorder, str, Sequence[Any]) -> None
    """Record the state after training calls from named weights, with TF1's UPDATE_OPS or without.

    Args:
        case: The case.
        reference: Its training graph.
        sessions: Of the graph.
        recorder: Where to.
        condition: `updates`, or `no-updates` to leave the UPDATE_OPS out.
        drawn: Inputs to take turns with, nests of arrays.
    """
    values = dict(fill_values("named", case, reference.variables, {}))
    # Without graph optimization, the graph computes what eager execution computes, often to the last bit.
    sessions = Sessions(reference, optimized=False, reruns=sessions.reruns)
    names = [condition] + [rerun(condition, number) for number in range(sessions.reruns)]
    for number, name in enumerate(names):
        session = sessions.get()
        moved = values
        if number:
            moved = {v: noise.moved(v.name, number - 1, np.asarray(value)) for v, value in values.items()}
        load(session, moved)
        given = [noise.moved_inputs(number - 1, arrays) if number else arrays for arrays in drawn]
        found = _run_tf1(reference, session, condition == UPDATES, given)
        leaves, arrays = _stored(found + rates(reference))
        recorder.run(name, RunRecord(name, leaves), arrays)


def rates(reference):
    # type: (Any) -> _State
    """Return 1 - decay of each moving average whose graph holds it as a constant, as TensorFlow's own do."""
    found = []
    for op in reference.graph.get_operations():
        if op.type not in op_kinds.WRITES or len(op.inputs) < 2:
            continue
        step = op.inputs[1].op
        constants = [_constant(tensor) for tensor in step.inputs] if step.type == "Mul" else []
        known = [np.asarray(value, np.float64) for value in constants if value is not None and np.ndim(value) == 0]
        if known and 0 < known[0] < 1:
            found.append((RATE.format(op.inputs[0].op.name + ":0"), known[0]))
    return found


def _constant(tensor):
    # type: (Any) -> Any
    """Return a tensor's value where that is a constant, or the difference of two; None for any other."""
    if tensor.op.type == "Sub":
        parts = [tensor_util.constant_value(part) for part in tensor.op.inputs]
        return None if any(part is None for part in parts) else parts[0] - parts[1]
    return tensor_util.constant_value(tensor)


def _run_tf1(reference, session, with_updates, drawn):
    # type: (Any, Any, bool, Sequence[Any]) -> _State
    graph = session.graph
    trained = {id(v) for v in reference.graph.get_collection(tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES)}
    state = [variable for variable in reference.variables if id(variable) not in trained]
    fetches = [graph.get_tensor_by_name(p) for _, _, parts in reference.leaves for p in parts if isinstance(p, str)]
    if with_updates:
        fetches += [graph.as_graph_element(update) for update in reference.updates]
    if not state:
        message = "TF1 has no variables beside the trainable ones, so that training calls leave no state"
        raise StopBuild(Fault("not-applicable", message, (), "state-updates"))
    found = _named(read(session, state).items(), 0)
    # Whether anything moves without UPDATE_OPS shows after one call.
    for call, arrays in enumerate(_calls(drawn, CALLS if with_updates else 1), 1):
        with user_code("call", "running the TF1 graph with its UPDATE_OPS"):
            session.run(fetches, dict(zip(reference.placeholders, case_inputs.leaves(arrays))))
        if call in (1, CALLS):
            found += _named(read(session, state).items(), call)
    return found


def _named(values, call, tf1_names=None):
    # type: (Iterable[Tuple[Any, Any]], int, Any) -> _State
    names = tf1_names or {}
    return [
        (STATE.format(names.get(plain_name(v), plain_name(v)) + ":0", _after(call)), np.array(value))
        for v, value in values
    ]


def _stored(state):
    # type: (_State) -> Tuple[Tuple[Leaf, ...], Dict[str, np.ndarray]]
    return outputs.store([(name, "tensor", (value,)) for name, value in state])


def updated_twice(reference):
    # type: (Any) -> Iterator[Sighting]
    """Yield the variables that more than one operation among the UPDATE_OPS writes to: TF1 orders none of them."""
    writers = {}  # type: Dict[str, List[Any]]
    pending = [reference.graph.as_graph_element(update) for update in reference.updates]
    pending = [getattr(element, "op", element) for element in pending]
    seen = set(pending)
    while pending:
        op = pending.pop()
        if op.type in op_kinds.WRITES and op.inputs:
            writers.setdefault(op.inputs[0].op.name, []).append(op)
        for other in list(op.control_inputs) + [tensor.op for tensor in op.inputs]:
            if other not in seen:
                seen.add(other)
                pending.append(other)
    for variable in reference.variables:
        ops = writers.get(variable.op.name, [])
        if len(ops) > 1 and not _are_ordered(ops):
            yield Sighting(
                "updated-twice", plain_name(variable), stacks.to_stack(stacks.raw_from_summary(ops[0].traceback))
            )


def _are_ordered(ops):
    # type: (Sequence[Any]) -> bool
    """Tell whether each of these operations waits for another one of them, but for the first."""
    before = [ancestors([op]) for op in ops]
    ranks = sorted(sum(other in seen for other in ops) for seen in before)
    return ranks == list(range(1, len(ops) + 1))


def record_tf2(migrated, recorder, drawn):
    # type: (Migrated, Recorder, Sequence[Any]) -> None
    """Record the state after training calls from named weights, and how it changes with inputs and weights."""

    def compute(first):
        # type: (Any) -> Tuple[Tuple[Leaf, ...], Dict[str, np.ndarray]]
        return _stored(_run_tf2(migrated, (first,) + tuple(drawn[1:])))

    migrated.fill("named")
    with migrated.watch.scope("later call"):
        leaves, arrays = compute(drawn[0])
    recorder.run(UPDATES, RunRecord(UPDATES, leaves, seconds=recorder.lap(UPDATES)), arrays)
    migrated.fill("named")
    probe(migrated, recorder, UPDATES, drawn[0], compute, cost=CALLS)


def _run_tf2(migrated, drawn):
    # type: (Migrated, Sequence[Any]) -> _State
    trained = {id(variable) for variable in trainable_variables(migrated)}
    state = [variable for variable in map(bare, migrated.all_variables()) if id(variable) not in trained]
    before = [(variable, variable.numpy()) for variable in state]
    names = migrated.tf1_names()
    found = _named(before, 0, names)
    for call, arrays in enumerate(_calls(drawn), 1):
        with migrated.tool.replay(migrated.forward_seeds, restart=call == 1):
            migrated.call(arrays, migrated.job.training)
        if call in (1, CALLS):
            found += _named([(variable, variable.numpy()) for variable in state], call, names)
    for variable, value in before:
        variable.assign(value)  # so that a probe begins where the step did
    return found
