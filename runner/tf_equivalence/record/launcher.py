"""Runs builds side by side, each in a process of its own, and never lets one take down another."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tf_equivalence.plan import PlannedBuild
from tf_equivalence.record.environment import user_environment
from tf_equivalence.record.output import BoundedOutput
from tf_equivalence.record.server import WorkerServer
from tf_equivalence.recording import Fault, read_record, write_record
from tf_equivalence.stacks import stack_of_dump

_FATAL = "fatal.txt"
_DOING = "doing"
_SIGNALS = {
    "SIGKILL": ": most often the kernel's answer when memory runs out. Use smaller inputs or fewer --jobs.",
    "SIGSEGV": ": native code crashed. Look for a custom operation or an extension module in this line.",
    "SIGABRT": ": native code gave up. What it printed last, shown by --log-level debug, says why.",
    "SIGTERM": ". The runner sends none: look for what does.",
}
_DUMP_SECONDS = 1.0  # for a hanging process to say where it hangs before it is killed
_DRAIN_SECONDS = 0.5  # for the last output of a process that has ended


@dataclass(frozen=True)
class Limits:
    """How much may run, and for how long.

    Attributes:
        jobs: Processes at the same time.
        timeout_s: Seconds that one build may take.
    """

    jobs: int
    timeout_s: float


@dataclass(frozen=True)
class BuildStarted:
    """A build's process has been started."""

    planned: PlannedBuild


@dataclass(frozen=True)
class BuildEnded:
    """A build's process has ended, and its recording, whole or in part, is on disk.

    Attributes:
        planned: The build.
        seconds: Wall time.
        output: What it printed, within bounds.
    """

    planned: PlannedBuild
    seconds: float
    output: str


@dataclass
class _Running:
    planned: PlannedBuild
    descriptor: int
    since: float
    pid: int = 0
    output: BoundedOutput = field(default_factory=BoundedOutput)
    code: int | None = None
    ended_at: float = 0.0
    deadline: float = 0.0
    timed_out: bool = False


class Launcher:
    """Starts builds and yields what becomes of them. A context manager: leaving it kills what runs."""

    def __init__(
        self,
        import_path: Sequence[Path],
        limits: Limits,
        environ: Mapping[str, str],
        scratch: Path,
        packages: Path | None = None,
    ) -> None:
        """Take what all builds share.

        Args:
            import_path: Directories that user modules import from: the one that they run in first, the
                repository last.
            limits: How much may run.
            environ: Ours.
            scratch: For temporary files.
            packages: Where packages were installed for user modules alone, if anywhere.
        """
        self._import_path, self._limits = import_path, limits
        self._environ = user_environment(environ, import_path[-1])
        self._packages = packages
        self._log = scratch / "server.log"
        self._server: WorkerServer | None = None
        self._ready = False
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, _Running] = {}
        self._count = 0
        self._losses = 0
        self._waiting: deque[PlannedBuild] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for running in self._running.values():
            self._kill(running)
            self._close_output(running)
        self._running.clear()
        self._drop_server()
        self._selector.close()

    def start(self) -> None:
        """Start the worker server ahead of the first build, so that TensorFlow is imported meanwhile."""
        if self._server is None:
            self._server = WorkerServer(self._environ, self._log)
            self._ready = False
            self._selector.register(self._server.control, selectors.EVENT_READ, None)

    def enqueue(self, builds: Iterable[PlannedBuild], first: bool = False) -> None:
        """Add builds to the end of the queue, or to its beginning; also while `run` goes on."""
        if first:
            self._waiting.extendleft(reversed(list(builds)))
        else:
            self._waiting.extend(builds)

    def run(self) -> Iterator[BuildStarted | BuildEnded]:
        """Run what is queued, as many at a time as allowed, and yield events as they happen.

        Raises:
            InfrastructureError: When the worker server cannot be started or keeps dying.
        """
        while self._waiting or self._running:
            self.start()
            while self._waiting and len(self._running) < self._limits.jobs:
                planned = self._waiting[0]
                if not self._submit(planned):
                    break
                self._waiting.popleft()
                yield BuildStarted(planned)
            if self._running:
                yield from self._wait()

    def _submit(self, planned: PlannedBuild) -> bool:
        assert self._server is not None
        try:
            descriptor = self._server.submit(self._count, self._job(planned))
        except OSError:
            self._lose_server()
            return False
        os.set_blocking(descriptor, False)
        now = time.monotonic()
        running = _Running(planned, descriptor, now)
        self._running[self._count] = running
        self._selector.register(descriptor, selectors.EVENT_READ, running)
        self._count += 1
        return True

    def _job(self, planned: PlannedBuild) -> dict[str, Any]:
        inherited = [entry for entry in self._environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        return {
            "module": str(planned.case.module_path),
            "class_name": planned.case.class_name,
            "root": str(self._import_path[0]),
            "sys_path": [*map(str, self._import_path), *(os.path.abspath(entry) for entry in inherited)],
            "packages": str(self._packages or ""),
            "side": planned.build.side,
            "form": planned.build.form,
            "training": planned.build.training,
            "conditions": list(planned.conditions),
            "directory": str(planned.directory),
            "trace": planned.trace,
            "probes": planned.probes,
            "optimized": planned.optimized,
        }

    def _wait(self) -> Iterator[BuildEnded]:
        """Wait for something to happen, handle it, and yield the builds that are over."""
        for key, _ in self._selector.select(self._next_deadline()):
            if isinstance(key.data, _Running):
                self._read(key.data)
            else:
                self._handle_message()
        now = time.monotonic()
        for number, running in list(self._running.items()):
            self._enforce(running, now)
            if running.code is not None and (running.descriptor < 0 or now >= running.ended_at + _DRAIN_SECONDS):
                yield self._finish(number, now)

    def _next_deadline(self) -> float | None:
        moments = [
            running.ended_at + _DRAIN_SECONDS if running.code is not None else running.deadline
            for running in self._running.values()
            if running.code is not None or running.deadline
        ]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _read(self, running: _Running) -> None:
        try:
            data = os.read(running.descriptor, 1 << 16)
        except BlockingIOError:
            return
        if data:
            running.output.add(data)
        else:
            self._close_output(running)

    def _close_output(self, running: _Running) -> None:
        if running.descriptor >= 0:
            self._selector.unregister(running.descriptor)
            os.close(running.descriptor)
            running.descriptor = -1

    def _handle_message(self) -> None:
        assert self._server is not None
        message = self._server.receive()
        if message is None:
            self._lose_server()
        elif "started" in message:
            running = self._running[message["started"]]
            running.pid = message["pid"]
            # The clock starts here: TensorFlow's import is not the build's.
            running.since = time.monotonic()
            running.deadline = running.since + self._limits.timeout_s
        elif "ended" in message:
            running = self._running[message["ended"]]
            running.code, running.ended_at = message["code"], time.monotonic()
            self._losses = 0
            self._kill(running)  # what it left behind in its session
        else:
            self._ready = True

    def _lose_server(self) -> None:
        """Turn the jobs of a server that died into faults; give up when it never came up or dies again."""
        assert self._server is not None
        self._losses += 1
        if not self._ready or self._losses > 2:
            raise self._server.failure()
        for running in self._running.values():
            if running.code is None:
                self._kill(running)
                running.code, running.ended_at = -signal.SIGKILL, time.monotonic()
        self._drop_server()

    def _drop_server(self) -> None:
        if self._server is not None:
            self._selector.unregister(self._server.control)
            self._server.close()
            self._server = None

    def _enforce(self, running: _Running, now: float) -> None:
        """Ask a process whose time is up where it is, then kill it."""
        if running.code is not None or not running.deadline or now < running.deadline:
            return
        if running.timed_out:
            self._kill(running)
            running.deadline = 0.0
        else:
            running.timed_out = True
            running.deadline = now + _DUMP_SECONDS
            try:
                os.kill(running.pid, signal.SIGUSR1)
            except ProcessLookupError:
                running.deadline = 0.0

    @staticmethod
    def _kill(running: _Running) -> None:
        if running.pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(running.pid, signal.SIGKILL)

    def _finish(self, number: int, now: float) -> BuildEnded:
        running = self._running.pop(number)
        self._close_output(running)
        directory = running.planned.directory
        fault = self._fault(running)
        if fault is not None:
            write_record(str(directory), "fault", fault)
        return BuildEnded(running.planned, now - running.since, running.output.text())

    def _fault(self, running: _Running) -> Fault | None:
        """Return why there is no whole recording; None where there is one, or the worker said why itself."""
        directory = str(running.planned.directory)
        doing = read_record(Fault, directory, _DOING) or Fault("", "", (), "the process")
        stack = self._dumped(running) or doing.stack
        said = _why_cut_short(running, doing.phase, self._limits.timeout_s)
        if said is None or (said[0] != "timeout" and read_record(Fault, directory, "fault") is not None):
            return None
        kind, message = said
        return Fault("load" if doing.kind == "load" else kind, message, stack, doing.phase)

    @staticmethod
    def _dumped(running: _Running) -> Any:
        try:
            text = (running.planned.directory / _FATAL).read_text("utf-8", "replace")
        except OSError:
            return ()
        return stack_of_dump(text)


def _why_cut_short(running: _Running, phase: str, timeout_s: float) -> tuple[str, str] | None:
    """Return the kind and the message of a fault; None for a process that ended as it should.

    Args:
        running: The process, which has ended.
        phase: What it did last, as the subject of a sentence.
        timeout_s: What it was allowed.
    """
    code = running.code or 0
    if running.timed_out:
        return "timeout", (
            f"{phase} was still running after {timeout_s:g} s, so the process was killed. "
            "Raise --timeout if it needs longer."
        )
    if code < 0:
        name = signal.Signals(-code).name
        return "signal", f"{phase} was cut short when the process was killed by {name}{_SIGNALS.get(name, '.')}"
    complete = "trace.json" if running.planned.trace else "build.json"
    if code or not (running.planned.directory / complete).exists():
        return "exit", (
            f"{phase} ended the process with code {code} before its recording was complete. "
            "Return to the runner instead, or raise an exception that says why."
        )
    return None
