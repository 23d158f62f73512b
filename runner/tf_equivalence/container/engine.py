"""The Docker engine: the calls that are made to it, what it can do, and its errors in words."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

import docker
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.errors import APIError, DockerException, InvalidVersion
from urllib3.exceptions import HTTPError

from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.report.escape import one_line

_DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # the kernel's names, and those of images


class Container(Protocol):
    """A container, as the SDK gives it."""

    attrs: Mapping[str, Any]

    def attach(self, **options: object) -> Iterable[tuple[bytes | None, bytes | None]]:
        """Return what comes from standard output and standard error."""

    def start(self) -> None:
        """Start it."""

    def resize(self, height: int, width: int) -> None:
        """Give its terminal a size."""

    def stop(self, *, timeout: int) -> None:
        """Ask it to end, and end it after so many seconds."""

    def kill(self) -> None:
        """End it at once."""

    def wait(self) -> Mapping[str, Any]:
        """Wait for its end; `StatusCode` is its exit code."""

    def reload(self) -> None:
        """Renew `attrs`."""


class Client(Protocol):
    """The SDK's client, as far as it is used."""

    api: Any
    containers: Any
    images: Any

    def info(self) -> Mapping[str, Any]:
        """Return what the engine says about itself."""


class Connect(Protocol):
    """Makes a client of the engine that an environment names."""

    def __call__(self, environ: Mapping[str, str]) -> Client:
        """Return the client."""


@dataclass(frozen=True)
class Facts:
    """What an engine says about itself.

    Attributes:
        memory: Bytes it has; 0 where it cannot limit a container's memory.
        limits_swap: Whether it can limit swap space too.
        cpus: Processors it has.
        architecture: In the words of images, such as `amd64`.
        rootless: Whether its root is the user who runs it.
        remaps_users: Whether users inside are others outside.
        labels_files: Whether SELinux keeps containers from unlabelled files.
    """

    memory: int
    limits_swap: bool
    cpus: int
    architecture: str
    rootless: bool
    remaps_users: bool
    labels_files: bool


def connect(environ: Mapping[str, str]) -> Client:
    """Return a client of the engine that `docker` would use: DOCKER_HOST, the context, or the default socket.

    Raises:
        InfrastructureError: None answers.
        UsageError: The environment names none that can be used.
    """
    address, origin = _address(environ)
    if address.startswith("ssh:"):
        raise UsageError(
            f"{origin}: the engine at {address} is on another machine and cannot see this directory; "
            "run tf-equivalence docker there, or use an engine of this machine"
        )
    try:
        return cast("Client", docker.from_env(environment=dict(environ)))
    except InvalidVersion as error:
        raise InfrastructureError(
            f"the Docker engine at {address} is too old: {one_line(str(error))}; use Docker 20.10 or newer"
        ) from error
    except (DockerException, OSError, ValueError) as error:
        raise InfrastructureError(_no_answer(address, origin, error)) from error


def read_facts(client: Client) -> Facts:
    """Return what matters here of what the engine says about itself.

    Raises:
        InfrastructureError: It does not answer, or runs no Linux containers.
    """
    with engine_errors("cannot ask the Docker engine what it is"):
        info = client.info()
    if info.get("OSType", "linux") != "linux":
        raise InfrastructureError(
            f"the Docker engine runs {info['OSType']} containers, and this image is for Linux; "
            "switch Docker Desktop to Linux containers"
        )
    security = [part.split(",")[0] for part in info.get("SecurityOptions") or ()]
    machine = str(info.get("Architecture", ""))
    return Facts(
        memory=int(info.get("MemTotal", 0)) if info.get("MemoryLimit", True) else 0,
        limits_swap=bool(info.get("SwapLimit", True)),
        cpus=int(info.get("NCPU", 0)) or 1,
        architecture=_ARCHITECTURES.get(machine, machine),
        rootless="name=rootless" in security,
        remaps_users="name=userns" in security,
        labels_files="name=selinux" in security,
    )


@contextmanager
def engine_errors(doing: str, remedies: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turn what goes wrong with the engine into our own error.

    Args:
        doing: The message's beginning, such as `cannot start the container`.
        remedies: What to do, by a part of the engine's answer in lower case; the first that fits.

    Raises:
        InfrastructureError: In place of an exception of the SDK or the connection.
    """
    try:
        yield
    except APIError as error:
        raise InfrastructureError(f"{doing}: {explain(error.explanation or str(error), remedies or {})}") from error
    except (DockerException, HTTPError, OSError) as error:
        reason = one_line(str(_cause(error)))
        raise InfrastructureError(f"{doing}: the Docker engine does not answer any more ({reason})") from error


def explain(answer: object, remedies: Mapping[str, str]) -> str:
    """Return the engine's answer, with what to do about it where that is known."""
    said = one_line(str(answer)).rstrip(".")
    remedy = next((text for part, text in remedies.items() if part in said.lower()), "")
    return f"{said}; {remedy}" if remedy else said


def _address(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return where the engine should answer, and who says so."""
    if environ.get("DOCKER_HOST"):
        return environ["DOCKER_HOST"], "DOCKER_HOST"
    try:
        name = environ.get("DOCKER_CONTEXT") or get_current_context_name()
        context = ContextAPI.get_context(name)
    except Exception as error:
        raise UsageError(f"the Docker context cannot be read: {one_line(str(error))}; see docker context ls") from error
    if context is None:
        raise UsageError(f"there is no Docker context {name!r}; see docker context ls, or set DOCKER_HOST")
    if context.Name == "default" or not context.Host:
        return _DEFAULT_SOCKET, "the default"
    return str(context.Host), f"Docker context {context.Name!r}"


def _no_answer(address: str, origin: str, error: BaseException) -> str:
    """Say why there is no connection, and what to do."""
    cause = _cause(error)
    number = cause.errno if isinstance(cause, OSError) else None
    where = f"{address} ({origin})"
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"no permission to use the Docker engine at {where}; join its group (sudo usermod -aG docker $USER, then "
            "log in again), or run Docker rootless"
        )
    if number in (errno.ENOENT, errno.ECONNREFUSED):
        advice = "start Docker, or install it" if origin == "the default" else f"start it, or correct {origin}"
        return f"no Docker engine answers at {where}: {cause.strerror}; {advice}"  # type: ignore[attr-defined]
    reason = one_line(str(cause)).rstrip(".")
    return (
        f"cannot use the Docker engine at {where}: {reason}; check DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH"
    )


def _cause(error: BaseException) -> BaseException:
    """Return the error of the operating system behind an exception, or the innermost one there is.

    The HTTP libraries hand it on in their arguments, and as a reason, not only as the cause.
    """
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        found = queue.pop(0)
        if not isinstance(found, BaseException) or any(found is known for known in seen):
            continue
        if isinstance(found, OSError) and isinstance(found.errno, int):
            return found
        seen.append(found)
        queue += [*found.args, getattr(found, "reason", None), found.__cause__, found.__context__]
    return seen[-1]
