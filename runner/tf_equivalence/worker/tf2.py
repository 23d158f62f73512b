"""The TF2 side: the migrated object, run eagerly."""

import contextlib
from typing import Any, List, Tuple

import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import (
    BuildRecord,
    Creation,
    RunRecord,
    Sighting,
    VariableRecord,
    read_arrays,
    read_record,
    write_arrays,
    write_record,
)
from tf_equivalence.trace import Effects, IsolationPlan
from tf_equivalence.worker import (
    checkpoint_files,
    gradients,
    model_fn_optimizer,
    op_kinds,
    optimizer_tf2,
    outputs,
    state_updates,
    trace_gradients,
)
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker.checkpoint_tf2 import make_migrated
from tf_equivalence.worker.faults import StopBuild, definition, user_code
from tf_equivalence.worker.functional import record_functional
from tf_equivalence.worker.isolate import Isolation, effects
from tf_equivalence.worker.job import Job, Recorder, case_settings, environment
from tf_equivalence.worker.migrated import Migrated, bare, write_run
from tf_equivalence.worker.modes import record_modes
from tf_equivalence.worker.objective import objective
from tf_equivalence.worker.probes import probe
from tf_equivalence.worker.random_tool import AlignedRandom
from tf_equivalence.worker.trace_eager import EagerTracer
from tf_equivalence.worker.watch import Created, plain_name, variable_record


def record(job, case, recorder, module_cases):
    # type: (Job, EquivalenceCase, Recorder, Tuple[str, ...]) -> None
    """Make the object once and record every condition of the job from it."""
    with user_code("inputs", "inputs"):
        first, second = case_inputs.draw(case, 0), case_inputs.draw(case, 1)
    tool = AlignedRandom("constant" if job.form == "functional" else "num_random_ops")
    with tool.scope():
        case._random_tool = tool
        if job.form == "checkpoint":
            migrated = make_migrated(job, case, tool, first, recorder)
        else:
            checkpoint_files.give(case, None)  # what tf2() restores would differ from what steps give
            if job.form == "optimizer":
                model_fn_optimizer.look(case)
            migrated = Migrated(job, case, tool)
        if job.form == "optimizer":
            optimizer_tf2.record_migrated(migrated, recorder, first)
        elif job.form == "functional":
            record_functional(migrated, recorder, first)
        elif job.form == "modes":
            record_modes(migrated, recorder, first, second)
        elif job.form == "direct":
            _record_direct(job, migrated, recorder, first, second)
    write_record(
        job.directory,
        "build",
        BuildRecord(
            "tf2",
            environment(),
            module_cases,
            case_settings(case),
            variables=_variable_records(migrated),
            random_ops=tuple(draw.record() for draw in migrated.first_draws),
            creations=tuple(
                Creation(item.phase, variable_record(item, _tracked(migrated, item)))
                for item in migrated.watch.created
                if item.phase != "first call"
            ),
            sightings=tuple(migrated.sightings),
            notes=tuple(recorder.notes),
            seconds=dict(recorder.seconds),
            probes=tuple(migrated.probes),
            definition=migrated.definition,
        ),
    )


def trace(job, case, recorder):
    # type: (Job, EquivalenceCase, Recorder) -> None
    """Make the object anew and trace one call of it under one condition.

    A plan of isolation in the job's directory makes it an isolated call.
    """
    with user_code("inputs", "inputs"):
        first, second = case_inputs.draw(case, 0), case_inputs.draw(case, 1)
    plan = read_record(IsolationPlan, job.directory, "plan")
    tool = AlignedRandom("num_random_ops")
    with tool.scope():
        case._random_tool = tool
        checkpoint_files.give(case, None)
        migrated = Migrated(job, case, tool)
        migrated.first_call(first)
        if job.trace == "random":  # a training call has moved averages already, which a session's first call has not
            for variable, value in migrated.watch.values:
                variable.assign(value)
        with_loss = job.trace == gradients.CONDITION
        migrated.fill("named" if with_loss else job.trace)
        again = job.trace == "random-second"
        tensors = case_inputs.map_nest(tf.constant, second if again else first)
        names = {plain_name(variable): variable for variable in migrated.all_variables()}
        tracer = EagerTracer(names, tensors, keep=with_loss and plan is None)
        isolation = Isolation(plan, read_arrays(plan.directory, "trace"), tracer) if plan is not None else None
        tape = None
        with contextlib.ExitStack() as scopes:
            scopes.enter_context(tool.replay(migrated.forward_seeds, restart=not again))
            scopes.enter_context(tracer)
            if isolation is not None:
                scopes.enter_context(isolation.scope)
            if with_loss:
                tape, loss = trace_gradients.watched_call(migrated, tensors)
                parts = [loss]
            else:
                returned = migrated.call_with(tensors, job.training)
                parts = _tensors(migrated, migrated.outputs_of(returned, tensors, job.training))
        if isolation is not None:
            write_record(recorder.directory, "effects", _effects(migrated, isolation, tensors, tracer))
    traced, values = tracer.result(parts)
    write_arrays(recorder.directory, "trace", values)
    if tape is not None and tracer.tensors is not None:
        with user_code("loss", "differentiating the loss", definition(case.loss)):
            found = trace_gradients.of_tape(tape, parts[0], traced, tracer.tensors)
        write_arrays(recorder.directory, trace_gradients.NAME, found)
    write_record(recorder.directory, "trace", traced)


def _tensors(migrated, returned):
    # type: (Migrated, Any) -> List[Any]
    """Return the tensors of the outputs, in the order of the outputs' names."""
    with user_code("outputs", "the TF2 model", migrated.definition):
        return [
            part
            for _, leaf in sorted(outputs.flatten(returned), key=lambda named: named[0])
            for part in outputs.components(leaf)[1]
            if tf.is_tensor(part)
        ]


def _effects(migrated, isolation, tensors, tracer):
    # type: (Migrated, Isolation, Any, EagerTracer) -> Effects
    def call():
        # type: () -> List[Any]
        with migrated.tool.replay(migrated.forward_seeds, restart=True):
            returned = migrated.call_with(tensors, migrated.job.training)
            if migrated.job.trace == gradients.CONDITION:
                parts = [objective(migrated.case, returned, tensors)]
            else:
                parts = _tensors(migrated, migrated.outputs_of(returned, tensors, migrated.job.training))
        return [op_kinds.storable(part.numpy()) for part in parts]

    return effects(isolation.locals, tracer.line, call, isolation.results)


def _record_direct(job, migrated, recorder, first, second):
    # type: (Job, Migrated, Recorder, Any, Any) -> None
    returned = migrated.first_call(first)
    _note_autocast(migrated, first)
    recorder.lap("build")

    def second_call():
        # type: () -> None
        again = migrated.later_call("second call", second, job.training, restart=False)
        write_run(migrated, recorder, "random-second", again)
        # Not before: the second call goes on from the state that the first one left.
        probe(migrated, recorder, "random", first)

    actions = {
        "random": lambda: write_run(migrated, recorder, "random", returned),
        "random-second": second_call,
        "constant": lambda: _filled(migrated, recorder, "constant", first),
        "named": lambda: _filled(migrated, recorder, "named", first),
        "gradients": lambda: gradients.record_tf2(migrated, recorder, first),
        "updates": lambda: state_updates.record_tf2(migrated, recorder, (first, second)),
        "once": lambda: _call_every_way(migrated, recorder, first),
    }
    for condition in ("random", "random-second", "constant", "named", "gradients", "updates", "once"):
        if condition in job.conditions:
            recorder.attempt(condition, actions[condition])


def _filled(migrated, recorder, condition, arrays):
    # type: (Migrated, Recorder, str, Any) -> None
    migrated.fill(condition)
    write_run(migrated, recorder, condition, migrated.later_call("later call", arrays, migrated.job.training))
    probe(migrated, recorder, condition, arrays)


def _call_every_way(migrated, recorder, arrays):
    # type: (Migrated, Recorder, Any) -> None
    """Call with the other training flag, another batch size, a third time, and in a `tf.function`."""
    other = not migrated.job.training
    migrated.later_call("training={}".format(other), arrays, other)
    migrated.later_call("third call", arrays, migrated.job.training)
    if case_inputs.common_batch(arrays) is None:
        recorder.notes.append("second batch size not tried: the inputs share no leading dimension")
    else:
        _try(
            recorder,
            "second batch size",
            lambda: migrated.later_call("second batch size", case_inputs.larger_batch(arrays), migrated.job.training),
        )
    _try(recorder, "tf.function", lambda: _trace_function(migrated, arrays))
    recorder.run("once", RunRecord("once", ()), {})


def _try(recorder, phase, function):
    # type: (Recorder, str, Any) -> None
    """Run a call that a sound model may refuse; the refusal becomes a note."""
    try:
        function()
    except StopBuild as stop:
        if stop.fault.kind == "exit":
            raise
        recorder.notes.append("{} not tried to the end: {}".format(phase, stop.fault.message))


def _trace_function(migrated, arrays):
    # type: (Migrated, Any) -> None
    specs = case_inputs.map_nest(lambda array: tf.TensorSpec.from_tensor(tf.constant(array)), arrays)
    keywords = {"training": migrated.job.training} if migrated.takes_training else {}
    given = migrated.case._model_inputs
    traced = tf.function(lambda tensors: migrated.model(given(tensors), **keywords), autograph=False)
    with migrated.watch.scope("tf.function"), migrated.tool.replay(migrated.forward_seeds, True), user_code(
        "call", "tracing the TF2 model in a tf.function", migrated.definition
    ):
        traced.get_concrete_function(specs)


def _note_autocast(migrated, arrays):
    # type: (Migrated, Any) -> None
    model = migrated.model
    if not getattr(model, "_autocast", False):
        return
    compute = str(getattr(model, "compute_dtype", "") or "")
    for array in case_inputs.leaves(arrays):
        if array.dtype.kind == "f" and compute and array.dtype.name != compute:
            migrated.sightings.append(
                Sighting("autocast", "{} to {}".format(array.dtype.name, compute), migrated.definition)
            )


def _tracked(migrated, item):
    # type: (Migrated, Created) -> bool
    return any(item.variable is bare(variable) for variable in migrated.model.variables)


def _variable_records(migrated):
    # type: (Migrated) -> Tuple[VariableRecord, ...]
    """Return the model's variables, then what its calls created without tracking."""
    tracked = {id(bare(variable)) for variable in migrated.model.variables}
    created = {id(item.variable): item for item in migrated.watch.created}
    records = []
    for item in migrated.watch.created:
        if id(item.variable) in tracked or item.phase == "first call":
            records.append(variable_record(item, id(item.variable) in tracked))
    for variable in migrated.model.variables:
        if id(bare(variable)) not in created:  # made before the watch, such as a module's global
            records.append(variable_record(Created(variable, "before", (), "explicit-variable", None), True))
    return tuple(records)
