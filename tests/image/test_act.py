"""A workflow with the action, run by `act`, a real workflow client, from the checkout to the steps that follow.

Where act 0.2 is not GitHub's runner:

- The job's steps run in a container too, since on the host itself act hands container actions
  paths that they cannot see. The workspace is a volume that the sources are copied to, under the
  path they have outside, and belongs to root; the files for commands are in another volume, whose
  names end in `.txt`. So no path has to be mapped, and no owner restored.
- There is neither RUNNER_WORKSPACE nor a token, and each input comes as a variable of its plain
  name as well.
- Its reader of commands takes the last `::` of a line for the end of the properties. What it was
  given is in its log beside what it made of that, and is read here by the runner's own rules.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tf_equivalence.steps import STEPS

from .commands import Annotation, CommandReader
from .conftest import ROOT, make_repository, seeded_line

pytestmark = pytest.mark.image

# Containers and volumes are named after the workflow and the job: another run's must not be taken for this one's.
NAME = f"name: equivalence-{uuid.uuid4().hex}\n"
WORKFLOW = """
on: push
jobs:
  equivalence:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: check
        uses: ./.github/actions/tf-equivalence
        with:
          paths: ${{ github.workspace }}/nets
          junit-file: reports/junit.xml
          fail-on-empty: true
      - if: always()
        env:
          OUTPUTS: ${{ toJSON(steps.check.outputs) }}
          OUTCOME: ${{ steps.check.outcome }}
          JUNIT_FILE: ${{ steps.check.outputs.junit-file }}
        run: |
          echo "outcome: $OUTCOME"
          echo "outputs: $(tr -d '\\n' <<< "$OUTPUTS")"
          head -n 1 "$JUNIT_FILE"
"""


@dataclass(frozen=True)
class Job:
    """What act says of a job.

    Attributes:
        result: `success` or `failure`.
        annotations: By the commands that it was given.
        outcome: Of the action's step, as the step after it is told.
        outputs: The same.
        printed: What the last step printed, one string a line.
        log: Everything, for messages of tests.
    """

    result: str
    annotations: tuple[Annotation, ...]
    outcome: str
    outputs: dict[str, str]
    printed: tuple[str, ...]
    log: str


Act = Callable[[Path], Job]


@pytest.fixture(scope="session")
def act() -> str:
    """Return the client."""
    places = (ROOT / "build" / "checkers" / "bin" / "act", "act", Path.home() / "go" / "bin" / "act")
    found = next(filter(None, (shutil.which(place) for place in places)), None)
    return found or pytest.skip("act is not installed: see https://nektosact.com, or run scripts/install_checkers")


@pytest.fixture
def run(act: str, docker: str, image: str, tmp_path: Path) -> Iterator[Act]:
    """Return a function that runs the workflow of a repository, without the network."""
    cache = "act-toolcache"  # a volume that act makes for everybody and never removes
    existed = _succeeds([docker, "volume", "inspect", cache])
    home = tmp_path / "home"
    (home / ".config" / "act").mkdir(parents=True)
    (home / ".config" / "act" / "actrc").touch()  # else, it asks which images to use

    def start(repository: Path) -> Job:
        command = [act, "push", "--json", "--platform", f"ubuntu-latest={image}", "--pull=false", "--rm"]
        command += ["--action-offline-mode", "--no-cache-server", "--action-cache-path", str(tmp_path / "cache")]
        environ = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
        done = subprocess.run(command, cwd=repository, env=environ, capture_output=True, text=True, check=False)
        job = _read(done.stdout, repository)
        assert (done.returncode == 0) == (job.result == "success"), job.log + done.stderr
        return job

    yield start
    if not existed:
        _succeeds([docker, "volume", "rm", cache])


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _read(log: str, repository: Path) -> Job:
    entries: list[dict[str, Any]] = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    reader = CommandReader(str(repository))
    for entry in entries:
        if entry.get("stepID") == ["check"] and entry.get("command") in ("error", "warning", "notice"):
            reader.read(str(entry["raw"]).rstrip("\n"))
    after = [entry["msg"].rstrip("\n") for entry in entries if entry.get("stepID") == ["2"] and entry.get("raw_output")]
    said = dict(line.split(": ", 1) for line in after if line.startswith(("outcome: ", "outputs: ")))
    return Job(
        next((entry["jobResult"] for entry in entries if "jobResult" in entry), ""),
        tuple(reader.annotations),
        said.get("outcome", ""),
        json.loads(said.get("outputs", "{}")),
        tuple(after),
        "\n".join(str(entry["msg"]).rstrip() for entry in entries),
    )


@pytest.fixture
def repository(image: str, tmp_path: Path) -> Path:
    """Return a repository with one seeded bug and a workflow, committed.

    The action is the one that a release has: action.yml names an image. Only its name is another,
    since no image has a digest before it was pushed.
    """
    released = f"ghcr.io/org/tf-equivalence-action@sha256:{'0' * 64}"
    action = subprocess.run([ROOT / "scripts" / "release_action", released], capture_output=True, text=True, check=True)
    assert action.stdout.count(released) == 1
    files = {
        ".github/workflows/equivalence.yml": NAME + WORKFLOW,
        ".github/actions/tf-equivalence/action.yml": action.stdout.replace(released, image),
    }
    folder = tmp_path / "models"
    make_repository("diverging", folder, files)
    commit(folder)
    subprocess.run(["git", "remote", "add", "origin", "https://github.com/octo/models"], cwd=folder, check=True)
    return folder


def commit(folder: Path) -> None:
    """Commit everything; act reads the commit that it claims to test."""
    git = ["git", "-c", "user.name=octocat", "-c", "user.email=octocat@example.com"]
    subprocess.run([*git, "add", "--all"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "Migrate"], cwd=folder, check=True)


def test_job(run: Act, repository: Path) -> None:
    """The seeded bug fails the job with one annotation on its line; repaired, the job is green."""
    path, line = seeded_line(repository)
    job = run(repository)
    assert (job.result, job.outcome) == ("failure", "failure"), job.log
    assert [(found.level, found.file, found.line) for found in job.annotations] == [("error", path, line)]
    assert (job.outputs["conclusion"], job.outputs["diverged"], job.outputs["errors"]) == ("failure", "8", "0")
    assert job.outputs["junit-file"] == "reports/junit.xml"
    assert job.printed[-1].startswith("<?xml")

    source = (repository / path).read_text("utf-8")
    (repository / path).write_text(source.replace(" epsilon=1e-5,", ""), "utf-8")
    commit(repository)
    job = run(repository)
    assert (job.result, job.outcome, job.annotations) == ("success", "success", ()), job.log
    assert (job.outputs["conclusion"], job.outputs["passed"]) == ("success", str(len(STEPS)))


def test_usage_error(run: Act, repository: Path) -> None:
    """What the workflow says wrong fails the job with an annotation, and the next step sees the outputs."""
    workflow = repository / ".github" / "workflows" / "equivalence.yml"
    workflow.write_text(NAME + WORKFLOW.replace("fail-on-empty: true", "fail-on: nonsense"), "utf-8")
    commit(repository)
    job = run(repository)
    assert (job.result, job.outcome, job.outputs["conclusion"]) == ("failure", "failure", "failure"), job.log
    assert len(job.annotations) == 1
    assert "INPUT_FAIL-ON" in job.annotations[0].message
