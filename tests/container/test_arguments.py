"""The container decides as the host has decided."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tf_equivalence.container.arguments import run_arguments
from tf_equivalence.options import OPTIONS
from tf_equivalence.settings import Settings, read_settings
from tf_equivalence.steps import STEPS

# A value for every option, so that a new one is not forgotten; None for those of the container.
EVERY_OPTION = {
    "paths": ["nets", "-dash"],
    "exclude": ["--exclude=old/**", "--exclude=-x,y"],
    "steps": ["--step", "named-weights,constant-weights"],
    "case": ["--case=-Net*", "--case", "a b"],
    "working-directory": ["--working-directory", "nets"],
    "config": ["--config", "other.toml"],
    "requirements": ["--requirements", "r.txt", "--requirements", "pyproject.toml[dev,test]"],
    "jobs": ["--jobs", "3"],
    "probes": ["--probes", "5"],
    "min-power": ["--min-power", "0.5"],
    "timeout": ["--timeout", "0.1"],
    "log-level": ["--log-level", "debug"],
    "reference": ["--reference", "tf1.15"],
    "tolerance": ["--tolerance", "guide"],
    "rtol": ["--rtol", "1e-7", "--atol", "0"],
    "atol": ["--rtol", "0", "--atol", "3e-300"],
    "junit-file": ["--junit-file", "out/j.xml"],
    "junit-flavor": ["--junit-flavor", "jenkins"],
    "json-file": ["--json-file", "/elsewhere/r.json"],
    "trace": ["--trace", "out/t.txt"],
    "sarif-file": ["--sarif-file", "out/r.sarif"],
    "html-file": ["--html-file", "out/r.html"],
    "checkpoint-dir": ["--checkpoint-dir", "out/kept"],
    "annotations": ["--annotations", "checks"],
    "max-annotations": ["--max-annotations", "4"],
    "job-summary": ["--job-summary", "s.md"],
    "comment": ["--comment", "on-failure"],
    "token": None,
    "path-prefix": ["--path-prefix", "ml/nets"],
    "fail-on": ["--fail-on", "never"],
    "fail-on-empty": ["--no-fail-on-empty"],
    "image": None,
    "pull": None,
    "network": None,
    "memory": None,
    "cpus": None,
    "tf1": None,
    "tf2": None,
    "input": None,
    "output": None,
    "layer": None,
    "workflow": None,
    "force": None,
    "yes": None,
    "topics": None,
}

TABLE = """\
[tool.tf-equivalence]
paths = ["old"]
exclude = ["a/**"]
steps = ["named-weights"]
case = ["Old"]
jobs = 2
timeout = 5
log-level = "info"
junit-file = "table.xml"
junit-flavor = "jenkins"
json-file = "table.json"
annotations = "commands"
max-annotations = 3
job-summary = "table.md"
path-prefix = "table"
fail-on = "never"
fail-on-empty = false
memory = "7g"
image = "mine"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with a directory, and a table that has to be asked for."""
    (tmp_path / "nets").mkdir()
    (tmp_path / "other.toml").write_text("[tool.tf-equivalence]\ncase = ['Other']\n")
    return tmp_path


def decided_inside(settings: Settings) -> Settings:
    """Return what `run` makes of the arguments in a container, with what is the host's alone put back."""
    inside = read_settings(run_arguments(settings), {}, settings.workspace, tuple(STEPS))
    assert inside.command == "run"
    names = ["command", *(option.field for option in OPTIONS if "run" not in option.commands)]
    unused = ["tolerance"] if settings.rtol is not None else []
    return dataclasses.replace(inside, **{name: getattr(settings, name) for name in [*names, *unused]})


@pytest.mark.parametrize("name", [option.name for option in OPTIONS if EVERY_OPTION[option.name] is not None])
@pytest.mark.parametrize("with_table", [False, True], ids=["plain", "table"])
def test_every_option_is_handed_on(workspace: Path, name: str, with_table: bool) -> None:
    """What is given here is decided inside, with a table in the mounted tree or without."""
    if with_table:
        (workspace / "pyproject.toml").write_text(TABLE)
    words = EVERY_OPTION[name]
    assert words is not None
    if name == "paths":
        words = ["--", *words]
    settings = read_settings(["docker", *words], {}, workspace, tuple(STEPS))
    if not with_table:
        assert settings != read_settings(["docker"], {}, workspace, tuple(STEPS))
    assert decided_inside(settings) == settings


@pytest.mark.parametrize(
    "words",
    [
        ["--jobs", "0"],
        ["--path-prefix", "."],
        ["--job-summary", "false"],
        ["--fail-on-empty", "--fail-on", "failures"],
        ["--steps", ",".join(STEPS)],
        ["--annotations", "none", "--log-level", "warning", "--timeout", "600", "--max-annotations", "10"],
        ["--tolerance", "measured"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("tolerance", ['tolerance = "guide"', "rtol = 0.1\natol = 0.2"], ids=["preset", "pair"])
def test_a_default_on_the_command_line_beats_the_table(workspace: Path, words: list[str], tolerance: str) -> None:
    """The table in the mounted tree is read again, and changes nothing."""
    (workspace / "pyproject.toml").write_text(f"{TABLE}{tolerance}\n")
    settings = read_settings(["docker", *words], {}, workspace, tuple(STEPS))
    assert decided_inside(settings) == settings


def test_what_was_not_said_is_left_to_the_command_inside(workspace: Path) -> None:
    """Without a table, no more words are needed than there are decisions."""
    settings = read_settings(["docker"], {}, workspace, tuple(STEPS))
    words = run_arguments(settings)
    assert not [word for word in words if word.startswith(("--jobs", "--timeout", "--fail-on", "--json-file"))]


def test_a_token_stays_outside(workspace: Path) -> None:
    """Neither the arguments of the container nor its settings hold it: any user of the machine may inspect both."""
    token = "ghs_0123456789abcdef"
    words = ["docker", "--annotations", "checks", "--comment", "always"]
    settings = read_settings(words, {"INPUT_TOKEN": token, "GITHUB_TOKEN": token}, workspace, tuple(STEPS))
    assert settings.token == token
    assert token not in " ".join(run_arguments(settings))


def test_no_argument_is_for_the_container_itself(workspace: Path) -> None:
    """Image, network and limits are the host's business."""
    words = ["docker", "--image", "x", "--pull", "never", "--network", "bridge", "--memory", "1g", "--cpus", "1"]
    arguments = run_arguments(read_settings(words, {}, workspace, tuple(STEPS)))
    assert not [word for word in arguments if word.startswith(("--image", "--pull", "--network", "--memory", "--cpus"))]
