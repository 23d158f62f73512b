"""One comment on a pull request, kept up to date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from github_api.fake_api import BAD_GATEWAY, FORBIDDEN, TOKEN, FakeApi, secondary_limit
from github_api.test_publish import notices, post
from tf_equivalence.github import context
from tf_equivalence.result import RunResult
from tf_equivalence.settings import read_settings
from tf_equivalence.steps import STEPS

Red = Callable[..., RunResult]
LIST = "GET .*/comments.*"


def mark(environ: dict[str, str], *argv: str) -> str:
    """Return the first line of this run's comment."""
    settings = read_settings(("run", *argv), environ, Path(environ["GITHUB_WORKSPACE"]), tuple(STEPS))
    return context.read_context(settings, environ).mark


def test_a_comment_tells_what_failed(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """It has the cause, its line as a link, and the way to the log."""
    post(red(), environ, "--comment", "on-failure")
    (comment,) = api.comments
    body = comment["body"]
    assert body.startswith(mark(environ) + "\n")
    assert "It differs. Mend it." in body
    assert "[`nets/a.py:1`](https://github.com/owner/repository/blob/" in body
    assert "[Log of the run](https://github.com/owner/repository/actions/runs/99)" in body


def test_it_is_updated_in_place(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """The next push edits the comment, wherever it stands among others, and leaves those alone."""
    others = [api.add_comment(f"talk {n}", "someone", "User")["body"] for n in range(70)]
    post(red(1), environ, "--comment", "on-failure")
    for n in range(70):
        others.append(api.add_comment(f"more talk {n}", "someone", "User")["body"])
    post(red(2), environ, "--comment", "on-failure")
    ours = [comment for comment in api.comments if comment["user"]["type"] == "Bot"]
    assert len(ours) == 1
    assert "nets/a.py:2" in ours[0]["body"]
    assert [comment["body"] for comment in api.comments if comment["user"]["type"] == "User"] == others
    assert len(api.of("GET")) > 3  # pages


@pytest.mark.parametrize(("when", "there"), [("on-failure", 0), ("always", 1), ("never", 0)])
def test_when_all_passes_from_the_start(
    api: FakeApi, environ: dict[str, str], green: RunResult, when: str, there: int
) -> None:
    """A green pull request gets no comment unless each is to have one."""
    post(green, environ, "--comment", when)
    assert len(api.comments) == there


@pytest.mark.parametrize("when", ["on-failure", "always"])
def test_a_comment_turns_green(api: FakeApi, environ: dict[str, str], red: Red, green: RunResult, when: str) -> None:
    """When what failed passes again, the comment says so, in the place where it said the contrary."""
    post(red(), environ, "--comment", when)
    post(green, environ, "--comment", when)
    (comment,) = api.comments
    assert "✅" in comment["body"]
    assert "❌" not in comment["body"]
    assert "differs" not in comment["body"]


def test_nothing_is_written_twice(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """A run that says the same changes nothing, so that nobody is notified."""
    post(red(), environ, "--comment", "always")
    post(red(), environ, "--comment", "always")
    assert (len(api.of("POST")), len(api.of("PATCH"))) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "argv"),
    [
        pytest.param({"GITHUB_JOB": "other"}, [], id="job"),
        pytest.param({"GITHUB_WORKFLOW": "Other"}, [], id="workflow"),
        pytest.param({}, ["nets"], id="paths"),
        pytest.param({}, ["--case", "A*"], id="case"),
        pytest.param({}, ["--reference", "tf1.15"], id="reference"),
        pytest.param({}, ["--working-directory", "nets"], id="directory"),
    ],
)
def test_jobs_of_a_matrix_have_comments_of_their_own(
    api: FakeApi, environ: dict[str, str], red: Red, green: RunResult, changes: dict[str, str], argv: list[str]
) -> None:
    """The green of one shard never covers the red of another."""
    Path(environ["GITHUB_WORKSPACE"], "nets").mkdir()
    post(red(), environ, "--comment", "always")
    post(green, {**environ, **changes}, *argv, "--comment", "always")
    assert [("❌" in comment["body"], "✅" in comment["body"]) for comment in api.comments] == [
        (True, False),
        (False, True),
    ]


def test_the_mark_of_a_stranger(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """A comment that quotes ours keeps its text: it belongs to whoever wrote it."""
    theirs = api.add_comment(f"{mark(environ)}\nLooks good to me!", "stranger", "User")
    post(red(), environ, "--comment", "always")
    assert theirs["body"].endswith("Looks good to me!")
    assert len(api.comments) == 2


def test_a_person_s_token(api: FakeApi, environ: dict[str, str], red: Red, green: RunResult) -> None:
    """With a token of a person's, the comments of that person are ours."""
    api.login = "octocat"
    ours = api.add_comment(f"{mark(environ)}\nold", "octocat", "User")
    post(green, environ, "--comment", "always")
    assert len(api.comments) == 1
    assert "✅" in ours["body"]


def test_doubles_go_away(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """A request that GitHub took although it answered 502 made a second comment: the next run tidies up."""
    for _ in range(2):
        api.add_comment(f"{mark(environ)}\nold")
    post(red(), environ, "--comment", "always")
    (comment,) = api.comments
    assert "It differs" in comment["body"]


@pytest.mark.parametrize("request_line", [LIST, "POST .*/comments"])
def test_refused(
    api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str], request_line: str
) -> None:
    """A pull request from a fork may not be commented on: one notice, and the annotations as ever."""
    api.fail(request_line, FORBIDDEN, times=9)
    post(red(), environ, "--comment", "always")
    said = capsys.readouterr()
    (notice,) = notices(said.out)
    assert "No comment was posted: GitHub answered 403" in notice
    assert "`pull-requests: write`" in notice
    assert "::error " in said.out
    assert TOKEN not in said.out + said.err


def test_trying_again(api: FakeApi, environ: dict[str, str], red: Red, slept: list[float]) -> None:
    """What passes is waited for, in reading and in writing."""
    api.fail(LIST, BAD_GATEWAY)
    api.fail("POST .*/comments", secondary_limit())
    post(red(), environ, "--comment", "always")
    assert len(api.comments) == 1
    assert 7 in slept


def test_outside_of_a_pull_request(
    api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str]
) -> None:
    """A push has no place for a comment: the log says so once, and the run's page is not bothered."""
    del environ["GITHUB_EVENT_PATH"]
    post(red(), environ, "--comment", "always")
    said = capsys.readouterr()
    assert said.err.count("this run is not for a pull request") == 1
    assert not notices(said.out)
    assert not api.requests


def test_a_check_run_and_a_comment(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """Both may be asked for."""
    post(red(), environ, "--annotations", "checks", "--comment", "always")
    assert (len(api.checks), len(api.comments)) == (1, 1)
