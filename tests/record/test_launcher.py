"""The launcher with a real worker server: whatever happens to a process leaves a fault, never a pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tf_equivalence.discover import CaseRef
from tf_equivalence.errors import InfrastructureError
from tf_equivalence.plan import PlannedBuild, make_plan
from tf_equivalence.record.launcher import BuildEnded, BuildStarted, Launcher, Limits
from tf_equivalence.record.output import HEAD, TAIL
from tf_equivalence.recording import BuildRecord, Fault, RunRecord, read_record, user_frames

# One group, so that servers, which import TensorFlow, start one after the other.

RUNNER = Path(__file__).resolve().parents[2] / "runner"
ENVIRON = {**os.environ, "PYTHONPATH": str(RUNNER), "INPUT_SECRET": "s3cret", "GITHUB_TOKEN": "s3cret"}

CASE = """\
import os, signal, sys, time
from tf_equivalence import ArraySpec, EquivalenceCase

class A(EquivalenceCase):
    inputs = ArraySpec((2, 3))

    def tf1(self, inputs, training):
        import tensorflow.compat.v1 as tf
        {act}
        return inputs * tf.get_variable("w", [3])

    def tf2(self):
        raise RuntimeError("not asked for")
"""


def planned(root: Path, acts: Mapping[str, str]) -> tuple[Path, list[PlannedBuild]]:
    """Write one case for each act, and return the scratch directory and the TF1 builds."""
    workspace, scratch = root / "workspace", root / "scratch"
    workspace.mkdir()
    scratch.mkdir()
    cases = []
    for name, act in acts.items():
        path = workspace / f"equivalence_{name}.py"
        path.write_text(CASE.format(act=act))
        cases.append(CaseRef(f"{path.name}::A", path.name, 4, "A", path))
    plan = make_plan(cases, ["named-weights"], scratch)
    return scratch, [build for build in plan.builds if build.build.side == "tf1"]


def launch(
    scratch: Path, builds: Iterable[PlannedBuild], limits: Limits, packages: Path | None = None
) -> dict[str, BuildEnded]:
    """Run the builds to their ends; return the ends by case name."""
    ended: dict[str, BuildEnded] = {}
    started = []
    with Launcher([scratch.parent / "workspace"], limits, ENVIRON, scratch, packages) as launcher:
        launcher.enqueue(builds)
        for event in launcher.run():
            name = event.planned.case.path.removeprefix("equivalence_").removesuffix(".py")
            if isinstance(event, BuildStarted):
                started.append(name)
            else:
                assert name in started
                assert name not in ended
                ended[name] = event
    return ended


def fault_of(event: BuildEnded) -> Fault | None:
    """Return the fault that a build left."""
    return read_record(Fault, str(event.planned.directory), "fault")


ACTS = {
    "good": "pass",
    "exits_early": "os._exit(0)",
    "exits_natively": "import ctypes; ctypes.CDLL(None)._exit(0)",
    "exits_with_a_code": "import ctypes; ctypes.CDLL(None)._exit(9)",
    "sys_exit": "sys.exit(0)",
    "segfault": "os.kill(os.getpid(), signal.SIGSEGV)",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "raises": "raise ValueError('mine')",
    "forks": "os.fork()",
    "leaves_a_child": "import subprocess; subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])",
    "prints": "sys.stdout.buffer.write(b'\\xff::error::x\\n' * 1000000) if hasattr(sys.stdout, 'buffer') else None",
    "closes_stdout": "os.close(1); os.close(2)",
    "looks_for_secrets": "assert 's3cret' not in os.environ.values(), 'found a secret'",
    "imports_its_packages": "import extra, linked; assert extra.ours and linked.ours",
    "imports_pinned_ones_first": "import numpy, tf_slim; assert not hasattr(tf_slim, 'ours')",
    "writes_no_bytecode": "import beside; assert not os.path.exists(os.path.dirname(beside.__file__) + '/__pycache__')",
}
HARMLESS = (
    "good forks leaves_a_child prints closes_stdout looks_for_secrets imports_its_packages imports_pinned_ones_first "
    "writes_no_bytecode"
).split()


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BuildEnded]:
    """One run of all acts, two at a time, with packages for user modules: a module, a link to one, a shadow."""
    root = tmp_path_factory.mktemp("launcher")
    scratch, builds = planned(root, ACTS)
    (root / "workspace" / "beside.py").touch()
    packages, elsewhere = root / "site-packages", root / "elsewhere"
    for module in (packages / "extra.py", packages / "tf_slim" / "__init__.py", elsewhere / "linked.py"):
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text("ours = True\n")
    (packages / "link.pth").write_text(f"{elsewhere}\n")
    return launch(scratch, builds, Limits(jobs=2, timeout_s=120), packages)


def test_every_build_ends(ended: dict[str, BuildEnded]) -> None:
    """No act takes another with it: each has an end of its own."""
    assert set(ended) == set(ACTS)


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_acts_are_recorded_whole(ended: dict[str, BuildEnded], name: str) -> None:
    """What does not keep the case from finishing leaves a whole recording and no fault."""
    directory = str(ended[name].planned.directory)
    assert fault_of(ended[name]) is None
    assert read_record(BuildRecord, directory, "build").side == "tf1"
    assert read_record(RunRecord, directory, "named").outputs[0].shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        pytest.param("exits_early", "exit", "os._exit(0)", id="os-exit-0"),
        pytest.param("exits_natively", "exit", "with code 0", id="exit-0"),
        pytest.param("exits_with_a_code", "exit", "with code 9", id="exit-9"),
        pytest.param("sys_exit", "exit", "sys.exit(0)", id="sys-exit"),
        pytest.param("segfault", "signal", "SIGSEGV", id="segfault"),
        pytest.param("killed", "signal", "memory", id="sigkill"),
        pytest.param("raises", "call", "ValueError: mine", id="exception"),
    ],
)
def test_harmful_acts_are_faults(ended: dict[str, BuildEnded], name: str, kind: str, says: str) -> None:
    """A process that ends before its recording is whole leaves a fault that says why."""
    fault = fault_of(ended[name])
    assert fault.kind == kind
    assert says in fault.message
    assert read_record(BuildRecord, str(ended[name].planned.directory), "build") is None


@pytest.mark.parametrize("name", ["segfault", "sys_exit", "exits_early", "raises"])
def test_faults_know_the_users_line(ended: dict[str, BuildEnded], name: str) -> None:
    """Where the process could still tell, the fault points at the act."""
    frame = user_frames(fault_of(ended[name]).stack)[0]
    assert Path(frame.path).name == f"equivalence_{name}.py"
    assert frame.line == 9


def test_output_is_bounded(ended: dict[str, BuildEnded]) -> None:
    """Fourteen megabytes, undecodable too, come back within bounds."""
    text = ended["prints"].output
    assert "\\xff::error::x" in text
    assert "bytes left out" in text
    assert len(text) < 8 * (HEAD + TAIL)


def test_hanging_process_is_killed_where_it_hangs(tmp_path: Path) -> None:
    """A process that does not end in time is a fault at the line where it hangs, its children gone too."""
    act = "open('pid', 'w').write(str(os.getpid())); signal.pause()"
    scratch, builds = planned(tmp_path, {"hangs": act})
    ended = launch(scratch, builds, Limits(jobs=1, timeout_s=2))
    fault = fault_of(ended["hangs"])
    assert fault.kind == "timeout"
    assert "2 s" in fault.message
    assert user_frames(fault.stack)[0].line == 9
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "workspace" / "pid").read_text()), 0)


def test_leaving_the_launcher_kills_what_runs(tmp_path: Path) -> None:
    """An interruption leaves no process behind, not even one that closed its output."""
    act = "open('pid', 'w').write(str(os.getpid())); os.close(1); os.close(2); signal.pause()"
    scratch, builds = planned(tmp_path, {"first": act, "second": "os._exit(0)"})
    with Launcher([tmp_path / "workspace"], Limits(jobs=2, timeout_s=60), ENVIRON, scratch) as launcher:
        launcher.enqueue(builds)
        events = launcher.run()
        while not isinstance(event := next(events), BuildEnded):
            pass
        assert event.planned.case.path == "equivalence_second.py"
        pid_file = tmp_path / "workspace" / "pid"
        while not (pid_file.exists() and pid_file.read_text()):
            launcher._selector.select(0.1)
        pid = int(pid_file.read_text())
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Tell whether a process still runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


KILL_SERVER = "os.kill(os.getppid(), signal.SIGKILL); signal.pause()"


def test_death_of_the_server_is_a_fault_of_its_jobs(tmp_path: Path) -> None:
    """A server that dies takes its running job with it as a fault; a new one serves the rest."""
    scratch, builds = planned(tmp_path, {"killer": KILL_SERVER, "next": "pass"})
    ended = launch(scratch, builds, Limits(jobs=1, timeout_s=120))
    assert fault_of(ended["killer"]).kind == "signal"
    assert fault_of(ended["next"]) is None
    assert read_record(BuildRecord, str(ended["next"].planned.directory), "build") is not None


def test_server_that_keeps_dying_ends_the_run(tmp_path: Path) -> None:
    """The third death in a row is the machine's fault, and is told as such."""
    scratch, builds = planned(tmp_path, dict.fromkeys(("a", "b", "c"), KILL_SERVER))
    with pytest.raises(InfrastructureError, match="ended with code -9"):
        launch(scratch, builds, Limits(jobs=1, timeout_s=120))


def test_server_that_does_not_start_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where TensorFlow cannot be imported, the error has the server's last words and what to try."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'ImportError: libcuda.so' >&2\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr("tf_equivalence.record.server.sys.executable", str(python))
    scratch, builds = planned(tmp_path, {"good": "pass"})
    with pytest.raises(InfrastructureError, match=r"ended with code 3: ImportError: libcuda\.so.*import tensorflow"):
        launch(scratch, builds, Limits(jobs=1, timeout_s=120))
    assert read_record(BuildRecord, str(builds[0].directory), "build") is None


def test_nothing_to_run_starts_nothing(tmp_path: Path) -> None:
    """Without builds there are no events and no server."""
    scratch, _ = planned(tmp_path, {})
    assert launch(scratch, [], Limits(jobs=1, timeout_s=1)) == {}
    assert not (scratch / "server.log").exists()
