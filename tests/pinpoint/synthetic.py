"""Builds small traces by hand, values included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tf_equivalence.pinpoint.values import Array
from tf_equivalence.recording import Frame
from tf_equivalence.trace import Call, Layer, Source, Trace, TracedOp

LINES = {"tf1": 100, "tf2": 200}


def operation(producer: int, output: int = 0) -> Source:
    """An input that another operation makes; its array is filled in by the builder."""
    return Source("operation", producer, output)


def variable(name: str, value: list[float] | None = None) -> Source:
    """An input that is a variable."""
    return Source("variable", name=name, value=value or [float(sum(map(ord, name))), float(len(name) + 1)])


def constant(value: object) -> Source:
    """An input that is a constant."""
    return Source("constant", value=value)


@dataclass
class Builder:
    """Collects the operations of one side; each `add` returns the new operation's index.

    Attributes:
        side: `tf1` or `tf2`.
        ops: So far.
        arrays: Their values.
    """

    side: str
    ops: list[TracedOp] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)

    def add(self, type_: str, value: Any, *sources: Source, dtype: str = "float32", **more: Any) -> int:
        """Add an operation; `value` is its output, a list of outputs, or None where it was not fetched."""
        index = len(self.ops)
        outputs = value if isinstance(value, list) else [value]
        keys = []
        for at, output in enumerate(outputs):
            keys.append("" if output is None else f"{self.side}:{index}:{at}")
            if output is not None:
                self.arrays[keys[-1]] = np.asarray(output)
        call, layer = more.pop("call", None), more.pop("layer", None)
        frame = Frame(f"/code/{self.side}.py", LINES[self.side] + index, "call", "", f"line {index}")
        self.ops.append(
            TracedOp(
                index=index,
                type=type_,
                name=f"{self.side}/{type_}_{index}",
                scope=more.pop("scope", ""),
                sources=tuple(self._filled(source) for source in sources),
                outputs=tuple(keys),
                dtypes=tuple(dtype for _ in outputs),
                shapes=tuple(None if output is None else np.shape(output) for output in outputs),
                attrs=more.pop("attrs", {}),
                call=Call(*call) if call else None,
                layer=Layer(*layer) if layer else None,
                stack=(frame,),
                **more,
            )
        )
        return index

    def _filled(self, source: Source) -> Source:
        if source.kind != "operation" or source.array:
            return source
        key = self.ops[source.producer].outputs[source.output]
        return Source("operation", source.producer, source.output, array=key)

    def trace(self, *results: int) -> Trace:
        """Return the trace; without `results`, the last operation's output is the result."""
        taken = results or (len(self.ops) - 1,)
        return Trace(self.side, tuple(self.ops), tuple(self._filled(operation(index)) for index in taken))
