"""Context managers for looking for variable creations by hand, in a notebook or a debugger.

Runs on Python 3.7 with NumPy 1.18 too. TensorFlow is imported when one of them is entered, so
that importing `tf_equivalence` stays cheap.
"""

import contextlib
from typing import Any, Iterator, List, Tuple

from tf_equivalence import stacks
from tf_equivalence.recording import Stack, user_frames


def _places(stack):
    # type: (Stack) -> str
    frames = user_frames(stack)
    if not frames:
        return "    (no line of user code)"
    return "\n".join("    {}:{} in {}: {}".format(f.path, f.line, f.function, f.text) for f in frames)


@contextlib.contextmanager
def assert_no_variable_creations():
    # type: () -> Iterator[None]
    """Raise at once when a variable is created in this scope.

    Raises:
        ValueError: At the creating call; the message has the name and the user's lines,
            innermost first.
    """
    import tensorflow as tf

    def refuse(next_creator, **kwargs):
        # type: (Any, **Any) -> Any
        del next_creator
        raise ValueError(
            "Attempted to create a new variable instead of reusing an existing one: {}\n{}".format(
                kwargs.get("name") or "(unnamed)", _places(stacks.here())
            )
        )

    with tf.variable_creator_scope(refuse):
        yield


@contextlib.contextmanager
def catch_and_raise_created_variables():
    # type: () -> Iterator[None]
    """Let variables be created, then raise when the scope ends, listing every one.

    Raises:
        ValueError: On leaving the scope; for each variable its name, shape, dtype and the user's
            lines, innermost first.
    """
    import tensorflow as tf

    created = []  # type: List[Tuple[Any, Stack]]

    def remember(next_creator, **kwargs):
        # type: (Any, **Any) -> Any
        variable = next_creator(**kwargs)
        created.append((variable, stacks.here()))
        return variable

    with tf.variable_creator_scope(remember):
        yield
    if created:
        lines = ["Created variables:"]
        for variable, stack in created:
            lines.append("  {} shape={} dtype={}".format(variable.name, variable.shape, variable.dtype.name))
            lines.append(_places(stack))
        raise ValueError("\n".join(lines))
