"""A fake of GitHub's API, a workflow's step that talks to it, and a clock that nobody waits for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from github_api.fake_api import REPOSITORY, TOKEN, FakeApi, serve
from tf_equivalence.github import client
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

HEAD = "a" * 40
MERGE = "b" * 40


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API that answers as long as the test runs."""
    with serve(FakeApi()) as running:
        yield running


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Do not wait; return how long would have been waited, in seconds."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(client, "PAUSE_SECONDS", None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return waits


@pytest.fixture
def environ(api: FakeApi, tmp_path: Path) -> dict[str, str]:
    """What the runner tells a step of a pull request's workflow."""
    event = {"pull_request": {"number": 7, "head": {"sha": HEAD}}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": api.url,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_JOB": "shard",
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ID": "99",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": MERGE,
        "GITHUB_WORKFLOW": "Equivalence",
        "GITHUB_WORKSPACE": str(tmp_path),
        "INPUT_TOKEN": TOKEN,
    }


@pytest.fixture
def red() -> Callable[..., RunResult]:
    """Return a function that makes a result with so many findings, each on a line of its own."""

    def make(findings: int = 1, message: str = "It differs. Mend it.", path: str = "nets/a.py") -> RunResult:
        found = tuple(
            Finding("output-value", f"x{n}", message, Location(path, n), metrics={"bound": "1e-6"})
            for n in range(1, findings + 1)
        )
        step = StepResult("named-weights", Outcome.DIVERGED, 1.0, "x differs", found[0].location, found)
        case = CaseResult("nets/equivalence_a.py::A", "nets/equivalence_a.py", 9, 1.0, (step,))
        return RunResult((case,), 2.0, {"tensorflow": "2.23"})

    return make


@pytest.fixture
def green() -> RunResult:
    """A result in which all passed."""
    step = StepResult("named-weights", Outcome.PASSED, 1.0, "agrees")
    return RunResult((CaseResult("nets/equivalence_a.py::A", "nets/equivalence_a.py", 9, 1.0, (step,)),), 2.0, {})
