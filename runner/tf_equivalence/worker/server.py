"""Forks one process for each job from a process that has imported TensorFlow once.

`import tensorflow` takes seconds; a fork of a process that has only imported it starts in a
fraction of one and runs eager code, Keras and sessions correctly. The server itself never runs
user code and never starts a thread.

The protocol is one JSON message per datagram on a Unix socket of type SEQPACKET. In: a job's
fields under `job`, a number under `id`, and, as ancillary data, the descriptor that the job
writes its output to. Out: `ready` once with the versions, `started` with the process id, and
`ended` with the exit code, negative for a signal.
"""

import array
import faulthandler
import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any, Dict, List

from tf_equivalence.recording import Fault, write_record
from tf_equivalence.worker import orphans, situation
from tf_equivalence.worker.job import Job

FATAL = "fatal.txt"  # where faulthandler writes the stack of a crash, or of a hang on SIGUSR1
_MESSAGE = 1 << 20


def serve(descriptor):
    # type: (int) -> None
    """Serve jobs on this socket until it is closed by the other end."""
    control = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    _import_tensorflow()
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the launcher decides what ends when
    orphans.adopt()
    jobs = {}  # type: Dict[int, int]
    private = (descriptor, wake_read, wake_write)
    try:
        _send(control, {"ready": True})
        while True:
            sources = [control, wake_read]  # type: List[Any]
            readable, _, _ = select.select(sources, [], [])
            if wake_read in readable:
                _drain(wake_read)
                _report_ended(control, jobs)
                if not jobs:  # while others run, an orphan may be one of theirs
                    orphans.end_all()
            if control in readable:
                message, descriptors = _receive(control)
                if not message:
                    return
                _start(control, message, descriptors, private, jobs)
    except ConnectionError:  # there is nobody left to tell
        return
    finally:
        _kill_all(jobs)
        orphans.end_all()


def _import_tensorflow():
    # type: () -> None
    """Import all that every job needs, none of it user code."""
    import tensorflow as tf

    from tf_equivalence.worker import repair, run, tf1, tf2

    repair.repair_imports()
    _ = tf.keras.layers.Layer  # a lazy module


def _send(control, message):
    # type: (socket.socket, Dict[str, Any]) -> None
    control.send(json.dumps(message).encode("utf-8"))


def _receive(control):
    # type: (socket.socket) -> Any
    data, ancillary, _, _ = control.recvmsg(_MESSAGE, socket.CMSG_SPACE(array.array("i").itemsize))
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return (json.loads(data.decode("utf-8")) if data else None), list(descriptors)


def _kill_all(jobs):
    # type: (Dict[int, int]) -> None
    """End every job with all that it started."""
    for pid in jobs:
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass


def _drain(descriptor):
    # type: (int) -> None
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        pass


def _report_ended(control, jobs):
    # type: (socket.socket, Dict[int, int]) -> None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        if pid in jobs:
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            _send(control, {"ended": jobs.pop(pid), "code": code})


def _start(control, message, descriptors, private, jobs):
    # type: (socket.socket, Dict[str, Any], Any, Any, Dict[int, int]) -> None
    """Fork for one job; in the new process this does not return."""
    output = descriptors[0]
    pid = os.fork()
    if pid:
        os.close(output)
        jobs[pid] = message["id"]
        _send(control, {"started": message["id"], "pid": pid})
        return
    try:
        fields = message["job"]
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}  # type: Dict[str, Any]
        job = Job(**values)
        _become_worker(job, output, private)
        _run(job)
    finally:
        situation.leave_process(70)  # not reached: _run never returns


def _become_worker(job, output, private):
    # type: (Job, int, Any) -> None
    """Give this process a session of its own, its output, and nothing of the server's."""
    os.setsid()  # so that everything it starts can be killed with it
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in private + (output,):
        os.close(descriptor)
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    _volunteer_for_the_oom_killer()
    fatal = open(os.path.join(job.directory, FATAL), "w")
    faulthandler.enable(file=fatal)
    faulthandler.register(signal.SIGUSR1, file=fatal)
    faulthandler.register(signal.SIGTERM, file=fatal, chain=True)


def _volunteer_for_the_oom_killer():
    # type: () -> None
    """Let the kernel take this process before any other when memory runs out."""
    try:
        with open("/proc/self/oom_score_adj", "w") as stream:
            stream.write("1000")
    except OSError:
        pass


def _run(job):
    # type: (Job) -> None
    """Run the job and leave without running anybody's exit handlers."""
    pid = os.getpid()
    code = 0
    try:
        from tf_equivalence.worker.run import run_job

        situation.begin(job.directory)
        run_job(job)
    except BaseException:  # ours: user code's exceptions were turned into faults before
        code = 70
        if os.getpid() == pid:
            write_record(
                job.directory,
                "fault",
                Fault("internal", "tf-equivalence itself failed; please report this:\n" + traceback.format_exc()),
            )
    finally:
        situation.flush_output()
        situation.leave_process(code)
