"""What one side computed, operation by operation: written by a traced pass, read by `pinpoint`.

A trace holds the operations that matter to the numbers, in the order in which they were created
(TF1) or executed (TF2). Bookkeeping is left out and looked through: an operation's sources are the
operations, variables, inputs and constants whose *values* it takes, whatever identities, reads and
loop plumbing lie between. What depends on constants and static shapes alone counts as a constant.

Runs on Python 3.7 with NumPy 1.18 too, and never imports TensorFlow.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from tf_equivalence.recording import Stack

MAX_CONSTANT = 16  # elements of a constant that are kept one by one

Shape = Optional[Tuple[Optional[int], ...]]


@dataclass(frozen=True)
class Source:
    """Where one input of an operation comes from.

    Attributes:
        kind: `operation`, `variable`, `input`, `constant`, or `outside` for a tensor that existed
            before the traced call and is not one of its inputs.
        producer: Index of the producing operation; -1 where there is none.
        output: Which of the producer's outputs.
        name: Of the variable or the input.
        value: `constant`: nested lists of at most `MAX_CONSTANT` elements, or a summary of a larger
            one. `variable`: sum and Euclidean norm in float64, None where it was not read.
        array: Key of the value in the trace's arrays; empty where it was not fetched.
        stopped: Whether a tf.stop_gradient lies between the operation and where the value comes from.
    """

    kind: str
    producer: int = -1
    output: int = 0
    name: str = ""
    value: Any = None
    array: str = ""
    stopped: bool = False


@dataclass(frozen=True)
class Call:
    """The library function that the user's line called.

    Attributes:
        function: Its name, such as `conv2d`, or `BatchNormalization.call` for a layer.
        arguments: Those with simple values: numbers, texts, None, and lists of these; functions and
            dtypes by name.
    """

    function: str
    arguments: Dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Layer:
    """The Keras layer that ran the operation.

    Attributes:
        type: Its class.
        name: The layer's own name.
        config: The simple values of its configuration.
        stack: Where a layer of a library's class was made; empty where that is not known.
    """

    type: str
    name: str
    config: Dict[str, Any] = dataclasses.field(default_factory=dict)
    stack: Stack = ()


@dataclass(frozen=True)
class TracedOp:
    """One operation.

    Attributes:
        index: Its place in the trace.
        type: Such as `Conv2D`.
        name: In the graph; in eager execution made from scope and type.
        scope: The name scope.
        sources: One for each input.
        outputs: Keys of the outputs in the trace's arrays; empty where it was not fetched.
        dtypes: Of the outputs: TensorFlow dtype names.
        shapes: Of the outputs.
        attrs: JSON values: strides, padding, epsilon and the like.
        call: None where no library function could be told.
        layer: None outside of any Keras layer.
        stack: The user's frames, innermost first, after the library function that the innermost one called
            where that is known.
        loop: Names the loop that it runs in; empty outside of loops.
        iteration: Of that loop, counted from 0; always 0 in a graph.
        executed: TF2: its place among everything that the call executed, left out of the trace or not; else -1.
    """

    index: int
    type: str
    name: str
    scope: str
    sources: Tuple[Source, ...]
    outputs: Tuple[str, ...]
    dtypes: Tuple[str, ...]
    shapes: Tuple[Shape, ...]
    attrs: Dict[str, Any]
    call: Optional[Call] = None
    layer: Optional[Layer] = None
    stack: Stack = ()
    loop: str = ""
    iteration: int = 0
    executed: int = -1

    @property
    def inputs(self):
        # type: () -> Tuple[int, ...]
        """Indices of the producing operations, -1 for what no traced operation made."""
        return tuple(source.producer for source in self.sources)

    @property
    def variables(self):
        # type: () -> Tuple[str, ...]
        """Names of the variables that it takes directly."""
        return tuple(source.name for source in self.sources if source.kind == "variable")

    @property
    def constants(self):
        # type: () -> Dict[int, Any]
        """Input position to value, for the inputs that are constants."""
        return {at: source.value for at, source in enumerate(self.sources) if source.kind == "constant"}


@dataclass(frozen=True)
class Trace:
    """One side.

    Attributes:
        side: `tf1` or `tf2`.
        ops: In order.
        results: What the traced fetches or the model returned, in order.
        notes: What was left out and why.
    """

    side: str
    ops: Tuple[TracedOp, ...]
    results: Tuple[Source, ...] = ()
    notes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class IsolationTarget:
    """An operation of TF2 whose outputs are to be TF1's from then on.

    Attributes:
        executed: As in `TracedOp`.
        type: The operation's type: another one means that this call runs other operations.
        outputs: For each output the key of TF1's array; empty for one that is left as it is.
    """

    executed: int
    type: str
    outputs: Tuple[str, ...]


@dataclass(frozen=True)
class IsolationPlan:
    """What to give to the operations of one TF2 call, so that each computes from the reference's own values.

    Attributes:
        directory: Of TF1's trace, whose arrays the keys name.
        targets: In the order of execution.
        results: Keys of TF1's results, in the order of the outputs; empty where one is not known.
    """

    directory: str
    targets: Tuple[IsolationTarget, ...]
    results: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Effect:
    """What one cause alone does to the results.

    Attributes:
        executed: The operations that differ by themselves, of one line of user code.
        difference: The largest difference of any result from TF1's when all other causes are
            corrected, relative to the largest TF1 magnitude.
    """

    executed: Tuple[int, ...]
    difference: float


@dataclass(frozen=True)
class Effects:
    """How much each of several causes explains; empty where there is only one."""

    effects: Tuple[Effect, ...] = ()
