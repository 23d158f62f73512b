"""Where to post: repository, commit and pull request, from what the runner tells a workflow's step."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tf_equivalence.options import OPTIONS
from tf_equivalence.report.comment import mark
from tf_equivalence.report.escape import one_line
from tf_equivalence.settings import Settings
from tf_equivalence.steps import STEPS

_API = "https://api.github.com"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT = re.compile("[0-9a-fA-F]{40,64}")
_NAME_LENGTH = 150  # characters
# What tells the jobs of a matrix apart; the runner does not say which of them a step belongs to.
_TELLING = (
    *("paths", "exclude", "case", "steps", "working-directory", "config"),
    *("requirements", "reference", "tolerance", "rtol", "atol"),
)
_PLAIN = ("paths", "case", "steps")  # these need no word before them


@dataclass(frozen=True)
class Context:
    """Where to post.

    Attributes:
        api_url: Of github.com, or of a GitHub Enterprise Server.
        repository: As `owner/name`; empty where it is not known.
        commit: Of the pull request's branch, not of its merge with the base; empty where it is not known.
        pull_request: Its number; None outside of one.
        name: Which run of the command this is, for readers: the job, and what it was told to run.
        mark: The first line of this run's comments.
        run_url: The page of the workflow's run; empty where it is not known.
    """

    api_url: str
    repository: str
    commit: str
    pull_request: int | None
    name: str
    mark: str
    run_url: str


def read_context(settings: Settings, environ: Mapping[str, str]) -> Context:
    """Return where to post; nothing here fails, what is not known is empty."""
    pull_request = _read_event(environ.get("GITHUB_EVENT_PATH", "")).get("pull_request")
    pull_request = pull_request if isinstance(pull_request, dict) else {}
    head = pull_request.get("head")
    number = pull_request.get("number")
    repository = _matching(_REPOSITORY, environ.get("GITHUB_REPOSITORY", ""))
    commit = _matching(_COMMIT, str(head.get("sha", "")) if isinstance(head, dict) else "")
    job, told = one_line(environ.get("GITHUB_JOB", "")), _told(settings)
    server, run = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_RUN_ID", "")
    return Context(
        api_url=environ.get("GITHUB_API_URL", "").rstrip("/") or _API,
        repository=repository,
        commit=commit or _matching(_COMMIT, environ.get("GITHUB_SHA", "")),
        pull_request=number if isinstance(number, int) and number > 0 else None,
        name=" · ".join(filter(None, (job, *told)))[:_NAME_LENGTH],
        mark=mark((environ.get("GITHUB_WORKFLOW", ""), job, *told)),
        run_url=f"{server}/{repository}/actions/runs/{run}" if server and repository and run.isdecimal() else "",
    )


def _told(settings: Settings) -> tuple[str, ...]:
    """Return what this run was told to run, each option in words where it is not at its default."""
    usual = {"working-directory": settings.workspace, "paths": (settings.working_directory,), "steps": tuple(STEPS)}
    found = []
    for option in OPTIONS:
        value = getattr(settings, option.field)
        if option.name in _TELLING and value not in (option.default, usual.get(option.name)):
            texts = [_shown(item, settings.workspace) for item in (value if option.many else (value,))]
            words = [] if option.name in _PLAIN else [option.name]
            found.append(" ".join([*words, *texts]))
    return tuple(found)


def _shown(value: object, workspace: Path) -> str:
    return one_line(os.path.relpath(value, workspace) if isinstance(value, Path) else str(value))


def _read_event(path: str) -> dict[str, Any]:
    """Return the event that started the workflow; empty where it cannot be read."""
    try:
        event = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""
