"""The pipeline: recordings become results, and whatever is missing becomes an error, never a pass."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from tf_equivalence import pipeline
from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.plan import PlannedBuild
from tf_equivalence.record.launcher import BuildEnded, BuildStarted
from tf_equivalence.recording import (
    BuildRecord,
    Fault,
    Frame,
    Leaf,
    RunRecord,
    VariableRecord,
    write_arrays,
    write_record,
)
from tf_equivalence.report.progress import NullProgress
from tf_equivalence.result import CaseResult, ExitCode, Location, Outcome, RunResult
from tf_equivalence.settings import read_settings
from tf_equivalence.steps import STEPS, TF1_INFERENCE, TF2_TRAINING, Build

RUNNER = Path(__file__).resolve().parents[1] / "runner"
CASE = "class {}(EquivalenceCase):\n    inputs = None\n\n\n"
HEAD = "from tf_equivalence import EquivalenceCase\n\n\n"
SETTINGS: dict[str, Any] = {
    "variable_names": {},
    "constant": 0.001,
    "tolerance": None,
    "skip": {},
    "reference": None,
}

Worker = Callable[[PlannedBuild], None]


def record(planned: PlannedBuild, values: Iterable[float] = (1.0, 2.0), **settings: Any) -> None:
    """Record a build as a sound worker would: one variable, one output."""
    where, array = str(planned.directory), np.array(list(values), np.float32)
    modes = ("function", "function-second", "function-plain") if planned.build.form == "modes" else ()
    for condition in (*planned.conditions, *modes):
        name = "trained/w:0 after 1 step" if condition.startswith("optimizer") else "output"
        leaves = () if condition == "once" else (Leaf(name, "tensor", "float32", array.shape, ("o",)),)
        write_arrays(where, condition, {"o": array})
        write_record(where, condition, RunRecord(condition, leaves))
    stack = (Frame(str(planned.case.module_path), 2, "call"),)
    variable = VariableRecord("w", (2,), "float32", True, True, stack)
    names = tuple(node.name for node in ast.parse(planned.case.module_path.read_text()).body if hasattr(node, "name"))
    build = BuildRecord(planned.build.side, {"tensorflow": "9.9"}, names, {**SETTINGS, **settings}, (variable,))
    write_record(where, "build", build)


class FakeLauncher:
    """Stands for the launcher: each build is one call of a function."""

    worker: Worker

    def __init__(self, *_: object) -> None:
        self._waiting: list[PlannedBuild] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.clear()

    def enqueue(self, builds: Iterable[PlannedBuild], first: bool = False) -> None:
        """Add builds."""
        self._waiting[:] = [*builds, *self._waiting] if first else [*self._waiting, *builds]

    def run(self) -> Iterator[BuildStarted | BuildEnded]:
        """Run them one after the other."""
        while self._waiting:
            planned = self._waiting.pop(0)
            yield BuildStarted(planned)
            type(self).worker(planned)
            yield BuildEnded(planned, 0.1, f"printed by {planned.build.side}\nWARNING:tensorflow:log\n")


class Spy(NullProgress):
    """Remembers what the pipeline tells while it goes on."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def started(self, total_cases: int, total_steps: int) -> None:
        """Remember the totals."""
        self.told.append(("started", total_cases, total_steps))

    def planned(self, case_ids: Sequence[str], step_ids: Sequence[str], jobs: int) -> None:
        """Remember the plan."""
        self.told.append(("planned", tuple(case_ids), tuple(step_ids), jobs))

    def build_started(self, case_id: str, phase: str, build: Build) -> None:
        """Remember a worker."""
        self.told.append(("build", case_id, phase, build))

    def build_ended(self, case_id: str, build: Build) -> None:
        """Remember its end."""
        self.told.append(("build ended", case_id, build))

    def step_finished(self, case_id: str, step_id: str, outcome: Outcome, duration_s: float) -> None:
        """Remember a step."""
        self.told.append(("step", case_id, step_id, outcome))

    def case_finished(self, case: CaseResult) -> None:
        """Remember a case."""
        self.told.append(("case", case.id))

    def stopped(self) -> None:
        """Remember the interruption."""
        self.told.append(("stopped",))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RunResult]:
    """Return a function that runs the pipeline on modules with a worker of the test's own."""
    workspace, scratch = tmp_path / "w", tmp_path / "tmp"
    workspace.mkdir()
    scratch.mkdir()
    monkeypatch.setattr(pipeline, "Launcher", FakeLauncher)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def run_pipeline(
        modules: dict[str, str], worker: Worker = record, *arguments: str, spy: Spy | None = None
    ) -> RunResult:
        for name, text in modules.items():
            (workspace / name).write_text(text)
        monkeypatch.setattr(FakeLauncher, "worker", staticmethod(worker), raising=False)
        settings = read_settings(["run", ".", *arguments], {}, workspace, tuple(STEPS))
        try:
            return pipeline.run(settings, {}, spy or NullProgress())
        finally:
            assert list(scratch.iterdir()) == [], "recordings were left behind"

    return run_pipeline


def module(*names: str) -> str:
    """Return a module with these cases."""
    return HEAD + "".join(CASE.format(name) for name in names)


def outcomes(case: CaseResult) -> dict[str, Outcome]:
    """Return the outcome of each step."""
    return {step.id: step.outcome for step in case.steps}


def test_sound_recordings_pass(run: Callable[..., RunResult]) -> None:
    """Every step of every case is judged, in its order, with versions and output."""
    result = run({"equivalence_a.py": module("B", "A")})
    assert [case.id for case in result.cases] == ["equivalence_a.py::A", "equivalence_a.py::B"]
    assert all(list(outcomes(case).items()) == [(step, Outcome.PASSED) for step in STEPS] for case in result.cases)
    assert result.exit_code is ExitCode.PASSED
    assert result.environment["tensorflow"] == "9.9"
    assert result.cases[0].output.splitlines() == ["printed by tf1", "printed by tf2"]
    assert "WARNING:tensorflow:log" in result.cases[0].log


def test_workers_that_record_nothing_are_errors(run: Callable[..., RunResult]) -> None:
    """A missing recording is never a pass, in any step."""
    result = run({"equivalence_a.py": module("A")}, lambda _: None)
    assert set(outcomes(result.cases[0]).values()) == {Outcome.ERROR}
    assert list(outcomes(result.cases[0])) == list(STEPS)
    assert result.exit_code is ExitCode.ERROR


@pytest.mark.parametrize("side", ["tf1", "tf2"])
def test_one_silent_side_is_an_error(run: Callable[..., RunResult], side: str) -> None:
    """A step passes only when both of its sides are there."""

    def worker(planned: PlannedBuild) -> None:
        if planned.build.side != side:
            record(planned)

    found = outcomes(run({"equivalence_a.py": module("A")}, worker).cases[0])
    passed = [step_id for step_id, outcome in found.items() if outcome is Outcome.PASSED]
    assert passed == (["variables-once", "execution-modes"] if side == "tf1" else [])


def test_other_numbers_diverge(run: Callable[..., RunResult]) -> None:
    """A case whose sides differ diverges, and leaves the one beside it unharmed."""

    def worker(planned: PlannedBuild) -> None:
        wrong = planned.case.class_name == "Wrong" and planned.build.side == "tf2"
        record(planned, (1.0, 3.0) if wrong else (1.0, 2.0))

    result = run({"equivalence_a.py": module("Right", "Wrong")}, worker, "--step", "named-weights")
    assert [case.outcome for case in result.cases] == [Outcome.PASSED, Outcome.DIVERGED]
    assert result.exit_code is ExitCode.DIVERGED


def test_only_the_chosen_steps_run(run: Callable[..., RunResult]) -> None:
    """`--step` and `--case` choose what is recorded and reported."""
    built = []

    def worker(planned: PlannedBuild) -> None:
        built.append((planned.case.class_name, planned.build.side, planned.conditions))
        record(planned)

    result = run({"equivalence_a.py": module("A", "B")}, worker, "--step", "named-weights", "--case", "B")
    assert [outcomes(case) for case in result.cases] == [{"named-weights": Outcome.PASSED}]
    assert built == [("B", "tf1", ("named",)), ("B", "tf2", ("named",))]


def test_all_skipped_is_nothing_found(run: Callable[..., RunResult]) -> None:
    """A run in which every step is skipped compared nothing: exit 5."""
    skip = dict.fromkeys(STEPS, "not now")
    result = run({"equivalence_a.py": module("A")}, lambda planned: record(planned, skip=skip))
    assert set(outcomes(result.cases[0]).values()) == {Outcome.SKIPPED}
    assert result.exit_code is ExitCode.NOTHING_FOUND


@pytest.mark.parametrize("modules", [{}, {"equivalence_a.py": "class A:\n    pass\n"}], ids=["no-module", "no-case"])
def test_nothing_found_is_no_pass(run: Callable[..., RunResult], modules: dict[str, str]) -> None:
    """Zero cases give no pass, and a message or a fault that says where was searched."""
    result = run(modules)
    assert result.exit_code in (ExitCode.NOTHING_FOUND, ExitCode.ERROR)
    assert bool(result.message) == (not modules)
    assert all(case.outcome is Outcome.ERROR for case in result.cases)


def test_broken_module_is_one_case(run: Callable[..., RunResult]) -> None:
    """A module that cannot be parsed is a case with the step `load`; the others run."""
    result = run({"equivalence_a.py": "def f(:\n", "equivalence_b.py": module("B")})
    assert [(case.id, case.outcome) for case in result.cases] == [
        ("equivalence_a.py", Outcome.ERROR),
        ("equivalence_b.py::B", Outcome.PASSED),
    ]
    assert list(outcomes(result.cases[0])) == ["load"]


def test_module_that_cannot_be_imported_is_one_case(run: Callable[..., RunResult]) -> None:
    """All cases of a module that fails at import are one fault, at the line that failed."""

    def worker(planned: PlannedBuild) -> None:
        stack = (Frame(str(planned.case.module_path), 3, "<module>"),)
        write_record(str(planned.directory), "fault", Fault("load", "It raised ImportError. Install it.", stack))

    (case,) = run({"equivalence_a.py": module("A", "B")}, worker).cases
    assert (case.id, case.line) == ("equivalence_a.py", 3)
    assert [(step.id, step.outcome, step.location) for step in case.steps] == [
        ("load", Outcome.ERROR, Location("equivalence_a.py", 3))
    ]


def test_wrong_settings_come_first(run: Callable[..., RunResult]) -> None:
    """A case that names an unknown step is an error beside its own steps."""

    def worker(planned: PlannedBuild) -> None:
        record(planned, skip={"nope": "x"})

    (case,) = run({"equivalence_a.py": module("A")}, worker, "--step", "named-weights").cases
    assert list(outcomes(case).items()) == [("load", Outcome.ERROR), ("named-weights", Outcome.PASSED)]
    assert case.steps[0].findings[0].kind == "unknown-step"


@pytest.mark.parametrize(("case", "finished"), [("A", []), ("B", ["equivalence_a.py::A"])], ids=["first", "second"])
def test_interrupted_run_keeps_what_was_judged(run: Callable[..., RunResult], case: str, finished: list[str]) -> None:
    """An interruption leaves whole cases and the judged steps of the one it struck; never a pass."""

    def worker(planned: PlannedBuild) -> None:
        if planned.case.class_name == case and planned.build.training:
            raise KeyboardInterrupt
        record(planned)

    spy = Spy()
    result = run({"equivalence_a.py": module("A", "B")}, worker, spy=spy)
    assert result.interrupted
    assert result.exit_code is ExitCode.INTERRUPTED
    assert result.outcome is Outcome.ERROR
    whole = [found.id for found in result.cases if len(found.steps) == len(STEPS)]
    assert whole == finished
    struck = next(found for found in result.cases if found.id.endswith(f"::{case}"))
    assert "named-weights" in outcomes(struck)
    assert "random-training" not in outcomes(struck)
    assert ("stopped",) in spy.told


def test_lost_infrastructure_ends_the_run(run: Callable[..., RunResult]) -> None:
    """What the machine does to the runner is no result."""

    def worker(_: PlannedBuild) -> None:
        raise InfrastructureError("no worker")

    with pytest.raises(InfrastructureError):
        run({"equivalence_a.py": module("A")}, worker)


def test_missing_path_is_a_usage_error(run: Callable[..., RunResult]) -> None:
    """A searched path that does not exist is told before anything starts."""
    with pytest.raises(UsageError, match="missing"):
        run({}, record, "missing")


def test_progress_is_told_as_it_happens(run: Callable[..., RunResult]) -> None:
    """Totals first, each step once, and each case after its steps."""
    spy = Spy()
    run({"equivalence_a.py": module("A"), "equivalence_b.py": "def f(:\n"}, spy=spy)
    assert spy.told[0] == ("started", 2, len(STEPS))
    assert sorted(item[2] for item in spy.told if item[0] == "step") == sorted(STEPS)
    assert spy.told[-1] == ("case", "equivalence_a.py::A")
    assert ("case", "equivalence_b.py") in spy.told


def test_progress_is_told_what_runs(run: Callable[..., RunResult]) -> None:
    """It learns the plan, and of each worker to which pass it belongs, when it begins and when it ends."""
    spy = Spy()
    run({"equivalence_a.py": module("A")}, lambda _: None, "--jobs", "3", spy=spy)
    case = "equivalence_a.py::A"
    assert ("planned", (case,), tuple(STEPS), 3) in spy.told
    begun = [item[3] for item in spy.told if item[:3] == ("build", case, "first run")]
    assert set(begun) >= {TF1_INFERENCE, TF2_TRAINING}
    assert [item[2] for item in spy.told if item[0] == "build ended"] == begun


NETS = """\
import tensorflow as tf


class Net(tf.keras.layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, shape):
        self.a = self.add_weight("a", [3, 3], initializer=tf.compat.v1.glorot_uniform_initializer())
        self.b = self.add_weight("b", [3, 3], initializer=tf.compat.v1.glorot_uniform_initializer())

    def call(self, inputs, training=None):
        first, second = (self.a, self.b) if self.factor else (self.b, self.a)
        return tf.matmul(tf.nn.relu(tf.matmul(inputs, first)), second)
"""
NETS_CASES = """\
from tf_equivalence import ArraySpec, EquivalenceCase


class Right(EquivalenceCase):
    inputs = ArraySpec((2, 3))
    factor = 1

    def tf1(self, inputs, training):
        import tensorflow.compat.v1 as tf
        with tf.variable_scope("net", initializer=tf.glorot_uniform_initializer()):
            a, b = tf.get_variable("a", [3, 3]), tf.get_variable("b", [3, 3])
        return tf.matmul(tf.nn.relu(tf.matmul(inputs, a)), b)

    def tf2(self):
        from nets import Net
        return Net(self.factor, name="net")


class Swapped(Right):
    factor = 0
"""


def test_real_run_from_end_to_end(tmp_path: Path) -> None:
    """The command itself: a right migration passes every step, two swapped variables show in the named weights."""
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "equivalence_nets.py").write_text(NETS_CASES)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_"))}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tf_equivalence", "run", ".", "--json-file", "out.json"],
        cwd=tmp_path,
        env={**environ, "PYTHONPATH": str(RUNNER)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr[-3000:]
    report = json.loads((tmp_path / "out.json").read_text())
    steps = {
        case["id"].rpartition("::")[2]: {step["id"]: step["outcome"] for step in case["steps"]}
        for case in report["cases"]
    }
    # These nets keep no state beside what is trained.
    assert steps["Right"] == {**dict.fromkeys(STEPS, "passed"), "state-updates": "skipped"}
    assert steps["Swapped"]["constant-weights"] == "passed"
    assert steps["Swapped"]["named-weights"] == "diverged"
