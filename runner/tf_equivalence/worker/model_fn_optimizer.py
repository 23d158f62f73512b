"""The optimizer that a model function makes for its `train_op`: noted while it runs, and made anew in other graphs."""

import contextlib
from dataclasses import replace
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence

import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.estimator import EstimatorCase
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker.faults import CaseFault, StopBuild, definition, user_code
from tf_equivalence.worker.objective import is_whole
from tf_equivalence.worker.op_kinds import WRITES
from tf_equivalence.worker.optimizer_made import KIND, Made, Maker, family_of, gives, watched
from tf_equivalence.worker.optimizer_pairs import counterpart, described
from tf_equivalence.worker.optimizer_rates import rate_source
from tf_equivalence.worker.optimizer_steps import Applied, clips_of, noting_steps
from tf_equivalence.worker.train_op import APPLY, advances, ancestors, builder, placeholder, prepare

v1 = tf.compat.v1


class Training(NamedTuple):
    """What a model function did for training, in one graph.

    Attributes:
        graph: The graph.
        makers: The optimizers, in the order of their making.
        applied: How they were used.
        used: Those of the spec's `train_op`; all of them where that cannot be told, as where they override all methods.
    """

    graph: Any
    makers: List[Maker]
    applied: Applied
    used: List[Maker]

    @property
    def several(self):
        # type: () -> str
        """The names of the optimizers if there is more than one, for a person."""
        known = [type(maker.optimizer).__name__ for maker in self.used if family_of(maker.optimizer)]
        return ", ".join(known) if len(known) > 1 else ""


@contextlib.contextmanager
def noting(case):
    # type: (EquivalenceCase) -> Iterator[None]
    """Note the optimizers that a model function makes in this scope, and their use."""
    if not isinstance(case, EstimatorCase):
        yield
        return
    training = Training(v1.get_default_graph(), [], Applied(), [])
    case._training = training
    with watched(training.makers), noting_steps(training.applied):
        yield
    spec = case._spec
    needed = ancestors([spec.train_op]) if spec is not None and spec.train_op is not None else set()
    steps = [optimizer for optimizer, step in training.applied.steps if getattr(step, "op", step) in needed]
    steps = steps or training.applied.optimizers
    used = [maker for maker in training.makers if any(maker.optimizer is optimizer for optimizer in steps)]
    training.used.extend(used or training.makers)


def made_of(case):
    # type: (EquivalenceCase) -> Optional[Made]
    """Return the optimizer of the spec's `train_op` for the current graph of TF1; None where there is none."""
    if not isinstance(case, EstimatorCase) or case._training is None or not case._training.makers:
        return None
    training = case._training  # type: Training
    counts = _counts(case, training)
    changes = _changed("") if _changes(case, training) else ""
    if v1.get_default_graph() is not training.graph:
        if training.several:
            raise _refusal("model_fn() makes several optimizers ({})".format(training.several), case)
        if _is_of_its_graph(training):
            training = _again(case)
    makers = training.used
    outer = [o for o in training.applied.optimizers if any(o is maker.optimizer for maker in makers)]
    notes = ["taken from model_fn()"]
    if training.several:
        notes.append("model_fn() makes several optimizers: {}".format(training.several))
    if not counts:
        notes.append("train_op does not advance the global step, by which an Estimator counts its steps and ends")
    if not is_whole(case):
        notes.append("the case has no `loss`, so that the optimizer minimizes the mean square of all outputs instead")
    return Made(outer[0] if outer else makers[-1].optimizer, list(makers), True, "; ".join(notes), counts, changes)


def _refusal(what, case):
    # type: (str, EstimatorCase) -> StopBuild
    """Return the fault of what has no counterpart; raised within nothing, for it is no fault of user code."""
    remedy = "give the case a tf2_optimizer(), and a tf2_train_step() where that takes no step by itself"
    try:
        with user_code(KIND, "model_fn()", definition(builder(case)[0])):
            raise CaseFault(KIND, "{}, which has no counterpart by default: {}".format(what, remedy))
    except StopBuild as stop:
        return stop


def _is_of_its_graph(training):
    # type: (Training) -> bool
    """Tell whether an optimizer holds a tensor of the graph that it was made in, as a rate that decays is."""
    sources = [rate_source(Made(maker.optimizer, [maker], True)) for maker in training.used]
    return any(tf.is_tensor(source) or isinstance(source, tf.Variable) or callable(source) for source in sources)


def _again(case):
    # type: (EstimatorCase) -> Training
    """Run the model function in the current graph for the sake of its optimizer, and return what it did."""
    before = case._spec, case._training
    here, phase = builder(case)
    arrays = case_inputs.draw(case, 0)
    try:
        feeds = case_inputs.map_nest(placeholder, arrays)
        prepare(case)
        with user_code(KIND, phase, definition(here)), noting(case):
            case.tf1(feeds, True)
        return case._training
    finally:
        case._spec, case._training = before


def look(case):
    # type: (EquivalenceCase) -> None
    """Learn on the TF2 side which optimizer a model function makes, where the case gives none.

    It runs in a graph of its own, which is thrown away. That makes Keras layers of this process
    unusable: do it before there are any.

    Raises:
        StopBuild: It raised; the message says what the case can give instead.
    """
    if isinstance(case, EstimatorCase) and not gives(case, "tf2_optimizer") and not gives(case, "tf1_optimizer"):
        case._training = _scratch(case)


def counterpart_of(case):
    # type: (EquivalenceCase) -> Optional[Made]
    """Return the TF2 counterpart of the optimizer of a model function; None where it makes none.

    Raises:
        StopBuild: There is none.
    """
    training = case._training if isinstance(case, EstimatorCase) else None  # type: Optional[Training]
    if training is None or not training.makers:
        return None
    assert isinstance(case, EstimatorCase)
    if training.several:
        raise _refusal("model_fn() makes several optimizers ({})".format(training.several), case)
    clips = " and ".join("tf." + clip for clip in clips_of(training.graph.get_operations()))
    if training.applied.changed and not gives(case, "tf2_train_step"):
        raise _refusal(_changed(" by " + clips if clips else ""), case)
    maker = next((m for m in training.used if family_of(m.optimizer)), training.used[0])
    with user_code(KIND, "model_fn()", maker.stack):
        optimizer = counterpart(maker.optimizer)
    note = "the case gives no tf2_optimizer(): compared with its counterpart {}".format(described(optimizer))
    return Made(optimizer, [Maker(optimizer, maker.stack)], False, note)


def _scratch(case):
    # type: (EstimatorCase) -> Training
    from tensorflow.python.framework import random_seed

    get_seed = random_seed.get_seed
    switch = v1.disable_v2_behavior, v1.disable_eager_execution
    random_seed.get_seed = lambda seed: (1, seed or 1)  # the draws of the model are aligned with TF1's
    v1.disable_v2_behavior = v1.disable_eager_execution = lambda: None  # as importing the function may do
    try:
        with tf.Graph().as_default():
            return _again(case)
    except StopBuild as stop:
        fault = stop.fault
        message = "{}; it was called on the TF2 side for its optimizer alone: give the case a tf2_optimizer()"
        raise StopBuild(replace(fault, message=message.format(fault.message.rstrip(".")))) from None
    finally:
        random_seed.get_seed = get_seed
        v1.disable_v2_behavior, v1.disable_eager_execution = switch


def _changed(how):
    # type: (str) -> str
    return "model_fn() changes gradients before it applies them{}".format(how)


def _counts(case, training):
    # type: (EstimatorCase, Training) -> bool
    """Tell whether the spec's `train_op` advances the global step; true where there is no such operation."""
    step = v1.train.get_global_step(training.graph)
    if case._spec is None or case._spec.train_op is None or step is None:
        return True
    return advances(case._spec.train_op, step)


def _changes(case, training):
    # type: (EstimatorCase, Training) -> bool
    """Tell whether gradients are changed, such as clipped, between the optimizer and what it applies."""
    if gives(case, "tf1_train_op"):
        return False
    hidden = not training.applied.minimized and case._spec is not None and case._spec.loss is not None
    return training.applied.changed or bool(hidden and clips_of(operations_of(case, case._spec.loss)))


def step_of(case, loss, applied):
    # type: (EquivalenceCase, Any, Applied) -> List[Any]
    """Return the spec's `train_op`, if training minimizes the spec's loss by it; else nothing.

    Args:
        case: Which has built the current graph.
        loss: What training minimizes. Variables are written after it was computed, so that it can be fetched in
            the same run.
        applied: What was seen of the optimizers is put there.
    """
    spec = case._spec
    own = gives(case, "tf1_optimizer") or gives(case, "tf1_train_op")
    if own or spec is None or spec.train_op is None or spec.loss is None or not is_whole(case):
        return []
    training = case._training  # type: Training
    applied.take(training.applied)
    before = ancestors([loss])
    for op in ancestors([spec.train_op]) - before:
        if op.type in WRITES or APPLY.fullmatch(op.type):
            op._add_control_input(loss.op)
    return [spec.train_op]


def operations_of(case, loss):
    # type: (EquivalenceCase, Any) -> Sequence[Any]
    """Return the operations between the loss and the spec's `train_op`, those of gradient functions left out."""
    found = ancestors([case._spec.train_op]) - ancestors([loss])
    ordered = sorted(found, key=lambda op: op._id if hasattr(op, "_id") else 0)
    return [op for op in ordered if not any(part.endswith("_grad") for part in op.name.split("/"))]
