"""Small known changes, tried on the TF2 side: a step that misses them is blind to such bugs."""

import contextlib
import hashlib
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from tf_equivalence.recording import Leaf, Probe, RunRecord
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import outputs
from tf_equivalence.worker.activations import Dropped
from tf_equivalence.worker.faults import StopBuild
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.migrated import Migrated, stored_outputs
from tf_equivalence.worker.watch import plain_name

SCALE = 1.0 + 1e-3  # of one variable: less than the smallest real bugs seen, and far above rounding
INPUT_SCALE = 1.5
_FEWEST = 2
_COST = 2200  # variables times changes: larger models get fewer, whatever the machine


Compute = Callable[[Any], Tuple[Tuple[Leaf, ...], Dict[str, np.ndarray]]]


class Change(NamedTuple):
    """One change.

    Attributes:
        kind: A key of `recording.PROBES`.
        target: Names of what it changes.
        arrays: The inputs to call with.
        values: New values of variables.
        activation: The number of the activation to leave out, in the order of execution; -1 for none.
    """

    kind: str
    target: Tuple[str, ...]
    arrays: Any
    values: Tuple[Tuple[Any, np.ndarray], ...] = ()
    activation: int = -1


def probe(migrated, recorder, condition, arrays, compute=None, cost=1):
    # type: (Migrated, Recorder, str, Any, Optional[Compute], int) -> None
    """Try changes on the condition that the variables have values of, and write what the model returns.

    A model that creates variables in its calls is left alone: its numbers say nothing.

    Args:
        migrated: The model.
        recorder: Where to.
        condition: Whose probes they are.
        arrays: The inputs of the condition, a nest of arrays.
        compute: Takes inputs and returns what the condition records of a call; by default the outputs.
        cost: How many forward passes it takes, so that fewer changes are tried.
    """
    compute = compute or (lambda given: stored_outputs(migrated, migrated.call(given, migrated.job.training)))
    if not migrated.job.probes or any(item.phase != "first call" for item in migrated.watch.created):
        return
    variables = migrated.all_variables()
    count = max(1, budget(migrated.job.probes, len(variables)) // cost)
    # In training, moving averages are written and not read.
    read = [variable for variable in variables if variable.trainable or not migrated.job.training]
    labels_too = condition == "gradients" or migrated.case._has_loss_alone(migrated.job.training)
    given = arrays if labels_too else migrated.case._model_inputs(arrays)
    changes = choose(arrays, _shuffled(read, condition), count, condition == "constant", given)
    told = any(tried.kind == "unchanged" for tried in migrated.probes)
    if not told and (migrated.forward_seeds or condition == "functional"):
        changes.insert(0, Change("unchanged", (), arrays))  # to see whether the call can be repeated at all
    for number, change in enumerate(changes):
        found = _try(migrated, recorder, condition, change, compute, "{}.probe-{}".format(condition, number))
        migrated.probes.extend([found] if found else [])
    recorder.lap("probes")


def _try(migrated, recorder, condition, change, compute, run):
    # type: (Migrated, Recorder, str, Change, Compute, str) -> Optional[Probe]
    """Compute with the change and write what comes out; None for a change that does not exist here."""
    dropped = Dropped(change.activation)
    target = change.target
    try:
        with applied(change), dropped, migrated.tool.replay(migrated.forward_seeds, restart=True):
            leaves, values = compute(change.arrays)
    except StopBuild as stop:
        if stop.fault.kind == "exit":
            raise
        if change.activation >= 0:  # the model may not run operation by operation at all
            return None
        return Probe(condition, change.kind, target)  # an exception does not go unnoticed
    if change.activation >= 0:
        if not dropped.name:
            return None
        target = (dropped.name,)
    recorder.run(run, RunRecord(run, leaves), values)
    return Probe(condition, change.kind, target, run)


def budget(most, variables):
    # type: (int, int) -> int
    """Return how many changes to try on a model with so many variables; the same on every machine."""
    return min(most, max(_FEWEST, _COST // max(variables, 1)))


def choose(arrays, variables, count, constant=False, read=None):
    # type: (Any, Sequence[Any], int, bool, Optional[Any]) -> List[Change]
    """Return `count` changes at most: of inputs, swaps, activations, and of single variables with the rest.

    Args:
        arrays: The inputs, a nest of arrays.
        variables: Those that the call reads, in the order in which they are to be taken.
        count: How many to return at most.
        constant: Whether all variables hold one constant. Then values that are all positive hide an
            activation, so that one is left out even where few changes are tried.
        read: The part of the inputs that the condition depends on; None for all of them.
    """
    numeric = [variable for variable in variables if variable.dtype.is_floating and variable.shape.is_fully_defined()]
    changes = list(_of_inputs(arrays, arrays if read is None else read))[: (count + 2) // 3]
    changes += _swaps(arrays, numeric, max(count // 4, int(count > _FEWEST)))
    # The first, second, fourth, ... of the call: the earlier, the more computation it has to show through.
    activations = max(count // 6, int(constant and count > 1))
    changes += [Change("activation-dropped", (), arrays, activation=2**power - 1) for power in range(activations)]
    for variable in numeric:
        change = _scaled(arrays, variable) if len(changes) < count else None
        changes += [change] if change else []
    return changes


def _of_inputs(arrays, read):
    # type: (Any, Any) -> Iterator[Change]
    known = {id(leaf) for leaf in case_inputs.leaves(read)}
    named = [("input" if name == outputs.SINGLE else "input " + name, leaf) for name, leaf in outputs.flatten(arrays)]
    for kind, function in (("input-zeroed", np.zeros_like), ("input-permuted", _reversed), ("input-scaled", _larger)):
        for number, (name, leaf) in enumerate(named):
            changed = function(leaf) if leaf.size and leaf.dtype.kind in "fciu" and id(leaf) in known else leaf
            if changed is not leaf:
                yield Change(kind, (name,), _with_leaf(arrays, number, changed))


def _reversed(leaf):
    # type: (np.ndarray) -> np.ndarray
    """Return the elements of each example in reverse order; of a vector, the examples."""
    if leaf.ndim == 0:
        return leaf
    return np.ascontiguousarray(np.flip(leaf, axis=tuple(range(1, leaf.ndim)) or 0))


def _larger(leaf):
    # type: (np.ndarray) -> np.ndarray
    return (leaf * INPUT_SCALE).astype(leaf.dtype) if leaf.dtype.kind in "fc" else leaf


def _with_leaf(arrays, position, changed):
    # type: (Any, int, np.ndarray) -> Any
    numbers = iter(range(len(case_inputs.leaves(arrays))))
    return case_inputs.map_nest(lambda leaf: changed if next(numbers) == position else leaf, arrays)


def _swaps(arrays, variables, count):
    # type: (Any, Sequence[Any], int) -> List[Change]
    """Return swaps of neighbours among the variables of one shape and dtype."""
    groups = {}  # type: Any
    for variable in variables:
        groups.setdefault((tuple(variable.shape), variable.dtype.name), []).append(variable)
    pairs = [pair for group in groups.values() for pair in zip(group[::2], group[1::2])]
    return [
        Change("variables-swapped", (_name(one), _name(other)), arrays, ((one, _value(other)), (other, _value(one))))
        for one, other in pairs[:count]
    ]


def _scaled(arrays, variable):
    # type: (Any, Any) -> Any
    """Return the variable a little larger; None for zeros, which stay what they are."""
    value = _value(variable)
    changed = (value * np.asarray(SCALE, value.dtype)).astype(value.dtype)
    if np.array_equal(changed, value):
        return None
    return Change("variable-scaled", (_name(variable),), arrays, ((variable, changed),))


def _shuffled(variables, condition):
    # type: (Sequence[Any], str) -> List[Any]
    """Return the variables in an order that is another for each condition, and the same in every run."""
    return sorted(variables, key=lambda v: hashlib.sha256("{}|{}".format(condition, v.name).encode("utf-8")).digest())


def _name(variable):
    # type: (Any) -> str
    return plain_name(variable) + ":0"


def _value(variable):
    # type: (Any) -> np.ndarray
    return np.asarray(variable.numpy())


@contextlib.contextmanager
def applied(change):
    # type: (Change) -> Iterator[None]
    """Give the variables their new values, and the old ones back."""
    before = [(variable, _value(variable)) for variable, _ in change.values]
    try:
        for variable, value in change.values:
            variable.assign(value)
        yield
    finally:
        for variable, value in before:
            variable.assign(value)
