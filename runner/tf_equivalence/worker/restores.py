"""Watches what user code restores by itself, and what came of it."""

import contextlib
from typing import Any, Iterator, List, Tuple

import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.recording import Restore, Stack

_READERS = ("load_checkpoint", "load_variable")


class Restores:
    """The restoring calls of user code, and their statuses."""

    def __init__(self):
        # type: () -> None
        self._seen = []  # type: List[Tuple[str, Stack, Any]]
        self._depth = 0

    @contextlib.contextmanager
    def watched(self):
        # type: () -> Iterator[None]
        """Note every restoring call in this scope."""
        with contextlib.ExitStack() as scopes:
            for owner, name, label in self._targets():
                scopes.enter_context(self._noting(owner, name, label))
            yield

    @staticmethod
    def _targets():
        # type: () -> Iterator[Any]
        yield tf.train.Checkpoint, "restore", "tf.train.Checkpoint.restore"
        yield tf.train.Checkpoint, "read", "tf.train.Checkpoint.read"
        yield tf.compat.v1.train.Saver, "restore", "Saver.restore"
        yield tf.compat.v1.train, "init_from_checkpoint", "init_from_checkpoint"
        yield tf.compat.v1.train, "NewCheckpointReader", "NewCheckpointReader"
        for module in (tf.train, tf.compat.v1.train):
            for name in _READERS:
                yield module, name, "tf.train." + name
        yield tf.keras.Model, "load_weights", "load_weights"

    @contextlib.contextmanager
    def _noting(self, owner, name, label):
        # type: (Any, str, str) -> Iterator[None]
        original = getattr(owner, name)

        def noting(*args, **kwargs):
            # type: (*Any, **Any) -> Any
            stack = stacks.here(1)
            self._depth += 1
            try:
                status = original(*args, **kwargs)
            finally:
                self._depth -= 1
            if not self._depth:  # one restoring call makes use of others
                self._seen.append((label, stack, status))
            return status

        setattr(owner, name, noting)
        try:
            yield
        finally:
            setattr(owner, name, original)

    def calls(self):
        # type: () -> List[Restore]
        """Return the calls; one whose status says that it matched nothing is marked."""
        return [Restore(label, stack, _matched(status)) for label, stack, status in self._seen]


def _matched(status):
    # type: (Any) -> bool
    check = getattr(status, "assert_existing_objects_matched", None)
    if check is None:
        return True
    try:
        check()
    except AssertionError:
        return False
    except Exception:  # a status that cannot tell
        return True
    return True
