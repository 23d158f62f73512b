"""Where to post is read from what the runner tells, and nothing that it tells can break a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from github_api.conftest import HEAD, MERGE
from tf_equivalence.github.context import Context, read_context
from tf_equivalence.settings import read_settings
from tf_equivalence.steps import STEPS


def read(environ: dict[str, str], *argv: str) -> Context:
    """Return the context of a run with these arguments."""
    settings = read_settings(("run", *argv), environ, Path(environ["GITHUB_WORKSPACE"]), tuple(STEPS))
    return read_context(settings, environ)


def test_a_pull_request(environ: dict[str, str]) -> None:
    """The commit is the branch's own, not the merge that GITHUB_SHA names."""
    found = read(environ)
    assert (found.pull_request, found.commit, found.repository) == (7, HEAD, "owner/repository")
    assert (found.name, found.api_url) == ("shard", environ["GITHUB_API_URL"])


@pytest.mark.parametrize(
    "event",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"pull_request": null}',
        b'{"pull_request": {"number": "7", "head": []}}',
        b'{"pull_request": {"number": -1, "head": {"sha": "../../x"}}}',
        b'{"push": 1}',
    ],
    ids=lambda value: None,
)
def test_no_pull_request(environ: dict[str, str], event: bytes) -> None:
    """An event without one, or that cannot be read, leaves the commit of the workflow."""
    Path(environ["GITHUB_EVENT_PATH"]).write_bytes(event)
    found = read(environ)
    assert (found.pull_request, found.commit) == (None, MERGE)


def test_enterprise(environ: dict[str, str]) -> None:
    """The API of a GitHub Enterprise Server is asked, with or without a slash at its end; else github.com's."""
    assert read({**environ, "GITHUB_API_URL": "https://git.example/api/v3/"}).api_url == "https://git.example/api/v3"
    assert read({**environ, "GITHUB_API_URL": ""}).api_url == "https://api.github.com"


@pytest.mark.parametrize("name", ["", "owner", "owner/../x", "owner/a b", "owner/a\n"])
def test_no_repository(environ: dict[str, str], name: str) -> None:
    """What is no repository's name makes no address."""
    found = read({**environ, "GITHUB_REPOSITORY": name})
    assert (found.repository, found.run_url) == ("", "")


def test_the_name_tells_shards_apart(environ: dict[str, str]) -> None:
    """The job, and what differs from the defaults, stand in the name; all of it makes the mark."""
    workspace = Path(environ["GITHUB_WORKSPACE"])
    (workspace / "models").mkdir()
    assert (
        read(environ, "models", "--case", "A*", "--tolerance", "guide").name == "shard · models · A* · tolerance guide"
    )
    assert read(environ, "--step", "named-weights").name == "shard · named-weights"
    assert read(environ, "--working-directory", "models").name == "shard · working-directory models"
    every = [word for step in STEPS for word in ("--step", step)]
    assert read(environ, *every) == read(environ)
    assert read(environ, "--jobs", "3", "--json-file", "x.json") == read(environ)
    marks = {read(environ, "--case", text).mark for text in ("A" * 200, "A" * 201)}
    assert len(marks) == 2


def test_the_event_is_read_with_a_mark(environ: dict[str, str]) -> None:
    """Text in UTF-8 with a byte order mark, as some tools write it, is read too."""
    event = json.dumps({"pull_request": {"number": 8, "head": {"sha": HEAD}}})
    Path(environ["GITHUB_EVENT_PATH"]).write_text(event, encoding="utf-8-sig")
    assert read(environ).pull_request == 8
