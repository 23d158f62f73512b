"""Runs both optimizers on small variables apart from the model: exact, fast, and beyond what a few steps show."""

import contextlib
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import Fault, Leaf, Probe, RunRecord, Stack
from tf_equivalence.worker import outputs
from tf_equivalence.worker.faults import StopBuild, definition
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.migrated import Migrated
from tf_equivalence.worker.optimizer_changes import changes
from tf_equivalence.worker.optimizer_made import Made, make_tf1, make_tf2
from tf_equivalence.worker.optimizer_plan import ALONE, SLOT, TRAINED, after
from tf_equivalence.worker.optimizer_rates import eager_rate, noting_rates, rate_source
from tf_equivalence.worker.optimizer_scenes import COUNTS, PLAIN, STEPS, Scene, scenes
from tf_equivalence.worker.optimizer_slots import counter, in_tf1_units, slots_of
from tf_equivalence.worker.optimizer_steps import Applied, take_step, train_op

v1 = tf.compat.v1

TRACED = "optimizer-traced"
RATES = "learning-rate/{}:0"
GIVEN = "given-gradients/{}:0 after {}"
COUNTED = "counted/{}:0"
_JUMP = 1000  # steps that the count is moved on by
_HALF = 0.5

_Values = List[Tuple[str, np.ndarray]]


def _stored(values, stack=()):
    # type: (_Values, Stack) -> Tuple[Tuple[Leaf, ...], Dict[str, np.ndarray]]
    leaves, arrays = outputs.store([(name, "tensor", (value,)) for name, value in values])
    return tuple(replace(leaf, stack=stack) for leaf in leaves), arrays


class _Refused:
    """The scenes that user code is not made for: it may name variables of the model."""

    def __init__(self):
        # type: () -> None
        self._scenes = {}  # type: Dict[str, List[str]]

    @contextlib.contextmanager
    def scope(self, scene):
        # type: (Scene) -> Iterator[None]
        """Go on where user code raises."""
        try:
            yield
        except StopBuild as stop:
            if stop.fault.kind == "exit":
                raise
            self._scenes.setdefault(stop.fault.message, []).append(scene.name)

    def notes(self):
        # type: () -> Tuple[str, ...]
        """Return what was not tried, and why."""
        return tuple("{} not tried: {}".format(", ".join(names), said) for said, names in self._scenes.items())


def record_alone_tf1(case, recorder):
    # type: (EquivalenceCase, Recorder) -> None
    """Record each scene in a graph of its own, and TF1's learning rates."""
    found, refused = [], _Refused()  # type: _Values, _Refused
    for scene in scenes():
        with refused.scope(scene):
            found += _scene_tf1(case, scene)
    leaves, arrays = _stored(found)
    recorder.run(ALONE, RunRecord(ALONE, leaves, notes=refused.notes()), arrays)


def _scene_tf1(case, scene):
    # type: (EquivalenceCase, Scene) -> Iterator[Tuple[str, np.ndarray]]
    graph = tf.Graph()
    with graph.as_default():
        names = [scene.name + "/" + name for name in scene.start]
        variables = [v1.Variable(value, name=name) for name, value in zip(names, scene.start.values())]
        step = v1.train.get_or_create_global_step()
        feeds = [_placeholders(gradient) for gradient in scene.gradients[0]]
        loss = tf.add_n([_linear(variable, fed) for variable, fed in zip(variables, feeds)])
        made = make_tf1(case)
        if made.changes and scene.name != PLAIN:
            raise StopBuild(Fault("not-applicable", made.changes))
        operations = train_op(case, made, loss, step, Applied())
        slots = slots_of(made, variables)
        rate = _tensor(rate_source(made))
        initializer = v1.global_variables_initializer()
    kept = {TRAINED.format(name, "{}"): variable for name, variable in zip(names, variables)}
    for slot, each in sorted(slots.items()):
        kept.update({SLOT.format(slot, names[position], "{}"): v for position, v in each.items()})
    with v1.Session(graph=graph) as session:
        session.run(initializer)
        for number in range(STEPS + 1):
            if number:
                given = scene.gradients[number - 1]
                fed = {p: v for ps, vs in zip(feeds, given) for p, v in zip(ps, vs if scene.sparse else (vs,))}
                session.run(operations, fed)
                for name, gradient in zip(names, given):
                    yield GIVEN.format(name, after(number)), _dense(scene, name, gradient)
            for template, value in session.run(kept if not made.changes else {}).items():
                yield template.format(after(number)), np.asarray(value)
        if scene.name == PLAIN:
            yield COUNTED.format("steps"), np.asarray(session.run(step))
            if rate is not None:
                yield RATES.format("optimizer"), _rates_tf1(session, step, rate)


def _dense(scene, name, gradient):
    # type: (Scene, str, Any) -> np.ndarray
    if not scene.sparse:
        return np.asarray(gradient)
    dense = np.zeros(scene.start[name.rpartition("/")[2]].shape, np.float32)
    np.add.at(dense, gradient[0], gradient[1])
    return dense


def _placeholders(gradient):
    # type: (Any) -> Tuple[Any, ...]
    parts = gradient if isinstance(gradient, tuple) else (gradient,)
    return tuple(v1.placeholder(tf.as_dtype(part.dtype), part.shape, name="gradient") for part in parts)


def _linear(variable, parts):
    # type: (Any, Sequence[Any]) -> Any
    """Return a scalar whose gradient by the variable is what is given: a tensor, or rows and slices."""
    if len(parts) == 1:
        return tf.reduce_sum(variable * parts[0])
    return tf.reduce_sum(tf.gather(variable, parts[0]) * parts[1])


def _tensor(source):
    # type: (Any) -> Any
    """Return a learning rate as a tensor of the current graph; None where it is none."""
    try:
        return tf.convert_to_tensor(source() if callable(source) and not hasattr(source, "op") else source)
    except Exception:  # a function of the user's that does not mean to be called here
        return None


def _rates_tf1(session, step, rate):
    # type: (Any, Any, Any) -> np.ndarray
    values = []
    for count in COUNTS:
        session.run(step.initializer, {step.initializer.inputs[1]: np.asarray(count, step.dtype.as_numpy_dtype)})
        values.append(session.run(rate))
    return np.asarray(values, np.float32).reshape(len(COUNTS), -1)[:, 0]


def record_alone_tf2(migrated, recorder):
    # type: (Migrated, Recorder) -> None
    """Record each scene, TF2's learning rates, the same in a tf.function, and what known changes would show."""
    case = migrated.case
    found, notes, stack = _scenes_tf2(case, scenes(), None)
    leaves, arrays = _stored(found, stack)
    recorder.run(ALONE, RunRecord(ALONE, leaves, notes=notes), arrays)
    for number, change in enumerate(changes(make_tf2(case)) if migrated.job.probes and found else ()):
        run = "{}.probe-{}".format(ALONE, number)
        leaves, arrays = _stored(_scenes_tf2(case, scenes()[:2], change.apply)[0])
        recorder.run(run, RunRecord(run, leaves), arrays)
        migrated.probes.append(Probe(ALONE, "optimizer-setting", (change.what,), run))
    _record_traced(case, recorder)


def _scenes_tf2(case, tried, change):
    # type: (EquivalenceCase, Sequence[Scene], Optional[Callable[[Any], None]]) -> Tuple[_Values, Tuple[str, ...], Stack]
    found, refused, stack = [], _Refused(), ()  # type: _Values, _Refused, Stack
    for scene in tried:
        with refused.scope(scene):
            run = _Eager(case, scene, change)
            stack = run.made.stack
            found += run.values()
    return found, refused.notes(), stack


class _Eager(NamedTuple("_Eager", [("made", Made), ("case", Any), ("scene", Scene), ("variables", Any)])):
    """One scene on the TF2 side."""

    __slots__ = ()

    def __new__(cls, case, scene, change=None):
        # type: (EquivalenceCase, Scene, Optional[Callable[[Any], None]]) -> _Eager
        """Make variables and a new optimizer, changed perhaps."""
        names = [scene.name + "/" + name for name in scene.start]
        variables = [tf.Variable(value, name=name) for name, value in zip(names, scene.start.values())]
        made = make_tf2(case)
        counter(made).assign(0)
        if change is not None:
            change(made.inner)
        return super().__new__(cls, made, case, scene, variables)

    def step(self, given):
        # type: (Sequence[Any]) -> None
        """Take one step with these gradients."""
        parts = [part if isinstance(part, tuple) else (part,) for part in given]

        def loss():
            # type: () -> Any
            return tf.add_n([_linear(variable, part) for variable, part in zip(self.variables, parts)])

        take_step(self.case, self.made, loss, self.variables)

    def values(self):
        # type: () -> Iterator[Tuple[str, np.ndarray]]
        """Yield variables and slots after each step, and the learning rates of the plain scene."""
        names = [self.scene.name + "/" + name for name in self.scene.start]
        first, constant = None, True
        assigned = []  # type: List[Stack]
        for number in range(STEPS + 1):
            rate = eager_rate(self.made)
            first = rate if number == 0 else first
            if number:
                with noting_rates(self.made, assigned):
                    self.step(self.scene.gradients[number - 1])
            for name, variable in zip(names, self.variables):
                yield TRAINED.format(name, after(number)), variable.numpy()
            if not number:
                continue
            constant = constant and rate == first
            for slot, each in sorted(slots_of(self.made, self.variables).items()):
                for position, kept in each.items():
                    value = in_tf1_units(self.made, slot, np.asarray(kept.numpy()), rate if constant else None)
                    if value is not None:
                        yield SLOT.format(slot, names[position], after(number)), value
        if self.scene.name == PLAIN:
            yield COUNTED.format("steps"), np.asarray(counter(self.made).numpy())
            rates = None if assigned else self._rates()  # the step sets them, and has taken few
            if rates is not None:
                yield RATES.format("optimizer"), rates

    def _rates(self):
        # type: () -> Optional[np.ndarray]
        values = []
        for count in COUNTS:
            counter(self.made).assign(count)
            values.append(eager_rate(self.made))
        return None if None in values else np.asarray(values, np.float32)


def _record_traced(case, recorder):
    # type: (EquivalenceCase, Recorder) -> None
    """Record the plain scene eagerly and in a function that is traced once, while the learning rate changes."""
    scene = scenes()[0]
    found = []  # type: _Values
    notes = []  # type: List[str]
    assigned = []  # type: List[Stack]
    for mode in ("eager", "traced"):
        try:
            found += _moving(case, scene, mode, assigned)
        except StopBuild as stop:
            if stop.fault.kind == "exit":
                raise
            notes.append("not run in a tf.function: {}".format(stop.fault.message))
    leaves, arrays = _stored(found, next(iter(assigned), ()))
    recorder.run(TRACED, RunRecord(TRACED, leaves, notes=tuple(notes)), arrays)


def _moving(case, scene, mode, assigned):
    # type: (EquivalenceCase, Scene, str, List[Stack]) -> _Values
    run = _Eager(case, scene)
    take = run.step  # type: Any
    if mode == "traced":
        take = tf.function(run.step, autograph=False)
    found = []
    for number in range(STEPS):
        if number == STEPS // 2:
            _change_rate(run.made)
        with noting_rates(run.made, assigned):
            take(tuple(tf.constant(gradient) for gradient in scene.gradients[number]))
        for name, variable in zip(scene.start, run.variables):
            found.append(("{}/{}:0 after {}".format(mode, name, after(number + 1)), variable.numpy()))
    return found


def _change_rate(made):
    # type: (Made) -> None
    """Let the count of steps jump, and halve a learning rate that can be assigned."""
    counter(made).assign_add(_JUMP)
    rate = getattr(made.inner, "learning_rate", None)
    if isinstance(rate, (tf.Variable, float)):
        try:
            made.inner.learning_rate = _HALF * float(rate)
        except (AttributeError, TypeError, ValueError):  # nothing that can be assigned
            return
