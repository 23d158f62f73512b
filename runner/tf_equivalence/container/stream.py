"""Copies what a container prints to the streams of this process, as it comes."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

from urllib3.exceptions import HTTPError

from tf_equivalence.report.escape import encodable

_TAIL = 4096  # bytes


class OutputPump:
    """Copies in a thread of its own, so that an interrupted wait loses no output.

    Attributes:
        error: What kept it from writing, such as a reader that has gone.
        tail: The last bytes, of both streams.
    """

    def __init__(self, frames: Iterable[tuple[bytes | None, bytes | None]], stdout: TextIO, stderr: TextIO) -> None:
        """Take where from and where to.

        Args:
            frames: Pieces of standard output and of standard error, one of them None.
            stdout: For the first.
            stderr: For the second.
        """
        self.error: OSError | None = None
        self.tail = b""
        self._frames = frames
        self._streams = (stdout, stderr)
        # A character may be cut in two between pieces.
        self._decoders = tuple(codecs.getincrementaldecoder("utf-8")("replace") for _ in self._streams)
        self._thread = threading.Thread(target=self._copy, name="container output", daemon=True)

    def start(self) -> None:
        """Begin to copy."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the output, at most so long; return whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _copy(self) -> None:
        with suppress(OSError, HTTPError):  # the engine is gone; whoever asks it how the container ended learns that
            for frame in self._frames:
                if not self._write(frame):
                    return

    def _write(self, frame: tuple[bytes | None, bytes | None]) -> bool:
        """Write a piece, and return whether it was taken."""
        try:
            for stream, decoder, data in zip(self._streams, self._decoders, frame, strict=True):
                if data:
                    self.tail = (self.tail + data)[-_TAIL:]
                    stream.write(encodable(decoder.decode(data), stream.encoding))
                    stream.flush()
        except OSError as error:
            self.error = error
        return self.error is None
