"""Takes training steps on either side, as the case's own code takes them or as its optimizer does by itself."""

import contextlib
import functools
import re
from collections.abc import Iterator as IteratorType
from typing import Any, Callable, Iterator, List, Mapping, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import Stack
from tf_equivalence.worker.faults import CaseFault, definition, user_code
from tf_equivalence.worker.optimizer_made import KIND, V1, Made, api_of, gives, plain_sequence, watched
from tf_equivalence.worker.train_op import advances

v1 = tf.compat.v1

_CLIP = re.compile(r"(?:^|/)(clip_by_(?:global_norm|norm|value))(?:_\d+)?(?:/|$)")


def train_op(case, made, loss, global_step, applied):
    # type: (EquivalenceCase, Made, Any, Any, Applied) -> List[Any]
    """Return the operations that one training step runs at once, in the current graph.

    Args:
        case: The case, which may build them itself.
        made: Its optimizer.
        loss: A scalar tensor.
        global_step: The graph's.
        applied: What is seen of it is added.

    Raises:
        StopBuild: The case's method raised or returned nothing that can be run.
    """
    own = gives(case, "tf1_train_op")
    here = definition(case.tf1_train_op if own else case.tf1_optimizer)
    phase = "tf1_train_op()" if own else "minimizing with tf1_optimizer()"
    with user_code(KIND, phase, here), watched(made.makers), noting_steps(applied):
        if own:
            found = case.tf1_train_op(made.optimizer, loss, global_step)
        else:
            found = made.optimizer.minimize(loss, global_step=None if made.counts is False else global_step)
            if made.counts and not advances(found, global_step):
                found = [found, v1.assign_add(global_step, 1)]  # by code beside the optimizer
        operations = [part for part in plain_sequence(found) if part is not None]
        if not operations:
            raise CaseFault(
                KIND,
                "{} returned no operation: return the train operation, as of optimizer.minimize(loss, "
                "global_step=global_step)".format(phase),
                here,
            )
        graph = tf.compat.v1.get_default_graph()
        for number, operation in enumerate(operations):
            try:
                graph.as_graph_element(operation)
            except (TypeError, ValueError):
                raise CaseFault(
                    KIND,
                    "{} returned a {} as operation {}, which is no operation of this graph: return the train "
                    "operation, or a list of those that one session.run takes".format(
                        phase, type(operation).__name__, number
                    ),
                    here,
                ) from None
    return operations


@contextlib.contextmanager
def noting_steps(applied):
    # type: (Applied) -> Iterator[None]
    """Note in this scope how TF1's optimizers are used."""
    base = v1.train.Optimizer
    originals = {name: getattr(base, name) for name in ("minimize", "compute_gradients", "apply_gradients")}

    def noting(name, original):
        # type: (str, Any) -> Any
        @functools.wraps(original)
        def call(*args, **kwargs):
            # type: (*Any, **Any) -> Any
            args = tuple(map(_listed, args))  # a `zip` can be read once
            kwargs = {key: _listed(value) for key, value in kwargs.items()}
            with applied.call(name, args, kwargs):
                found = original(*args, **kwargs)
            applied.note_result(name, args, found)
            return found

        return call

    for name, original in originals.items():
        setattr(base, name, noting(name, original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(base, name, original)


def _listed(argument):
    # type: (Any) -> Any
    return list(argument) if isinstance(argument, IteratorType) else argument


def take_step(case, made, loss, variables):
    # type: (EquivalenceCase, Made, Callable[[], Any], Sequence[Any]) -> None
    """Take one step of TF2, eagerly or in the function that is being traced.

    Args:
        case: The case, which may take it itself.
        made: Its optimizer.
        loss: Takes nothing and returns the scalar to minimize.
        variables: The trainable ones.

    Raises:
        StopBuild: User code raised.
    """
    own = gives(case, "tf2_train_step")
    here = definition(case.tf2_train_step if own else (case.tf2_optimizer if made.own else case.tf2))
    with user_code(KIND, "tf2_train_step()" if own else "a step of tf2_optimizer()", here), watched(made.makers):
        if own:
            case.tf2_train_step(made.optimizer, loss, list(variables))
        elif api_of(made.optimizer) == V1:
            step = v1.train.get_or_create_global_step()
            made.optimizer.minimize(loss, global_step=step, var_list=list(variables))
        elif callable(getattr(made.optimizer, "minimize", None)):
            made.optimizer.minimize(loss, var_list=list(variables))
        else:
            with tf.GradientTape() as tape:
                value = loss()
            made.optimizer.apply_gradients(list(zip(tape.gradient(value, list(variables)), variables)))


class Applied:
    """What was seen of TF1's optimizers while the train operation was made.

    Attributes:
        stacks: Where user code applied gradients.
        sparse: Whether any gradient was sparse.
        optimizers: Those that were used, the outermost first.
        steps: Optimizers, and the operations that they returned.
        minimized: Whether an optimizer took all of a step by itself.
        changed: Whether gradients were applied that no `compute_gradients` returned, such as clipped ones.
    """

    def __init__(self, before=()):
        # type: (Sequence[Any]) -> None
        """Begin with nothing seen; variables are moved after the operations `before`."""
        self.stacks = []  # type: List[Stack]
        self.sparse = False
        self._before = list(before)
        self.optimizers = []  # type: List[Any]
        self.steps = []  # type: List[Tuple[Any, Any]]
        self.changed = False
        self.minimized = False
        self._computed = []  # type: List[Any]
        self._depth = 0

    @contextlib.contextmanager
    def call(self, name, args, kwargs):
        # type: (str, Sequence[Any], Mapping[str, Any]) -> Iterator[None]
        """Note a call of an optimizer's method in this scope."""
        parts = [part for argument in [*args[1:], *kwargs.values()] for part in plain_sequence(argument)]
        if name != "compute_gradients":
            self.stacks.append(stacks.here(3))
            self.optimizers += [o for o in args[:1] if all(o is not known for known in self.optimizers)]
            self.sparse = self.sparse or any(isinstance(part, tf.IndexedSlices) for part in parts)
        self.minimized = self.minimized or name == "minimize"
        if name == "apply_gradients" and not self._depth:
            pairs = args[1] if len(args) > 1 else kwargs.get("grads_and_vars", ())
            given = [pair[0] for pair in pairs if pair[0] is not None]
            self.changed = self.changed or any(all(g is not known for known in self._computed) for g in given)
        if name == "compute_gradients":
            self._before += args[1:2] or [given for key, given in kwargs.items() if key == "loss"]
        self._depth += name == "minimize"
        # Variables move once nothing reads the old values any more. Gradients themselves are made outside: of a loop,
        # they must not wait for what comes after it.
        waits = [*self._before, *parts] if name == "apply_gradients" else []
        try:
            with tf.control_dependencies([each for each in waits if _is_computed(each)]):
                yield
        finally:
            self._depth -= name == "minimize"

    def note_result(self, name, args, found):
        # type: (str, Sequence[Any], Any) -> None
        """Note what the method returned."""
        if name == "compute_gradients":
            self._computed += [pair[0] for pair in found]
        elif args:
            self.steps.append((args[0], found))

    def take(self, other):
        # type: (Applied) -> None
        """Add what was seen elsewhere."""
        self.stacks += other.stacks
        self.sparse = self.sparse or other.sparse


def _is_computed(part):
    # type: (Any) -> bool
    return tf.is_tensor(part) or isinstance(part, (tf.Operation, tf.IndexedSlices))


def clips_of(operations):
    # type: (Sequence[Any]) -> Tuple[str, ...]
    """Return the functions that gradients are clipped by, from the names that these give their operations."""
    found = (_CLIP.search(operation.name) for operation in operations)
    return tuple(dict.fromkeys(match.group(1) for match in found if match is not None))


class Losses:
    """The loss that a TF2 step is given: a function that remembers its values and who called it.

    Attributes:
        values: One for each call.
        recomputed: Where it was called again after variables had moved within a step.
    """

    def __init__(self, compute, variables):
        # type: (Callable[[], Any], Sequence[Any]) -> None
        self.values = []  # type: List[Any]
        self.recomputed = ()  # type: Stack
        self._compute, self._variables = compute, variables
        self._before = []  # type: List[np.ndarray]

    def begin(self):
        # type: () -> None
        """Begin a step."""
        del self.values[:]
        self._before = [variable.numpy() for variable in self._variables]

    def __call__(self):
        # type: () -> Any
        """Return the loss."""
        if self.values and not self.recomputed and self._moved():
            self.recomputed = stacks.here(1)
        value = self._compute()
        self.values.append(value)
        return value

    def _moved(self):
        # type: () -> bool
        pairs = zip(self._before, self._variables)
        return any(not np.array_equal(value, variable.numpy()) for value, variable in pairs)
