"""The command: cheap help, exit codes, and reports that have no say in them."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tf_equivalence import cli
from tf_equivalence.errors import InfrastructureError
from tf_equivalence.result import CaseResult, Outcome, RunResult, StepResult
from tf_equivalence.settings import Settings, read_settings
from tf_equivalence.steps import STEPS

RUNNER = Path(__file__).resolve().parents[1] / "runner"
HEAVY = ("tensorflow", "numpy", "tf_keras", "tf_slim", "rich", "junit_xml")

CASE = """\
from tf_equivalence import ArraySpec, EquivalenceCase


class A(EquivalenceCase):
    inputs = ArraySpec((2, 3))
"""


def environ(**changes: str) -> dict[str, str]:
    """Return an environment without a workflow's variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_"))}
    return {**kept, "PYTHONPATH": str(RUNNER), **changes}


def command(*arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-P", *options, "-m", "tf_equivalence", *arguments]


def imported(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return the cumulative import time of each module in microseconds, from `-X importtime`."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    rows = [line.removeprefix("import time:").split("|") for line in lines[1:]]
    return {name.strip(): int(cumulative) for _, cumulative, name in rows}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A directory with one case."""
    (tmp_path / "equivalence_a.py").write_text(CASE)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["list", "--help"], ["--version"], ["list", "."], ["explain", "epsilon", "load"]],
    ids=" ".join,
)
def test_help_and_list_import_nothing_heavy(workspace: Path, arguments: list[str]) -> None:
    """Help and list answer at once: no TensorFlow, no NumPy, no report libraries."""
    done = subprocess.run(
        command(*arguments, options=("-X", "importtime")),
        cwd=workspace,
        env=environ(),
        capture_output=True,
        text=True,
        check=True,
    )
    times = imported(done)
    heavy = [name for name in times if name.split(".")[0] in HEAVY]
    assert heavy == []
    assert "tf_equivalence.cli" in times or "tf_equivalence.settings" in times
    assert done.stdout.strip()


def cpu_seconds(words: list[str], cwd: Path) -> float:
    """Return the least processor time of three runs of a command."""
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(words, cwd=cwd, env=environ(), stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["list", "."], ["explain"]], ids=" ".join)
def test_help_and_list_are_quick(workspace: Path, arguments: list[str]) -> None:
    """They take no more than a few times what a bare interpreter that imports `argparse` takes."""
    bare = cpu_seconds([sys.executable, "-P", "-c", "import argparse, ast, tomllib"], workspace)
    assert cpu_seconds(command(*arguments), workspace) < 8 * bare


def test_list_reads_without_importing(workspace: Path) -> None:
    """`list` shows ids, and never runs a module."""
    (workspace / "equivalence_b.py").write_text("raise SystemExit(9)\n" + CASE)
    done = subprocess.run(command("list"), cwd=workspace, env=environ(), capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["equivalence_a.py::A", "equivalence_b.py::A"]
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("files", "arguments", "code"),
    [
        pytest.param({}, ["list", "."], 5, id="nothing-found"),
        pytest.param({"equivalence_x.py": "def f(:"}, ["list", "."], 3, id="syntax-error"),
        pytest.param({"equivalence_x.py": CASE}, ["list", "missing"], 2, id="no-such-path"),
        pytest.param({"equivalence_x.py": CASE}, ["list", ".", "--case", "Nope"], 2, id="glob-without-match"),
        pytest.param({}, ["lst"], 2, id="unknown-command"),
        pytest.param({}, [], 2, id="no-command"),
        pytest.param({}, ["run", "--step", "nope"], 2, id="unknown-step"),
        pytest.param({}, ["run", "."], 5, id="run-nothing-found"),
        pytest.param({}, ["run", ".", "--no-fail-on-empty"], 0, id="run-nothing-found-forgiven"),
        pytest.param({}, ["run", ".", "--reference", "tf1.15"], 2, id="reference-not-installed"),
        pytest.param({"equivalence_x.py": "def f(:"}, ["run", "."], 3, id="run-syntax-error"),
    ],
)
def test_exit_codes_without_a_worker(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    files: Mapping[str, str],
    arguments: list[str],
    code: int,
) -> None:
    """What is wrong before any process starts has its own code, and one line that says so."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "INPUT_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == code
    captured = capsys.readouterr()
    if code == 2:
        assert captured.err.startswith("tf-equivalence: ")
        assert captured.err.count("\n") == 1


def settings(tmp_path: Path, *arguments: str) -> Settings:
    """Return the settings of a run with these arguments."""
    return read_settings(["run", ".", *arguments], {}, tmp_path, tuple(STEPS))


def result(*outcomes: Outcome, interrupted: bool = False) -> RunResult:
    """Return a run of one case for each outcome."""
    cases = tuple(
        CaseResult(f"equivalence_{i}.py::A", f"equivalence_{i}.py", 1, 0.0, (StepResult("s", outcome, 0.0, "m"),))
        for i, outcome in enumerate(outcomes)
    )
    return RunResult(cases, 0.0, {"python": "3"}, interrupted=interrupted)


P, D, E, S = Outcome.PASSED, Outcome.DIVERGED, Outcome.ERROR, Outcome.SKIPPED


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], [0, 1, 3, 5, 5, 130], id="default"),
        pytest.param(["--fail-on", "failures"], [0, 1, 3, 5, 5, 130], id="failures"),
        pytest.param(["--fail-on", "errors"], [0, 0, 3, 5, 5, 130], id="errors"),
        pytest.param(["--fail-on", "never"], [0, 0, 0, 5, 5, 130], id="never"),
        pytest.param(["--no-fail-on-empty"], [0, 1, 3, 0, 0, 130], id="empty-forgiven"),
    ],
)
def test_settings_forgive_what_they_say(tmp_path: Path, arguments: list[str], expected: list[int]) -> None:
    """`fail-on` and `fail-on-empty` forgive their own codes and no other; an interruption never passes."""
    runs = [result(P), result(P, D), result(D, E), result(), result(S), result(P, interrupted=True)]
    assert [cli.exit_code(settings(tmp_path, *arguments), run) for run in runs] == expected


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs the command on a finished result instead of on workers."""
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "INPUT_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def main(outcome: RunResult | BaseException, *arguments: str) -> int:
        def run(*_: object) -> RunResult:
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        monkeypatch.setattr("tf_equivalence.pipeline.run", run)
        handler = signal.getsignal(signal.SIGTERM)
        try:
            return cli.main(["run", ".", *arguments])
        finally:
            signal.signal(signal.SIGTERM, handler)

    return main


@pytest.mark.parametrize("outcome", [P, D, E, S], ids=lambda outcome: outcome.value)
def test_unwritable_report_changes_nothing_else(
    finished: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], outcome: Outcome
) -> None:
    """A report that cannot be written is told; the others are written and the exit code stays."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").write_text("")
    code = finished(result(outcome), "--json-file", "taken", "--junit-file", "deep/er/junit.xml")
    assert code == result(outcome).exit_code
    assert "cannot write" in capsys.readouterr().err
    assert (tmp_path / "deep/er/junit.xml").read_text().startswith("<?xml")
    assert finished(result(outcome), "--json-file", "file/out.json") == code
    assert "cannot write" in capsys.readouterr().err


def test_reports_are_written_when_interrupted(finished: Any, tmp_path: Path) -> None:
    """What was judged before an interruption is reported, and the code is 130."""
    assert finished(result(P, interrupted=True), "--json-file", "out.json") == 130
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["outcome"] == "error"
    assert len(report["cases"]) == 1


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        pytest.param(InfrastructureError("no fork"), 3, "tf-equivalence: no fork\n", id="infrastructure"),
        pytest.param(KeyboardInterrupt(), 130, "tf-equivalence: interrupted\n", id="interrupt"),
        pytest.param(ZeroDivisionError(), 3, "this is a bug in tf-equivalence itself", id="our-bug"),
    ],
)
def test_exceptions_have_their_codes(
    finished: Any, capsys: pytest.CaptureFixture[str], raised: BaseException, code: int, says: str
) -> None:
    """No exception ends in a pass."""
    assert finished(raised) == code
    assert says in capsys.readouterr().err


def test_user_output_is_shown_when_asked_for(finished: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """What user code printed is shown at log level `info`, and can never be a workflow command."""
    run = result(P)
    case = dataclasses.replace(run.cases[0], output="hello\n::error::pwned", log="W cuda")
    run = dataclasses.replace(run, cases=(case,))
    finished(run)
    assert "hello" not in capsys.readouterr().err
    finished(run, "--log-level", "info")
    shown = capsys.readouterr().err
    assert "hello" in shown
    assert "cuda" not in shown
    assert not any(line.startswith("::error::") for line in shown.splitlines())
    finished(run, "--log-level", "debug")
    assert "cuda" in capsys.readouterr().err


SLOW_CASE = CASE + textwrap.indent(
    textwrap.dedent(
        """
        def tf1(self, inputs, training):
            {act}
            import tensorflow.compat.v1 as tf
            return inputs * tf.get_variable("net/w", [3])

        def tf2(self):
            import tensorflow as tf
            class Net(tf.keras.layers.Layer):
                def build(self, shape):
                    self.w = self.add_weight("w", [3])
                def call(self, inputs, training=None):
                    return inputs * self.w
            return Net(name="net")
        """
    ),
    "    ",
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupted_run_reports_what_it_has(tmp_path: Path, number: signal.Signals) -> None:
    """A signal in the middle of a run ends it with 130, its workers gone and the reports written."""
    os.mkfifo(tmp_path / "reached")
    act = "import os, signal; open('reached', 'w').write(str(os.getpid())); signal.pause()"
    (tmp_path / "equivalence_hangs.py").write_text(SLOW_CASE.format(act=act))
    process = subprocess.Popen(
        command("run", ".", "--json-file", "out.json", "--annotations", "none", "--step", "named-weights"),
        cwd=tmp_path,
        env=environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with (tmp_path / "reached").open() as stream:  # waits until the case is running
        worker = int(stream.read())
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert json.loads((tmp_path / "out.json").read_text())["outcome"] == "error"
    state = Path(f"/proc/{worker}/stat")
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] in "ZX"
