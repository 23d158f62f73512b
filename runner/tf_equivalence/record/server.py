"""The launcher's end of a worker server: the only code that knows how workers are started."""

from __future__ import annotations

import array
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tf_equivalence.errors import InfrastructureError

_MESSAGE = 1 << 20
_CLOSING_SECONDS = 5.0  # most of them for ending the processes that user code left


def worker_environment(environ: Mapping[str, str], temporary: Path) -> dict[str, str]:
    """Return the environment for a worker: legacy Keras selected, temporary files in a folder of the run.

    Args:
        environ: What user code may see.
        temporary: For temporary files; AutoGraph leaves one for each function that it converts.
    """
    kept = dict(environ)
    kept["TF_USE_LEGACY_KERAS"] = "1"
    kept["TMPDIR"] = str(temporary)
    # Keras writes its settings to the home directory, where there are none yet.
    if "KERAS_HOME" not in kept and not Path(kept.get("HOME") or "/", ".keras").is_dir():
        kept["KERAS_HOME"] = str(temporary / "keras")
    # NumPy's own threads would spin against TensorFlow's, in every worker.
    kept.setdefault("OPENBLAS_NUM_THREADS", "1")
    return kept


class WorkerServer:
    """A running worker server.

    Attributes:
        control: The socket to wait on for messages.
    """

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        self._log = log
        temporary = log.parent / "temporary"
        temporary.mkdir(exist_ok=True)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, log.open("ab") as stream:
            # -P: a user's own `tf_equivalence` or `tensorflow` directory must not be imported instead.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tf_equivalence.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                pass_fds=[theirs.fileno()],
                env=worker_environment(environ, temporary),
                start_new_session=True,
            )

    def submit(self, number: int, job: Mapping[str, Any]) -> int:
        """Start a job and return the reading end of its output.

        Raises:
            OSError: When the server has gone.
        """
        reading, writing = os.pipe()
        try:
            message = json.dumps({"id": number, "job": job}).encode()
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [writing]))
            self.control.sendmsg([message], [rights])
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return reading

    def receive(self) -> dict[str, Any] | None:
        """Return the next message; None when the server has gone."""
        try:
            data = self.control.recv(_MESSAGE)
        except OSError:
            return None
        return json.loads(data) if data else None

    def failure(self) -> InfrastructureError:
        """Return the error that says why the server ended by itself."""
        code = self._process.wait()
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else "it printed nothing"
        return InfrastructureError(
            f"the worker server, which imports TensorFlow, ended with code {code}: {last}. "
            f"Check the installation with `python -c 'import tensorflow'`."
        )

    def close(self) -> None:
        """End the server, which ends what its jobs left behind; those must have been killed before."""
        self.control.close()
        try:
            self._process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
