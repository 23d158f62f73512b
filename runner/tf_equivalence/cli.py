"""The command `tf-equivalence`: the only place that catches our own exceptions and chooses an exit code."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.result import ExitCode, RunResult, prefixed
from tf_equivalence.settings import Settings, read_settings
from tf_equivalence.steps import STEPS

_PR_SET_DUMPABLE = 4  # from linux/prctl.h


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    # First of all: as the first process of a container, without a handler, it would ignore `docker stop`.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        settings = read_settings(sys.argv[1:] if argv is None else argv, os.environ, Path.cwd(), tuple(STEPS))
        return _COMMANDS[settings.command](settings)
    except UsageError as error:
        return _complain(str(error), ExitCode.USAGE)
    except InfrastructureError as error:
        return _complain(str(error), ExitCode.ERROR)
    except KeyboardInterrupt:
        return _complain("interrupted", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that closing standard output is quiet
        return ExitCode.ERROR
    except Exception:  # noqa: BLE001 - our own bug: say so, and keep the traceback for the report of it
        traceback.print_exc()
        return _complain("this is a bug in tf-equivalence itself; please report it", ExitCode.ERROR)


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _complain(message: str, code: ExitCode) -> int:
    """Say why there is no result: to the reader, and in a workflow to the pull request and the later steps."""
    from tf_equivalence.report.escape import encodable, neutralize, one_line

    text = neutralize(one_line(f"tf-equivalence: {message}"))
    print(encodable(text, sys.stderr.encoding), file=sys.stderr)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from tf_equivalence.delivery import deliver_failure

        deliver_failure(message, code, os.environ)
    return code


def _list(settings: Settings) -> int:
    # Here, not at the top: `list` needs neither NumPy nor rich.
    from tf_equivalence.discover import discover, select_cases

    found = select_cases(discover(settings.paths, settings.exclude, settings.root), settings.case)
    for case in found.cases:
        print(case.id)
    for fault in found.faults:
        print(f"tf-equivalence: {fault.message}", file=sys.stderr)
    if found.faults:
        return ExitCode.ERROR
    return ExitCode.PASSED if found.cases or not settings.fail_on_empty else ExitCode.NOTHING_FOUND


def _run(settings: Settings) -> int:
    from tf_equivalence import pipeline
    from tf_equivalence.delivery import deliver
    from tf_equivalence.report.durations import Durations
    from tf_equivalence.report.live import make_progress
    from tf_equivalence.report.progress import NullProgress
    from tf_equivalence.report.screen import Screen

    if settings.reference != "graph":
        raise UsageError(f"reference {settings.reference!r} needs a runtime that is not installed here; use 'graph'")
    if settings.github or settings.token:
        _hide_environment()
    screen = Screen.of(sys.stderr, os.environ)
    shown = make_progress(sys.stderr, screen, Durations.of_user(os.environ, settings.root))
    with NullProgress() if settings.log_level == "error" else shown as progress:
        result = pipeline.run(settings, os.environ, progress)
    code = exit_code(settings, result)
    deliver(prefixed(result, settings.path_prefix), settings, os.environ, code)
    return code


def _docker(settings: Settings) -> int:
    from tf_equivalence.container.run import run_in_container

    return run_in_container(settings, os.environ, sys.stdout, sys.stderr)


def _init(settings: Settings) -> int:
    from tf_equivalence.init.command import init

    try:
        return init(settings)
    except EOFError:  # control-D in place of an answer
        raise KeyboardInterrupt from None


def _explain(settings: Settings) -> int:
    from tf_equivalence.explain import explain

    explain(settings.topics, sys.stdout, os.environ)
    return ExitCode.PASSED


_COMMANDS: Mapping[str, Callable[[Settings], int]] = {
    "run": _run,
    "list": _list,
    "docker": _docker,
    "init": _init,
    "explain": _explain,
}


def _hide_environment() -> None:
    """Keep user code, which runs under the same user, from reading a workflow's tokens in our /proc entry."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def exit_code(settings: Settings, result: RunResult) -> int:
    """Return the exit code: the result's own, unless the settings let it pass."""
    code = result.exit_code
    if code is ExitCode.NOTHING_FOUND and not settings.fail_on_empty:
        return ExitCode.PASSED
    forgiven = {"never": (ExitCode.DIVERGED, ExitCode.ERROR), "errors": (ExitCode.DIVERGED,), "failures": ()}
    return ExitCode.PASSED if code in forgiven[settings.fail_on] else code


if __name__ == "__main__":
    sys.exit(main())
