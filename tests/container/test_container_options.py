"""What a container is created with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tf_equivalence.container.engine import Facts
from tf_equivalence.container.mounts import Shared
from tf_equivalence.container.options import check_network, container_options, fit_jobs, memory_limit
from tf_equivalence.errors import UsageError
from tf_equivalence.settings import Settings, read_settings
from tf_equivalence.steps import STEPS

GIB = 2**30
FACTS = Facts(10 * GIB, True, 4, "amd64", rootless=False, remaps_users=False, labels_files=False)
TOKENS = {"GITHUB_TOKEN": "t", "ACTIONS_RUNTIME_TOKEN": "t", "INPUT_JOBS": "1", "AWS_SECRET_ACCESS_KEY": "t"}


def settings(workspace: Path, *words: str, **environ: str) -> Settings:
    """Return the settings of a run in this directory."""
    return read_settings(["docker", *words], environ, workspace, tuple(STEPS))


def facts(**changes: Any) -> Facts:
    """Return an engine that is not like most."""
    return Facts(**{**vars(FACTS), **changes})


def options(given: Settings, about: Facts = FACTS, terminal: bool = False, **environ: str) -> dict[str, Any]:
    """Return the options for these settings."""
    shared = (Shared(given.workspace, given.workspace, True), Shared(Path("/a b:c,d/r"), Path("/a b:c,d/r"), False))
    return container_options(given, shared, environ, about, terminal)


def as_user(monkeypatch: pytest.MonkeyPatch, user: int, group: int, *groups: int) -> None:
    """Let the process seem to be a user's."""
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "getegid", lambda: group)
    monkeypatch.setattr(os, "getgroups", lambda: list(groups))


def test_what_is_shared(tmp_path: Path) -> None:
    """Mounts are binds of what exists, whatever its name holds, and the container starts in the workspace."""
    found = options(settings(tmp_path))
    mounts = [(mount["Type"], mount["Source"], mount["Target"], mount["ReadOnly"]) for mount in found["mounts"]]
    assert mounts == [
        ("bind", str(tmp_path), str(tmp_path), True),
        ("bind", "/a b:c,d/r", "/a b:c,d/r", False),
    ]
    assert found["working_dir"] == str(tmp_path)
    assert found["command"][0] == "run"
    assert found["entrypoint"] == ["/opt/tf-equivalence/bin/tf-equivalence"]


def test_a_users_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the user's, with the user's groups and no rights beyond."""
    as_user(monkeypatch, 1000, 1001, 1001, 27)
    found = options(settings(tmp_path))
    assert (found["user"], found["group_add"]) == ("1000:1001", ["1001", "27"])
    assert (found["cap_drop"], found["cap_add"], found["userns_mode"]) == (["ALL"], [], None)
    assert found["security_opt"] == ["no-new-privileges"]


@pytest.mark.parametrize("user", [0, 1000])
def test_a_rootless_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    """There, root inside is whoever runs the engine."""
    as_user(monkeypatch, user, user, user)
    found = options(settings(tmp_path), facts(rootless=True, remaps_users=True))
    assert (found["user"], found["group_add"], found["userns_mode"]) == ("0:0", [], None)


def test_root_and_other_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read and write others' files, and nothing else; remapping and labels are turned off."""
    as_user(monkeypatch, 0, 0, 0)
    found = options(settings(tmp_path), facts(remaps_users=True, labels_files=True))
    assert (found["user"], found["cap_drop"], found["cap_add"]) == ("0:0", ["ALL"], ["DAC_OVERRIDE"])
    assert found["userns_mode"] == "host"
    assert found["security_opt"] == ["no-new-privileges", "label=disable"]


def test_environment(tmp_path: Path) -> None:
    """It holds what reports need, and no secrets."""
    assert options(settings(tmp_path), **TOKENS, TERM="xterm", HOME="/root")["environment"] == {
        "HOME": "/tmp",
        "USER": "user",
    }
    workflow = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "o")}
    source = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": "c"}
    found = options(settings(tmp_path, **workflow), **workflow, **source, **TOKENS, GITHUB_ENV="/e")["environment"]
    assert found == {"HOME": "/tmp", "USER": "user", **workflow, **source}
    shown = options(settings(tmp_path), terminal=True, TERM="xterm", NO_COLOR="1", COLUMNS="80")
    assert shown["environment"] == {"HOME": "/tmp", "USER": "user", "TERM": "xterm", "NO_COLOR": "1"}
    assert shown["tty"] is True


def test_network(tmp_path: Path) -> None:
    """There is none unless asked for; requirements need one."""
    found = options(settings(tmp_path))
    assert (found["network_mode"], found["use_config_proxy"]) == ("none", False)
    asked = options(settings(tmp_path, "--network", "bridge"))
    assert (asked["network_mode"], asked["use_config_proxy"]) == ("bridge", True)
    check_network(settings(tmp_path, "--requirements", "r.txt", "--network", "bridge"))
    with pytest.raises(UsageError, match=r"requirements: 'r\.txt' .*add --network bridge$"):
        check_network(settings(tmp_path, "--requirements", "r.txt"))


def test_memory(tmp_path: Path) -> None:
    """Nine tenths of what the engine has, or what was asked for; swap space would only hide that it is too little."""
    found = options(settings(tmp_path))
    assert found["mem_limit"] == found["memswap_limit"] == 9 * GIB
    asked = options(settings(tmp_path, "--memory", "3g"), facts(limits_swap=False))
    assert (asked["mem_limit"], asked["memswap_limit"]) == (3 * GIB, None)
    unlimited = facts(memory=0)
    assert memory_limit(settings(tmp_path), unlimited) is None
    with pytest.raises(UsageError, match="memory: this Docker engine cannot limit memory"):
        memory_limit(settings(tmp_path, "--memory", "3g"), unlimited)


@pytest.mark.parametrize(
    ("words", "jobs"),
    [([], 0), (["--cpus", "1.5"], 2), (["--cpus", "4"], 4), (["--cpus", "2", "--jobs", "3"], 3)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_jobs_fit_the_processors(tmp_path: Path, words: list[str], jobs: int) -> None:
    """Inside, all processors are seen, so the host says how many processes to start."""
    assert fit_jobs(settings(tmp_path, *words), FACTS).jobs == jobs


def test_processors(tmp_path: Path) -> None:
    """A limit is given in billionths, and must be one that the engine can give."""
    assert options(settings(tmp_path))["nano_cpus"] is None
    assert options(settings(tmp_path, "--cpus", "1.5"))["nano_cpus"] == 1_500_000_000
    for number in ("4.5", "0.001"):
        with pytest.raises(UsageError, match=f"cpus: must be from 0.01 to the engine's 4, got {number}"):
            fit_jobs(settings(tmp_path, "--cpus", number), FACTS)


def test_processes_are_limited(tmp_path: Path) -> None:
    """More jobs need more threads; a fork bomb does not get them."""
    few, many = (options(settings(tmp_path, "--jobs", jobs))["pids_limit"] for jobs in ("1", "64"))
    assert 500 < few < many < 32768
