"""The image as people run it by hand, and what becomes of a run that is stopped."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from tf_equivalence.steps import STEPS

from .conftest import ROOT, Checkout, contents, make_repository, seeded_line
from .step import RunningStep

pytestmark = pytest.mark.image

GRACE = 10  # seconds that `docker stop` waits for before it kills
# What the endless case's own process sleeps for: no other run's is mistaken for it.
SLEEP = f"{random.randrange(10_000, 90_000)}.{random.randrange(1_000_000):06}"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(docker: str, image: str, tmp_path: Path) -> Iterator[Run]:
    """Return a function that runs the image on a folder, `docker run` options first, then arguments."""
    name = f"tf-equivalence-by-hand-{uuid.uuid4().hex[:12]}"

    def start(folder: Path, options: Sequence[str] = (), *arguments: str) -> subprocess.CompletedProcess[str]:
        mount = ["--volume", f"{folder}:/work", "--workdir", "/work"]
        command = [docker, "run", "--rm", "--name", name, *mount, *options, image, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    yield start
    subprocess.run([docker, "rm", "--force", name], capture_output=True, check=False)


@pytest.fixture
def diverging(tmp_path: Path) -> Path:
    """Return a copy of the repository with one seeded bug."""
    make_repository("diverging", tmp_path / "models")
    return tmp_path / "models"


def test_by_hand(run: Run, diverging: Path) -> None:
    """Without a workflow there are no workflow commands, and the terminal names the line."""
    path, line = seeded_line(diverging)
    done = run(diverging, ["--network", "none"], "run", "--step", "named-weights", "--json-file", "out/results.json")
    assert done.returncode == 1, done.stderr
    assert f"{path}:{line}" in done.stdout
    assert "::" not in {text[:2] for text in done.stdout.splitlines()}
    assert json.loads((diverging / "out" / "results.json").read_text("utf-8"))["exit_code"] == 1


def test_image_is_of_these_sources(docker: str, image: str) -> None:
    """The command in the image is the one beside these tests: after a change, run `make image`."""
    code = "import tf_equivalence, sys; sys.stdout.write(tf_equivalence.__path__[0])"
    entry = [docker, "run", "--rm", "--entrypoint", "/opt/tf-equivalence/bin/python", image]
    folder = subprocess.check_output([*entry, "-P", "-c", code], text=True)
    listing = f"cd {folder} && find . -name '*.py' -exec sha256sum {{}} +"
    lines = subprocess.check_output([docker, "run", "--rm", "--entrypoint", "sh", image, "-c", listing], text=True)
    inside = {name: digest for digest, name in (line.split() for line in lines.splitlines())}
    sources = ROOT / "runner" / "tf_equivalence"
    here = {f"./{path.relative_to(sources)}": _hash(path) for path in sources.rglob("*.py")}
    assert inside == here


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_list_and_help(run: Run, diverging: Path) -> None:
    """The other commands answer, without writing anything."""
    before = contents(diverging)
    assert run(diverging, (), "list").stdout == "nets/equivalence_convnet.py::Convolutional\n"
    assert "usage: tf-equivalence" in run(diverging, (), "--help").stdout
    assert contents(diverging) == before


def test_readme(docker: str, image: str, tmp_path: Path) -> None:
    """The command in README does what it says, on a copy of the examples; what it names was built as it says."""
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    command = next(line for line in lines if line.startswith("docker run "))
    assert "docker build --tag tf-equivalence ." in lines
    assert command.count(" tf-equivalence ") == 1
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    before = contents(tmp_path)
    written = command.replace(" tf-equivalence ", f" {image} ").replace("docker run ", f"{docker} run ", 1)
    done = subprocess.run(["sh", "-c", written], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"passed: 1 case, {len(STEPS)} steps" in done.stdout
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "options",
    [
        ["--user", "1000:1000"],
        ["--user", "1000:1000", "--env", "HOME=/nowhere"],
        [
            "--user",
            "4321",
            "--read-only",
            "--tmpfs",
            "/tmp",
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges",
        ],
        ["--read-only", "--tmpfs", "/tmp"],
        ["--env", "HOME="],
    ],
    ids=["another-user", "no-home", "least-rights", "read-only", "empty-home"],
)
def test_restricted(options: list[str], run: Run, diverging: Path) -> None:
    """Any user, a home or none, a root folder that cannot be written to: the result is the same, without a warning."""
    reports = diverging / "out"
    reports.mkdir()
    reports.chmod(0o777)
    path, line = seeded_line(diverging)
    arguments = ("run", "--step", "named-weights", "--json-file", "out/results.json")
    done = run(diverging, [*options, "--network", "none"], *arguments)
    assert done.returncode == 1, done.stderr
    step = json.loads((reports / "results.json").read_text("utf-8"))["cases"][0]["steps"][0]
    assert step["location"] == {"path": path, "line": line}
    assert "cannot" not in done.stderr
    assert not list(diverging.rglob("__pycache__"))


def test_workspace_that_cannot_be_written_to(run: Run, diverging: Path, tmp_path: Path) -> None:
    """Mounted for reading only, with a folder beside it for reports."""
    (tmp_path / "reports").mkdir()
    mount = ["--volume", f"{diverging}:/src:ro", "--workdir", "/src"]
    done = run(tmp_path / "reports", mount, "run", "--step", "named-weights", "--junit-file", "/work/junit.xml")
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "reports" / "junit.xml").is_file()


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; return whether it did in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def sleepers() -> list[psutil.Process]:
    """Return the processes that the endless case started."""
    return [process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == ["sleep", SLEEP]]


def has_judged_one(step: RunningStep) -> bool:
    """Return whether the healthy case is done, and the endless one under way."""
    return any("Healthy passed" in line for line in step.lines) and bool(sleepers())


def test_docker_stop(docker: str, checkout: Checkout) -> None:
    """Reports tell what was finished, in time, and nothing of the run is left."""
    machine = checkout("endless")
    # One step, so that the endless case keeps one of the two processes busy and leaves the other alone.
    inputs = {"json-file": "results.json", "junit-file": "junit.xml", "jobs": "2", "steps": "named-weights"}
    with machine.start(inputs, SECONDS_OF_SLEEP=SLEEP) as running:
        assert wait_for(lambda: has_judged_one(running), 60), running.lines
        start = time.monotonic()
        subprocess.run([docker, "stop", "--time", str(GRACE), running.name], capture_output=True, check=True)
        took = time.monotonic() - start
        step = running.finish()
    assert (step.exit_code, step.outcome) == (130, "failure"), step.text
    assert took < GRACE  # after which the engine would have killed it, and no report been written
    assert step.outputs["conclusion"] == "cancelled"
    assert step.counts[1] == 1
    report = json.loads((machine.workspace / "results.json").read_text("utf-8"))
    assert report["interrupted"] is True
    assert {case["id"]: case["outcome"] for case in report["cases"]}["equivalence_healthy.py::Healthy"] == "passed"
    assert (machine.workspace / "junit.xml").is_file()
    assert "interrupted" in step.summary.lower()
    assert any("interrupted" in found.message.lower() for found in step.errors)
    assert wait_for(lambda: not sleepers(), 5)
    assert subprocess.check_output([docker, "ps", "--all", "--quiet", "--filter", f"name={running.name}"]) == b""


@pytest.mark.parametrize("after", [0.0, 0.3, 1.0], ids="{:.1f}s".format)
def test_docker_stop_early(after: float, docker: str, checkout: Checkout) -> None:
    """Even before the command has found its feet it ends at once, never by force."""
    with checkout("endless").start() as running:
        started = [docker, "ps", "--quiet", "--filter", f"name={running.name}"]
        assert wait_for(lambda: bool(subprocess.check_output(started)), 20)
        time.sleep(after)
        subprocess.run([docker, "stop", "--time", str(GRACE), running.name], capture_output=True, check=True)
        step = running.finish()
    # Before Python runs at all, the kernel ignores the signal for want of a handler; then it is by force.
    assert step.exit_code in ((130,) if after else (130, 137)), step.text
