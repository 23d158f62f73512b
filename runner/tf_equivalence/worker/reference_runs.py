"""Runs the built TF1 graph under each condition, and again with its inputs and weights moved, for its own noise."""

from typing import Any, Dict, NamedTuple, Sequence, Tuple

import numpy as np

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import rerun, write_record
from tf_equivalence.worker import noise, noise_jump
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.sessions import Sessions, load, read, run, with_constant_seeds
from tf_equivalence.worker.watch import digest, plain_name


class Call(NamedTuple):
    """One run of the graph.

    Attributes:
        name: Of the recorded run.
        arrays: The inputs, a nest of arrays.
        also: See `sessions.run`.
    """

    name: str
    arrays: Any
    also: Tuple[str, ...] = ()


def record_random(reference, sessions, recorder, first, second):
    # type: (Any, Sessions, Recorder, Any, Any) -> Dict[str, Any]
    """Record the first and the second call from initial weights; return the variables' digests."""
    session = sessions.get()
    values = read(session, reference.variables)
    digests = {plain_name(variable): digest(np.asarray(value)) for variable, value in values.items()}
    recorder.lap("digest")
    calls = (Call("random", first, ("updates",)), Call("random-second", second))
    record_calls(reference, sessions, recorder, session, values, calls)
    return digests


def record_filled(case, reference, sessions, recorder, condition, arrays, fill=""):  # noqa: PLR0913, PLR0917
    # type: (EquivalenceCase, Any, Sessions, Recorder, str, Any, str) -> Dict[Any, Any]
    """Record one condition that fills the variables, as itself says or as the condition `fill`; return what it gave."""
    session = sessions.get()
    values = dict(fill_values(fill or condition, case, reference.variables, {}))
    load(session, values)
    return record_calls(reference, sessions, recorder, session, values, (Call(condition, arrays),))


def record_functional(reference, recorder, arrays, optimized):
    # type: (Any, Recorder, Any, bool) -> None
    """Record the training graph with every random operation on the one constant seed.

    The seeds of stateful operations are attributes, so the graph is copied with other seeds
    instead of being built anew.
    """
    copy = reference._replace(graph=with_constant_seeds(reference.graph))
    sessions = Sessions(copy, optimized)
    session = sessions.get()
    values = read(session, copy.variables) if sessions.reruns else {}
    record_calls(copy, sessions, recorder, session, values, (Call("functional", arrays),))


def record_calls(reference, sessions, recorder, session, values, calls):
    # type: (Any, Sessions, Recorder, Any, Dict[Any, Any], Sequence[Call]) -> Dict[Any, Any]
    """Record calls one after the other, and again with everything moved as often as noise is to be measured.

    Returns what the first call fetched.

    Args:
        reference: The graph.
        sessions: Of the graph.
        recorder: Where to.
        session: Whose variables hold `values`.
        values: By variable; needed where noise is measured.
        calls: The runs to record.
    """
    first = calls[0]
    before = run(reference, session, recorder, first.name, first.arrays, first.also + sessions.measured)
    for call in calls[1:]:
        run(reference, session, recorder, call.name, call.arrays, call.also)
    after = []
    for number in range(sessions.reruns):
        session = sessions.get()
        load(session, _moved(number, values))
        for call in calls:
            arrays = noise.moved_inputs(number, call.arrays)
            after.append(run(reference, session, recorder, rerun(call.name, number), arrays, call.also))
    if after and noise_jump.is_noisy(before, after[0]):
        _record_jump(reference, sessions, recorder, values, first)
    return before


def _moved(number, values):
    # type: (int, Dict[Any, Any]) -> Dict[Any, np.ndarray]
    return {variable: noise.moved(variable.name, number, np.asarray(value)) for variable, value in values.items()}


def _record_jump(reference, sessions, recorder, values, call):
    # type: (Any, Sessions, Recorder, Dict[Any, Any], Call) -> None
    """Trace the call as it is and moved, and write the operation at which they part."""
    traced = []
    for loaded, arrays in ((values, call.arrays), (_moved(0, values), noise.moved_inputs(0, call.arrays))):
        session = sessions.get()
        load(session, loaded)
        traced.append(noise_jump.values_of(reference, session, arrays))
    found = noise_jump.find(*traced)
    if found is not None:
        write_record(recorder.directory, call.name + ".noise", found)
