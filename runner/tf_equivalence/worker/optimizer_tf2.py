"""Several training steps of TF2's model with fixed data: losses, variables and slots after each."""

from dataclasses import replace
from typing import Any, Iterator, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import OptimizerRecord, RunRecord, Stack, write_record
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import outputs
from tf_equivalence.worker.faults import CaseFault, definition, user_code
from tf_equivalence.worker.gradients import trainable_variables
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.migrated import Migrated, losses_of
from tf_equivalence.worker.objective import is_whole, objective
from tf_equivalence.worker.optimizer_alone import record_alone_tf2
from tf_equivalence.worker.optimizer_made import KIND, check_new, make_tf2
from tf_equivalence.worker.optimizer_plan import ALONE, CONDITION, LOSS, RECORD, SLOT, TRAINED, Plan, after, described
from tf_equivalence.worker.optimizer_rates import eager_rate
from tf_equivalence.worker.optimizer_slots import counter, in_tf1_units, slots_of, unknown_of
from tf_equivalence.worker.optimizer_steps import Losses, take_step
from tf_equivalence.worker.probes import probe
from tf_equivalence.worker.watch import plain_name

_SAME = 1e-6  # of a sum that was added up in another order
_PROBED = 60  # variables: a larger model's steps are not repeated to see what they would have caught


def record_migrated(migrated, recorder, arrays):
    # type: (Migrated, Recorder, Any) -> None
    """Call the model, which makes its variables, and record TF2's steps, its optimizer, and what changes would show."""
    migrated.first_call(arrays)
    recorder.lap("build")
    recorder.attempt(CONDITION, lambda: _record_model(migrated, recorder, arrays))
    if ALONE in migrated.job.conditions:
        recorder.attempt(ALONE, lambda: record_alone_tf2(migrated, recorder))


def _record_model(migrated, recorder, arrays):
    # type: (Migrated, Recorder, Any) -> None
    check_new(migrated.case)
    variables = trainable_variables(migrated)
    migrated.fill("named")
    trained = _Trained(migrated, variables)
    leaves, stored = trained.run(arrays)
    leaves = tuple(replace(leaf, stack=trained.made.stack) for leaf in leaves)
    recorder.run(CONDITION, RunRecord(CONDITION, leaves, seconds=recorder.lap(CONDITION)), stored)
    write_record(recorder.directory, RECORD, trained.described())
    if len(variables) <= _PROBED:
        probe(migrated, recorder, CONDITION, arrays, trained.run, cost=2 * trained.plan.steps)


class _Trained:
    """A model and what trains it."""

    def __init__(self, migrated, variables):
        # type: (Migrated, Sequence[Any]) -> None
        self.migrated, self.case, self.variables = migrated, migrated.case, list(variables)
        self.plan = Plan.of(self.variables)
        self.recomputed = ()  # type: Stack
        self.counted, self.unknown, self.first_rate = 0, (), None  # type: int, Tuple[str, ...], Optional[float]
        renamed = migrated.tf1_names()
        self.names = [renamed.get(plain_name(v), plain_name(v)) for v in self.variables]

    def run(self, arrays):
        # type: (Any) -> Any
        """Train with a new optimizer, return leaves and arrays, and leave all variables as they were."""
        variables = self.migrated.all_variables()
        before = [variable.numpy() for variable in variables]
        try:
            return self._trained(arrays)
        finally:
            for variable, value in zip(variables, before):
                variable.assign(value)

    def _trained(self, arrays):
        # type: (Any) -> Any
        migrated = self.migrated
        self.made = make_tf2(self.case)
        counter(self.made).assign(0)
        tensors = case_inputs.map_nest(tf.constant, arrays)
        losses = Losses(lambda: self._loss(tensors), self.variables)
        found = list(self._read(0, None))
        constant = True
        with migrated.watch.scope("later call"):
            for step in range(self.plan.steps):
                rate = eager_rate(self.made)
                self.first_rate = rate if step == 0 else self.first_rate
                constant = constant and rate == self.first_rate
                losses.begin()
                with migrated.tool.replay(migrated.forward_seeds, restart=step == 0):
                    take_step(self.case, self.made, losses, self.variables)
                found.append((LOSS.format(after(step)), self._first_of(losses)))
                found += self._read(step + 1, rate if constant else None)
        self.recomputed = self.recomputed or losses.recomputed
        return outputs.store([(name, "tensor", (value,)) for name, value in found])

    def _first_of(self, losses):
        # type: (Losses) -> np.ndarray
        """Return the loss before the step."""
        here = definition(self.case.tf2_train_step)
        with user_code(KIND, "tf2_train_step()", here):
            if not losses.values:
                raise CaseFault(
                    KIND,
                    "tf2_train_step() never calls loss(): call it, within a tf.GradientTape or by "
                    "optimizer.minimize(loss, variables)",
                    here,
                )
        return np.asarray(losses.values[0].numpy())

    def _loss(self, tensors):
        # type: (Any) -> Any
        """Call the model and return what training minimizes."""
        migrated = self.migrated
        with tf.GradientTape() as tape:
            returned = migrated.call_with(tensors, migrated.job.training)
            loss = objective(migrated.case, returned, tensors)
            with user_code("call", "reading the model's losses", migrated.definition):
                terms = [tf.convert_to_tensor(term) for term in losses_of(migrated.model)]
                total = tf.add_n(terms) if terms else None
        if total is None or is_whole(self.case) or _holds(tape, loss, total, returned):
            return loss
        return loss + tf.cast(total, loss.dtype)

    def _read(self, step, rate):
        # type: (int, Optional[float]) -> Iterator[Tuple[str, np.ndarray]]
        for name, variable in zip(self.names, self.variables):
            yield TRAINED.format(name, after(step)), self.plan.thinned(variable.numpy())
        if not step:
            return
        slots = slots_of(self.made, self.variables)
        for slot, each in sorted(slots.items()):
            for position, variable in each.items():
                value = in_tf1_units(self.made, slot, self.plan.thinned(np.asarray(variable.numpy())), rate)
                if value is not None:
                    yield SLOT.format(slot, self.names[position], after(step)), value
        self.counted, self.unknown = int(counter(self.made).numpy()), unknown_of(self.made, self.variables)

    def described(self):
        # type: () -> OptimizerRecord
        """Return the record of the optimizer, once it has run."""
        record = described(self.made, self.plan, self.counted, self.unknown)
        own = type(self.case).tf2_train_step is not EquivalenceCase.tf2_train_step
        stepped = definition(self.case.tf2_train_step) if own else ()
        return replace(record, rate=self.first_rate, stepped=stepped, recomputed=self.recomputed)


def _holds(tape, loss, total, returned):
    # type: (Any, Any, Any, Any) -> bool
    """Tell whether a loss holds the regularization already: the model returns that sum, and the loss depends on it."""
    value = float(total)
    for _, leaf in outputs.flatten(returned):
        scalar = tf.is_tensor(leaf) and leaf.dtype.is_floating and leaf.shape.rank == 0
        if scalar and value and abs(float(leaf) - value) <= _SAME * abs(value):
            return bool(tape.gradient(loss, leaf) is not None)
    return False
