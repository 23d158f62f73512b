"""What is posted to GitHub, and what happens where GitHub does not take it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from github_api.conftest import HEAD, MERGE
from github_api.fake_api import BAD_GATEWAY, FORBIDDEN, TOKEN, Answer, FakeApi, secondary_limit
from tf_equivalence.delivery import deliver
from tf_equivalence.result import RunResult
from tf_equivalence.settings import read_settings
from tf_equivalence.steps import STEPS

Red = Callable[..., RunResult]
CHECK = "POST .*/check-runs"


def post(result: RunResult, environ: dict[str, str], *argv: str, code: int | None = None) -> None:
    """Deliver a result as the command does."""
    workspace = Path(environ["GITHUB_WORKSPACE"])
    settings = read_settings(("run", *argv), environ, workspace, tuple(STEPS))
    deliver(result, settings, environ, int(result.exit_code) if code is None else code)


def notices(said: str) -> list[str]:
    """Return the notices for the readers of a workflow's run."""
    return [line for line in said.splitlines() if line.startswith("::notice ")]


def errors(said: str) -> list[str]:
    """Return the annotations by workflow commands."""
    return [line for line in said.splitlines() if line.startswith("::error ")]


def test_a_check_run(api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str]) -> None:
    """It is about the branch's commit, complete at once, its annotations on their lines; no command repeats them."""
    post(red(3), environ, "--annotations", "checks")
    (check,) = api.checks.values()
    assert (check["name"], check["head_sha"]) == ("tf-equivalence: shard", HEAD)
    assert (check["status"], check["conclusion"]) == ("completed", "failure")
    first = check["output"]["annotations"][0]
    assert (first["path"], first["start_line"], first["annotation_level"]) == ("nets/a.py", 1, "failure")
    assert "It differs. Mend it." in first["message"]
    assert "bound: 1e-6" in first["raw_details"]
    assert "nets/equivalence_a.py::A" in check["output"]["summary"]
    said = capsys.readouterr()
    assert not errors(said.out)
    assert not notices(said.out)
    assert TOKEN not in said.out + said.err


@pytest.mark.parametrize(("findings", "requests"), [(50, 1), (51, 2), (120, 3), (1500, 20)])
def test_batches(api: FakeApi, environ: dict[str, str], red: Red, findings: int, requests: int) -> None:
    """Fifty annotations go with a request, far beyond the ten that commands have; what is left out is told."""
    post(red(findings), environ, "--annotations", "checks")
    (check,) = api.checks.values()
    shown = check["output"]["annotations"]
    assert len(api.requests) == requests
    assert [each["start_line"] for each in shown] == list(range(1, min(findings, 999) + 1))
    assert ("501 more annotations" in check["output"].get("text", "")) is (findings == 1500)


def test_a_check_run_of_a_push(api: FakeApi, environ: dict[str, str], green: RunResult) -> None:
    """Outside of a pull request it is about the commit of the workflow; what passed is a success."""
    Path(environ["GITHUB_EVENT_PATH"]).write_text("not JSON")
    post(green, environ, "--annotations", "checks")
    (check,) = api.checks.values()
    assert (check["head_sha"], check["conclusion"]) == (MERGE, "success")
    assert check["output"]["annotations"] == []


def test_what_fail_on_lets_pass_is_neutral(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """The check run says what the step's output `conclusion` says, and warns rather than fails."""
    post(red(), environ, "--annotations", "checks", "--fail-on", "never", code=0)
    (check,) = api.checks.values()
    assert check["conclusion"] == "neutral"
    assert check["output"]["annotations"][0]["annotation_level"] == "warning"


def test_lengths(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """However much there is to say, in whatever alphabet, GitHub takes it."""
    result = red(400, "ż🎉 " * 2_000, "nets/" + "д" * 300 + ".py")
    outside = dataclasses.replace(result.cases[0], path="/elsewhere/a.py", id="/elsewhere/a.py::" + "E" * 500)
    outside = dataclasses.replace(outside, steps=(red(300, "ż" * 9_000, "/opt/b.py").cases[0].steps))
    everything = dataclasses.replace(result, cases=(*result.cases, outside))
    post(everything, environ, "--annotations", "checks", "--comment", "always")
    (check,) = api.checks.values()
    assert len(check["output"]["annotations"]) == 400
    assert "The rest is cut" in check["output"]["text"]
    assert len(api.comments) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            FORBIDDEN, "403: Resource not accessible by integration. The job needs `checks: write`", id="fork"
        ),
        pytest.param((404, {"message": "Not Found"}, {}), "404: Not Found. The token does not reach that", id="absent"),
        pytest.param((401, {"message": "Bad credentials"}, {}), "401: Bad credentials. The token is not", id="expired"),
        pytest.param((422, {"message": "No commit\nfound"}, {}), "422: No commit found.", id="invalid"),
        pytest.param((200, b"<html>a proxy's page</html>", {}), "was not understood", id="no-api"),
        pytest.param((500, {"message": f"{TOKEN} is bad"}, {}), "500: *** is bad", id="echo"),
        pytest.param(secondary_limit(seconds="3600"), "asks to wait for 3600 s", id="long-wait"),
    ],
)
def test_refusals(
    api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str], answer: Answer, expected: str
) -> None:
    """Whatever GitHub answers, one notice says why, and annotations are commands, as many as GitHub shows of them."""
    api.fail(CHECK, answer, times=9)
    post(red(30), environ, "--annotations", "checks")
    said = capsys.readouterr()
    (notice,) = notices(said.out)
    assert expected in notice.replace("%25", "%")
    assert len(errors(said.out)) == 10
    assert "21 more annotations" in errors(said.out)[-1]
    assert not api.checks
    assert TOKEN not in said.out + said.err
    assert "Traceback" not in said.out + said.err


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        pytest.param(secondary_limit(403), [7, 7], id="secondary-403"),
        pytest.param(secondary_limit(429), [7, 7], id="secondary-429"),
        pytest.param(BAD_GATEWAY, [2], id="502"),
    ],
)
def test_trying_again(
    api: FakeApi,
    environ: dict[str, str],
    red: Red,
    slept: list[float],
    capsys: pytest.CaptureFixture[str],
    answer: Answer,
    waits: list[float],
) -> None:
    """What passes is waited for as long as GitHub asks, for creating and for adding to a check run."""
    api.fail(CHECK, answer, times=2)
    api.fail("PATCH .*/check-runs/1", answer)
    post(red(60), environ, "--annotations", "checks")
    assert len(api.checks[1]["output"]["annotations"]) == 60
    assert slept[: len(waits)] == waits
    assert not notices(capsys.readouterr().out)


def test_giving_up(
    api: FakeApi, environ: dict[str, str], red: Red, slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """Retries are few."""
    api.fail(CHECK, secondary_limit(), times=99)
    post(red(), environ, "--annotations", "checks")
    assert len(api.requests) == 4
    assert sum(slept) <= 60
    (notice,) = notices(capsys.readouterr().out)
    assert "secondary rate limit" in notice
    assert "permissions" not in notice


def test_a_check_run_that_was_begun_stays(
    api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a later portion is refused, the check run is complete as it is, and commands tell the rest."""
    api.fail("PATCH .*/check-runs/1", FORBIDDEN)
    post(red(60), environ, "--annotations", "checks")
    assert api.checks[1]["status"] == "completed"
    assert len(api.checks[1]["output"]["annotations"]) == 50
    assert len(notices(capsys.readouterr().out)) == 1


def test_nobody_answers(environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a network the run ends as without a token."""
    environ["GITHUB_API_URL"] = "http://127.0.0.1:9"
    post(red(), environ, "--annotations", "checks")
    said = capsys.readouterr().out
    assert "GitHub cannot be reached" in notices(said)[0]
    assert len(errors(said)) == 1


def test_without_a_token(api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asked of GitHub; a notice says where to put the token."""
    del environ["INPUT_TOKEN"]
    post(red(), environ, "--annotations", "checks", "--comment", "always")
    said = capsys.readouterr().out
    assert [("pass token" in notice) for notice in notices(said)] == [True, True]
    assert len(errors(said)) == 1
    assert not api.requests


def test_the_variable_of_other_tools(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """GITHUB_TOKEN serves where the action's input is not given."""
    environ["GITHUB_TOKEN"] = environ.pop("INPUT_TOKEN")
    post(red(), environ, "--annotations", "checks")
    assert len(api.checks) == 1


@pytest.mark.parametrize("name", ["GITHUB_REPOSITORY", "GITHUB_SHA"])
def test_outside_of_a_workflow(
    api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """On a laptop there is nothing to annotate: one line says so, and no command is printed."""
    for key in ("GITHUB_ACTIONS", "GITHUB_EVENT_PATH", name):
        del environ[key]
    post(red(), environ, "--annotations", "checks", "--comment", "always")
    said = capsys.readouterr()
    assert "::" not in said.out.replace("equivalence_a.py::A", "")
    assert said.err.count("No check run was posted") == said.err.count("No comment was posted") == 1
    assert not api.requests


def test_an_interrupted_run_posts_nothing(
    api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runner gives it seconds: commands are enough."""
    post(dataclasses.replace(red(), interrupted=True), environ, "--annotations", "checks", "--comment", "always")
    assert not api.requests
    assert len(errors(capsys.readouterr().out)) == 2


def test_nothing_is_posted_unasked(api: FakeApi, environ: dict[str, str], red: Red) -> None:
    """A token alone makes no request."""
    post(red(), environ)
    assert not api.requests


def test_step_outputs_do_not_wait_for_github(api: FakeApi, environ: dict[str, str], red: Red, tmp_path: Path) -> None:
    """They are the same whether GitHub takes the check run or not."""
    found = []
    for name in ("refused", "taken"):
        environ["GITHUB_OUTPUT"] = str(tmp_path / name)
        if name == "refused":
            api.fail(CHECK, FORBIDDEN)
        post(red(), environ, "--annotations", "checks")
        found.append((tmp_path / name).read_text())
    assert found[0] == found[1]
    assert "failure" in found[0]


def test_hostile_names_are_text(
    api: FakeApi, environ: dict[str, str], red: Red, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is mentioned, no issue is linked, and no markup of a name takes effect, in summary, text and comment."""
    hostile = "@org/team #123 GH-7 https://evil.example www.evil.example </details><img src=x> ```\n::error::x\n~~~"
    result = red(1, hostile)
    step = dataclasses.replace(result.cases[0].steps[0], id=hostile, message=hostile)
    case = dataclasses.replace(result.cases[0], id=f"a.py::{hostile}", steps=(step,))
    post(RunResult((case,), 0.0, {hostile: hostile}), environ, "--annotations", "checks", "--comment", "always")
    assert errors(capsys.readouterr().out) == []
    (check,) = api.checks.values()
    for text in (check["output"]["summary"], api.comments[0]["body"]):
        prose = without_code(text)
        assert [bad for bad in ("@org", "#123", "GH-7", "https://evil", "www.evil", "<img") if bad in prose] == []
        assert prose.count("<details") == prose.count("</details>")
        assert text.count("org/team") > 3


def without_code(text: str) -> str:
    """Return Markdown without what stands in code."""
    text = re.sub(r"(?ms)^(`{3,})text\n.*?\n\1$", "", text)
    return re.sub(r"(?s)<code>.*?</code>", "", re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text))
