"""Follows a container from its start to its end, and stops it when it is interrupted."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from docker.errors import APIError

from tf_equivalence.container.engine import Container, engine_errors
from tf_equivalence.container.stream import OutputPump

_STOP_SECONDS = 20  # for the command inside to end its workers and to write reports of what finished
_TICK_SECONDS = 0.5


@dataclass(frozen=True)
class End:
    """How a container ended.

    Attributes:
        code: Its exit code.
        interrupted: Whether we stopped it.
        out_of_memory: Whether a process in it was killed for want of memory.
        tail: The last bytes that it printed.
    """

    code: int
    interrupted: bool
    out_of_memory: bool
    tail: bytes


class Follower:
    """One container, its output and our streams."""

    def __init__(self, container: Container, stdout: TextIO, stderr: TextIO, terminal: bool) -> None:
        """Take the container and where its output goes.

        Args:
            container: Not started yet.
            stdout: For its standard output.
            stderr: For its standard error.
            terminal: Whether it has a terminal, which is to have the size of ours.
        """
        self._container, self._stdout, self._stderr, self._terminal = container, stdout, stderr, terminal
        self._size: os.terminal_size | None = None

    def follow(self, start_remedies: dict[str, str]) -> End:
        """Start the container and wait for its end; an interruption stops it, a second one kills it.

        Args:
            start_remedies: What to do if it cannot be started, by a part of the engine's answer.

        Raises:
            InfrastructureError: The engine refuses, or is gone.
            OSError: Our streams take no more.
        """
        with engine_errors("cannot start the container", start_remedies):
            # Before the start, or its first words would be lost.
            frames = self._container.attach(stdout=True, stderr=True, stream=True, demux=True)
            self._container.start()
        pump = OutputPump(frames, self._stdout, self._stderr)
        pump.start()
        interrupted = self._wait(pump)
        if pump.error is not None:
            raise pump.error
        with engine_errors("cannot learn how the container ended"):
            code = int(self._container.wait()["StatusCode"])
            self._container.reload()
        return End(code, interrupted, bool(self._container.attrs["State"].get("OOMKilled")), pump.tail)

    def _wait(self, pump: OutputPump) -> bool:
        """Wait for the end of the output, and return whether we brought it about."""
        try:
            self._drain(pump)
        except KeyboardInterrupt:
            self._stop(pump)
            return True
        return False

    def _stop(self, pump: OutputPump) -> None:
        with engine_errors("cannot stop the container"):
            try:
                self._container.stop(timeout=_STOP_SECONDS)
                self._drain(pump)
            except KeyboardInterrupt:
                with suppress(APIError):  # it has ended meanwhile
                    self._container.kill()

    def _drain(self, pump: OutputPump) -> None:
        while True:
            self._fit_terminal()
            if pump.wait(_TICK_SECONDS):
                return

    def _fit_terminal(self) -> None:
        if not self._terminal:
            return
        size = os.get_terminal_size(self._stdout.fileno())
        if size != self._size and size.columns:
            self._size = size
            with suppress(APIError):  # it has ended meanwhile
                self._container.resize(height=size.lines, width=size.columns)
