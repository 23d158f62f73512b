"""Stacks of the running code, with the user's frames told apart from the libraries'.

Runs on Python 3.7 too, and never imports TensorFlow.
"""

import functools
import linecache
import os
import re
import sys
import sysconfig
import traceback
from typing import Any, Iterable, List, Optional, Tuple

from tf_equivalence.recording import Frame, Stack

RawFrame = Tuple[str, int, str]  # file name, line, function

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_STDLIB = tuple(os.path.join(sysconfig.get_paths()[key], "") for key in ("stdlib", "platstdlib"))
# TensorFlow runs the converted source of a `tf.function` from files of this name.
_AUTOGRAPH = "__autograph_generated_file"
_MAX_FRAMES = 60


@functools.lru_cache(maxsize=None)
def library_of(path):
    # type: (str) -> str
    """Return the name of the library that `path` belongs to; empty for user code."""
    if path.startswith("<"):
        return "python"
    if _AUTOGRAPH in path:  # generated, and gone after the run
        return "autograph"
    if path.endswith((".pyx", ".pxd")):  # compiled: the path is that of somebody's build
        return "cython"
    path = os.path.abspath(path)
    if path.startswith(os.path.join(_PACKAGE, "")):
        return "tf_equivalence"
    for marker in ("/site-packages/", "/dist-packages/"):
        if marker in path:
            return path.rsplit(marker, 1)[1].split("/")[0].replace(".py", "")
    if path.startswith(_STDLIB):
        return "python"
    return ""


def capture(skip=1):
    # type: (int) -> Tuple[RawFrame, ...]
    """Return the caller's stack, innermost first, without the innermost `skip` frames."""
    raw = []
    frame = sys._getframe(skip + 1)  # type: Any  # noqa: SLF001 - inspect.stack() reads every source file
    while frame is not None:
        raw.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    if any(_AUTOGRAPH in name for name, _, _ in raw):
        return _autograph_stack() or tuple(raw)
    return tuple(raw)


def _autograph_stack():
    # type: () -> Tuple[RawFrame, ...]
    """Return the stack with converted code mapped back to the source it came from."""
    tf_stack = sys.modules.get("tensorflow.python.util.tf_stack")
    return raw_from_summary(tf_stack.extract_stack()) if tf_stack else ()


def raw_from_summary(summary):
    # type: (Iterable[Any]) -> Tuple[RawFrame, ...]
    """Return the frames of `op.traceback` or of a `traceback.StackSummary`, innermost first."""
    raw = []
    for frame in summary or ():  # an imported graph's operations have no traceback
        if isinstance(frame, tuple) and not hasattr(frame, "filename"):  # TensorFlow 1.15
            raw.append((frame[0], int(frame[1]), frame[2]))
        else:
            raw.append((frame.filename, int(frame.lineno), frame.name))
    return tuple(reversed(raw))


def to_stack(raw):
    # type: (Iterable[RawFrame]) -> Stack
    """Classify raw frames and fold the libraries'.

    Of each run of library frames only the one that user code called is kept, with the number of
    frames as its text. Our own frames, and everything outside the outermost user frame, are
    dropped.
    """
    frames = []  # type: List[Frame]
    folded = 0
    for path, line, function in raw:
        library = library_of(path)
        if library == "tf_equivalence":
            continue
        if not library:
            folded = 0
            frames.append(Frame(path, line, function, "", linecache.getline(path, line).strip()))
            continue
        if folded:
            frames.pop()
        folded += 1
        frames.append(Frame(path, line, function, library, "{} frames".format(folded)))
    while frames and frames[-1].library:
        frames.pop()
    return tuple(frames[:_MAX_FRAMES])


def here(skip=1):
    # type: (int) -> Stack
    """Return the classified stack of the caller."""
    return to_stack(capture(skip + 1))


def of_exception(error):
    # type: (BaseException) -> Stack
    """Return the stack of an exception, innermost first; a syntax error's own place comes first.

    Where Keras raised a fresh exception from the user's, or filtered the frames out, the causes
    are searched too.
    """
    own = _syntax_frame(error)
    raw = raw_from_summary(traceback.extract_tb(error.__traceback__))
    stack = to_stack(_converted_frames(error) or raw if any(_AUTOGRAPH in path for path, _, _ in raw) else raw)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if own is None and cause is not None and not any(not f.library for f in stack):
        return of_exception(cause)
    return ((own,) if own else ()) + stack


def _converted_frames(error):
    # type: (BaseException) -> Tuple[RawFrame, ...]
    """Return the frames of converted code, innermost first, which AutoGraph keeps in the message alone."""
    found = re.findall(r'File "([^"\n]+)", line (\d+), in (\w+)', str(error))
    return tuple((path, int(line), name) for path, line, name in reversed(found))


def _syntax_frame(error):
    # type: (BaseException) -> Optional[Frame]
    if not isinstance(error, SyntaxError) or not error.filename or not error.lineno:
        return None
    return Frame(error.filename, error.lineno, "<module>", library_of(error.filename), (error.text or "").strip())


_DUMPED_FRAME = re.compile(r'^  File "(?P<path>.*)", line (?P<line>\d+) in (?P<name>.*)$')


def stack_of_dump(text):
    # type: (str) -> Stack
    """Return the stack of the thread that `faulthandler` marked as current, else of the last one."""
    threads = [[]]  # type: List[List[RawFrame]]
    current = 0
    for line in text.splitlines():
        if "(most recent call first)" in line:
            threads.append([])
            if line.startswith("Current thread"):
                current = len(threads) - 1
        match = _DUMPED_FRAME.match(line)
        if match:
            threads[-1].append((match.group("path"), int(match.group("line")), match.group("name")))
    return to_stack(threads[current or -1])
