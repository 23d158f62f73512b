"""One step of a job: the container while it runs, and what GitHub knows of it afterwards."""

from __future__ import annotations

import io
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from .commands import Annotation, CommandReader, Level
from .file_commands import FileCommandError, read_pairs, read_summary


@dataclass(frozen=True)
class StepRun:
    """What GitHub knows of a step that has ended.

    Attributes:
        exit_code: Of the container.
        outcome: `success` or `failure`, as `steps.<id>.outcome` says it.
        annotations: What it shows, at most ten of each level.
        dropped: Annotations beyond those.
        outputs: `steps.<id>.outputs`.
        summary: Markdown.
        environment: What the step sets for the steps after it.
        log: What the log shows, one string a line.
        lines: Everything the container printed, one string a line.
    """

    exit_code: int
    outcome: str
    annotations: tuple[Annotation, ...]
    dropped: int
    outputs: Mapping[str, str]
    summary: str
    environment: Mapping[str, str]
    log: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def errors(self) -> tuple[Annotation, ...]:
        """The annotations that are errors."""
        return tuple(annotation for annotation in self.annotations if annotation.level is Level.ERROR)

    @property
    def counts(self) -> tuple[int, ...]:
        """The outputs that count steps: all, passed, diverged, errors, skipped."""
        return tuple(int(self.outputs[name]) for name in ("total", "passed", "diverged", "errors", "skipped"))

    @property
    def text(self) -> str:
        """The log as one text, for messages of tests."""
        return "\n".join(self.log)


@dataclass
class RunningStep:
    """A step whose container runs; leaving the block removes the container.

    Attributes:
        docker: The engine's client.
        name: Of the container.
        command: What starts it.
        environ: What it is handed.
        reader: Reads what it prints.
        files: For file commands, by variable.
        lines: What it printed so far.
    """

    docker: str
    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    reader: CommandReader
    files: Mapping[str, Path]
    lines: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._lock = threading.Lock()
        streams = (self._process.stdout, self._process.stderr)
        self._threads = [threading.Thread(target=self._read, args=(stream,)) for stream in streams]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([self.docker, "rm", "--force", self.name], capture_output=True, check=False)
        self._wait()

    def finish(self) -> StepRun:
        """Wait for the end, and return what GitHub knows then."""
        code = self._wait()
        failed = code != 0 or self.reader.failed
        try:
            environment = read_pairs(self.files["GITHUB_ENV"].read_text())
            outputs = read_pairs(self.files["GITHUB_OUTPUT"].read_text(encoding="utf-8"))
            summary = read_summary(self.files["GITHUB_STEP_SUMMARY"])
        except FileCommandError as error:
            self.reader.read(f"::error::{error}")
            environment, outputs, summary, failed = {}, {}, "", True
        return StepRun(
            code,
            "failure" if failed else "success",
            tuple(self.reader.annotations),
            self.reader.dropped.total(),
            {**self.reader.outputs, **outputs},
            summary,
            environment,
            tuple(self.reader.log),
            tuple(self.lines),
        )

    def _wait(self) -> int:
        code = self._process.wait()
        for thread in self._threads:
            thread.join()
        return code

    def _read(self, stream: IO[bytes]) -> None:
        for line in _lines(stream):
            with self._lock:
                self.lines.append(line)
                self.reader.read(line)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Yield lines as .NET does: a carriage return ends one too."""
    for line in io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline=None):
        yield line.removesuffix("\n")
