"""Runs the migrated model in every way that TensorFlow executes one, from the same weights and inputs.

Eager execution is what the other steps compare with TF1; here it is the reference. The model is
traced once: a small function around the traced one is optimized and compiled as a whole.
"""

import contextlib
import functools
from typing import Any, Callable, Dict, Iterator, List, Optional

import numpy as np
import tensorflow as tf

from tf_equivalence.recording import RunRecord, rerun
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import noise, python_state
from tf_equivalence.worker.faults import StopBuild, user_code
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.migrated import Migrated, bare, stored_outputs
from tf_equivalence.worker.probes import probe
from tf_equivalence.worker.sightings import watch_numpy_random
from tf_equivalence.worker.watch import plain_name

EAGER, FUNCTION, PLAIN, COMPILED = "eager", "function", "function-plain", "function-compiled"
EAGER_COMPILED = "eager-compiled"  # what only a compiled function may be allowed
SECOND = "{}-second"
WITHOUT = "function-without-{}"
# The passes of the graph optimizer that are on by default, by their names in set_experimental_options.
PASSES = (
    "remapping",
    "arithmetic_optimization",
    "constant_folding",
    "layout_optimizer",
    "function_optimization",
    "implementation_selector",
    "loop_optimization",
    "shape_optimization",
    "dependency_optimization",
)
_ROUNDINGS = 16.0  # as the judge has it
_COMPILED_AT_MOST = 400  # variables: compiling a larger model takes minutes


def record_modes(migrated, recorder, first, second):
    # type: (Migrated, Recorder, Any, Any) -> None
    """Record the model's calls in every mode; how a mode fails becomes its own fault, and no other's."""
    migrated.first_call(first)
    recorder.lap("build")
    with python_state.watched(migrated.model, migrated.sightings):
        eager = _record_pair(
            migrated, recorder, EAGER, lambda given: migrated.call(given, flag(migrated)), first, second
        )
    traced = []  # type: List[Any]
    recorder.attempt(FUNCTION, lambda: traced.append(_trace(migrated, first)))
    if not traced:
        return
    differs = []  # type: List[str]

    def record(mode, twice=False, compiled=False):
        # type: (str, bool, bool) -> None
        call = _wrapped(traced[0], compiled)
        found = _record_pair(migrated, recorder, mode, call, first, second if twice else None)
        if any(_is_apart(one, other) for one, other in zip(eager, found)):
            differs.append(mode)
        if mode == FUNCTION:
            probe(migrated, recorder, mode, first, lambda given: stored_outputs(migrated, call(given)))

    recorder.attempt(FUNCTION, lambda: record(FUNCTION, twice=True))
    with _options({"disable_meta_optimizer": True}):
        recorder.attempt(PLAIN, lambda: record(PLAIN))
    if FUNCTION in differs and PLAIN not in differs:
        for name in PASSES:
            with _options({name: False}):
                recorder.attempt(WITHOUT.format(name), functools.partial(record, WITHOUT.format(name)))
    _record_compiled(migrated, recorder, record)
    if differs:
        _record_noise(migrated, recorder, EAGER if differs != [COMPILED] else EAGER_COMPILED, first, second)


def flag(migrated):
    # type: (Migrated) -> bool
    """Return the training flag of the build."""
    return bool(migrated.job.training)


def _record_compiled(migrated, recorder, record):
    # type: (Migrated, Recorder, Callable[..., None]) -> None
    """Record the model compiled by XLA, where that can be had in acceptable time."""
    count = len(migrated.all_variables())
    if migrated.forward_seeds:
        recorder.notes.append("XLA was not tried: it draws other random numbers")
        return
    if count > _COMPILED_AT_MOST:
        recorder.notes.append("XLA was not tried: compiling a model of {} variables takes minutes".format(count))
        return
    try:
        record(COMPILED, compiled=True)
    except StopBuild as stop:
        if stop.fault.kind == "exit":
            raise
        # What XLA cannot compile is no fault of the migration, nor is a build of TensorFlow without it.
        recorder.notes.append("not compiled by XLA: {}".format(stop.fault.message[:200]))
    recorder.lap(COMPILED)


def _trace(migrated, arrays):
    # type: (Migrated, Any) -> Any
    specs = case_inputs.map_nest(lambda array: tf.TensorSpec.from_tensor(tf.constant(array)), arrays)
    keywords = {"training": flag(migrated)} if migrated.takes_training else {}

    def function(tensors):
        # type: (Any) -> Any
        returned = migrated.model(migrated.case._model_inputs(tensors), **keywords)
        return migrated.case._outputs(returned, tensors, flag(migrated))

    phase = "tracing the TF2 model in a tf.function"
    with contextlib.ExitStack() as scopes:
        scopes.enter_context(migrated.watch.scope("tf.function"))
        scopes.enter_context(watch_numpy_random(migrated.sightings))
        scopes.enter_context(migrated.tool.replay(migrated.forward_seeds, True))
        scopes.enter_context(user_code("call", phase, migrated.definition))
        return tf.function(function).get_concrete_function(specs)


def _wrapped(traced, compiled):
    # type: (Any, bool) -> Callable[[Any], Any]
    """Return a function of arrays that runs the traced one, optimized by the options of its first call."""
    outer = tf.function(traced, autograph=False, jit_compile=True if compiled else None)

    def call(arrays):
        # type: (Any) -> Any
        with user_code("call", "running the TF2 model in a tf.function"):
            return outer(case_inputs.map_nest(tf.constant, arrays))

    return call


def _record_pair(migrated, recorder, mode, call, first, second):
    # type: (Migrated, Recorder, str, Callable[[Any], Any], Any, Optional[Any]) -> List[Dict[str, np.ndarray]]
    """Record one call or two from named weights, whose random streams begin anew; return their arrays."""
    migrated.fill("named")
    found = []
    with migrated.watch.scope("later call"), migrated.tool.replay(migrated.forward_seeds, True):
        leaves, arrays = stored_outputs(migrated, call(first))
    recorder.run(mode, RunRecord(mode, leaves, seconds=recorder.lap(mode)), arrays)
    found.append(arrays)
    if second is not None:
        name = SECOND.format(mode)
        with migrated.watch.scope("later call"), migrated.tool.replay(migrated.forward_seeds, False):
            leaves, arrays = stored_outputs(migrated, call(second))
        recorder.run(name, RunRecord(name, leaves, seconds=recorder.lap(mode)), arrays)
        found.append(arrays)
    return found


def _is_apart(one, other):
    # type: (Dict[str, np.ndarray], Dict[str, np.ndarray]) -> bool
    """Tell whether two runs differ by more than the rounding of their last operations."""
    if one.keys() != other.keys():
        return True
    for key, array in one.items():
        theirs = other[key]
        if array.shape != theirs.shape or array.dtype != theirs.dtype:
            return True
        if array.dtype.kind not in "fc":
            if not np.array_equal(array, theirs):
                return True
            continue
        finite = np.isfinite(array)
        if not np.array_equal(finite, np.isfinite(theirs)):
            return True
        apart = np.abs(array[finite] - theirs[finite])
        top = np.abs(array[finite]).max() if finite.any() else 0.0
        if apart.size and apart.max() > _ROUNDINGS * np.finfo(array.dtype).eps * top:
            return True
    return False


def _record_noise(migrated, recorder, mode, first, second):
    # type: (Migrated, Recorder, str, Any, Any) -> None
    """Record the eager calls again, under `mode`, with inputs and weights moved by one unit in the last place."""
    for number in range(noise.RERUNS):
        migrated.fill("named")
        for variable in map(bare, migrated.all_variables()):
            if variable.dtype.is_floating:
                variable.assign(noise.moved(plain_name(variable), number, np.asarray(variable.numpy())))
        for name, arrays, restart in ((mode, first, True), (SECOND.format(mode), second, False)):
            with migrated.tool.replay(migrated.forward_seeds, restart):
                given = noise.moved_inputs(number, arrays)
                leaves, values = stored_outputs(migrated, migrated.call(given, flag(migrated)))
            recorder.run(rerun(name, number), RunRecord(rerun(name, number), leaves), values)


@contextlib.contextmanager
def _options(options):
    # type: (Dict[str, bool]) -> Iterator[None]
    """Set options of the graph optimizer, and put them back."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options(options)
    try:
        yield
    finally:
        defaults = {name: before.get(name, name != "disable_meta_optimizer") for name in options}
        tf.config.optimizer.set_experimental_options(defaults)
