"""Reaching an engine, and saying what keeps us from it."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
import pytest
import requests
from docker.context.config import get_context_id
from docker.errors import DockerException, InvalidVersion
from urllib3.exceptions import ProtocolError

from tf_equivalence.container.engine import connect, engine_errors, read_facts
from tf_equivalence.errors import InfrastructureError, UsageError

from .fakes import INFO, FakeEngine, answer


@pytest.fixture(autouse=True)
def no_contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own contexts do not count; return where those of the test go."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    return folder


_CHECK = "check DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:9", "no Docker engine answers at {}: Connection refused; start it, or correct DOCKER_HOST"),
        ("unix:///none", "no Docker engine answers at {}: No such file or directory; start it, or correct DOCKER_HOST"),
        ("odd", f"cannot use the Docker engine at {{}}: Invalid bind address format: port is required: odd; {_CHECK}"),
    ],
)
def test_no_engine(address: str, said: str) -> None:
    """The message says where, who says so, what happened, and what to do."""
    with pytest.raises(InfrastructureError) as error:
        connect({"DOCKER_HOST": address})
    assert str(error.value) == said.format(f"{address} (DOCKER_HOST)")


def test_no_certificate(tmp_path: Path) -> None:
    """What the library says of it, and the variables that it comes from."""
    with pytest.raises(InfrastructureError, match=f"Path to a certificate and key files must be provided.*{_CHECK}$"):
        connect({"DOCKER_HOST": "tcp://127.0.0.1:9", "DOCKER_CERT_PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (PermissionError(13, "Permission denied"), "no permission to use the Docker engine at unix:///var/run/docker"),
        (FileNotFoundError(2, "No such file or directory"), "No such file or directory; start Docker, or install it"),
    ],
    ids=["denied", "missing"],
)
def test_the_default_socket(monkeypatch: pytest.MonkeyPatch, failure: OSError, said: str) -> None:
    """Without a word about where, the advice is about Docker itself."""

    def refuse(**_: object) -> None:
        cause = requests.exceptions.ConnectionError(ProtocolError("Connection aborted.", failure))
        raise DockerException("Error while fetching server API version") from cause

    monkeypatch.setattr(docker, "from_env", refuse)
    with pytest.raises(InfrastructureError) as error:
        connect({})
    assert said in str(error.value)


def test_an_engine_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library and the engine have no version of the interface in common."""

    def refuse(**_: object) -> None:
        raise InvalidVersion("API versions below 1.24 are no longer supported by this library.")

    monkeypatch.setattr(docker, "from_env", refuse)
    with pytest.raises(InfrastructureError, match=r"too old: API versions below 1\.24.*use Docker 20\.10 or newer$"):
        connect({})


def test_an_engine_on_another_machine() -> None:
    """It cannot mount what is here."""
    with pytest.raises(UsageError, match="DOCKER_HOST: the engine at ssh://me@host is on another machine"):
        connect({"DOCKER_HOST": "ssh://me@host"})


@pytest.mark.parametrize("where", ["variable", "file"])
def test_an_unknown_context(no_contexts: Path, where: str) -> None:
    """The SDK would silently take the default socket."""
    (no_contexts / "config.json").write_text(json.dumps({"currentContext": "gone"} if where == "file" else {}))
    with pytest.raises(UsageError, match="there is no Docker context 'gone'; see docker context ls"):
        connect({"DOCKER_CONTEXT": "gone"} if where == "variable" else {})


def test_a_context(no_contexts: Path, tmp_path: Path) -> None:
    """The engine that `docker` would use is used, and named."""
    address = f"unix://{tmp_path}/engine.sock"
    folder = no_contexts / "contexts" / "meta" / get_context_id("mine")
    folder.mkdir(parents=True)
    meta = {"Name": "mine", "Metadata": {}, "Endpoints": {"docker": {"Host": address, "SkipTLSVerify": False}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    (no_contexts / "config.json").write_text(json.dumps({"currentContext": "mine"}))
    with pytest.raises(InfrastructureError, match=r"engine\.sock \(Docker context 'mine'\): No such file"):
        connect({})


def test_a_listener_that_is_no_engine() -> None:
    """Whatever answers, the message is one line and ours."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.listen()
        server.settimeout(0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("docker.api.client.DEFAULT_TIMEOUT_SECONDS", 1)
            patch.setattr("docker.client.DEFAULT_TIMEOUT_SECONDS", 1)
            with pytest.raises(InfrastructureError, match=f"127.0.0.1:{port} .DOCKER_HOST.*timed out"):
                connect({"DOCKER_HOST": f"tcp://127.0.0.1:{port}"})


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({}, "memory", 10 * 2**30),
        ({"MemoryLimit": False}, "memory", 0),
        ({"SwapLimit": False}, "limits_swap", False),
        ({"Architecture": "aarch64"}, "architecture", "arm64"),
        ({}, "architecture", "amd64"),
        ({"NCPU": 7}, "cpus", 7),
        ({"SecurityOptions": ["name=rootless"]}, "rootless", True),
        ({"SecurityOptions": ["name=userns"]}, "remaps_users", True),
        ({"SecurityOptions": ["name=selinux,foo=bar"]}, "labels_files", True),
        ({"SecurityOptions": None}, "rootless", False),
    ],
)
def test_facts(changes: Mapping[str, Any], name: str, value: object) -> None:
    """What the engine says about itself is read in one place."""
    assert getattr(read_facts(FakeEngine(facts={**INFO, **changes})), name) == value


def test_windows_containers() -> None:
    """There is no image for them."""
    with pytest.raises(InfrastructureError, match=r"runs windows containers.*switch Docker Desktop to Linux"):
        read_facts(FakeEngine(facts={**INFO, "OSType": "windows"}))


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (
            answer(400, "Bind source path\ndoes not exist: /x."),
            "doing: Bind source path does not exist: /x; look there",
        ),
        (answer(500, "strange"), "doing: strange"),
        (ConnectionResetError(104, "Connection reset by peer"), "does not answer any more .*reset by peer"),
        (ProtocolError("Connection broken", EOFError()), "does not answer any more"),
        (DockerException("odd"), "does not answer any more .odd"),
    ],
)
def test_errors_are_one_line(failure: Exception, said: str) -> None:
    """What the engine says is kept, with a remedy where one is known."""
    with pytest.raises(InfrastructureError, match=said), engine_errors("doing", {"bind source": "look there"}):
        raise failure
