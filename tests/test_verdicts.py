"""The tables of verdicts: nothing wrong passes, nothing right fails, and both tables can be red."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tf_equivalence.case import Tolerance

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.verdicts import false_alarms, peers  # noqa: E402
from benchmarks.verdicts.hazards import HAZARDS, Hazard  # noqa: E402
from benchmarks.verdicts.table import render  # noqa: E402

NAMES = [hazard.name for hazard in HAZARDS]
LOOSE = Tolerance(1.0, 1.0)


def run_table(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark as its command."""
    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "benchmarks.verdicts", *arguments, "--jobs", "2"]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("hazard", HAZARDS, ids=NAMES)
def test_hazard_is_caught(hazard: Hazard) -> None:
    """What other tools let pass is a difference."""
    assert hazard.caught("measured")


def test_hazards_have_names_of_their_own() -> None:
    """No hazard hides another."""
    assert len(set(NAMES)) == len(HAZARDS)


@pytest.mark.parametrize("tolerance", ["guide", LOOSE], ids=["guide", "loose"])
def test_hazards_can_pass(tolerance: str | Tolerance) -> None:
    """A judge that is too loose lets some pass, so the table can be red."""
    passed = [hazard.name for hazard in HAZARDS if not hazard.caught(tolerance)]
    assert "outputs of 1e-12, twice as large" in passed


@pytest.mark.parametrize("hazard", [hazard for hazard in HAZARDS if hazard.tf1], ids=lambda hazard: hazard.name)
def test_hazard_is_caught_for_its_difference(hazard: Hazard) -> None:
    """The same run on both sides is no difference, unless it is not a number."""
    twin = Hazard(hazard.name, hazard.tf1, hazard.tf1, hazard.tf1_losses, hazard.tf1_losses)
    assert twin.caught("measured") == hazard.name.startswith(("NaN against NaN", "NaN throughout"))


def test_allclose_lets_known_hazards_pass() -> None:
    """The peer that is always there is asked in earnest: it has false passes, and catches most."""
    answers = peers.ask_peers([hazard.for_peers() for hazard in HAZARDS])[peers.NUMPY]
    passed = {hazard.name for hazard, same in zip(HAZARDS, answers, strict=True) if same}
    assert {"NaN against NaN", "broadcastable: scalar against array", "outputs of 1e-12, twice as large"} <= passed
    assert len(passed) < len(HAZARDS) / 2


def test_missing_peer_is_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that is not installed neither catches nor passes anything."""
    monkeypatch.setattr(peers, "PYTHON", tmp_path / "python")
    answers = peers.ask_peers([hazard.for_peers() for hazard in HAZARDS[:2]])
    assert peers.missing_peers(answers) == [peers.POLYGRAPHY, peers.TORCH]


def test_inputs_are_read_from_the_source() -> None:
    """A row states the sizes of its case, be they its base's."""
    assert false_alarms.inputs_of(false_alarms.CASES / "equivalence_loops.py", "Lstm200OtherSeed") == "((2, 200, 4))"


@pytest.mark.parametrize("markdown", [False, True], ids=["text", "markdown"])
def test_table_is_aligned(markdown: bool) -> None:
    """Every column starts at one place in all lines."""
    lines = render(("what", "ours"), [("a long name", "x"), ("b", "y")], markdown=markdown).splitlines()
    assert len(lines) == 4
    assert {line.index(cell) for line, cell in zip(lines, ("ours", "----", "x", "y"), strict=True)} != set()
    starts = [lines[0].rindex("ours"), lines[2].rindex("x"), lines[3].rindex("y")]
    assert len(set(starts)) == 1


def test_a_sample_of_right_migrations_raises_no_alarm() -> None:
    """A few small cases of several kinds pass every step, as the command says."""
    done = run_table("false-alarms", "--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(false_alarms.QUICK)} cases" in done.stdout
    assert "\n0 false alarms of ours" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_judge_too_tight_raises_alarms() -> None:
    """With no tolerance at all, right migrations are red, and the command says so."""
    done = run_table("false-alarms", "--rtol", "0", "--atol", "0", "--quick")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FALSE ALARM" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_judge_too_loose_lets_bugs_pass() -> None:
    """With a tolerance of one, wrong migrations are green, and the command says so."""
    done = run_table("false-passes", "--rtol", "1", "--atol", "1", "--quick")
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(line.startswith("bug: ") and line.split("  ")[1:] for line in done.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["false-passes", "false-alarms"])
def test_whole_table_is_green(name: str) -> None:
    """No false pass and no false alarm."""
    done = run_table(name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"\n0 {name.replace('-', ' ')} of ours" in done.stdout
