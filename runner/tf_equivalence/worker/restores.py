"""Watches what user code restores by itself: which file, from where, and which variables were there by then."""

import contextlib
import os
import sys
from typing import Any, Dict, Iterator, List, Set, Tuple

import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.recording import Restore, Stack

# Library functions that open a checkpoint and restore nothing from it.
_LOOKS = ("list_variables", "checkpoint_exists")
# Those that only read; what becomes of it shows in the keys.
_READERS = ("load_checkpoint", "load_variable", "NewCheckpointReader")


class _Call:
    """One call of user code, with what it makes use of.

    Attributes:
        function: Its name for a person.
        stack: Where.
        paths: What it was given or opened; absolute.
        keys: What it read, and what was read later from what it returned.
        status: What it returned.
    """

    def __init__(self, function, stack):
        # type: (str, Stack) -> None
        self.function, self.stack = function, stack
        self.paths = set()  # type: Set[str]
        self.keys = set()  # type: Set[str]
        self.status = None  # type: Any


class Restores:
    """The restoring calls of user code, in their order."""

    def __init__(self):
        # type: () -> None
        self._calls = []  # type: List[_Call]
        self._current = None  # type: Any
        self._readers = {}  # type: Dict[int, Tuple[Any, _Call]]
        self._born = {}  # type: Dict[int, Tuple[Any, int]]

    @contextlib.contextmanager
    def watched(self):
        # type: () -> Iterator[None]
        """Note every restoring call in this scope, and which variables are created after it."""
        with contextlib.ExitStack() as scopes:
            for owner, name, function in _targets():
                if hasattr(owner, name):  # TensorFlow's versions differ
                    scopes.enter_context(self._noting(owner, name, function))
            scopes.enter_context(self._noting_keys())
            scopes.enter_context(tf.variable_creator_scope(self._note_birth))
            yield

    def of(self, prefix, keys):
        # type: (str, Any) -> Tuple[List[Restore], List[Restore]]
        """Return the calls that restored this checkpoint, and those that restored other files.

        A call that read nothing but other keys, such as `global_step`, is neither; one that opened the file
        and read nothing at all is a loop over no variables.

        Args:
            prefix: Of the checkpoint; absolute.
            keys: Those of variables.
        """
        own, others = [], []
        for call in self._calls:
            if not _is_at(call, prefix):
                others.append(_record(call))
            elif not call.keys or call.keys.intersection(keys) or not call.function.endswith(_READERS):
                own.append(_record(call, prefix))
        return own, others

    def is_late(self, variable, prefix):
        # type: (Any, str) -> bool
        """Return whether a variable was created after the last call that restored this checkpoint."""
        last = max((number for number, call in enumerate(self._calls) if _is_at(call, prefix)), default=-1)
        return self._born.get(id(variable), (None, 0))[1] > last >= 0

    def _note_birth(self, next_creator, **kwargs):
        # type: (Any, **Any) -> Any
        variable = next_creator(**kwargs)
        self._born[id(variable)] = (variable, len(self._calls))
        return variable

    @contextlib.contextmanager
    def _noting(self, owner, name, function):
        # type: (Any, str, str) -> Iterator[None]
        original = getattr(owner, name)

        def noting(*args, **kwargs):
            # type: (*Any, **Any) -> Any
            outer = self._current
            if outer is None and _only_looks():
                return original(*args, **kwargs)
            call = outer or _Call(function, stacks.here(1))  # one restoring call makes use of others
            call.paths.update(_paths(args, kwargs))
            self._current = call
            try:
                result = original(*args, **kwargs)
            finally:
                self._current = outer
            if hasattr(result, "get_tensor"):
                self._readers[id(result)] = (result, call)
            elif outer is None and hasattr(result, "assert_consumed"):
                call.status = result
            if outer is None:
                self._calls.append(call)
            return result

        setattr(owner, name, noting)
        try:
            yield
        finally:
            setattr(owner, name, original)

    @contextlib.contextmanager
    def _noting_keys(self):
        # type: () -> Iterator[None]
        """Note which keys are read from an open checkpoint."""
        kind = _reader_class()
        original = getattr(kind, "get_tensor", None)
        if original is None:
            yield
            return

        def noting(reader, key):
            # type: (Any, Any) -> Any
            found = self._readers.get(id(reader))
            call = self._current or (found[1] if found else None)
            if call is not None:
                call.keys.add(os.fsdecode(key))
            return original(reader, key)

        kind.get_tensor = noting
        try:
            yield
        finally:
            kind.get_tensor = original


def _reader_class():
    # type: () -> Any
    try:
        from tensorflow.python.training import py_checkpoint_reader

        return py_checkpoint_reader.CheckpointReader
    except (ImportError, AttributeError):  # private, so that it may move; calls are noted all the same
        return None


def _targets():
    # type: () -> Iterator[Tuple[Any, str, str]]
    """Yield the owner and name of each function to watch, and its name for a person."""
    for kind in dict.fromkeys((tf.train.Checkpoint, tf.compat.v1.train.Checkpoint)):
        yield kind, "restore", "tf.train.Checkpoint.restore"
        yield kind, "read", "tf.train.Checkpoint.read"
    yield tf.compat.v1.train.Saver, "restore", "Saver.restore"
    yield tf.compat.v1.train, "init_from_checkpoint", "init_from_checkpoint"
    for module in (tf.train, tf.compat.v1.train):
        for name in _READERS[:2]:
            yield module, name, "tf.train." + name
    yield tf.compat.v1.train, "NewCheckpointReader", "NewCheckpointReader"
    try:  # where all of them arrive, also those that user code imported by name before
        from tensorflow.python.training import py_checkpoint_reader

        yield py_checkpoint_reader, "NewCheckpointReader", "NewCheckpointReader"
    except ImportError:
        pass
    yield tf.keras.Model, "load_weights", "load_weights"


def _only_looks():
    # type: () -> bool
    """Return whether the library function that user code called does not restore."""
    frame = sys._getframe(2)  # type: Any
    while frame is not None and stacks.library_of(frame.f_code.co_filename):
        if frame.f_code.co_name in _LOOKS:
            return True
        frame = frame.f_back
    return False


def _paths(args, kwargs):
    # type: (Any, Any) -> Iterator[str]
    """Yield what looks like a path among arguments, as it is meant now."""
    for value in list(args) + list(kwargs.values()):
        if isinstance(value, (str, bytes, os.PathLike)):
            yield os.path.realpath(os.fsdecode(value))


def _is_at(call, prefix):
    # type: (_Call, str) -> bool
    return os.path.realpath(prefix) in call.paths


def _record(call, prefix=""):
    # type: (_Call, str) -> Restore
    path = prefix or max(call.paths, key=len, default="")  # a folder leads to the newest file in it
    deferred = call.status is not None
    return Restore(call.function, call.stack, path, deferred, deferred and _is_unmatched(call.status))


def _is_unmatched(status):
    # type: (Any) -> bool
    """Return whether an object-based restore left objects out; of one by names, its status does not tell."""
    if type(status).__name__ != "CheckpointLoadStatus":
        return False
    try:
        status.assert_existing_objects_matched()
    except AssertionError:
        return True
    return False
