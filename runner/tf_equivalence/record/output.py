"""What a worker printed, kept within bounds, TensorFlow's own log told apart."""

from __future__ import annotations

import re
from collections import deque

HEAD = 64 * 1024
TAIL = 192 * 1024

# Log lines of absl, TensorFlow and XLA, and the Python warnings that importing and running v1 code gives.
_NOISE = re.compile(
    r"""^(
      \d{4}-\d\d-\d\d\ \d\d:\d\d:\d\d\.\d+:\ [IWEF]\ \S+:\d+\]
    | [IWEF]\d{4}\ \d\d:\d\d:\d+\.\d+\s+\d+\ \S+:\d+\]
    | WARNING:\ All\ log\ messages\ before\ absl
    | (WARNING|INFO|ERROR):tensorflow:
    | WARNING:absl:
    | To\ enable\ the\ following\ instructions
    | ===\ Source\ Location\ Trace
    | external/\S+\.(cc|h):\d+$
    | .*/(tensorflow|tf_keras|tf_slim|keras)/\S*\.py:\d+:\ \w*Warning:
    | \ \ (warnings\.warn|return|self\.)
    | Instructions\ for\ updating
    )""",
    re.VERBOSE,
)


class BoundedOutput:
    """The beginning and the end of a stream of bytes, whatever its length."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        room = HEAD - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) >= TAIL:
            gone = self._tail.popleft()
            self._tail_size -= len(gone)
            self._dropped += len(gone)

    def text(self) -> str:
        """Return what was kept, undecodable bytes escaped."""
        tail = b"".join(self._tail)
        middle = f"\n[… {self._dropped} bytes left out …]\n".encode() if self._dropped else b""
        return (bytes(self._head) + middle + tail).decode("utf-8", "backslashreplace")


def split_log(text: str) -> tuple[str, str]:
    """Return (what user code printed, TensorFlow's log)."""
    printed: list[str] = []
    log: list[str] = []
    advised = False  # whether this line is the advice that the line before announced
    for line in text.splitlines():
        (log if advised or _NOISE.match(line) else printed).append(line)
        advised = line.startswith("Instructions for updating")
    return "\n".join(printed).strip("\n"), "\n".join(log)
