"""Finds out which variables an eager tensor is computed from.

Operation callbacks see every eager operation, but not how a variable became its input: the fast
path reads variables inside the C++ runtime. It does take the variable's `_handle` to do so, and a
descriptor on the class sees that.
"""

import contextlib
from typing import Any, Dict, Iterator, List, Sequence

from tensorflow.python.framework import op_callbacks
from tensorflow.python.ops import resource_variable_ops


@contextlib.contextmanager
def log_handle_reads(log):
    # type: (List[Any]) -> Iterator[None]
    """Append every variable whose handle is taken in this scope to `log`."""

    class Handle:
        """A data descriptor, so that it goes before the instance's own attribute."""

        def __get__(self, variable, owner=None):
            # type: (Any, Any) -> Any
            if variable is None:
                return self
            try:
                handle = variable.__dict__["_handle"]
            except KeyError:
                raise AttributeError("_handle") from None
            log.append(variable)
            return handle

        def __set__(self, variable, handle):
            # type: (Any, Any) -> None
            variable.__dict__["_handle"] = handle

    resource_variable_ops.BaseResourceVariable._handle = Handle()
    try:
        yield
    finally:
        del resource_variable_ops.BaseResourceVariable._handle


class Provenance:
    """The variables behind each tensor that is computed while `scope` is entered.

    A set of variables is an integer with one bit for each, since deep nets make thousands of sets
    of hundreds of variables.
    """

    def __init__(self):
        # type: () -> None
        self._reads = []  # type: List[Any]
        self._names = []  # type: List[str]
        self._bits = {}  # type: Dict[int, int]
        self._sources = {}  # type: Dict[int, int]

    @contextlib.contextmanager
    def scope(self):
        # type: () -> Iterator[None]
        """Follow eager operations."""
        with log_handle_reads(self._reads):
            op_callbacks.add_op_callback(self._see)
            try:
                yield
            finally:
                op_callbacks.remove_op_callback(self._see)

    def variables_of(self, tensor):
        # type: (Any) -> List[str]
        """Return the sorted names, without `:0`, of the variables that `tensor` was computed from."""
        sources = self._sources.get(getattr(tensor, "_id", -1), 0)
        return sorted({name for bit, name in enumerate(self._names) if sources >> bit & 1})

    def _bit(self, variable):
        # type: (Any) -> int
        handle = variable.__dict__["_handle"]
        key = getattr(handle, "_id", id(handle))
        if key not in self._bits:
            self._bits[key] = 1 << len(self._names)
            self._names.append(str(variable.name).replace(":0", ""))
        return self._bits[key]

    def _see(self, op_type, inputs, attrs, outputs, op_name=None, graph=None):
        # type: (Any, Sequence[Any], Any, Sequence[Any], Any, Any) -> None
        del op_type, attrs, op_name
        if graph is not None:
            return
        sources = 0
        for variable in self._reads:
            sources |= self._bit(variable)
        del self._reads[:]
        for tensor in inputs:
            sources |= self._sources.get(getattr(tensor, "_id", -1), 0)
        if sources:
            for tensor in outputs:
                self._sources[tensor._id] = sources
