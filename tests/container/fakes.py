"""An engine in memory: it has images, takes one container, and says what it is told to say."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import requests
from docker.errors import APIError, ImageNotFound, NotFound

Frame = tuple[bytes | None, bytes | None]

INFO: Mapping[str, Any] = {
    "OSType": "linux",
    "Architecture": "x86_64",
    "NCPU": 4,
    "MemTotal": 10 * 2**30,
    "MemoryLimit": True,
    "SwapLimit": True,
    "SecurityOptions": ["name=seccomp,profile=default"],
}


def answer(status: int, text: str, kind: type[APIError] = APIError) -> APIError:
    """Return an error as the SDK makes it from an engine's answer."""
    response = requests.Response()
    response.status_code = status
    return kind("", response=response, explanation=text)


@dataclass
class FakeContainer:
    """A container that prints its frames and ends, or goes on until it is stopped.

    Attributes:
        frames: What it prints.
        code: How it ends.
        endless: Whether it has to be stopped.
        stubborn: Whether it does not even end then.
        start_error: What the engine says instead of starting it.
        oom: Whether it ran out of memory.
        calls: What was done to it, in order.
    """

    frames: tuple[Frame, ...] = ()
    code: int = 0
    endless: bool = False
    stubborn: bool = False
    start_error: Exception | None = None
    oom: bool = False
    calls: list[str] = field(default_factory=list)
    attrs: dict[str, Any] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def attach(self, **options: object) -> Iterator[Frame]:
        """Print, then wait for the end."""
        assert options == {"stdout": True, "stderr": True, "stream": True, "demux": True}
        self.calls.append("attach")
        return self._print()

    def _print(self) -> Iterator[Frame]:
        yield from self.frames
        if self.endless:
            self.ended.wait()

    def start(self) -> None:
        """Start, or not."""
        self.calls.append("start")
        if self.start_error is not None:
            raise self.start_error

    def resize(self, height: int, width: int) -> None:
        """Take a size."""
        self.calls.append(f"resize {width}x{height}")

    def stop(self, *, timeout: int) -> None:
        """End, unless it is stubborn: then whoever waits is in for a second Ctrl-C."""
        self.calls.append("stop")
        if self.stubborn:
            raise KeyboardInterrupt
        self.ended.set()

    def kill(self) -> None:
        """End in any case."""
        self.calls.append("kill")
        self.code = 137
        self.ended.set()

    def wait(self) -> dict[str, Any]:
        """Return the exit code."""
        return {"StatusCode": self.code, "Error": None}

    def reload(self) -> None:
        """Tell the state."""
        self.attrs = {"State": {"OOMKilled": self.oom}}


@dataclass
class FakeEngine:
    """An engine.

    Attributes:
        container: The one that is created.
        images_there: Architectures by name.
        images_to_pull: The same, for a registry.
        pull_lines: What it says while it pulls.
        facts: What it says about itself.
        create_error: What it says instead of creating a container.
        created: The options of the container.
        removed: Names of removed containers.
    """

    container: FakeContainer = field(default_factory=FakeContainer)
    images_there: dict[str, str] = field(default_factory=lambda: {"ours": "amd64"})
    images_to_pull: dict[str, str] = field(default_factory=dict)
    pull_lines: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=lambda: INFO)
    create_error: Exception | None = None
    created: dict[str, Any] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    pulled: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.images = SimpleNamespace(get=self._image)
        self.containers = SimpleNamespace(create=self._create)
        self.api = SimpleNamespace(pull=self._pull, remove_container=self._remove)

    def __call__(self, environ: Mapping[str, str]) -> FakeEngine:
        """Be what connects to itself."""
        return self

    def info(self) -> Mapping[str, Any]:
        """Tell about itself."""
        return self.facts

    def _image(self, name: str) -> SimpleNamespace:
        if " " in name:
            raise answer(400, "invalid reference format")
        if name not in self.images_there:
            raise answer(404, f"No such image: {name}", ImageNotFound)
        return SimpleNamespace(attrs={"Architecture": self.images_there[name]})

    def _pull(self, name: str, *, stream: bool, decode: bool) -> Iterator[Mapping[str, Any]]:
        assert stream
        assert decode
        self.pulled.append(name)
        if name not in self.images_to_pull and not self.pull_lines:
            raise answer(404, f"pull access denied for {name}, repository does not exist", ImageNotFound)
        if name in self.images_to_pull:
            self.images_there[name] = self.images_to_pull[name]
        return iter(self.pull_lines)

    def _create(self, **options: Any) -> FakeContainer:
        if self.create_error is not None:
            raise self.create_error
        self.created = options
        return self.container

    def _remove(self, name: str, *, force: bool, v: bool) -> None:
        assert force
        assert v
        if name != self.created.get("name"):
            raise answer(404, f"No such container: {name}", NotFound)
        self.removed.append(name)
