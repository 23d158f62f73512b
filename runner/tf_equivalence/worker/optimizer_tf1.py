"""Several training steps of TF1's model with fixed data: losses, variables and slots after each."""

from dataclasses import replace
from typing import Any, Dict, List, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import OptimizerRecord, RunRecord, rerun, write_record
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import model_fn_optimizer, noise, outputs
from tf_equivalence.worker.faults import CaseFault, definition, user_code
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.job import Job, Recorder
from tf_equivalence.worker.objective import NO_GRADIENT, check_finite, is_whole, objective
from tf_equivalence.worker.optimizer_alone import record_alone_tf1
from tf_equivalence.worker.optimizer_made import KIND, make_tf1
from tf_equivalence.worker.optimizer_plan import ALONE, CONDITION, LOSS, RECORD, SLOT, TRAINED, Plan, after, described
from tf_equivalence.worker.optimizer_slots import slots_of, unknown_of
from tf_equivalence.worker.optimizer_steps import Applied, clips_of, train_op
from tf_equivalence.worker.sessions import load, open_session
from tf_equivalence.worker.watch import plain_name

v1 = tf.compat.v1


def record_tf1(job, case, reference, recorder, arrays):
    # type: (Job, EquivalenceCase, Any, Recorder, Any) -> None
    """Add the train operation to the graph, and record the steps and the optimizer."""
    recorder.attempt(CONDITION, lambda: _Graph(case, reference).record(job, recorder, arrays))
    if ALONE in job.conditions:
        recorder.attempt(ALONE, lambda: record_alone_tf1(case, recorder))


class _Graph:
    """A training graph with its train operation."""

    def __init__(self, case, reference):
        # type: (EquivalenceCase, Any) -> None
        self.case, self.reference, self.graph = case, reference, reference.graph
        self.variables = list(self.graph.get_collection(v1.GraphKeys.TRAINABLE_VARIABLES))
        if not self.variables:
            with user_code(KIND, "the optimizer"):
                raise CaseFault("not-applicable", "the TF1 side has no trainable variables")
        self.applied = Applied([self.graph.as_graph_element(update) for update in reference.updates])
        with self.graph.as_default():
            self.step = v1.train.get_or_create_global_step()
            self.loss = self._loss()
            self.made = make_tf1(case)
            before = len(self.graph.get_operations())
            self.operations = model_fn_optimizer.step_of(case, self.loss, self.applied)
            if self.operations:
                self.clips = clips_of(model_fn_optimizer.operations_of(case, self.loss))
            else:
                self.operations = train_op(case, self.made, self.loss, self.step, self.applied)
                self.clips = clips_of(self.graph.get_operations()[before:])
            known = {id(variable) for variable in reference.variables}
            self.added = [variable for variable in v1.global_variables() if id(variable) not in known]
            self.initializer = v1.variables_initializer(self.added).name
        self.slots = slots_of(self.made, self.variables)
        self.plan = Plan.of(self.variables)

    def _loss(self):
        # type: () -> Any
        """Return what training minimizes: the loss, and the regularization losses unless it holds them."""
        loss = objective(self.case, self.reference.returned, self.reference.feeds)
        with user_code("loss", "differentiating the loss", definition(self.case.loss)):
            ancestors = _ancestors(loss.op)
            if not any(variable.op in ancestors for variable in self.variables):
                raise CaseFault("loss", NO_GRADIENT, definition(self.case.loss))
        regularization = self.graph.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES)
        if (
            is_whole(self.case)
            or not regularization
            or any(tf.convert_to_tensor(term).op in ancestors for term in regularization)
        ):
            return loss
        return loss + tf.cast(self.graph.get_tensor_by_name(self.reference.total_loss), loss.dtype)

    def record(self, job, recorder, arrays):
        # type: (Job, Recorder, Any) -> None
        """Record the steps, and again from moved inputs and weights where noise is to be measured."""
        values = dict(fill_values("named", self.case, self.reference.variables, {}))
        for turn in range(1 + (0 if job.optimized else noise.RERUNS)):
            given, moved = arrays, values
            if turn:
                given = noise.moved_inputs(turn - 1, arrays)
                moved = {v: noise.moved(v.name, turn - 1, np.asarray(value)) for v, value in values.items()}
            name = rerun(CONDITION, turn - 1) if turn else CONDITION
            found, counted = self._run(moved, given)
            leaves, stored = outputs.store([(leaf, "tensor", (value,)) for leaf, value in found])
            recorder.run(name, RunRecord(name, leaves), stored)
            if not turn:
                write_record(recorder.directory, RECORD, self._described(counted))

    def _run(self, values, arrays):
        # type: (Dict[Any, np.ndarray], Any) -> Tuple[List[Tuple[str, np.ndarray]], int]
        # Without graph optimization, the graph computes what eager execution computes, often to the last bit.
        session = open_session(self.graph, self.reference.initializers, optimized=False)
        feeds = dict(zip(self.reference.placeholders, case_inputs.leaves(arrays)))
        kept = {TRAINED.format(plain_name(v), "{}"): v for v in self.variables}
        for name, each in sorted(self.slots.items()):
            kept.update({SLOT.format(name, plain_name(self.variables[n]), "{}"): v for n, v in each.items()})
        found = []  # type: List[Tuple[str, np.ndarray]]
        with session:
            load(session, values)
            session.run(self.graph.get_operation_by_name(self.initializer))
            session.run(self.step.initializer)
            for step in range(self.plan.steps + 1):
                if step:
                    with user_code("call", "running the TF1 train operation"):
                        loss = np.asarray(session.run([self.loss] + self.operations, feeds)[0])
                    found.append((LOSS.format(after(step - 1)), loss))
                    if step == 1:
                        with user_code("loss", "loss()", definition(self.case.loss)):
                            check_finite(loss)
                read = session.run(kept)
                found += [(name.format(after(step)), self.plan.thinned(np.asarray(v))) for name, v in read.items()]
            return found, int(session.run(self.step))

    def _described(self, counted):
        # type: (int) -> OptimizerRecord
        own = type(self.case).tf1_train_op is not EquivalenceCase.tf1_train_op
        record = described(self.made, self.plan, counted, unknown_of(self.made, self.variables, self.added))
        stepped = next(iter(self.applied.stacks), definition(self.case.tf1_train_op)) if own else ()
        return replace(
            record,
            stepped=stepped,
            operations=len(self.operations),
            sparse=self.applied.sparse,
            clips=self.clips,
        )


def _ancestors(op):
    # type: (Any) -> Any
    seen, todo = {op}, [op]
    while todo:
        for tensor in todo.pop().inputs:
            if tensor.op not in seen:
                seen.add(tensor.op)
                todo.append(tensor.op)
    return seen
