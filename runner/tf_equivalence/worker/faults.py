"""What goes wrong in user code, turned into values with the user's line."""

import contextlib
import linecache
import os
import re
import traceback
from typing import Any, Iterator, Optional, Tuple

from tf_equivalence import stacks
from tf_equivalence.case import CaseError
from tf_equivalence.recording import Fault, Frame, Stack
from tf_equivalence.worker import situation
from tf_equivalence.worker.situation import exit_message

_MAX_MESSAGE = 1200
_MAX_REPEATS = 4  # frames to show of a recursion without end


class CaseFault(Exception):
    """Something about the case that our own checks found.

    Attributes:
        fault: What is reported; without a kind it takes that of what is being done.
    """

    def __init__(self, kind, message, stack=()):
        # type: (str, str, Stack) -> None
        super().__init__(message)
        self.fault = Fault(kind, message, stack)


_SHAPES = "The case's `inputs` are {}: give them the shapes that this line expects."
_LOAD = "Repair this line, or move what one side alone needs into tf1() or tf2()."

# What an exception's text tells about its remedy. First match wins.
_REMEDIES = (
    (
        r"Tensor\.name is (undefined|meaningless)",
        "Eager tensors have no name: the migrated code must not read "
        "`tensor.name`; pass the name along or use the layer's.",
    ),
    (r"partitioner.{0,40}unsupported", "Drop the partitioner on the TF2 side and merge the checkpoint's slices."),
    (
        r"outputs_collections|aliases| in (append_tensor_alias|collect_named_outputs|gather_tensors_aliases)$",
        "tf_slim keeps this net's end points in a graph collection (`outputs_collections`), which eager execution does "
        "not have: return the end points from the function instead.",
    ),
    (
        r" in _add_variable_to_collections$",
        "tf_slim's `variables_collections` compares variables element by element when run eagerly: leave it out of the "
        "arg scope; the layer tracks its variables without it.",
    ),
    (
        r"No module named 'tensorflow\.(contrib|estimator)|has no attribute '(contrib|estimator)'",
        "This module left TensorFlow: take the tf_slim or tf_keras counterpart.",
    ),
    (
        r"No module named",
        "Install it beside tf-equivalence, or name the file that asks for it with --requirements; modules next to the "
        "case's own file and below the workspace root are found by themselves.",
    ),
    (
        r"placeholder\(\) is not compatible with eager",
        "The TF2 side must not make placeholders: it gets its tensors as arguments.",
    ),
    (r"out of memory|OOM|Unable to allocate", "Make the inputs smaller or lower --jobs."),
    (r"operation seed", ""),
    (
        r"RandomState' object has no attribute",
        "`rng` is a numpy.random.RandomState, whose streams stay the same: use its `randint`, `uniform` or `randn`.",
    ),
    (
        r"not found in checkpoint",
        "TF1's checkpoint holds variables under TF1's names, such as scope/dense/kernel: look these up, or leave the "
        "loading to the `checkpoint` step, which follows `variable_names`.",
    ),
    (
        r"cannot import name|has no attribute .*(partially initialized|circular)",
        "Check the spelling and the version that is installed beside tf-equivalence.",
    ),
    (
        r"reset_default_graph",
        "The runner makes a new graph for each side: remove the call.",
    ),
    (r"RecursionError", "The function calls itself without end."),
    (
        r"Dimensions must be equal|size-incompatible|ncompatible shapes|incompatible with the layer|must be rank"
        r"|[Ss]hapes? .*(incompatible|must|mismatch|not equal)|different shape|broadcast|input channels|input depth"
        r"|Negative dimension",
        _SHAPES,
    ),
)  # type: Tuple[Tuple[str, str], ...]


def remedy_for(text):
    # type: (str) -> str
    """Return what to do about an exception with this text; empty where nothing is known."""
    remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, text)), "")
    if remedy is _SHAPES:
        return remedy.format(situation.inputs_text()) if situation.inputs_text() else ""
    return remedy


def exception_text(error):
    # type: (BaseException) -> str
    """Return type and message on one paragraph, without what Keras appends to it."""
    try:
        text = str(error)
    except Exception:  # an exception class of the user's
        text = "(a message that cannot be shown)"
    text = re.split(r"\n*Call arguments received by layer", text)[0]
    text = re.sub(r"Exception encountered when calling layer .*?\n+", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*in user code:.*?\n\s*\w+: ", "", text, flags=re.DOTALL)  # AutoGraph's own stack
    text = re.sub(r"\{\{function_node [^}]*\}\}\s*|\s*\[Op:\w+\](\s*name:\s*\S*)?", "", text)
    text = re.sub(r"\s*\n\s*", " ", text).strip()
    if len(text) > _MAX_MESSAGE:
        text = text[:_MAX_MESSAGE] + " …"
    return "{}: {}".format(type(error).__name__, text) if text else type(error).__name__


def fault_of(error, kind, phase):
    # type: (BaseException, str, str) -> Fault
    """Return the fault that an exception from user code stands for."""
    stack = stacks.of_exception(error)
    if isinstance(error, CaseFault):
        fault = error.fault
        return Fault(fault.kind or kind, _with_subject(fault, phase), fault.stack or stack, phase)
    if isinstance(error, CaseError):  # raised by our own code, which is no place to point at
        return Fault("case", str(error), (), phase)
    if isinstance(error, SystemExit):
        message = exit_message(phase, "sys.exit({!r})".format(error.code), kind)
        return Fault("load" if kind == "load" else "exit", message, stack, phase)
    if isinstance(error, RecursionError):
        stack = stack[:_MAX_REPEATS]
    message = "{} raised {}".format(phase, exception_text(error))
    remedy = remedy_for("{} in {}".format(message, _raising_function(error))) or (
        _LOAD if kind == "load" and not isinstance(error, SyntaxError) else ""
    )
    return Fault(kind, "{}. {}".format(message.rstrip("."), remedy) if remedy else message, stack, phase)


def _raising_function(error):
    # type: (BaseException) -> str
    """Return the name of the function that raised, which often says more than the exception."""
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].name if frames else ""


def _with_subject(fault, phase):
    # type: (Fault, str) -> str
    """Return the message of a fault in what a function returned, beginning with that function."""
    if fault.kind != "outputs":
        return fault.message
    return (
        "{} {}".format(phase, fault.message)
        if fault.message.startswith("returned")
        else ("{}: {}".format(phase, fault.message))
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
    before = situation.enter(kind, phase, stack)
    try:
        yield
    except StopBuild:
        raise
    except BaseException as error:  # user code may raise anything
        fault = fault_of(error, kind, phase)
        if not fault.stack and stack:
            fault = Fault(fault.kind, fault.message, stack, fault.phase)
        raise StopBuild(fault) from None
    finally:
        if os.getpid() != pid:  # a process that user code forked; it must not record anything
            situation.leave_process(0)
        situation.reopen_output()
        situation.leave(before, phase, stack)


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
