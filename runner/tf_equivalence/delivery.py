"""Delivers a result: every report that was asked for, in the place where it was asked for."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TextIO, cast

from tf_equivalence.github.context import read_context
from tf_equivalence.github.publish import Publisher, Voice
from tf_equivalence.options import COMPARISON, OPTIONS
from tf_equivalence.ownership import absent, hand_over
from tf_equivalence.report import annotations as commands
from tf_equivalence.report import (
    html,
    json_report,
    junit_report,
    sarif_report,
    step_outputs,
    summary,
    terminal,
    trace_report,
)
from tf_equivalence.report.escape import neutralize, one_line
from tf_equivalence.report.screen import GITHUB_LOG
from tf_equivalence.result import ExitCode, RunResult
from tf_equivalence.settings import Settings

_Write = Callable[[RunResult, TextIO], None]


def deliver(result: RunResult, settings: Settings, environ: Mapping[str, str], exit_code: int) -> None:
    """Write every report; one that cannot be written does not keep the others from it."""
    files = _Files(result, settings.workspace)
    junit = junit_report.JUnitOptions("jenkins" if settings.junit_flavor == "jenkins" else "github")
    files.write(settings.json_file, json_report.write)
    files.write(settings.trace, trace_report.write)
    files.write(settings.junit_file, partial(junit_report.write, options=junit))
    sarif = sarif_report.SarifOptions(settings.path_prefix)
    files.write(settings.sarif_file, partial(sarif_report.write, options=sarif))
    page = html.HtmlOptions(
        settings.root, settings.path_prefix, _source_url(settings, environ), _comparing_flags(settings)
    )
    files.write(settings.html_file, partial(html.write, options=page))
    reports = tuple(_shown(path) for path in files.written)
    options = summary.SummaryOptions(reports=reports, source_url=_source_url(settings, environ))
    files.write(settings.job_summary, partial(summary.write, options=options), "a")
    screen = terminal.TerminalOptions.for_stream(sys.stdout, environ, reports, settings.root, settings.path_prefix)
    terminal.write(result, sys.stdout, screen)
    _print_output(result, settings)
    if settings.annotations == "commands":
        commands.write(result, sys.stdout, commands.AnnotationOptions(settings.max_annotations, reports))
    sys.stdout.flush()
    write_step_outputs(
        result,
        environ,
        step_outputs.StepOutputsOptions(
            exit_code, *map(files.output, (settings.junit_file, settings.json_file, settings.html_file))
        ),
    )
    _publish(result, settings, environ, exit_code, options)  # last, for GitHub may keep us waiting


def _comparing_flags(settings: Settings) -> tuple[str, ...]:
    """Return the options that decide how values are compared, as far as they are not the defaults."""
    asked = (
        (option, getattr(settings, option.name.replace("-", "_"))) for option in OPTIONS if option.group == COMPARISON
    )
    return tuple(part for option, value in asked if value != option.default for part in (option.flags[0], str(value)))


def _publish(
    result: RunResult, settings: Settings, environ: Mapping[str, str], exit_code: int, options: summary.SummaryOptions
) -> None:
    """Post what is asked for to GitHub; annotations that it does not take are workflow commands."""

    def remark(text: str) -> None:
        if settings.log_level != "error":
            print(neutralize(f"tf-equivalence: {text}"), file=sys.stderr, flush=True)

    def warn(text: str) -> None:
        print(commands.notice(text), flush=True) if settings.github else remark(text)

    publisher = Publisher(settings, read_context(settings, environ), options, Voice(warn, remark))
    posted = publisher.publish(result, exit_code)
    if settings.annotations == "checks" and settings.github and not posted:
        most = min(settings.max_annotations, commands.MOST_SHOWN)
        commands.write(result, sys.stdout, commands.AnnotationOptions(most, options.reports))
        sys.stdout.flush()


def deliver_failure(message: str, code: ExitCode, environ: Mapping[str, str]) -> None:
    """Tell a workflow that there is no result, and why: an annotation, and outputs that say failure."""
    print(commands.command(commands.Annotation("tf-equivalence", message)), flush=True)
    nothing = RunResult((), 0.0, {}, message, interrupted=code is ExitCode.INTERRUPTED)
    write_step_outputs(nothing, environ, step_outputs.StepOutputsOptions(code))


def write_step_outputs(result: RunResult, environ: Mapping[str, str], options: step_outputs.StepOutputsOptions) -> None:
    """Append the step's outputs where a workflow wants them."""
    path = environ.get("GITHUB_OUTPUT", "")
    if path:
        _write(Path(path), partial(step_outputs.write, options=options), result, "a")


@dataclass
class _Files:
    """Report files, and which of them were written.

    Attributes:
        result: What they tell.
        workspace: Its owner is to own what is written into it.
        written: Paths of the files that were written.
    """

    result: RunResult
    workspace: Path
    written: list[Path] = field(default_factory=list)

    def write(self, path: Path | None, writer: _Write, mode: str = "w") -> None:
        """Write one file, if it is asked for, and hand it over with the folders that were made for it."""
        if path is None:
            return
        made = absent(path)
        if _write(path, writer, self.result, mode):
            self.written.append(path)
        for new in made:
            _hand_over(new, self.workspace)

    def output(self, path: Path | None) -> str:
        """Return the path for steps that run outside of our container; empty where nothing was written."""
        if path is None or path not in self.written:
            return ""
        return str(path.relative_to(self.workspace)) if path.is_relative_to(self.workspace) else str(path)


def _write(path: Path, writer: _Write, result: RunResult, mode: str) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with cast("TextIO", path.open(mode, encoding="utf-8", errors="backslashreplace")) as stream:
            writer(result, stream)
    except OSError as error:
        print(f"tf-equivalence: cannot write {path}: {error.strerror}", file=sys.stderr)
        return False
    return True


def _hand_over(path: Path, workspace: Path) -> None:
    """Hand a new file over; one that cannot be is told, and does not keep the others from it."""
    try:
        hand_over(path, workspace)
    except OSError as error:
        print(f"tf-equivalence: cannot give {path} to the workspace's owner: {error.strerror}", file=sys.stderr)


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _source_url(settings: Settings, environ: Mapping[str, str]) -> str:
    keys = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")
    server, repository, sha = (environ.get(key, "") for key in keys)
    return f"{server}/{repository}/blob/{sha}/" if settings.github and server and repository and sha else ""


def _print_output(result: RunResult, settings: Settings) -> None:
    """Write what user code printed, and TensorFlow's log, as far as the log level asks for them.

    In a workflow it is folded and fenced, and goes to the stream of the annotations: the runner reads the two
    streams in no certain order, and a fence on one would swallow commands on the other.
    """
    stream = sys.stdout if settings.github else sys.stderr
    for case in result.cases:
        parts = [("output", case.output, ("info", "debug")), ("TensorFlow's log", case.log, ("debug",))]
        for what, text, levels in parts:
            if text and settings.log_level in levels:
                title = f"{what} of {one_line(case.id)}"
                if settings.github:
                    # The fold is outside of the fence, within which the runner would not see it.
                    (start, end), (opened, closed) = commands.fence(secrets.token_hex(16)), GITHUB_LOG.fold(title)
                    print(f"{opened}{start}\n{neutralize(text)}\n{end}\n{closed}", end="", file=stream)
                else:
                    print(f"--- {neutralize(title)}\n{neutralize(text)}", file=stream)
