"""The TF2 side: the migrated object, run eagerly."""

import contextlib
import inspect
from typing import Any, Iterator, List, Optional, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import (
    BuildRecord,
    Creation,
    Fault,
    Loss,
    RunRecord,
    Sighting,
    VariableRecord,
    write_arrays,
    write_record,
)
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import outputs
from tf_equivalence.worker.faults import CaseFault, StopBuild, definition, user_code
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.job import Job, Recorder, case_settings, environment
from tf_equivalence.worker.random_tool import AlignedRandom, Draw
from tf_equivalence.worker.sightings import cached_tensors, watch_collections, watch_numpy_random
from tf_equivalence.worker.trace_eager import EagerTracer
from tf_equivalence.worker.variable_reads import Provenance
from tf_equivalence.worker.watch import Created, CreationWatch, plain_name, variable_record


class Migrated:
    """The object that `tf2()` returned, and everything seen while it was built and called.

    Attributes:
        model: The object.
        case: Its case.
        tool: Its random numbers.
        watch: The variables created so far.
        sightings: What else user code did.
        definition: The line of the model's `call`, else of `tf2`.
        forward_seeds: Seeds of the random operations of one call, without initializers.
        first_draws: The random operations of the first call.
    """

    def __init__(self, job, case, tool):
        # type: (Job, EquivalenceCase, AlignedRandom) -> None
        self.job = job
        self.case = case
        self.tool = tool
        self.watch = CreationWatch(tool)
        self.sightings = []  # type: List[Sighting]
        self.forward_seeds = []  # type: List[int]
        self.first_draws = ()  # type: Tuple[Draw, ...]
        self.here = definition(case.tf2)
        with self.watch.scope("first call"), user_code("call", "tf2()", self.here):
            self.model = case.tf2()
        self._check_model()
        function = getattr(self.model, "call", None) or getattr(type(self.model), "__call__", self.model)  # noqa: B004
        called = definition(function)
        self.definition = called if called and not called[0].library else self.here
        self.takes_training = _takes_training(self.model)
        self.follows_calls = True
        self.provenance = Provenance()
        if not self.takes_training:
            self.sightings.append(Sighting("no-training-argument", type(self.model).__name__, self.definition))

    def _check_model(self):
        # type: () -> None
        model = self.model
        problem = ""
        if model is None:
            problem = "returned nothing: return the migrated layer, model or module"
        elif isinstance(model, type):
            problem = "returned the class {0}, not an object of it: return {0}()".format(model.__name__)
        elif not callable(model):
            problem = (
                "returned an object of type {}, which cannot be called: return the migrated layer, model or "
                "module".format(type(model).__name__)
            )
        elif not hasattr(model, "variables"):
            problem = (
                "returned an object of type {} without `variables`: return a tf.keras layer or model, a tf.Module, or "
                "an object that lists its variables".format(type(model).__name__)
            )
        if problem:
            raise StopBuild(Fault("case", "tf2() " + problem, self.here, "tf2()"))

    def call(self, arrays, training):
        # type: (Any, bool) -> Any
        """Call the model eagerly with these arrays and return what it returns."""
        return self.call_with(case_inputs.map_nest(tf.constant, arrays), training)

    def call_with(self, tensors, training):
        # type: (Any, bool) -> Any
        """Call the model eagerly with these tensors and return what it returns."""
        keywords = {"training": training} if self.takes_training else {}
        with user_code("call", "calling the TF2 model", self.definition), self._following():
            return self.model(tensors, **keywords)

    @contextlib.contextmanager
    def _following(self):
        # type: () -> Iterator[None]
        """Follow which variables each tensor comes from, where a loss may be made in the call."""
        self.provenance = Provenance()
        if self.follows_calls:
            with self.provenance.scope():
                yield
        else:
            yield

    def first_call(self, arrays):
        # type: (Any) -> Any
        """Call the model for the first time, which creates its variables."""
        with self.watch.scope("first call"), watch_collections(self.sightings):
            self._look_for_cached_tensors()
            returned = self.call(arrays, self.job.training)
        self.forward_seeds = self.tool.forward_seeds()
        self.first_draws = tuple(self.tool.draws)
        # Regularizers compute their losses when these are read; following calls costs time.
        self.follows_calls = any(self.provenance.variables_of(loss) for loss in _losses_of(self.model))
        self._look_for_cached_tensors()
        if not list(self.model.variables) and not self.watch.created:
            raise StopBuild(
                Fault(
                    "case",
                    "tf2() returned a {} that owns no variables after its first call: assign its layers and "
                    "variables to attributes of `self`".format(type(self.model).__name__),
                    self.definition,
                    "tf2()",
                )
            )
        return returned

    def _look_for_cached_tensors(self):
        # type: () -> None
        known = {(item.kind, item.name) for item in self.sightings}
        for item in cached_tensors(self.model):
            if (item.kind, item.name) not in known:
                self.sightings.append(item)

    def later_call(self, phase, arrays, training, restart=True):
        # type: (str, Any, bool, bool) -> Any
        """Call the model again under the watch of `phase`, drawing the first call's random numbers.

        Args:
            phase: Its name in reports.
            arrays: Inputs.
            training: Training flag.
            restart: Whether random streams begin anew; else they go on.
        """
        with self.watch.scope(phase), watch_numpy_random(self.sightings), self.tool.replay(self.forward_seeds, restart):
            return self.call(arrays, training)

    def all_variables(self):
        # type: () -> List[Any]
        """Return the model's variables and those the calls created without tracking, once each."""
        found = {id(_bare(variable)): variable for variable in list(self.model.variables)}
        for item in self.watch.created:
            found.setdefault(id(item.variable), item.variable)
        return list(found.values())

    def fill(self, condition):
        # type: (str) -> None
        """Assign the values of a deterministic condition to all variables."""
        renames = {
            str(new).replace(":0", ""): str(old).replace(":0", "") for old, new in self.case.variable_names.items()
        }
        for variable, value in fill_values(condition, self.case, self.all_variables(), renames):
            with user_code("call", "assigning {}".format(plain_name(variable)), self.definition):
                variable.assign(value)


def _takes_training(model):
    # type: (Any) -> bool
    target = getattr(model, "call", None) or model
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return True
    return "training" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def record(job, case, recorder, module_cases):
    # type: (Job, EquivalenceCase, Recorder, Tuple[str, ...]) -> None
    """Make the object once and record every condition of the job from it."""
    with user_code("inputs", "inputs"):
        first, second = case_inputs.draw(case, 0), case_inputs.draw(case, 1)
    tool = AlignedRandom("constant" if job.form == "functional" else "num_random_ops")
    with tool.scope():
        case._random_tool = tool
        migrated = Migrated(job, case, tool)
        if job.form == "functional":
            _record_functional(migrated, recorder, first)
        else:
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
            definition=migrated.definition,
        ),
    )


def trace(job, case, recorder):
    # type: (Job, EquivalenceCase, Recorder) -> None
    """Make the object anew and trace one call of it under one condition."""
    with user_code("inputs", "inputs"):
        first, second = case_inputs.draw(case, 0), case_inputs.draw(case, 1)
    tool = AlignedRandom("num_random_ops")
    with tool.scope():
        case._random_tool = tool
        migrated = Migrated(job, case, tool)
        migrated.first_call(first)
        migrated.fill(job.trace)
        again = job.trace == "random-second"
        tensors = case_inputs.map_nest(tf.constant, second if again else first)
        names = {plain_name(variable): variable for variable in migrated.all_variables()}
        with tool.replay(migrated.forward_seeds, restart=not again), EagerTracer(names, tensors) as tracer:
            returned = migrated.call_with(tensors, job.training)
    with user_code("outputs", "the TF2 model", migrated.definition):
        parts = [
            part
            for _, leaf in sorted(outputs.flatten(returned), key=lambda named: named[0])
            for part in outputs.components(leaf)[1]
            if tf.is_tensor(part)
        ]
    traced, values = tracer.result(parts)
    write_arrays(recorder.directory, "trace", values)
    write_record(recorder.directory, "trace", traced)


def _record_direct(job, migrated, recorder, first, second):
    # type: (Job, Migrated, Recorder, Any, Any) -> None
    returned = migrated.first_call(first)
    _note_autocast(migrated, first)
    recorder.lap("build")
    actions = {
        "random": lambda: write_run(migrated, recorder, "random", returned),
        "random-second": lambda: write_run(
            migrated, recorder, "random-second", migrated.later_call("second call", second, job.training, restart=False)
        ),
        "constant": lambda: _filled(migrated, recorder, "constant", first),
        "named": lambda: _filled(migrated, recorder, "named", first),
        "once": lambda: _call_every_way(migrated, recorder, first),
    }
    for condition in ("random", "random-second", "constant", "named", "once"):
        if condition in job.conditions:
            recorder.attempt(condition, actions[condition])


def _filled(migrated, recorder, condition, arrays):
    # type: (Migrated, Recorder, str, Any) -> None
    migrated.fill(condition)
    write_run(migrated, recorder, condition, migrated.later_call("later call", arrays, migrated.job.training))


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
    traced = tf.function(lambda tensors: migrated.model(tensors, **keywords), autograph=False)
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


def _losses_of(model):
    # type: (Any) -> List[Any]
    """Return the loss tensors of the model, also of a `tf.Module` under the shim, which has no `losses`."""
    if hasattr(model, "losses"):
        found = model.losses
        return list(found() if callable(found) else found)
    losses = []
    for module in (model,) + tuple(getattr(model, "submodules", ())):
        store = getattr(module, "_tf1_style_var_store", None)
        if hasattr(module, "losses"):
            losses.extend(module.losses)
        elif store is not None:
            losses.extend(loss() for loss in store._regularizers.values())
    return losses


def write_run(migrated, recorder, name, returned):
    # type: (Migrated, Recorder, str, Any) -> None
    """Write what a call returned, and the model's losses after it, as a run record."""
    with user_code("outputs", "the TF2 model", migrated.definition):
        stored = []
        for leaf, value in outputs.flatten(returned):
            kind, parts = outputs.components(value)
            stored.append((leaf, kind, tuple(_to_numpy(leaf, part) for part in parts)))
        leaves, arrays = outputs.store(stored)
    provenance = migrated.provenance
    with provenance.scope(), user_code("call", "reading the model's losses", migrated.definition):
        tensors = [tf.convert_to_tensor(loss) for loss in _losses_of(migrated.model)]
        total = tf.add_n(tensors) if tensors else None
    losses = []
    for number, tensor in enumerate(tensors):
        key = "loss.{}".format(number)
        arrays[key] = outputs.storable(np.asarray(tensor.numpy()))
        losses.append(Loss(key, tuple(provenance.variables_of(tensor)), key, ()))
    if total is not None:
        arrays["total"] = outputs.storable(np.asarray(total.numpy()))
    seconds = recorder.lap(name)
    recorder.run(name, RunRecord(name, leaves, tuple(losses), "total" if tensors else "", seconds=seconds), arrays)


def _to_numpy(leaf, part):
    # type: (str, Any) -> np.ndarray
    if isinstance(part, np.ndarray):
        return part
    if isinstance(part, tf.Variable):
        part = part.read_value()
    if not hasattr(part, "numpy"):
        raise CaseFault(
            "outputs",
            "output {} is a symbolic tensor left over from a traced function; return it from "
            "the call instead of keeping it".format(leaf),
        )
    return outputs.to_array(part.numpy())


def _tracked(migrated, item):
    # type: (Migrated, Created) -> bool
    return any(item.variable is _bare(variable) for variable in migrated.model.variables)


def _bare(variable):
    # type: (Any) -> Any
    """Return the variable within the wrapper that Keras puts around it under mixed precision."""
    return getattr(variable, "_variable", variable)


def _variable_records(migrated):
    # type: (Migrated) -> Tuple[VariableRecord, ...]
    """Return the model's variables, then what its calls created without tracking."""
    tracked = {id(_bare(variable)) for variable in migrated.model.variables}
    created = {id(item.variable): item for item in migrated.watch.created}
    records = []
    for item in migrated.watch.created:
        if id(item.variable) in tracked or item.phase == "first call":
            records.append(variable_record(item, id(item.variable) in tracked))
    for variable in migrated.model.variables:
        if id(_bare(variable)) not in created:  # made before the watch, such as a module's global
            records.append(variable_record(Created(variable, "before", (), "explicit-variable", None), True))
    return tuple(records)


def _record_functional(migrated, recorder, arrays):
    # type: (Migrated, Recorder, Any) -> None
    """Embed the layer in a functional Keras model and record one training call of that model."""
    if not isinstance(migrated.model, tf.keras.layers.Layer):
        raise StopBuild(
            Fault(
                "not-applicable",
                "tf2() returns a {}, which is no Keras layer and so has no place in a functional Keras model".format(
                    type(migrated.model).__name__
                ),
                migrated.here,
                "functional-training",
            )
        )
    if any(array.ndim == 0 for array in case_inputs.leaves(arrays)):
        raise StopBuild(
            Fault(
                "not-applicable", "a functional Keras model takes no scalar input", migrated.here, "functional-training"
            )
        )
    try:
        model = _functional(migrated, arrays, None)
    except StopBuild as stop:
        batch = case_inputs.common_batch(arrays)
        if batch is None or stop.fault.kind == "exit":
            raise
        del migrated.watch.created[:]
        migrated.__init__(migrated.job, migrated.case, migrated.tool)  # type: ignore[misc]
        model = _functional(migrated, arrays, batch)
        recorder.notes.append(
            "the functional model has a fixed batch size of {}: with an unknown one {}".format(
                batch, stop.fault.message
            )
        )
    recorder.lap("build")
    tensors = case_inputs.map_nest(tf.constant, arrays)
    migrated.first_draws = tuple(migrated.tool.draws)
    migrated.provenance = Provenance()
    with migrated.provenance.scope(), user_code("call", "calling the functional model", migrated.definition):
        returned = model(tensors, training=True)
    migrated.model = model
    write_run(migrated, recorder, "functional", returned)


def _functional(migrated, arrays, batch):
    # type: (Migrated, Any, Optional[int]) -> Any
    def symbolic(array):
        # type: (np.ndarray) -> Any
        return tf.keras.Input(shape=array.shape[1:], batch_size=batch, dtype=tf.as_dtype(array.dtype))

    placeholders = case_inputs.map_nest(symbolic, arrays)
    phase = "embedding the TF2 layer in a functional Keras model"
    with migrated.watch.scope("first call"), user_code("call", phase, migrated.definition):
        named = outputs.flatten(migrated.model(placeholders))
        tensors = {name: value for name, value in named if value is not None}
        return tf.keras.Model(inputs=placeholders, outputs=tensors)
