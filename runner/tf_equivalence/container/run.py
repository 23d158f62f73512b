"""`tf-equivalence docker`: the run, in a container that is there for it alone."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

from docker.errors import DockerException, NotFound
from urllib3.exceptions import HTTPError

from tf_equivalence.container.engine import Client, Connect, Container, connect, engine_errors, read_facts
from tf_equivalence.container.follow import End, Follower
from tf_equivalence.container.image import Say, ensure_image, warn_of_emulation
from tf_equivalence.container.mounts import as_seen_inside, report_files, share_workspace, wanted_files, wanted_folders
from tf_equivalence.container.options import (
    ENTRYPOINT,
    check_network,
    container_options,
    fit_jobs,
    memory_limit,
    post_nothing,
)
from tf_equivalence.errors import InfrastructureError
from tf_equivalence.result import ExitCode
from tf_equivalence.settings import Settings

_KILLED = 128 + signal.SIGKILL
_CREATE_REMEDIES = {
    "bind source path does not exist": "is the engine on another machine? It has to see the same files",
    "mounts denied": "add the directory to those that Docker Desktop shares",
    "permission denied": "the engine has to be allowed to read the directory",
}
_START_REMEDIES = {
    ENTRYPOINT: "the image is none of tf-equivalence-action; check --image",
    "network": "check --network; docker network ls shows what there is",
    **_CREATE_REMEDIES,
}


def run_in_container(
    settings: Settings, environ: Mapping[str, str], stdout: TextIO, stderr: TextIO, connect_to: Connect = connect
) -> int:
    """Run the command in a container, copy what it prints as it comes, and return its exit code.

    The container is removed in every case. An interruption stops it, and keeps the reports of what
    had finished.

    Args:
        settings: Of the command `docker`.
        environ: Ours; it says where the engine is.
        stdout: For the container's standard output.
        stderr: For its standard error, and for what is to be said about image and container.
        connect_to: Makes the client of the engine.

    Raises:
        UsageError: The settings ask for what a container cannot do.
        InfrastructureError: There is no engine or no image, or the container was not let finish.
    """

    def say(text: str) -> None:
        if settings.log_level != "error":
            print(f"tf-equivalence: {text}", file=stderr, flush=True)

    workspace = share_workspace(settings.workspace)
    inside = post_nothing(as_seen_inside(settings), say)
    check_network(inside)
    client = connect_to(environ)
    facts = read_facts(client)
    inside = fit_jobs(inside, facts)
    memory = memory_limit(inside, facts)
    warn_of_emulation(ensure_image(client, settings.image, settings.pull, say), facts, say)
    terminal = stdout.isatty() and stderr.isatty()
    with report_files(wanted_files(settings, environ), settings.workspace, wanted_folders(settings)) as files:
        options = container_options(inside, (workspace, *files), environ, facts, terminal)
        with _hangup_interrupts(), _temporary_container(client, options, say) as container:
            end = Follower(container, stdout, stderr, terminal).follow(_START_REMEDIES)
    return _judge(end, memory, say)


def _judge(end: End, memory: int | None, say: Say) -> int:
    """Return the exit code, which is the container's own where that is the command's."""
    limit = f"{memory / 2**20:.0f} MiB" if memory else "what the machine has"
    hungry = f"the container needed more memory than {limit}; raise --memory, or use fewer --jobs or smaller inputs"
    if end.interrupted:
        if end.code == _KILLED:
            say("the container was killed before it could write reports")
        return ExitCode.INTERRUPTED
    if end.out_of_memory and end.code == _KILLED:
        raise InfrastructureError(hungry)
    if b"exec format error" in end.tail and end.code not in (ExitCode.PASSED, ExitCode.ERROR):
        raise InfrastructureError("the image is for another kind of processor than this machine's; check --image")
    if end.code not in list(ExitCode):
        raise InfrastructureError(f"the container ended with code {end.code}, not by itself; was it stopped?")
    if end.out_of_memory:
        say(hungry)
    return end.code


@contextmanager
def _temporary_container(client: Client, options: Mapping[str, Any], say: Say) -> Iterator[Container]:
    """Create a container, and remove it whatever happens; it has a name of ours in case no answer reaches us."""
    name = f"tf-equivalence-{secrets.token_hex(6)}"
    try:
        with engine_errors("cannot create the container", _CREATE_REMEDIES):
            container = client.containers.create(name=name, **options)
        yield cast("Container", container)
    finally:
        with _handled(signal.SIGINT, signal.SIG_IGN):
            _remove(client, name, say)


def _remove(client: Client, name: str, say: Say) -> None:
    try:
        client.api.remove_container(name, force=True, v=True)
    except NotFound:
        pass
    except (DockerException, HTTPError, OSError):
        say(f"the container may still be there; remove it with docker rm --force {name}")


@contextmanager
def _hangup_interrupts() -> Iterator[None]:
    """Let a terminal that is closed be an interruption, unless the user has asked to ignore it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    with _handled(signal.SIGHUP, signal.SIG_IGN if ignored else interrupt):
        yield


@contextmanager
def _handled(number: signal.Signals, handler: Any) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
