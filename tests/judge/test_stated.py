"""The line that states a setting is found in the source, from the call that it took effect in."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tf_equivalence.judge.stated import Setting, named_at, stated_at
from tf_equivalence.recording import Frame, Stack


def is_small(expression: ast.expr) -> bool:
    """Tell whether an expression is the value that is looked for."""
    return isinstance(expression, ast.Constant) and expression.value == 1e-5


EPSILON = Setting(("epsilon",), is_small)
SOURCES = {
    "keyword": """
        def call(x):
            return norm(x,
                        epsilon=1e-5)  # HERE  # FRAME
        """,
    "keyword of another name": """
        def call(x):
            return norm(x, batch_norm_epsilon=1e-5)  # HERE  # FRAME
        """,
    "dictionary": """
        def call(x):
            return conv(x, params={"decay": 0.9, "epsilon": 1e-5})  # HERE  # FRAME
        """,
    "local name": """
        def call(x):
            small = 1e-3
            small = 1e-5  # HERE
            return norm(x, epsilon=small)  # FRAME
        """,
    "constant of the module": """
        SMALL = 1e-5

        def call(x):
            return norm(x, epsilon=SMALL)  # HERE  # FRAME
        """,
    "caller by keyword": """
        def block(x, eps=1e-3):
            return norm(x, epsilon=eps)  # FRAME

        def call(x):
            return block(x, eps=1e-5)  # HERE  # FRAME
        """,
    "caller by position": """
        def block(x, eps):
            return norm(x, epsilon=eps)  # FRAME

        def call(x):
            return block(x, 1e-5)  # HERE  # FRAME
        """,
    "caller of the caller": """
        def inner(x, eps):
            return norm(x, epsilon=eps)  # FRAME

        def outer(x, value):
            return inner(x, value)  # FRAME

        def call(x):
            return outer(x, value=1e-5)  # HERE  # FRAME
        """,
    "method": """
        class Net:
            def block(self, x, eps):
                return norm(x, epsilon=eps)  # FRAME

            def call(self, x):
                return self.block(x, 1e-5)  # HERE  # FRAME
        """,
    "default": """
        def block(x, eps=1e-5):  # HERE
            return norm(x, epsilon=eps)  # FRAME

        def call(x):
            return block(x)  # FRAME
        """,
    "parameter by position": """
        def block(x, slope):
            return leaky(x, slope)  # FRAME

        def call(x):
            return block(x, 1e-5)  # HERE  # FRAME
        """,
    "scope": """
        def call(x):
            with arg_scope([norm], epsilon=1e-5):  # HERE
                return norm(x)  # FRAME
        """,
    "inner scope first": """
        def call(x):
            with arg_scope([norm], epsilon=1e-5):
                with arg_scope([norm], epsilon=1e-5):  # HERE
                    return norm(x)  # FRAME
        """,
    "scope around the caller": """
        def block(x):
            return norm(x)  # FRAME

        def call(x):
            with arg_scope([norm], epsilon=1e-5):  # HERE
                return block(x)  # FRAME
        """,
    "closure": """
        def make_scope(eps):
            def apply(x):
                return norm(x, epsilon=eps)  # FRAME
            return apply

        def call(x):
            with arg_scope(make_scope(1e-5)):  # HERE
                return run(x)  # FRAME
        """,
    "nowhere": """
        def call(x):
            return norm(x)  # FRAME
        """,
    "another value": """
        def call(x):
            return norm(x, epsilon=1e-3)  # FRAME
        """,
    "another function's scope": """
        def other(x):
            with arg_scope([norm], epsilon=1e-5):
                return x

        def call(x):
            return norm(x)  # FRAME
        """,
}


def stack_of(path: Path, source: str) -> tuple[Stack, int | None]:
    """Write a source; return its marked lines as a stack, innermost first, and the line to find."""
    lines = source.splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    path.write_text("\n".join(line[indent:] for line in lines), encoding="utf-8")
    frames = tuple(Frame(str(path), at, "f") for at, line in enumerate(lines, 1) if "# FRAME" in line)
    return frames, next((at for at, line in enumerate(lines, 1) if "# HERE" in line), None)


@pytest.mark.parametrize("kind", SOURCES)
def test_the_stating_line_is_found(tmp_path: Path, kind: str) -> None:
    """Values are followed as a reader follows them, and never to a line that says something else."""
    stack, expected = stack_of(tmp_path / f"{kind.replace(' ', '_')}.py", SOURCES[kind])
    found = stated_at(stack, EPSILON)
    assert (found.line if found else None) == expected


def test_scopes_can_be_left_out(tmp_path: Path) -> None:
    """What a call itself says is asked for where a scope around it is no answer."""
    stack, _ = stack_of(tmp_path / "scope.py", SOURCES["scope"])
    assert stated_at(stack, EPSILON, scopes=False) is None


@pytest.mark.parametrize("source", [None, "def broken(:\n"], ids=["missing", "not Python"])
def test_unreadable_source_is_no_answer(tmp_path: Path, source: str | None) -> None:
    """A file that cannot be parsed costs only the better line."""
    path = tmp_path / "gone.py"
    if source is not None:
        path.write_text(source, encoding="utf-8")
    assert stated_at((Frame(str(path), 1, "f"),), EPSILON) is None


NAMES = """
    def dense(x, name):
        with variable_scope(name):
            return make(x)  # FRAME

    def call(x):
        with variable_scope("net"):
            return dense(x, "head")  # HERE  # FRAME
    """


@pytest.mark.parametrize(("name", "found"), [("head", True), ("tail", False)])
def test_the_naming_line_is_found(tmp_path: Path, name: str, found: bool) -> None:
    """The line that gives a component of a variable's name, where one does."""
    stack, expected = stack_of(tmp_path / "names.py", NAMES)
    frame = named_at(stack, name)
    assert (frame.line if frame else None) == (expected if found else None)


def test_an_enclosing_scope_names_too(tmp_path: Path) -> None:
    """A `with` around the caller gives the scope's name."""
    stack, _ = stack_of(tmp_path / "names.py", NAMES)
    frame = named_at(stack, "net")
    assert frame is not None
    assert 'variable_scope("net")' in frame.text
