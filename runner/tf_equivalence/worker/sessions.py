"""Sessions of a TF1 graph: opened, given values, and fetched from."""

from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.recording import RunRecord
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import noise, outputs
from tf_equivalence.worker.faults import user_code
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.random_tool import GRAPH_SEED

v1 = tf.compat.v1


class Sessions:
    """Sessions of one reference, ready to fetch from.

    A forward pass that draws random numbers gets a new session for each condition, so that each
    starts the streams anew; any other shares one.

    Attributes:
        reruns: How often to compute each condition again from moved inputs and weights.
        measured: What to look at beside, see `run`.
    """

    def __init__(self, reference, optimized, reruns=None):
        # type: (Any, bool, Optional[int]) -> None
        """Take the graph, whether its optimizers run, and how often to measure noise; by default where they do not."""
        self._reference = reference
        self._optimized = optimized
        self.reruns = (0 if optimized else noise.RERUNS) if reruns is None else reruns
        self.measured = ("moments",) if self.reruns else ()  # type: Tuple[str, ...]
        self._shared = not reference.tool.forward_seeds()
        self._open = None  # type: Any

    def get(self):
        # type: () -> Any
        """Return a session whose variables and tables are initialized."""
        if self._open is not None:
            if self._shared:
                return self._open
            self._open.close()
        self._open = open_session(self._reference.graph, self._reference.initializers, self._optimized)
        return self._open


def open_session(graph, initializers, optimized):
    # type: (Any, Sequence[str], bool) -> Any
    """Return a new session on `graph` after running the initializers, which are user code."""
    config = v1.ConfigProto(allow_soft_placement=True)
    config.graph_options.rewrite_options.disable_meta_optimizer = not optimized
    session = v1.Session(graph=graph, config=config)
    with user_code("call", "initializing the TF1 variables"):
        for name in initializers:
            session.run(graph.get_operation_by_name(name))
    return session


def load(session, values):
    # type: (Any, Dict[Any, np.ndarray]) -> None
    """Assign the values to their variables in one run, through their initializers, also in a copy of their graph."""
    initializers = {session.graph.get_operation_by_name(v.initializer.name): value for v, value in values.items()}
    if initializers:
        session.run(list(initializers), {op.inputs[1]: value for op, value in initializers.items()})


def read(session, variables):
    # type: (Any, Sequence[Any]) -> Dict[Any, np.ndarray]
    """Return the values of variables, also in a copy of their graph."""
    tensors = [session.graph.get_tensor_by_name(variable._as_graph_element().name) for variable in variables]
    return dict(zip(variables, session.run(tensors)))


def run(reference, session, recorder, name, arrays, also=()):
    # type: (Any, Any, Recorder, str, Any, Sequence[str]) -> Dict[Any, Any]
    """Fetch outputs and losses once, write them as the run `name`, and return them.

    Args:
        reference: The built graph.
        session: Of the graph.
        recorder: Where to.
        name: Of the run.
        arrays: The inputs, a nest of arrays.
        also: `updates`, to run the UPDATE_OPS too; `moments`, to look for batches without variance,
            which make the reference noisy.
    """
    graph = session.graph
    fetches = {}  # type: Dict[Any, Any]
    for leaf, _, parts in reference.leaves:
        for number, part in enumerate(parts):
            if not isinstance(part, np.ndarray):
                fetches[(leaf, number)] = graph.get_tensor_by_name(part)
    for number, tensor in enumerate(reference.losses):
        fetches[("loss", number)] = graph.get_tensor_by_name(tensor)
    if reference.total_loss:
        fetches["total"] = graph.get_tensor_by_name(reference.total_loss)
    moments = noise.batch_moments(graph) if "moments" in also else []
    for scope, mean, variance in moments:
        fetches[("mean", scope)], fetches[("variance", scope)] = mean, variance
    keys = list(fetches)
    feeds = dict(zip(reference.placeholders, case_inputs.leaves(arrays)))
    extra = [graph.as_graph_element(update) for update in reference.updates] if "updates" in also else []
    with user_code("call", "running the TF1 graph"):
        got = session.run([fetches[key] for key in keys] + extra, feeds)
    values = dict(zip(keys, got))
    remarks = noise.degenerate([(scope, values["mean", scope], values["variance", scope]) for scope, _, _ in moments])
    _write_run(reference, recorder, name, values, remarks)
    return values


def _write_run(reference, recorder, name, values, remarks):
    # type: (Any, Recorder, str, Dict[Any, Any], Tuple[str, ...]) -> None
    """Write fetched values as a run record."""
    stored = [
        (
            leaf,
            kind,
            tuple(
                part if isinstance(part, np.ndarray) else values[(leaf, number)] for number, part in enumerate(parts)
            ),
        )
        for leaf, kind, parts in reference.leaves
    ]
    leaves, arrays = outputs.store(stored)
    for number in range(len(reference.losses)):
        arrays["loss.{}".format(number)] = outputs.storable(np.asarray(values[("loss", number)]))
    if reference.total_loss:
        arrays["total"] = outputs.storable(np.asarray(values["total"]))
    total = "total" if reference.total_loss else ""
    recorder.run(name, RunRecord(name, leaves, reference.loss_records, total, remarks), arrays)


def with_constant_seeds(graph):
    # type: (Any) -> Any
    """Return a copy of `graph` in which every seeded operation has the seeds of mode `constant`."""
    copied = graph.as_graph_def()
    groups = [copied.node] + [function.node_def for function in copied.library.function]
    for nodes in groups:
        for node in nodes:
            if "seed" in node.attr and "seed2" in node.attr:
                node.attr["seed"].i = GRAPH_SEED
                node.attr["seed2"].i = 0
    copy = tf.Graph()
    with copy.as_default():
        tf.import_graph_def(copied, name="")
    return copy
