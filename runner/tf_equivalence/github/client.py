"""The connection to GitHub's API: bounded waiting, bounded retries, and errors in words that lead to their remedy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import requests
import urllib3
from github import Auth, Github
from github.GithubException import GithubException
from github.GithubRetry import GithubRetry
from github.Repository import Repository

from tf_equivalence import __version__
from tf_equivalence.github.context import Context
from tf_equivalence.report.escape import one_line

REQUEST_SECONDS = 15  # for an answer
TOTAL_SECONDS = 180.0  # for everything; a report is not worth more of a job's time
PAUSE_SECONDS = 1.0  # between writes, as GitHub asks for
_RETRIES = 3
_WAIT_SECONDS = 60  # where GitHub says no time, which is as long as it asks for then
_MESSAGE_LENGTH = 300  # characters

# What an integration's token lacks, by what was refused: the key of `permissions` in a workflow.
_REMEDIES = {
    401: "The token is not valid; pass token: ${{ github.token }}.",
    403: "The job needs `PERMISSION: write` under permissions; a pull request from a fork never has it.",
    404: "The token does not reach that; pass token: ${{ github.token }}, with `PERMISSION: write` under permissions.",
}


class Retry(GithubRetry):
    """Tries again what GitHub says to try again, unless it takes too long."""

    def __init__(self, deadline: float = float("inf"), **options: Any) -> None:
        """Take the time, on the monotonic clock in seconds, after which nothing is tried again."""
        self.deadline = deadline
        ours = {"allowed_methods": {"DELETE", "GET", "PATCH", "POST"}, "max_rate_limit_wait": _WAIT_SECONDS}
        super().__init__(**{**ours, **options})

    def new(self, **options: Any) -> Self:
        """Return the next one; the base class hands on what it knows of."""
        return super().new(**{**options, "deadline": self.deadline})

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: TracebackType | None = None,
    ) -> Any:
        """Return the retry for this answer, or for the error in place of one.

        Raises:
            GithubException: It is not to be tried again, or not soon enough.
        """
        wait = (self.get_retry_after(response) or 0.0) if response is not None else 0.0
        if time.monotonic() + wait > self.deadline:
            status = response.status if response is not None else 0
            raise GithubException(status, {"message": f"no more time, and it asks to wait for {wait:.0f} s"}, {})
        return super().increment(method, url, response, error, _pool, _stacktrace)


def connect(context: Context, token: str) -> Repository:
    """Return the repository; nothing is asked for yet."""
    client = Github(
        auth=Auth.Token(token),
        base_url=context.api_url,
        timeout=REQUEST_SECONDS,
        user_agent=f"tf-equivalence/{__version__}",
        per_page=100,
        retry=Retry(time.monotonic() + TOTAL_SECONDS, total=_RETRIES, backoff_factor=1, raise_on_status=False),
        seconds_between_requests=None,
        seconds_between_writes=PAUSE_SECONDS,
        lazy=True,
    )
    return client.get_repo(context.repository)


def require_id(answer: Mapping[str, Any]) -> None:
    """Refuse an answer that is not GitHub's, such as the page of a proxy, whatever its status.

    Raises:
        ValueError: Nothing was created.
    """
    if not answer.get("id"):
        raise ValueError("the answer has no id")


def reason(error: Exception, permission: str, token: str) -> str:
    """Return on one line why a request failed and what to do about it; the token is never in it.

    Args:
        error: What was raised.
        permission: What the request needs, as a workflow's `permissions` calls it.
        token: The token.
    """
    if isinstance(error, GithubException):
        said = error.data.get("message") if isinstance(error.data, dict) else error.data
        text = f"GitHub answered {error.status or 'nothing'}: {said or error.message or 'no reason given'}"
        remedy = "" if _is_limit(text) else _REMEDIES.get(error.status, "").replace("PERMISSION", permission)
    elif isinstance(error, (requests.RequestException, urllib3.exceptions.HTTPError, OSError)):
        text, remedy = f"GitHub cannot be reached ({type(error).__name__})", ""
    else:
        text, remedy = f"GitHub's answer was not understood ({type(error).__name__})", ""
    line = one_line(text.replace(token, "***") if token else text)[:_MESSAGE_LENGTH].rstrip(".")
    return f"{line}. {remedy}".strip()


def _is_limit(text: str) -> bool:
    return "rate limit" in text or "asks to wait" in text
