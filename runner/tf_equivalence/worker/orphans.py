"""Processes that outlive the job that started them: a daemon leaves its session, and with it the job's reach."""

import ctypes
import os
import signal
from typing import List

_PR_SET_CHILD_SUBREAPER = 36  # from linux/prctl.h
_ROUNDS = 100  # the end of one process may bring the orphans that it leaves


def adopt():
    # type: () -> None
    """Make this process the parent of every orphan among its descendants, in place of the system's first process."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):  # not Linux
        pass


def end_all():
    # type: () -> None
    """Kill and reap all children of this process, and theirs."""
    for _ in range(_ROUNDS):
        found = _children()
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except OSError:
                pass


def _children():
    # type: () -> List[int]
    own = os.getpid()
    try:
        candidates = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    return [pid for pid in candidates if _parent(pid) == own]


def _parent(pid):
    # type: (int) -> int
    """Return the parent of a process; 0 when it has gone."""
    try:
        with open("/proc/{}/stat".format(pid), "rb") as stream:
            # The name, in parentheses, may hold blanks and parentheses itself.
            return int(stream.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0
