"""Questions: on a terminal they are asked, elsewhere the likeliest answer is taken."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tf_equivalence.init.ask import Nobody, Terminal

from .commands import ROOT
from .repositories import CIFARNET, LENET, make_repository


def test_nobody_takes_the_likeliest() -> None:
    """Without anybody to ask, the first answer, the guess and yes."""
    nobody = Nobody()
    assert (nobody.choose("?", ["a", "b"]), nobody.text("?", "2,3"), nobody.confirm("?")) == (0, "2,3", True)


def test_a_question_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name in brackets is shown as it is."""
    stream = io.StringIO()
    console = Console(file=stream, width=60)
    monkeypatch.setattr("builtins.input", lambda *_: "2")
    assert Terminal(console).choose("Which of [red]?", ["a", "[bold]a.py[/bold]\x1b[31m"]) == 1
    assert "Which of [red]?" in stream.getvalue()
    assert "[bold]a.py[/bold]" in stream.getvalue()
    assert Terminal(console).choose("Which?", ["the only one"]) == 0


def test_on_a_terminal(tmp_path: Path) -> None:
    """The function is chosen by its number, the input is typed, wrong answers are asked again."""
    root = make_repository(tmp_path / "repository", {"lenet.py": LENET, "cifarnet.py": CIFARNET})
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tf_equivalence", "init"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT / "runner"), "COLUMNS": "100"},
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(follower)
    os.write(leader, b"9\n2\nfour\n4,16,16,3\nn\n")
    output, _ = process.communicate()
    os.close(leader)
    assert process.returncode == 0, output
    assert "Which TF1 function builds the model?" in output
    assert "must be SHAPE" in output
    text = (root / "equivalence_cifarnet.py").read_text("utf-8")
    assert "    inputs = ArraySpec((4, 16, 16, 3))" in text
    assert "Guessed: shape" not in text
    assert not (root / ".github").exists()


def test_the_end_of_input_interrupts(tmp_path: Path) -> None:
    """Control-D is an answer to no question: nothing is written, and the code is that of an interruption."""
    root = make_repository(tmp_path / "repository", {"lenet.py": LENET, "cifarnet.py": CIFARNET})
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tf_equivalence", "init"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT / "runner")},
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(follower)
    os.write(leader, b"\x04")
    output, _ = process.communicate()
    os.close(leader)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert not list(root.glob("equivalence_*"))
