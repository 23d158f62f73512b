"""Whatever a module does, one clear message says what, where and what to do, and the other cases are unharmed."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tf_equivalence.report.escape import command_data, command_property

from .checkpoints import CHECKPOINTS
from .hazards import MISBEHAVING, UNLOADABLE, WRONG_CASES
from .losses import LOSSES
from .model_functions import MODEL_FUNCTIONS
from .optimizers import OPTIMIZERS
from .strangers import HOSTILE, STRANGERS, TRAINING
from .workspace import HEALTHY, Hazard, Run, run_command, write_hazards

# One group, so that one worker meets each group of hazards in one run of the command.

SECRET = "a-token-that-user-code-must-not-see"
QUICK = ("--step", "constant-weights")
GROUPS: dict[str, tuple[tuple[Hazard, ...], tuple[str, ...]]] = {
    "unloadable": (UNLOADABLE, QUICK),
    "wrong": (WRONG_CASES, QUICK),
    "misbehaving": (MISBEHAVING, (*QUICK, "--timeout", "8")),
    "strangers": (STRANGERS, QUICK),
    "hostile": (HOSTILE, (*QUICK, "--log-level", "debug")),
    "training": (TRAINING, ()),
    "losses": (LOSSES, ("--step", "gradients")),
    "model functions": (MODEL_FUNCTIONS, ("--step", "constant-weights", "--step", "gradients")),
    "optimizers": (OPTIMIZERS, ("--step", "optimizer")),
    "checkpoints": (CHECKPOINTS, ("--step", "checkpoint")),
}
BAD = [(group, hazard) for group, (hazards, _) in GROUPS.items() for hazard in hazards if hazard.says]
FINE = [
    (group, hazard)
    for group, (hazards, _) in GROUPS.items()
    for hazard in hazards
    if hazard.outcome in ("passed", "skipped")
]

Runs = Callable[[str], Run]


def ids(rows: list[tuple[str, Hazard]]) -> list[str]:
    """Return a readable id for each row."""
    return [f"{group}-{re.sub(r'[^a-z0-9_]', '', hazard.name)}" for group, hazard in rows]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Return a function that runs the command on a group of hazards, once."""
    done: dict[str, Run] = {}

    def run(group: str) -> Run:
        if group not in done:
            workspace = tmp_path_factory.mktemp(group) / "work"
            hazards, arguments = GROUPS[group]
            write_hazards(workspace, hazards)
            environ = {
                "GITHUB_TOKEN": SECRET,
                "ACTIONS_RUNTIME_TOKEN": SECRET,
                "INPUT_TOKEN": SECRET,
                "GITHUB_ENV": str(workspace / SECRET),
            }
            done[group] = run_command(workspace, ".", *arguments, environ=environ)
        return done[group]

    return run


def judged(case: dict[str, Any]) -> list[str]:
    """Return the outcomes of a case's steps; these models keep no state that training calls could update."""
    return [step["outcome"] for step in case["steps"] if step["id"] != "state-updates" or step["outcome"] == "error"]


def plain(text: str) -> str:
    """Return Markdown or XML text without what escapes characters in it, in one line."""
    return " ".join(re.sub(r"\\(?=[^a-zA-Z0-9\s])", "", html.unescape(text)).split())


@pytest.mark.parametrize(("group", "hazard"), BAD, ids=ids(BAD))
def test_message_says_what_where_and_what_to_do(runs: Runs, group: str, hazard: Hazard) -> None:
    """The JSON report has one failed step that names the line and the remedy, and shows no traceback."""
    case = runs(group).case(hazard.case_id)
    failed = [step for step in case["steps"] if step["outcome"] == hazard.outcome]
    assert failed, case["steps"]
    assert case["outcome"] == hazard.outcome
    step = failed[0]
    finding = step["findings"][0]
    text = "\n".join(found["message"] for found in step["findings"])
    assert [words for words in hazard.says if words not in text] == [], text
    assert (step["location"]["path"], step["location"]["line"]) == hazard.marked(), finding
    assert (finding["location"]["path"], finding["location"]["line"]) == hazard.marked()
    assert "Traceback" not in text
    assert len(text) < 5000
    assert not hazard.kind or finding["kind"] == hazard.kind
    assert not hazard.whole or [step["id"] for step in case["steps"]] == ["load"]


@pytest.mark.parametrize(("group", "hazard"), BAD, ids=ids(BAD))
def test_every_report_tells_it(runs: Runs, group: str, hazard: Hazard) -> None:
    """Terminal, JUnit, job summary and annotation name the line and say the same."""
    run = runs(group)
    path, line = hazard.marked()
    place, words = f"{path}:{line}", " ".join(hazard.says[0].split())
    for name, text in (("terminal", run.stdout), ("summary", run.summary)):
        assert place in plain(text), name
        assert words in plain(text), name
    elements = [
        element
        for case in ET.fromstring(run.junit).iter("testcase")
        if (case.get("classname") or "").endswith(hazard.case_id)
        for element in [*case.iter("error"), *case.iter("failure")]
    ]
    assert any(place in (e.text or "") and words in plain(e.text or "") for e in elements), "JUnit"
    start = f"::error file={command_property(path)},line={line},title="
    said = [text for text in run.annotations() if text.startswith(start)]
    assert len(said) == 1, run.annotations()
    assert command_data(words) in said[0]


@pytest.mark.parametrize(("group", "hazard"), FINE, ids=ids(FINE))
def test_stranger_is_judged_like_any_other(runs: Runs, group: str, hazard: Hazard) -> None:
    """A strange case that computes the right thing passes every step."""
    case = runs(group).case(hazard.case_id)
    assert judged(case) == [hazard.outcome] * len(judged(case)), case["steps"]


@pytest.mark.parametrize("group", GROUPS)
def test_other_cases_are_unharmed(runs: Runs, group: str) -> None:
    """The healthy case of every run passes, every module is in the report once, and the exit code says the worst."""
    run = runs(group)
    hazards = GROUPS[group][0]
    assert set(judged(run.case(f"{HEALTHY}::Case"))) == {"passed"}
    assert len(run.report["cases"]) == len(hazards) + 1
    outcomes = {hazard.outcome for hazard in hazards}
    assert run.exit_code == (3 if "error" in outcomes else 1 if "diverged" in outcomes else 0)


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_is_left_running(runs: Runs, group: str) -> None:
    """No process outlives the run, whatever session it moved to."""
    run = runs(group)
    left = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if run.mark.encode() in (directory / "environ").read_bytes():
                left.append((directory / "cmdline").read_bytes())
        except OSError:
            continue
    assert left == []


@pytest.mark.parametrize("group", GROUPS)
def test_no_traceback_of_ours(runs: Runs, group: str) -> None:
    """Nobody is shown our own stack."""
    run = runs(group)
    for text in (run.stdout, run.stderr, run.junit, run.summary):
        assert "Traceback" not in text
        assert "please report" not in text


@pytest.mark.parametrize("group", GROUPS)
def test_user_code_cannot_issue_commands(runs: Runs, group: str) -> None:
    """GitHub finds our own annotations alone in what the command writes, and no old-style command anywhere else."""
    run = runs(group)
    hazards = [hazard for hazard in GROUPS[group][0] if hazard.outcome in ("error", "diverged")]
    commands = run.annotations()
    assert [
        text for text in commands if not re.match(r"::error file=[^:]*equivalence_|::error file=\w+\.py,", text)
    ] == []
    assert len(commands) == len({hazard.marked() for hazard in hazards})
    assert not re.search(r"\x1b\[2J|[\x80-\x9f]", run.stdout + run.stderr)


def test_what_user_code_prints_is_kept_within_bounds(runs: Runs) -> None:
    """Of a hundred megabytes the beginning and the end are kept, and the reports stay small."""
    run = runs("strangers")
    for hazard in STRANGERS:
        if hazard.name.startswith("prints_100_mb"):
            output = run.case(hazard.case_id)["output"]
            assert 1000 < len(output) < 1_000_000
    assert len(run.junit) + len(run.summary) + len(run.stdout) < 4_000_000


def test_hostile_output_is_shown_and_harmless(runs: Runs) -> None:
    """What a case prints, bytes that are no text among it, reaches the log and the reports in a readable form."""
    run = runs("hostile")
    assert "pwned" in run.stderr
    assert r"\xff\xfe" in run.case("equivalence_prints_bytes.py::Case")["output"]
    texts = "".join(element.text or "" for element in ET.fromstring(run.junit).iter("system-out"))
    assert "<script>alert(1)</script> ]]> &" in texts
    assert "<script>" not in re.sub(r"```.*?```", "", run.summary, flags=re.DOTALL)


def test_tokens_stay_with_the_runner(runs: Runs) -> None:
    """User code sees neither the tokens nor the command files of the workflow."""
    run = runs("hostile")
    assert "PYTHONPATH" in run.case("equivalence_prints_secrets.py::Case")["output"]
    for text in (run.stdout, run.stderr, run.junit, run.summary):
        assert SECRET not in text


def test_file_name_with_a_command_is_one_line(runs: Runs) -> None:
    """A line break in a file's name cannot begin a command of its own."""
    run = runs("hostile")
    case = next(case for case in run.report["cases"] if case["id"].startswith("equivalence_line"))
    assert case["outcome"] == "error"
    assert "No module named 'nobody_has_this'" in case["steps"][0]["message"]


def test_killed_process_is_told_from_a_slow_one(runs: Runs) -> None:
    """A hang is a timeout and a crash a signal, by the kind that tools read."""
    run = runs("misbehaving")
    kinds = {
        name: run.case(f"equivalence_{name}.py{case}")["steps"][0]["findings"][0]["kind"]
        for name, case in (
            ("hangs", "::Case"),
            ("hangs_at_import", ""),
            ("segfaults", "::Case"),
            ("leaves_0", "::Case"),
        )
    }
    assert kinds == {"hangs": "timeout", "hangs_at_import": "load", "segfaults": "signal", "leaves_0": "exit"}
