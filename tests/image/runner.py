"""Runs a container action as GitHub's runner does, with the real engine.

The command line, the mounts and the environment are those of `ContainerActionHandler` and
`DockerCommandManager.DockerRun` in actions/runner, and of logs of hosted runners. Only the image
is given: what `docker build` makes of the action's Dockerfile, or what a release names.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from .commands import CommandReader
from .paths import PathMap
from .step import RunningStep, StepRun

REPOSITORY = "octo/models"
SHA = "8f3c1d2e4b5a69788796a5b4c3d2e1f001020304"
_FILE_COMMANDS = {
    "GITHUB_PATH": "add_path",
    "GITHUB_ENV": "set_env",
    "GITHUB_STEP_SUMMARY": "step_summary",
    "GITHUB_STATE": "save_state",
    "GITHUB_OUTPUT": "set_output",
}
_CONTEXT = {
    "GITHUB_JOB": "equivalence",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_SHA": SHA,
    "GITHUB_REPOSITORY": REPOSITORY,
    "GITHUB_REPOSITORY_OWNER": "octo",
    "GITHUB_REPOSITORY_OWNER_ID": "583231",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_RUN_NUMBER": "3",
    "GITHUB_RETENTION_DAYS": "90",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_ACTOR_ID": "583231",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_WORKFLOW": "equivalence",
    "GITHUB_HEAD_REF": "migration",
    "GITHUB_BASE_REF": "main",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
    "GITHUB_REF_NAME": "7/merge",
    "GITHUB_REF_PROTECTED": "false",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/equivalence.yml@refs/pull/7/merge",
    "GITHUB_WORKFLOW_SHA": SHA,
    "GITHUB_REPOSITORY_ID": "1296269",
    "GITHUB_TRIGGERING_ACTOR": "octocat",
    "GITHUB_ACTION": "__org_tf-equivalence-action",
    "GITHUB_ACTION_REPOSITORY": "org/tf-equivalence-action",
    "GITHUB_ACTION_REF": "v1",
    "RUNNER_OS": "Linux",
    "RUNNER_ARCH": "X64",
    "RUNNER_NAME": "GitHub Actions 2",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "RUNNER_TOOL_CACHE": "/opt/hostedtoolcache",
    "ACTIONS_RUNTIME_URL": "https://pipelines.example/runtime/",
    "ACTIONS_CACHE_URL": "https://pipelines.example/cache/",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://pipelines.example/idtoken",
    "ACTIONS_RESULTS_URL": "https://results.example/",
    "ACTIONS_ORCHESTRATION_ID": "2a0d9c1e.equivalence.__default",
}


@dataclass(frozen=True)
class ActionRunner:
    """A runner's machine with one job on it.

    Attributes:
        docker: The engine's client.
        image: What to run in place of the action's Dockerfile.
        action: The folder of action.yml.
        work: The runner's work folder.
        options: Further options of `docker run`, which a runner never gives.
        secrets: Tokens that the environment carries, by variable.
    """

    docker: str
    image: str
    action: Path
    work: Path
    options: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(
            {name: secrets.token_hex(20) for name in ("ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")}
        )
    )

    @property
    def outputs(self) -> set[str]:
        """The outputs that action.yml declares."""
        return set(self._definition()["outputs"])

    @property
    def workspace(self) -> Path:
        """Where the repository is checked out."""
        name = REPOSITORY.rpartition("/")[2]
        return self.work / name / name

    @property
    def temp(self) -> Path:
        """The runner's folder for temporary files."""
        return self.work / "_temp"

    @property
    def paths(self) -> PathMap:
        """What the container calls the machine's folders."""
        inside = {
            self.workspace: "/github/workspace",
            self.temp / "_runner_file_commands": "/github/file_commands",
            self.temp / "_github_workflow": "/github/workflow",
            self.temp / "_github_home": "/github/home",
            self.temp: "/github/runner_temp",
        }
        return PathMap(tuple((str(path), name) for path, name in inside.items()))

    def run(self, inputs: Mapping[str, str] = MappingProxyType({}), **environ: str) -> StepRun:
        """Run the action as one step.

        Args:
            inputs: `with:`, its expressions evaluated.
            environ: `env:` of the job.
        """
        with self.start(inputs, **environ) as step:
            return step.finish()

    def start(self, inputs: Mapping[str, str] = MappingProxyType({}), **environ: str) -> RunningStep:
        """Start the step and return without waiting for it."""
        files = self._prepare()
        values = {
            **environ,
            **self._inputs(inputs),
            "HOME": str(self.temp / "_github_home"),
            **_CONTEXT,
            **self.secrets,
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_PATH": str(self.temp / "_github_workflow" / "event.json"),
            "RUNNER_TEMP": str(self.temp),
            "RUNNER_WORKSPACE": str(self.workspace.parent),
            **{name: str(path) for name, path in files.items()},
        }
        container = {name: self.paths.inside(value) for name, value in values.items()}
        # The image's name without what a container's name cannot hold.
        name = f"{re.sub('[^A-Za-z0-9_]', '', self.image)}_{secrets.token_hex(3)}"
        reader = CommandReader(str(self.workspace), self.paths)
        return RunningStep(self.docker, name, self._command(name, container), container, reader, files)

    def _prepare(self) -> dict[str, Path]:
        """Make the runner's folders and the empty files for file commands."""
        for folder in ("_github_home", "_github_workflow", "_runner_file_commands"):
            (self.temp / folder).mkdir(parents=True, exist_ok=True)
        (self.temp / "_github_workflow" / "event.json").write_text("{}\n")
        suffix = secrets.token_hex(16)
        files = {
            variable: self.temp / "_runner_file_commands" / f"{prefix}_{suffix}"
            for variable, prefix in _FILE_COMMANDS.items()
        }
        for path in files.values():
            path.touch()
        return files

    def _inputs(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of all inputs of action.yml; an undeclared one arrives too, with a warning."""
        declared: dict[str, Any] = self._definition()["inputs"]
        values = {name: str(row.get("default", "")) for name, row in declared.items()} | dict(given)
        return {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in values.items()}

    def _definition(self) -> dict[str, Any]:
        definition: dict[str, Any] = yaml.safe_load((self.action / "action.yml").read_text(encoding="utf-8"))
        unread = {"entrypoint", "args", "env", "pre-entrypoint", "post-entrypoint"} & set(definition["runs"])
        assert definition["runs"]["using"] == "docker"
        assert not unread, f"action.yml: not evaluated here: {', '.join(sorted(unread))}"
        return definition

    def _command(self, name: str, environ: Mapping[str, str]) -> list[str]:
        command = [self.docker, "run", "--name", name, "--label", "bee756", "--workdir", "/github/workspace", "--rm"]
        for variable in environ:
            command += ["-e", variable]
        command += ["-e", "GITHUB_ACTIONS=true"]
        if "CI" not in environ:
            command += ["-e", "CI=true"]
        command += ["-v", "/var/run/docker.sock:/var/run/docker.sock"]
        for outside, inside in reversed(self.paths.pairs):
            command += ["-v", f"{outside}:{inside}"]
        return [*command, *self.options, self.image]
