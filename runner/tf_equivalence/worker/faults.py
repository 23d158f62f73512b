"""What goes wrong in user code, turned into values with the user's line."""

import contextlib
import linecache
import os
import re
from typing import Any, Iterator, Optional, Tuple

from tf_equivalence import stacks
from tf_equivalence.recording import Fault, Frame, Stack

_MAX_MESSAGE = 1200


class CaseFault(Exception):
    """Something about the case that our own checks found.

    Attributes:
        fault: What is reported.
    """

    def __init__(self, kind, message, stack=()):
        # type: (str, str, Stack) -> None
        super().__init__(message)
        self.fault = Fault(kind, message, stack)


# What an exception's text tells about its remedy. First match wins.
_REMEDIES = (
    (
        r"Tensor\.name is (undefined|meaningless)",
        "Eager tensors have no name: the migrated code must not read "
        "`tensor.name`; pass the name along or use the layer's.",
    ),
    (r"partitioner.{0,40}unsupported", "Drop the partitioner on the TF2 side and merge the checkpoint's slices."),
    (
        r"outputs_collections|'NoneType' object has no attribute 'aliases'|aliases",
        "tf_slim keeps end points in graph "
        "collections (`outputs_collections`), which eager execution does not have: return the end points from the "
        "function instead.",
    ),
    (
        r"No module named 'tensorflow\.(contrib|estimator)|has no attribute '(contrib|estimator)'",
        "This module left TensorFlow: take the tf_slim or tf_keras counterpart.",
    ),
    (
        r"No module named",
        "Install it beside tf-equivalence; modules next to the case's own file and below the "
        "workspace root are found by themselves.",
    ),
    (
        r"placeholder\(\) is not compatible with eager",
        "The TF2 side must not make placeholders: it gets its tensors as arguments.",
    ),
    (r"out of memory|OOM|Unable to allocate", "Make the inputs smaller or lower --jobs."),
    (r"operation seed", ""),
)  # type: Tuple[Tuple[str, str], ...]


def remedy_for(text):
    # type: (str) -> str
    """Return what to do about an exception with this text; empty where nothing is known."""
    return next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, text)), "")


def exception_text(error):
    # type: (BaseException) -> str
    """Return type and message on one paragraph, without what Keras appends to it."""
    text = str(error)
    text = re.split(r"\n*Call arguments received by layer", text)[0]
    text = re.sub(r"Exception encountered when calling layer .*?\n+", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*\n\s*", " ", text).strip()
    if len(text) > _MAX_MESSAGE:
        text = text[:_MAX_MESSAGE] + " …"
    return "{}: {}".format(type(error).__name__, text) if text else type(error).__name__


def fault_of(error, kind, phase):
    # type: (BaseException, str, str) -> Fault
    """Return the fault that an exception from user code stands for."""
    if isinstance(error, CaseFault):
        fault = error.fault
        return Fault(fault.kind, fault.message, fault.stack or stacks.of_exception(error), phase)
    if isinstance(error, SystemExit):
        return Fault(
            "exit",
            "{} called sys.exit({!r}); a case must return to the runner".format(phase, error.code),
            stacks.of_exception(error),
            phase,
        )
    text = exception_text(error)
    message = "{} raised {}".format(phase, text)
    remedy = remedy_for(text)
    return Fault(
        kind, "{}. {}".format(message.rstrip("."), remedy) if remedy else message, stacks.of_exception(error), phase
    )


class StopBuild(Exception):
    """Ends a build whose fault is known.

    Attributes:
        fault: What is reported.
    """

    def __init__(self, fault):
        # type: (Fault) -> None
        super().__init__(fault.message)
        self.fault = fault


@contextlib.contextmanager
def user_code(kind, phase, stack=()):
    # type: (str, str, Stack) -> Iterator[None]
    """Run user code; whatever it raises becomes `StopBuild`, and a process it forked ends here.

    Args:
        kind: The kind of fault.
        phase: What is being done, for a person, as in "tf1() raised …".
        stack: Where to point when the exception passed through no user code.

    Raises:
        StopBuild: Instead of anything that user code raises, `SystemExit` included.
    """
    pid = os.getpid()
    try:
        yield
    except StopBuild:
        raise
    except BaseException as error:  # user code may raise anything
        _end_fork(pid)
        fault = fault_of(error, kind, phase)
        if not fault.stack and stack:
            fault = Fault(fault.kind, fault.message, stack, fault.phase)
        raise StopBuild(fault) from None
    _end_fork(pid)


def _end_fork(pid):
    # type: (int) -> None
    if os.getpid() != pid:
        os._exit(0)


def definition(function):
    # type: (Any) -> Stack
    """Return a function's `def` line as a stack of one frame; empty for code without Python source."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return ()
    path, line = code.co_filename, code.co_firstlineno
    # A decorated function starts at its first decorator; people look for the `def`.
    for number in range(line, line + 20):
        if linecache.getline(path, number).lstrip().startswith(("def ", "async def ")):
            line = number
            break
    text = linecache.getline(path, line).strip()
    return (Frame(path, line, code.co_name, stacks.library_of(path), text),)
