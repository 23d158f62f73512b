"""What pinpointing found: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # they load NumPy, and what is known of causes is told without it
    from tf_equivalence.recording import Stack
    from tf_equivalence.trace import Shape, TracedOp

KINDS = (
    "operation-value",
    "operation-missing",
    "operation-extra",
    "operation-substituted",
    "operation-dtype",
    "operation-gradient",
    "variables-swapped",
    "reads-other-variable",
    "variable-value",
    "region",
)

_OF_THE_CALL = ("training", "mask")  # settings that a layer is given when it is called
OUTSIDE = "a tensor made before this call"


@dataclass(frozen=True)
class Difference:
    """One setting that the two sides do not share.

    Attributes:
        name: Such as `epsilon`.
        tf1: Its value there, a JSON value.
        tf2: Its value there.
        source: `attribute`, `constant input`, `call argument`, `layer configuration`, or `dataflow`
            for another producer, or another of its outputs, at an input.
    """

    name: str
    tf1: object
    tf2: object
    source: str


@dataclass(frozen=True)
class Worst:
    """The element that differs most.

    Attributes:
        index: Into the output.
        tf1: Its value there.
        tf2: Its value there.
        around: TF1's and TF2's values from two before it to two after it along the last axis.
    """

    index: tuple[int, ...]
    tf1: object
    tf2: object
    around: tuple[tuple[object, ...], tuple[object, ...]] = ((), ())


@dataclass(frozen=True)
class OpSide:
    """The operation on one side.

    Attributes:
        type: Such as `Relu`.
        name: The graph name, or scope and type.
        scope: The name scope.
        dtype: Of its first output; empty where it has none.
        shape: Of its first output.
        stack: User frames innermost first, after the library function called where that is known.
        function: The library function that the user's line called; empty where unknown.
        layer: Class of the Keras layer around it; empty where there is none.
        variables: The nearest variables that it is computed from, in this side's naming.
        made: Where the Keras layer around it was made; empty where that is not known.
    """

    type: str
    name: str
    scope: str
    dtype: str
    shape: Shape
    stack: Stack
    function: str
    layer: str
    variables: tuple[str, ...]
    made: Stack = ()


@dataclass(frozen=True)
class Divergence:
    """Where the two sides part.

    Attributes:
        kind: One of `KINDS`.
        tf1: The operation on the TF1 side; None where only TF2 has it.
        tf2: The operation on the TF2 side. For a missing one, the operation that takes its place as
            producer of the next input, so that there is a line to look at.
        differences: Settings that differ, the surest first.
        worst: The largest difference of the first output that differs; None where it was not fetched.
        relative_input_difference: Largest over the inputs, relative to the largest TF1 magnitude.
        relative_output_difference: Of the output; infinite for non-finite values at other places and
            for other shapes.
        tf1_region: Types of the TF1 operations without counterpart between agreement and divergence.
        tf2_region: Those of TF2.
        permuted: Whether the outputs hold the same numbers in another order.
        executed: Places of the TF2 operations that differ for this cause, where each was isolated.
        effect: What this cause alone does to the results, relative to the largest TF1 magnitude; None
            where it is the only cause, or that is not known.
    """

    kind: str
    tf1: OpSide | None
    tf2: OpSide | None
    differences: tuple[Difference, ...] = ()
    worst: Worst | None = None
    relative_input_difference: float = 0.0
    relative_output_difference: float = 0.0
    tf1_region: tuple[str, ...] = ()
    tf2_region: tuple[str, ...] = ()
    permuted: bool = False
    executed: tuple[int, ...] = ()
    effect: float | None = None

    @property
    def variables(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The nearest variables on each side, in that side's naming."""
        return (self.tf1.variables if self.tf1 else (), self.tf2.variables if self.tf2 else ())

    @property
    def stack(self) -> Stack:
        """The stack whose first user frame a person should look at: TF2's where there is one.

        What a Keras layer does wrong by its own settings was said where it was made.
        """
        called = self.tf2 is not None and any(not frame.library for frame in self.tf2.stack)
        if self.tf2 is not None and self.tf2.made and (self._is_of_layer or not called):
            return self.tf2.made
        if self.tf2 is not None and self.tf2.stack:
            return self.tf2.stack
        return self.tf1.stack if self.tf1 is not None else ()

    @property
    def _is_of_layer(self) -> bool:
        if self.kind in ("operation-substituted", "operation-extra"):
            return True
        if self.kind == "operation-missing":  # unless TF1, too, computes it within a layer, it is not this layer's
            configured = any(difference.source == "layer configuration" for difference in self.differences)
            return configured or (self.tf1 is not None and bool(self.tf1.layer))
        told = [difference for difference in self.differences if difference.source != "dataflow"]
        return self.kind == "operation-value" and bool(told) and told[0].name not in _OF_THE_CALL


def side_of(op: TracedOp, variables: tuple[str, ...]) -> OpSide:
    """Return what is reported of an operation."""
    return OpSide(
        type=op.type,
        name=op.name,
        scope=op.scope,
        dtype=op.dtypes[0] if op.dtypes else "",
        shape=op.shapes[0] if op.shapes else None,
        stack=op.stack,
        function=op.call.function if op.call else "",
        layer=op.layer.type if op.layer else "",
        variables=variables,
        made=op.layer.stack if op.layer else (),
    )
