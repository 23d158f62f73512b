"""The client waits and tries again within bounds, and its words never hold the token."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from github.GithubException import GithubException

from github_api.fake_api import BAD_GATEWAY, TOKEN, FakeApi
from github_api.test_publish import notices, post
from tf_equivalence.github.client import Retry, reason
from tf_equivalence.result import RunResult


def test_the_time_for_everything_is_bounded(
    api: FakeApi,
    environ: dict[str, str],
    red: Callable[..., RunResult],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A GitHub that is slow and wrong is not asked again when the time for all requests is over."""
    clock = itertools.count(0, 100)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    api.fail("POST .*/check-runs", BAD_GATEWAY, times=99)
    post(red(), environ, "--annotations", "checks")
    assert len(api.requests) < 3
    assert len(notices(capsys.readouterr().out)) == 1


def test_a_retry_hands_its_deadline_on() -> None:
    """urllib3 makes a new one for each attempt."""
    following = Retry(5.0, total=3).new(total=2)
    assert (following.deadline, following.total) == (5.0, 2)
    assert following.max_rate_limit_wait is not None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            GithubException(403, {"message": "API rate limit exceeded"}, {}),
            "GitHub answered 403: API rate limit exceeded.",
        ),
        (GithubException(418, f"I am {TOKEN}\n::error::x", {}), "GitHub answered 418: I am *** ::error::x."),
        (GithubException(500, None, {}), "GitHub answered 500: no reason given."),
        (requests.ReadTimeout(f"{TOKEN}"), "GitHub cannot be reached (ReadTimeout)."),
        (AssertionError(TOKEN), "GitHub's answer was not understood (AssertionError)."),
    ],
    ids=lambda value: None,
)
def test_reasons(error: Exception, expected: str) -> None:
    """One line, what GitHub said, and never the token."""
    assert reason(error, "checks", TOKEN) == expected


def test_a_token_is_never_shown(tmp_path: Path) -> None:
    """Settings are shown in messages of ours; the token is not in them."""
    from tf_equivalence.settings import read_settings
    from tf_equivalence.steps import STEPS

    settings = read_settings(("run", "--comment", "always"), {"INPUT_TOKEN": TOKEN}, tmp_path, tuple(STEPS))
    assert settings.token == TOKEN
    assert TOKEN not in repr(settings)
