"""Finds the operation at which the reference's noise jumps: two traces of one graph, one with everything moved."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from tf_equivalence.recording import NoiseJump
from tf_equivalence.trace import Trace, TracedOp
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import outputs, trace_graph
from tf_equivalence.worker.change import relative_change
from tf_equivalence.worker.watch import plain_name

NOISY = 1e-3  # relative to the largest value; as the judge has it for a reference that is ill-conditioned
_EPS = 2.0**-23
_ROUNDING = 1e-5  # relative; a value that changes less has not become noisy yet


class Values(NamedTuple):
    """A trace and its arrays."""

    trace: Trace
    arrays: Dict[str, np.ndarray]


def is_noisy(before, after):
    # type: (Dict[Any, Any], Dict[Any, Any]) -> bool
    """Return whether any fetched value changed by more than `NOISY` of its magnitude."""
    return any(
        key in after and relative_change(outputs.to_array(value), outputs.to_array(after[key])) > NOISY
        for key, value in before.items()
    )


def values_of(reference, session, arrays):
    # type: (Any, Any, Any) -> Values
    """Trace one run of the graph; its outputs are the results."""
    graph = session.graph
    tensors = [
        graph.get_tensor_by_name(part)
        for _, _, parts in reference.leaves
        for part in parts
        if not isinstance(part, np.ndarray)
    ]
    feeds = dict(zip(reference.placeholders, case_inputs.leaves(arrays)))
    names = [plain_name(variable) for variable in reference.variables]
    return Values(*trace_graph.trace(graph, session, tensors, feeds, names))


def find(before, after):
    # type: (Values, Values) -> Optional[NoiseJump]
    """Walk from the noisiest result to where its noise comes from; return the operation that amplifies it most.

    Returns:
        None where no traced result is noisy.
    """
    changes = _changes(before, after)
    results = [source.producer for source in before.trace.results if source.kind == "operation"]
    at = max(results, key=lambda index: changes[index], default=-1)
    if at < 0 or changes[at] <= NOISY:
        return None
    steepest = None  # type: Optional[Tuple[float, TracedOp, float]]
    while True:
        op = before.trace.ops[at]
        given = [index for index in op.inputs if index >= 0]
        noisiest = max(given, key=lambda index: changes[index], default=-1)
        came_in = changes[noisiest] if noisiest >= 0 else 0.0
        growth = changes[at] / max(came_in, _EPS)
        if steepest is None or growth > steepest[0]:
            steepest = (growth, op, came_in)
        if noisiest < 0 or came_in <= _ROUNDING or noisiest >= at:
            break
        at = noisiest
    _, op, came_in = steepest
    return NoiseJump(op.type, op.name, came_in, changes[op.index], op.stack)


def _changes(before, after):
    # type: (Values, Values) -> List[float]
    """Return the relative change of each operation's noisiest output; the traces are of one graph."""
    found = []
    for op, again in zip(before.trace.ops, after.trace.ops):
        changes = [
            relative_change(before.arrays[key], after.arrays[other])
            for key, other in zip(op.outputs, again.outputs)
            if key in before.arrays and other in after.arrays
        ]
        found.append(max(changes, default=0.0))
    return found
