"""Finds out which variables an eager tensor is computed from.

Operation callbacks see every eager operation, but not how a variable became its input: the fast
path reads variables inside the C++ runtime. It does take the variable's `_handle` to do so, and a
descriptor on the class sees that.
"""

import contextlib
from typing import Any, Dict, FrozenSet, Iterator, List, Sequence

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
    """The variables behind each tensor that is computed while `scope` is entered."""

    def __init__(self):
        # type: () -> None
        self._reads = []  # type: List[Any]
        self._sources = {}  # type: Dict[int, FrozenSet[str]]
        self._kept = []  # type: List[Any]  # ids stay unique while the tensors live

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
        # type: (Any) -> FrozenSet[str]
        """Return the names, without `:0`, of the variables that `tensor` was computed from."""
        return self._sources.get(id(tensor), frozenset())

    def _see(self, op_type, inputs, attrs, outputs, op_name=None, graph=None):
        # type: (Any, Sequence[Any], Any, Sequence[Any], Any, Any) -> None
        del op_type, attrs, op_name
        if graph is not None:
            return
        names = {str(variable.name).replace(":0", "") for variable in self._reads}
        del self._reads[:]
        for tensor in inputs:
            names |= self._sources.get(id(tensor), frozenset())
        for tensor in outputs:
            self._kept.append(tensor)
            self._sources[id(tensor)] = frozenset(names)
