"""The TF1 side: a graph and a session, in a process with TF2 behaviour disabled."""

import functools
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import BuildRecord, Loss, VariableRecord, write_arrays, write_record
from tf_equivalence.worker import (
    call_arguments,
    checkpoint_tf1,
    gradients,
    model_fn_optimizer,
    optimizer_plan,
    optimizer_tf1,
    outputs,
    state_updates,
    trace_gradients,
    trace_graph,
    train_op,
)
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker.faults import CaseFault, definition, user_code
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.job import Job, Recorder, case_settings, environment
from tf_equivalence.worker.objective import objective
from tf_equivalence.worker.random_tool import AlignedRandom
from tf_equivalence.worker.reference_runs import record_filled, record_functional, record_random
from tf_equivalence.worker.sessions import Sessions, load, open_session
from tf_equivalence.worker.watch import CreationWatch, plain_name

v1 = tf.compat.v1
COLLECTIONS = ("regularization_losses", "losses")


class Reference(NamedTuple):
    """A built TF1 graph and what is fetched from it, by name, so that a rewritten copy serves too.

    Attributes:
        graph: The graph.
        placeholders: Names of the input tensors in the order of the nest.
        leaves: Name, kind and component tensor names of each output.
        losses: Tensor name of each loss.
        loss_records: What is known of each loss.
        total_loss: Tensor name of the sum of the regularization losses; empty without any.
        initializers: Names of operations to run, one group after the other.
        variables: The global variables.
        updates: Names of the UPDATE_OPS.
        tool: The random numbers it was built under.
        watch: The creations.
        returned: What `tf1` returned, a nest of tensors of the graph.
        feeds: The placeholders, in the nest that `tf1` was given.
        notes: For the build record.
    """

    graph: Any
    placeholders: Tuple[str, ...]
    leaves: Tuple[Tuple[str, str, Tuple[Any, ...]], ...]
    losses: Tuple[str, ...]
    loss_records: Tuple[Loss, ...]
    total_loss: str
    initializers: Tuple[str, ...]
    variables: Tuple[Any, ...]
    updates: Tuple[str, ...]
    tool: AlignedRandom
    watch: CreationWatch
    returned: Any
    feeds: Any
    notes: Tuple[str, ...] = ()


def disable_v2_behavior():
    # type: () -> None
    """Turn this process into a TF1 one; before any user module is imported."""
    v1.disable_v2_behavior()


def record(job, case, recorder, module_cases):
    # type: (Job, EquivalenceCase, Recorder, Tuple[str, ...]) -> None
    """Build the graph once and record every condition of the job from it."""
    first = _draw(case, 0)
    reference = build(job, case, first, "num_random_ops")
    recorder.lap("build")
    second = _draw(case, 1)
    sessions = Sessions(reference, job.optimized)
    digests = {}  # type: Dict[str, Any]
    if "random" in job.conditions:  # first, while the variables still have their initial values
        recorder.attempt("random", lambda: digests.update(record_random(reference, sessions, recorder, first, second)))
    if "functional" in job.conditions:
        recorder.attempt("functional", lambda: record_functional(reference, recorder, first, job.optimized))
    for condition in ("constant", "named"):
        if condition in job.conditions:
            recorder.attempt(
                condition, functools.partial(record_filled, case, reference, sessions, recorder, condition, first)
            )
    if checkpoint_tf1.CONDITION in job.conditions:
        recorder.attempt(
            checkpoint_tf1.CONDITION,
            lambda: checkpoint_tf1.record_tf1(job, case, reference, sessions, recorder, first),
        )
    if "gradients" in job.conditions:
        recorder.attempt("gradients", lambda: gradients.record_tf1(case, reference, sessions, recorder, first))
    for condition in ("updates", "no-updates"):
        if condition in job.conditions:
            recorder.attempt(
                condition,
                functools.partial(
                    state_updates.record_tf1, case, reference, sessions, recorder, condition, (first, second)
                ),
            )
    if optimizer_plan.CONDITION in job.conditions:
        optimizer_tf1.record_tf1(job, case, reference, recorder, first)
    write_record(
        job.directory,
        "build",
        BuildRecord(
            "tf1",
            environment(),
            module_cases,
            case_settings(case),
            variables=_variable_records(reference, digests),
            random_ops=tuple(draw.record() for draw in reference.tool.draws),
            sightings=tuple(state_updates.updated_twice(reference)) if "updates" in job.conditions else (),
            notes=reference.notes + tuple(recorder.notes),
            seconds=dict(recorder.seconds),
            definition=definition(train_op.builder(case)[0]),
        ),
    )


def trace(job, case, recorder):
    # type: (Job, EquivalenceCase, Recorder) -> None
    """Build the graph anew under a recorder of call arguments, and trace one condition of it."""
    first, second = _draw(case, 0), _draw(case, 1)
    calls = call_arguments.GraphRecorder()
    reference = build(job, case, first, "num_random_ops", calls)
    session = _traced_session(job, case, reference)
    if job.trace == gradients.CONDITION:
        with reference.graph.as_default(), calls:
            tensors = [objective(case, reference.returned, reference.feeds)]
    else:
        tensors = _output_tensors(reference)
    arrays = first
    if job.trace == "random-second":
        session.run(tensors, dict(zip(reference.placeholders, case_inputs.leaves(first))))
        arrays = second
    feeds = dict(zip(reference.placeholders, case_inputs.leaves(arrays)))
    names = [plain_name(variable) for variable in reference.variables]
    with user_code("call", "tracing the TF1 graph"):
        traced, values = trace_graph.trace(reference.graph, session, tensors, feeds, names, calls)
    write_arrays(recorder.directory, "trace", values)
    if job.trace == gradients.CONDITION:
        with user_code("loss", "differentiating the loss", definition(case.loss)):
            found = trace_gradients.of_graph(
                reference.graph,
                tensors[0],
                traced,
                lambda wanted: _traced_session(job, case, reference).run(wanted, feeds),
            )
        write_arrays(recorder.directory, trace_gradients.NAME, found)
    write_record(recorder.directory, "trace", traced)


def _traced_session(job, case, reference):
    # type: (Job, EquivalenceCase, Reference) -> Any
    """Return a session with the weights of the traced condition, whose random numbers begin anew."""
    session = open_session(reference.graph, reference.initializers, optimized=False)
    fill = "named" if job.trace == gradients.CONDITION else job.trace
    load(session, dict(fill_values(fill, case, reference.variables, {})))
    return session


def _output_tensors(reference):
    # type: (Reference) -> List[Any]
    return [
        reference.graph.get_tensor_by_name(part)
        for _, _, parts in sorted(reference.leaves, key=_leaf_name)
        for part in parts
        if not isinstance(part, np.ndarray)
    ]


def _leaf_name(leaf):
    # type: (Tuple[str, str, Tuple[Any, ...]]) -> str
    return leaf[0]


def _draw(case, call):
    # type: (EquivalenceCase, int) -> Any
    with user_code("inputs", "inputs"):
        return case_inputs.draw(case, call)


def build(job, case, arrays, mode, recorder_scope=None):
    # type: (Job, EquivalenceCase, Any, str, Optional[Any]) -> Reference
    """Build the TF1 forward pass in a new graph.

    Raises:
        StopBuild: When `tf1` raises or returns nothing that can be fetched.
    """
    builder, phase = train_op.builder(case)
    here = definition(builder)
    tool = AlignedRandom(mode)
    watch = CreationWatch(tool)
    graph = tf.Graph()
    with graph.as_default(), tool.scope(), watch.scope("first call"):
        feeds = case_inputs.map_nest(train_op.placeholder, arrays)
        case._random_tool = tool
        train_op.prepare(case)
        with user_code("call", phase, here), model_fn_optimizer.noting(case):
            if recorder_scope is not None:
                with recorder_scope:
                    returned = case.tf1(feeds, job.training)
            else:
                returned = case.tf1(feeds, job.training)
        case._random_tool = None
        with user_code("outputs", phase, here):
            if returned is None and type(case).tf1 is EquivalenceCase.tf1:
                raise CaseFault("case", "tf1() is not defined")
            leaves = tuple((name,) + _tensors(name, leaf, graph) for name, leaf in outputs.flatten(returned))
        losses = [
            (collection, tf.convert_to_tensor(loss))
            for collection in COLLECTIONS
            for loss in graph.get_collection(collection)
        ]
        regularization = graph.get_collection("regularization_losses")
        total = tf.add_n([tf.convert_to_tensor(loss) for loss in regularization]).name if regularization else ""
        initializers = (
            tf.group(v1.global_variables_initializer(), v1.local_variables_initializer()).name,
            tf.group(v1.tables_initializer()).name,
        )
        notes = []  # type: List[str]
        update_ops = train_op.updates_run(case, graph.get_collection(v1.GraphKeys.UPDATE_OPS), notes)
        updates = tuple(_tensor_name(op) for op in update_ops)
        placeholders = tuple(tensor.name for tensor in case_inputs.leaves(feeds))
        variables = train_op.model_variables(case, graph, returned)
    return Reference(
        graph,
        placeholders,
        leaves,
        tuple(tensor.name for _, tensor in losses),
        _loss_records(losses, variables),
        total,
        initializers,
        variables,
        updates,
        tool,
        watch,
        returned,
        feeds,
        tuple(notes),
    )


def _tensor_name(value):
    # type: (Any) -> str
    if isinstance(value, tf.Operation):
        return str(value.name)
    return str(tf.convert_to_tensor(value).name)


def _tensors(name, leaf, graph):
    # type: (str, Any, Any) -> Tuple[str, Tuple[Any, ...]]
    """Return a leaf's kind and components: tensor names, or arrays where it is no tensor."""
    kind, parts = outputs.components(leaf)
    found = []  # type: List[Any]
    for part in parts:
        if isinstance(part, np.ndarray):
            found.append(part)
            continue
        tensor = tf.convert_to_tensor(part)
        if tensor.graph is not graph:
            raise CaseFault("outputs", "output {} belongs to another graph; build it in the current one".format(name))
        found.append(tensor.name)
    return kind, tuple(found)


def _loss_records(losses, variables):
    # type: (Sequence[Tuple[str, Any]], Sequence[Any]) -> Tuple[Loss, ...]
    """Return the record of each (collection, tensor)."""
    by_op = {variable.op: plain_name(variable) for variable in variables}
    return tuple(
        Loss(
            tensor.name,
            _variables_behind(tensor.op, by_op),
            "loss.{}".format(number),
            stacks.to_stack(stacks.raw_from_summary(tensor.op.traceback)),
            collection,
        )
        for number, (collection, tensor) in enumerate(losses)
    )


def _variables_behind(op, by_op):
    # type: (Any, Dict[Any, str]) -> Tuple[str, ...]
    """Return the names of the variables among an operation's ancestors."""
    names, seen, todo = set(), {op}, [op]
    while todo:
        current = todo.pop()
        if current in by_op:
            names.add(by_op[current])
            continue
        for tensor in current.inputs:
            if tensor.op not in seen:
                seen.add(tensor.op)
                todo.append(tensor.op)
    return tuple(sorted(names))


def _variable_records(reference, digests):
    # type: (Reference, Dict[str, Any]) -> Tuple[VariableRecord, ...]
    created = {id(item.variable): item for item in reference.watch.created}
    trainable = {id(variable) for variable in reference.graph.get_collection(v1.GraphKeys.TRAINABLE_VARIABLES)}
    records = []
    for variable in reference.variables:
        item = created.get(id(variable))
        raw = item.raw_stack if item else stacks.raw_from_summary(variable.op.traceback)
        shape = tuple(variable.shape.as_list()) if variable.shape.rank is not None else (None,)
        records.append(
            VariableRecord(
                plain_name(variable),
                shape,
                variable.dtype.base_dtype.name,
                id(variable) in trainable,
                True,
                stacks.to_stack(raw),
                item.origin if item else "explicit-variable",
                digests.get(plain_name(variable)),
            )
        )
    return tuple(records)
