"""The command with a real engine and the real image."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import time
import uuid
from collections.abc import Iterator, Mapping
from fcntl import ioctl
from pathlib import Path
from typing import Any

import docker
import pytest

from .command import IMAGE, ROOT, call, command, environ, in_container

pytestmark = pytest.mark.image


CASE = """\
import os
import time

from equivalence_fixed_scaling import FixedScaling


class {name}(FixedScaling):
    def tf2(self):
        {body}
        return super().tf2()
"""
ENDLESS = CASE.format(name="Endless", body="time.sleep(3600)")
GREEDY = CASE.format(name="Greedy", body="hoard = [bytearray(os.urandom(2**20)) * 64 for _ in range(64)]")
SPYING = """\
import json
import os
import socket


def attempt(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        return error.strerror
    return "done"


here = os.path.dirname(os.path.abspath(__file__))
print("SPY " + json.dumps({
    "write": attempt(open, os.path.join(here, "planted.py"), "w"),
    "append": attempt(open, __file__, "a"),
    "network": attempt(socket.create_connection, ("192.0.2.1", 80), 2),
    "temporary": attempt(open, "/tmp/mine", "w"),
    "user": [os.getuid(), os.getgid()],
    "environment": dict(os.environ),
    "status": dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line),
    "engine": os.path.exists("/var/run/docker.sock"),
    "processes": [name for name in os.listdir("/proc") if name.isdigit()],
}))
"""


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    """The engine, which has the image."""
    client = docker.from_env()
    client.images.get(IMAGE)
    return client


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with the examples of a right and a broken migration."""
    workspace = tmp_path / "models"
    shutil.copytree(ROOT / "examples" / "scaling", workspace, ignore=shutil.ignore_patterns("__pycache__"))
    return workspace


@pytest.fixture
def leftovers(client: docker.DockerClient, workspace: Path) -> Iterator[None]:
    """Every container that had the workspace is gone afterwards."""
    yield
    assert containers(client, workspace) == []


def containers(client: docker.DockerClient, workspace: Path) -> list[Any]:
    """Return the containers, running or not, that have the workspace."""
    return [
        container
        for container in client.containers.list(all=True, ignore_removed=True)
        if str(workspace) in (mount.get("Source") for mount in container.attrs["Mounts"])
    ]


def verdicts(report: Mapping[str, Any]) -> list[Any]:
    """Return what a report decides: each step, its outcome, and the kinds and places of its findings."""
    return [
        (
            case["id"],
            step["id"],
            step["outcome"],
            [(finding["kind"], finding["name"], finding["location"]) for finding in step["findings"]],
        )
        for case in report["cases"]
        for step in case["steps"]
    ]


@pytest.mark.usefixtures("leftovers", "client")
def test_the_same_as_without_a_container(workspace: Path) -> None:
    """Right and broken examples get the same verdicts, lines and exit code; reports are the caller's."""
    (workspace / "pyproject.toml").write_text('[tool.tf-equivalence]\njson-file = "out/table.json"\nsteps = "nope"\n')
    reports = ("--json-file", "out/r.json", "--junit-file", "j.xml", "--job-summary", "s.md")
    words = (*reports, "--step", "variables-once,named-weights")
    inside = in_container(workspace, *words, "--log-level", "error")
    found = json.loads((workspace / "out" / "r.json").read_text())
    for name in ("out", "out/r.json", "j.xml", "s.md"):
        status = (workspace / name).stat()
        assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid()), name
        assert status.st_mode & 0o200
    assert "<testsuite" in (workspace / "j.xml").read_text()
    assert (workspace / "s.md").read_text().strip()
    assert "report: out/r.json\nreport: j.xml\n" in inside.stdout
    (workspace / "out" / "r.json").unlink()
    outside = call(workspace, "run", *words, "--log-level", "error")
    plain = json.loads((workspace / "out" / "r.json").read_text())
    assert (inside.returncode, outside.returncode) == (1, 1), inside.stderr
    assert verdicts(found) == verdicts(plain)
    assert len(verdicts(found)) == 4
    assert not (workspace / "out" / "table.json").exists()


@pytest.mark.usefixtures("leftovers", "client")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["equivalence_fixed_scaling.py", "--step", "named-weights"], 0, "passed: 1 case"),
        (["empty"], 5, "No equivalence cases"),
        (["empty", "--no-fail-on-empty"], 0, "No equivalence cases"),
        (["missing"], 2, "'missing' does not exist"),
        (["bad"], 3, "bad/equivalence_bad.py:1"),
    ],
    ids=["passed", "nothing", "nothing-forgiven", "usage", "error"],
)
def test_exit_codes(workspace: Path, words: list[str], code: int, said: str) -> None:
    """They are those of the plain command, and standard output holds the report alone."""
    (workspace / "empty").mkdir()
    (workspace / "bad").mkdir()
    (workspace / "bad" / "equivalence_bad.py").write_text("def f(:\n")
    done = in_container(workspace, *words)
    assert done.returncode == code, done.stderr
    assert said in (done.stderr if code == 2 else done.stdout)
    assert "running 1 case" not in done.stdout


@pytest.mark.usefixtures("leftovers", "client")
def test_user_code_is_kept_in(workspace: Path) -> None:
    """It has no network, no rights, no secrets, and nothing to write to but its own temporary files."""
    (workspace / "equivalence_spy.py").write_text(SPYING + CASE.format(name="Spying", body="pass"))
    words = ("equivalence_spy.py", "--step", "named-weights", "--log-level", "info")
    done = in_container(workspace, *words, SECRET_TOKEN="hunter2", DOCKER_CONFIG="/nonexistent")
    line = next(line for line in done.stderr.splitlines() if line.startswith("SPY "))
    spied = json.loads(line.removeprefix("SPY "))
    assert done.returncode == 0, done.stdout
    assert spied["write"] == spied["append"] == "Read-only file system"
    assert spied["network"] == "Network is unreachable"
    assert spied["temporary"] == "done"
    assert spied["user"] == [os.geteuid(), os.getegid()]
    assert "hunter2" not in line
    assert spied["status"]["NoNewPrivs"] == "1"
    rights = int(spied["status"]["CapEff"], 16)
    assert rights == (0b10 if os.geteuid() == 0 else 0)  # DAC_OVERRIDE, by linux/capability.h
    assert spied["engine"] is False
    assert str(os.getpid()) not in spied["processes"]
    assert not (workspace / "planted.py").exists()


@pytest.mark.usefixtures("leftovers", "client")
def test_a_workflow_gets_its_outputs(workspace: Path, tmp_path: Path) -> None:
    """The outputs of the step and the summary are written, and inputs count as they do without a container."""
    workflow = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "INPUT_STEPS": "variables-once",
        "INPUT_PATHS": "equivalence_broken_scaling.py",
    }
    (tmp_path / "outputs").write_text("before<<x\ny\nx\n")
    done = in_container(workspace, **workflow)
    assert done.returncode == 1, done.stderr
    assert any(line.startswith("::error file=scaling.py,line=14") for line in done.stdout.splitlines()), done.stdout
    outputs = (tmp_path / "outputs").read_text()
    assert outputs.startswith("before<<x")
    assert "\nconclusion<<" in outputs
    assert "\nfailure\n" in outputs
    assert "scaling.py" in (tmp_path / "summary").read_text()


@pytest.mark.usefixtures("leftovers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_interruption_keeps_what_finished(
    client: docker.DockerClient, workspace: Path, number: signal.Signals
) -> None:
    """The container is stopped and removed, and the reports hold the case that was done."""
    (workspace / "equivalence_endless.py").write_text(ENDLESS)
    paths = ("equivalence_fixed_scaling.py", "equivalence_endless.py")
    words = ("docker", "--image", IMAGE, *paths, "--step", "named-weights", "--json-file", "r.json")
    with subprocess.Popen(
        command(*words), cwd=workspace, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "FixedScaling passed" in line:
                break
        assert len(containers(client, workspace)) == 1
        process.send_signal(number)
        started = time.monotonic()
        stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - started < 15
    assert "interrupted: 1 case" in stdout
    report = json.loads((workspace / "r.json").read_text())
    assert report["interrupted"] is True
    assert [(case["id"], case["outcome"]) for case in report["cases"]] == [
        ("equivalence_fixed_scaling.py::FixedScaling", "passed")
    ]


@pytest.mark.usefixtures("leftovers", "client")
def test_memory_is_limited(workspace: Path) -> None:
    """A case that wants more is an error that names the limit; the machine is left in peace."""
    (workspace / "equivalence_greedy.py").write_text(GREEDY)
    words = ("--memory", "1500m", "--jobs", "1", "--step", "named-weights", "--json-file", "r.json")
    done = in_container(workspace, "equivalence_greedy.py", *words)
    assert done.returncode == 3, done.stdout
    assert "needed more memory than 1500 MiB; raise --memory" in done.stderr
    report = json.loads((workspace / "r.json").read_text())
    assert "SIGKILL" in report["cases"][0]["steps"][0]["message"]


@pytest.mark.usefixtures("leftovers", "client")
def test_too_little_memory_to_start(workspace: Path) -> None:
    """The command itself is killed: there is no verdict, and no empty report."""
    done = in_container(workspace, "--memory", "6m", "--json-file", "out/r.json")
    assert done.returncode == 3
    assert "needed more memory than 6 MiB" in done.stderr
    assert not (workspace / "out").exists()


@pytest.mark.usefixtures("leftovers")
def test_a_missing_image(workspace: Path) -> None:
    """Whether it may be pulled or not, the message names it."""
    name = f"localhost:9/tf-equivalence-{uuid.uuid4().hex}:v1"
    for pull, said in (("never", f"no image '{name}' on this machine"), ("missing", f"cannot pull the image '{name}'")):
        done = call(workspace, "docker", "--image", name, "--pull", pull)
        assert done.returncode == 3
        assert said in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("leftovers")
def test_an_image_of_something_else(client: docker.DockerClient, workspace: Path) -> None:
    """Its exit code would mean nothing here."""
    name = f"tf-equivalence-test-{uuid.uuid4().hex[:12]}"
    client.images.build(fileobj=io.BytesIO(b'FROM scratch\nCMD ["/true"]\n'), tag=name, rm=True)
    try:
        done = call(workspace, "docker", "--image", name)
    finally:
        client.images.remove(name)
    assert done.returncode == 3
    assert "the image is none of tf-equivalence-action; check --image" in done.stderr


@pytest.mark.usefixtures("leftovers", "client")
def test_a_terminal(workspace: Path) -> None:
    """On a terminal, progress is live, and everything fits its width."""
    words = ("docker", "--image", IMAGE, "equivalence_fixed_scaling.py", "--step", "named-weights")
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 62, 0, 0))
    with subprocess.Popen(
        command(*words), cwd=workspace, env=environ(TERM="xterm"), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the last one to write has gone
                break
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0, text
    assert "\x1b[?25l" in text  # the cursor is hidden while progress is live
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).splitlines()
    tables = [line for line in lines if line.startswith("┏")]
    assert tables
    assert all(len(line) <= 62 for line in tables)
    assert "passed: 1 case, 1 step" in text
