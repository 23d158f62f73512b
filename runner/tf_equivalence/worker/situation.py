"""What this process is doing, kept on disk for the launcher to tell when it is gone without a word.

One process records one job, so there is one situation.
"""

import contextlib
import json
import os
import sys
from typing import Any, Tuple

from tf_equivalence import stacks
from tf_equivalence.recording import Fault, Stack, to_json, write_record

DOING = "doing"
_WIDTH = 1024  # in bytes; a shorter text overwrites a longer one
_OURS = "build"  # the kind of what goes on outside of user code
# Bound now, for user code may replace it.
leave_process = os._exit


class _Situation:
    def __init__(self):
        # type: () -> None
        self.path = ""
        self.pid = 0
        self.inputs = ""
        self.outlet = (-1, (0, 0))  # type: Tuple[int, Tuple[int, int]]
        self.now = Fault(_OURS, "", (), "the process")


_situation = _Situation()


def begin(directory):
    # type: (str) -> None
    """Keep the situation in this directory from now on, and tell of a call of `os._exit` before it happens."""
    _situation.path = os.path.join(directory, DOING + ".json")
    _situation.pid = os.getpid()
    _situation.outlet = _spare_outlet()
    _tell_of_exits(directory)


def enter(kind, phase, stack):
    # type: (str, str, Stack) -> Fault
    """Note what user code is run for; returns what was being done before."""
    before = _situation.now
    _note(Fault(kind, "", stack, phase))
    return before


def leave(before, phase, stack):
    # type: (Fault, str, Stack) -> None
    """Note that user code has returned: to other user code, or to the runner."""
    _note(before if before.kind != _OURS else Fault(_OURS, "", stack, "the runner, after {},".format(phase)))


def _note(doing):
    # type: (Fault) -> None
    _situation.now = doing
    if not _situation.path:
        return
    data = json.dumps(to_json(doing)).encode("ascii")
    # By path, not by a descriptor kept open: user code may close those and open its own in their place.
    try:
        descriptor = os.open(_situation.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return
    try:
        os.pwrite(descriptor, data.ljust(-(-len(data) // _WIDTH) * _WIDTH), 0)
        os.ftruncate(descriptor, -(-len(data) // _WIDTH) * _WIDTH)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def note_inputs(text):
    # type: (str) -> None
    """Note the shapes that the model is called with, for messages."""
    _situation.inputs = text


def inputs_text():
    # type: () -> str
    """Return the shapes that the model is called with; empty before they are drawn."""
    return _situation.inputs


def is_forked():
    # type: () -> bool
    """Tell whether this is a process that user code forked from the worker."""
    return bool(_situation.pid) and os.getpid() != _situation.pid


def _spare_outlet():
    # type: () -> Tuple[int, Tuple[int, int]]
    """Return a second descriptor of standard output, and what identifies the file behind it."""
    try:
        status = os.fstat(1)
        return os.dup(1), (status.st_dev, status.st_ino)
    except OSError:
        return -1, (0, 0)


def reopen_output():
    # type: () -> None
    """Open standard output and error again where user code closed them, so that no file takes their numbers."""
    for number in (1, 2):
        try:
            os.fstat(number)
        except OSError:
            _reopen(number)


def _reopen(number):
    # type: (int) -> None
    spare, identity = _situation.outlet
    try:
        status = os.fstat(spare)
        if (status.st_dev, status.st_ino) == identity:
            os.dup2(spare, number)
            return
    except OSError:
        pass
    descriptor = os.open(os.devnull, os.O_WRONLY)
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)


def exit_message(phase, call, kind):
    # type: (str, str, str) -> str
    """Return what to say when user code ends the process by this call."""
    remedy = "Return to the runner instead, or raise an exception that says why."
    if kind == "load":
        remedy = 'Keep it out of the import by `if __name__ == "__main__":`, or raise an exception that says why.'
    return "{} called {}, which ends the process. {}".format(phase, call, remedy)


def _tell_of_exits(directory):
    # type: (str) -> None
    def leave(status):
        # type: (int) -> None
        if not is_forked():
            doing = _situation.now
            message = exit_message(doing.phase, "os._exit({!r})".format(status), doing.kind)
            kind = "load" if doing.kind == "load" else "exit"
            write_record(directory, "fault", Fault(kind, message, stacks.here(1) or doing.stack, doing.phase))
            flush_output()
        leave_process(status)

    os._exit = leave  # type: ignore[assignment]


def flush_output():
    # type: () -> None
    """Flush what user code printed, through whatever it put in place of the streams."""
    for stream in (sys.stdout, sys.stderr):  # type: Any
        with contextlib.suppress(Exception):  # whatever user code put in its place
            stream.flush()
