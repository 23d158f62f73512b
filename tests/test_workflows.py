"""The workflows, and what users are told to copy, agree with action.yml and with the rules for workflows here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXAMPLE = ROOT / "examples" / "workflow.yml"
EVERY = pytest.mark.parametrize("path", [*WORKFLOWS, EXAMPLE], ids=lambda path: path.name)
OWN_ACTION = re.compile(r"\./|[\w-]+/tf-equivalence-action@.+")
EVENTS = ("pull_request", "push", "workflow_call", "workflow_dispatch", "schedule")


def load(path: Path) -> dict[str, Any]:
    """Return a workflow; YAML 1.1 takes the key `on` for true."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    found["on"] = found.pop(True)
    return found


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the steps of all jobs."""
    for job in workflow["jobs"].values():
        yield from job.get("steps", [])


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    """Return action.yml."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return found


def test_all_are_there() -> None:
    """None of the tests here passes for want of a workflow."""
    names = {path.stem for path in WORKFLOWS}
    assert {"ci", "self-test", "release", "release-image", "nightly-pin"} <= names


@EVERY
def test_actions_are_pinned(path: Path) -> None:
    """An action is named by its commit, which no one can move, with the version for people."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if used := re.match(r"\s*(?:- )?uses: (\S+)(.*)", line):
            own = OWN_ACTION.fullmatch(used[1]) or used[1].startswith("./.github/workflows/")
            assert own or re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used[1] + used[2]), line


def test_an_action_has_one_version() -> None:
    """All workflows use the same commit of an action."""
    found: dict[str, set[str]] = {}
    for path in (*WORKFLOWS, EXAMPLE):
        for name, commit in re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40})", path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(commit)
    assert found
    assert {name: commits for name, commits in found.items() if len(commits) > 1} == {}


@EVERY
def test_permissions(path: Path) -> None:
    """A workflow grants nothing, and each job says what it needs."""
    workflow = load(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert isinstance(job.get("permissions"), dict), name
        assert job["permissions"].get("contents", "read") == "read" or name in ("publish", "propose")


@EVERY
def test_no_event_runs_with_secrets_for_strangers(path: Path) -> None:
    """`pull_request_target` and its like would give a fork's code this repository's token."""
    assert set(load(path)["on"]) <= set(EVENTS)


@EVERY
def test_jobs_end(path: Path) -> None:
    """Every job has a time limit, but for one that is another workflow."""
    for name, job in load(path)["jobs"].items():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 90, name
    assert "concurrency" in load(path) or set(load(path)["on"]) == {"workflow_call"}


@EVERY
def test_the_checkout_keeps_no_token(path: Path) -> None:
    """Code that runs later cannot read the token from the checkout."""
    for step in steps(load(path)):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@EVERY
def test_scripts_hold_no_expression(path: Path) -> None:
    """What an expression gives reaches a script through the environment, where no shell runs it."""
    for step in steps(load(path)):
        assert "${{" not in step.get("run", ""), step


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_scripts_stop_at_a_failure_in_a_pipe(path: Path) -> None:
    """Unless the shell is named, the runner leaves `pipefail` off."""
    assert load(path)["defaults"] == {"run": {"shell": "bash"}}


@EVERY
def test_inputs_exist(path: Path, action: dict[str, Any]) -> None:
    """What is passed to the action is one of its inputs."""
    for step in steps(load(path)):
        if OWN_ACTION.fullmatch(step.get("uses", "")):
            assert set(step.get("with", {})) <= set(action["inputs"])


def test_called_workflows_get_their_inputs() -> None:
    """A workflow that is called gets what it requires, and no permission that its caller lacks."""
    calls = [job for path in WORKFLOWS for job in load(path)["jobs"].values() if "uses" in job]
    assert len(calls) == 4
    for call in calls:
        called = load(ROOT / call["uses"])
        inputs = (called["on"]["workflow_call"] or {}).get("inputs", {})
        assert set(call.get("with", {})) == set(inputs)
        for job in called["jobs"].values():
            assert job["permissions"].items() <= call["permissions"].items()


def test_self_test_expects_every_output(action: dict[str, Any]) -> None:
    """Each fixture is run by this very action, and its outcome and every output are looked at."""
    found = list(steps(load(ROOT / ".github" / "workflows" / "self-test.yml")))
    runs = {step["id"]: step for step in found if step.get("uses") == "./"}
    assert set(runs) == {"passing", "diverging", "broken"}
    for name, run in runs.items():
        folder = run["with"]["working-directory"]
        assert (ROOT / folder).is_dir()
        assert run["continue-on-error"] is True
        (check,) = [step for step in found if f"steps.{name}.outcome" in json.dumps(step.get("env", {}))]
        assert check["env"]["OUTCOME"] == f"${{{{ steps.{name}.outcome }}}}"
        assert check["env"]["OUTPUTS"] == f"${{{{ toJSON(steps.{name}.outputs) }}}}"
        expected = json.loads(check["env"]["EXPECTED"])
        assert set(expected) == {"outcome", *action["outputs"]}
        command = ["bash", "-ec", check["run"].replace("python3", sys.executable)]
        environ = {"EXPECTED": check["env"]["EXPECTED"], "OUTCOME": "skipped", "OUTPUTS": "{}"}
        answer = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        assert (answer.returncode, answer.stdout.count("::error::")) == (1, len(expected)), answer.stdout


def test_the_example_ends_in_one_check() -> None:
    """One job, of a fixed name, passes if and only if all shards did, and runs whatever became of them."""
    jobs = load(EXAMPLE)["jobs"]
    last = jobs["equivalence"]
    assert (last["needs"], last["if"], last["permissions"]) == ("shard", "always()", {})
    (check,) = last["steps"]
    assert check["env"] == {"RESULT": "${{ needs.shard.result }}"}
    for result, passes in {"success": True, "failure": False, "cancelled": False, "skipped": False, "": False}.items():
        done = subprocess.run(["bash", "-ec", check["run"]], env={"RESULT": result}, check=False)
        assert (done.returncode == 0) is passes


def test_the_example_keeps_reports_of_failures() -> None:
    """Reports are kept above all when the step before failed, and of each shard under a name of its own."""
    shard = load(EXAMPLE)["jobs"]["shard"]
    (upload,) = [step for step in shard["steps"] if "upload-artifact" in step.get("uses", "")]
    assert upload["if"] == "always()"
    assert "matrix.shard" in upload["with"]["name"]
    assert shard["strategy"]["fail-fast"] is False
    assert len(shard["strategy"]["matrix"]["include"]) > 1


def test_the_example_grants_what_its_inputs_need() -> None:
    """Check runs, comments and code scanning each need a permission, and the token is the workflow's own."""
    shard = load(EXAMPLE)["jobs"]["shard"]
    (run,) = [step["with"] for step in shard["steps"] if OWN_ACTION.fullmatch(step.get("uses", ""))]
    (upload,) = [step for step in shard["steps"] if "upload-sarif" in step.get("uses", "")]
    assert (run["annotations"], run["comment"], run["token"]) == ("checks", "on-failure", "${{ github.token }}")
    assert {name for name, level in shard["permissions"].items() if level == "write"} == {
        "checks",
        "pull-requests",
        "security-events",
    }
    assert upload["with"]["sarif_file"] == run["sarif-file"]
    assert "matrix.shard" in upload["with"]["category"]
    assert upload["if"].startswith("always() && !github.event.pull_request.head.repo.fork")


def test_dependabot_leaves_the_nightlies_alone() -> None:
    """All ecosystems are watched; what nightly-pin.yml renews is not."""
    config = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    updates = {update["package-ecosystem"]: update for update in config["updates"]}
    assert set(updates) == {"github-actions", "pip", "docker"}
    assert all(update["groups"] for update in updates.values())
    ignored = {entry["dependency-name"] for entry in updates["pip"]["ignore"]}
    assert {"tf-nightly", "tf-nightly-cpu", "tf-keras-nightly"} <= ignored
    for folder in updates["docker"]["directories"]:
        assert (ROOT / folder.lstrip("/") / "Dockerfile").is_file()
