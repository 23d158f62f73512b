"""Stacks: the user's frames are told apart from the libraries', and found wherever an error hides them."""

from __future__ import annotations

import os
import sysconfig
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tf_equivalence import stacks
from tf_equivalence.recording import Frame, Stack

SITE = "/venv/lib/python3.11/site-packages"
OURS = os.path.join(os.path.dirname(os.path.abspath(stacks.__file__)), "worker", "tf2.py")
STDLIB = os.path.join(sysconfig.get_paths()["stdlib"], "runpy.py")


@pytest.mark.parametrize(
    ("path", "library"),
    [
        pytest.param("/home/me/net.py", "", id="user"),
        pytest.param("/home/me/tensorflow/net.py", "", id="user-directory-named-as-a-library"),
        pytest.param(f"{SITE}/tensorflow/python/ops.py", "tensorflow", id="site-packages"),
        pytest.param("/usr/lib/python3/dist-packages/numpy/core.py", "numpy", id="dist-packages"),
        pytest.param(f"{SITE}/six.py", "six", id="single-module"),
        pytest.param(STDLIB, "python", id="standard-library"),
        pytest.param("<frozen importlib._bootstrap>", "python", id="frozen"),
        pytest.param("<string>", "python", id="string"),
        pytest.param(OURS, "tf_equivalence", id="ours"),
    ],
)
def test_libraries_are_known_by_their_path(path: str, library: str) -> None:
    """A path tells whose code it is."""
    assert stacks.library_of(path) == library


def shown(stack: Stack) -> list[tuple[str, int, str]]:
    """Return path, line and library of each frame."""
    return [(frame.path, frame.line, frame.library or frame.text) for frame in stack]


def test_libraries_are_folded(tmp_path: Path) -> None:
    """Of a run of library frames the one that user code called stays, and says how many it stands for."""
    user = tmp_path / "net.py"
    user.write_text("a = 1\n  b = 2\n")
    raw = [
        (f"{SITE}/tensorflow/c.py", 3, "c"),
        (f"{SITE}/tensorflow/b.py", 2, "b"),
        (str(user), 2, "call"),
        (f"{SITE}/tf_keras/a.py", 1, "a"),
        (OURS, 1, "ours"),
        (str(user), 1, "<module>"),
        (OURS, 1, "ours"),
        (STDLIB, 1, "run"),
    ]
    stack = stacks.to_stack(raw)
    assert [(f.path, f.library or f.text) for f in stack] == [
        (f"{SITE}/tensorflow/b.py", "tensorflow"),
        (str(user), "b = 2"),
        (f"{SITE}/tf_keras/a.py", "tf_keras"),
        (str(user), "a = 1"),
    ]
    assert [f.text for f in stack if f.library] == ["2 frames", "1 frames"]


def test_stack_without_user_code_is_empty() -> None:
    """Where only libraries ran there is no line to show."""
    assert stacks.to_stack([(f"{SITE}/tensorflow/c.py", 3, "c"), (STDLIB, 1, "run")]) == ()


def test_endless_recursion_is_bounded(tmp_path: Path) -> None:
    """A thousand frames of a recursion do not fill the report."""
    assert len(stacks.to_stack([(str(tmp_path / "net.py"), 1, "f")] * 1000)) == 60


def test_here_begins_with_the_caller() -> None:
    """The innermost frame is the line that asked."""
    frame = stacks.here(0)[0]
    assert (frame.path, frame.function) == (__file__, "test_here_begins_with_the_caller")
    assert frame.text == "frame = stacks.here(0)[0]"


def test_skip_leaves_frames_out() -> None:
    """A helper can leave itself out of the stack."""

    def helper() -> Stack:
        return stacks.here(1)

    assert helper()[0].function == "test_skip_leaves_frames_out"


def raised(function: Any) -> Stack:
    """Return the stack of the exception that a function raises."""
    try:
        function()
    except (SyntaxError, ValueError) as error:
        return stacks.of_exception(error)
    raise AssertionError("nothing was raised")


def test_exception_begins_where_it_was_raised() -> None:
    """The innermost user line is the one that raised, even below a library."""

    def fail() -> None:
        np.zeros(3).reshape(4)

    def outer() -> None:
        fail()

    stack = raised(outer)
    assert [frame.function for frame in stack if not frame.library][:2] == ["fail", "outer"]


@pytest.mark.parametrize("chained", ["cause", "context"])
def test_user_line_is_found_behind_a_library_exception(tmp_path: Path, chained: str) -> None:
    """Where a library raised anew from the user's exception, the user's line is still found."""
    library = tmp_path / "site-packages" / "lib.py"
    library.parent.mkdir()
    library.write_text(
        textwrap.dedent(f"""
        def wrap(function):
            try:
                function()
            except ValueError as error:
                raise TypeError("wrapped"){" from error" if chained == "cause" else ""}
        """)
    )
    namespace: dict[str, Any] = {}
    exec(compile(library.read_text(), str(library), "exec"), namespace)

    def fail() -> None:
        raise ValueError

    error: BaseException | None = None
    try:
        namespace["wrap"](fail)
    except TypeError as caught:
        error = caught
    # Keras filters the frames between out of the traceback.
    error.__traceback__ = error.__traceback__.tb_next
    assert [frame.function for frame in stacks.of_exception(error) if not frame.library] == ["fail"]


def test_syntax_error_is_its_own_place(tmp_path: Path) -> None:
    """A syntax error points at the broken file, not at who imported it."""
    broken = tmp_path / "net.py"
    broken.write_text("x = 1\ndef f(:\n")
    stack = raised(lambda: compile(broken.read_text(), str(broken), "exec"))
    assert stack[0] == Frame(str(broken), 2, "<module>", "", "def f(:")


def test_raw_frames_of_either_tensorflow() -> None:
    """TensorFlow 1.15 gives tuples, later ones give frame summaries; both come innermost first."""

    class Summary:
        """A frame as `traceback` and TensorFlow give it."""

        def __init__(self, filename: str, lineno: int, name: str) -> None:
            self.filename, self.lineno, self.name = filename, lineno, name

    expected = (("b.py", 2, "g"), ("a.py", 1, "f"))
    assert stacks.raw_from_summary([Summary("a.py", 1, "f"), Summary("b.py", 2, "g")]) == expected
    assert stacks.raw_from_summary([("a.py", 1, "f", "x"), ("b.py", 2, "g", "y")]) == expected
    assert stacks.raw_from_summary(None) == ()


DUMP = """Fatal Python error: Segmentation fault

Thread 0x00007f (most recent call first):
  File "{other}", line 5 in wait
{current} thread 0x00007e (most recent call first):
  File "{site}/tensorflow/a.py", line 9 in execute
  File "{user}", line 2 in call

Extension modules: numpy (total: 1)
"""


@pytest.mark.parametrize("current", ["Current", "Other"])
def test_stack_of_a_crash(tmp_path: Path, current: str) -> None:
    """The thread that crashed is shown, or the last one where none is marked."""
    user = tmp_path / "net.py"
    user.write_text("x\ncrash()\n")
    stack = stacks.stack_of_dump(DUMP.format(other=tmp_path / "o.py", site=SITE, user=user, current=current))
    assert shown(stack) == [(f"{SITE}/tensorflow/a.py", 9, "tensorflow"), (str(user), 2, "crash()")]


def test_dump_without_frames_is_empty() -> None:
    """A process that was killed before it could say where leaves no stack."""
    assert stacks.stack_of_dump("") == ()
    assert stacks.stack_of_dump("Killed\n") == ()


def test_converted_code_points_at_its_source() -> None:
    """AutoGraph runs generated files; the lines they come from stand in the exception's message."""
    text = 'in user code:\n\n    File "/net/a.py", line 24, in call  *\n        x = f(y)\n    ValueError: no'
    code = compile("def call():\n    raise ValueError(text)\ncall()", "/tmp/__autograph_generated_fileabc.py", "exec")
    try:
        exec(code, {"text": text})
    except ValueError as error:
        frames = stacks.of_exception(error)
    assert [(frame.path, frame.line, frame.function) for frame in frames] == [("/net/a.py", 24, "call")]
