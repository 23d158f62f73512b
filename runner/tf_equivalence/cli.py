"""The command `tf-equivalence`: the only place that catches our own exceptions and chooses an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO, cast

from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.result import ExitCode, RunResult
from tf_equivalence.settings import Settings, read_settings
from tf_equivalence.steps import STEPS


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        settings = read_settings(sys.argv[1:] if argv is None else argv, os.environ, Path.cwd(), tuple(STEPS))
        if settings.command == "list":
            return _list(settings)
        return _run(settings)
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


def _complain(message: str, code: ExitCode) -> int:
    print(f"tf-equivalence: {message}", file=sys.stderr)
    return code


def _list(settings: Settings) -> int:
    # Here, not at the top: `list` needs neither NumPy nor rich.
    from tf_equivalence.discover import discover, select_cases

    found = select_cases(discover(settings.paths, settings.exclude, settings.workspace), settings.case)
    for case in found.cases:
        print(case.id)
    for fault in found.faults:
        print(f"tf-equivalence: {fault.message}", file=sys.stderr)
    if found.faults:
        return ExitCode.ERROR
    return ExitCode.PASSED if found.cases or not settings.fail_on_empty else ExitCode.NOTHING_FOUND


def _run(settings: Settings) -> int:
    from tf_equivalence import pipeline
    from tf_equivalence.report.progress import NullProgress, make_progress
    from tf_equivalence.report.terminal import TerminalOptions

    if settings.reference != "graph":
        raise UsageError(f"reference {settings.reference!r} needs a runtime that is not installed here; use 'graph'")
    signal.signal(signal.SIGTERM, _interrupt)
    options = TerminalOptions.for_stream(sys.stderr, os.environ)
    shown = make_progress(sys.stderr, options.is_terminal, options.color, options.width)
    with NullProgress() if settings.log_level == "error" else shown as progress:
        result = pipeline.run(settings, os.environ, progress)
    _report(settings, result)
    return exit_code(settings, result)


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def exit_code(settings: Settings, result: RunResult) -> int:
    """Return the exit code: the result's own, unless the settings let it pass."""
    code = result.exit_code
    if code is ExitCode.NOTHING_FOUND and not settings.fail_on_empty:
        return ExitCode.PASSED
    forgiven = {"never": (ExitCode.DIVERGED, ExitCode.ERROR), "errors": (ExitCode.DIVERGED,), "failures": ()}
    return ExitCode.PASSED if code in forgiven[settings.fail_on] else code


def _report(settings: Settings, result: RunResult) -> None:
    """Write every report that was asked for; one that cannot be written does not keep the others from it."""
    from tf_equivalence.report import annotations, json_report, junit_report, summary, terminal

    junit = junit_report.JUnitOptions("jenkins" if settings.junit_flavor == "jenkins" else "github")
    files: list[tuple[Path | None, Callable[[RunResult, TextIO], None]]] = [
        (settings.json_file, json_report.write),
        (settings.junit_file, partial(junit_report.write, options=junit)),
    ]
    written = tuple(_shown(path) for path, writer in files if path and _write(path, "w", writer, result))
    if settings.job_summary:
        options = summary.SummaryOptions(reports=written, source_url=_source_url(settings))
        _write(settings.job_summary, "a", partial(summary.write, options=options), result)
    terminal.write(result, sys.stdout, terminal.TerminalOptions.for_stream(sys.stdout, os.environ, written))
    _print_output(result, settings.log_level)
    if settings.annotations == "commands":
        sys.stdout.flush()
        annotations.write(result, sys.stdout, annotations.AnnotationOptions(settings.max_annotations, written))
    sys.stdout.flush()


def _write(path: Path, mode: str, writer: Callable[[RunResult, TextIO], None], result: RunResult) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with cast("TextIO", path.open(mode, encoding="utf-8", errors="backslashreplace")) as stream:
            writer(result, stream)
    except OSError as error:
        print(f"tf-equivalence: cannot write {path}: {error.strerror}", file=sys.stderr)
        return False
    return True


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _source_url(settings: Settings) -> str:
    keys = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")
    server, repository, sha = (os.environ.get(key, "") for key in keys)
    return f"{server}/{repository}/blob/{sha}/" if settings.github and server and repository and sha else ""


def _print_output(result: RunResult, log_level: str) -> None:
    """Write what user code printed, and TensorFlow's log, as far as the log level asks for them."""
    from tf_equivalence.report.escape import neutralize

    for case in result.cases:
        parts = [("output", case.output, ("info", "debug")), ("TensorFlow's log", case.log, ("debug",))]
        for what, text, levels in parts:
            if text and log_level in levels:
                print(f"--- {what} of {neutralize(case.id)}\n{neutralize(text)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
