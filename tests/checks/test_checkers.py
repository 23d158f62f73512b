"""Checkers of workflows and Dockerfiles find nothing here, and find what is put in front of them.

`scripts/install_checkers` makes them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.image

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "checkers" / "bin"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXAMPLE = ROOT / "examples" / "workflow.yml"
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
DOCKERFILES = [ROOT / "Dockerfile", ROOT / "tests" / "image" / "Dockerfile"]
ACTION = ROOT / "action.yml"
CHECKED = {*WORKFLOWS, EXAMPLE, DEPENDABOT, ACTION, *DOCKERFILES}
FROM_PYTHON = ("check-jsonschema", "hadolint", "zizmor")

CHECKS = {
    "actionlint": ["actionlint", "-no-color", *map(str, (*WORKFLOWS, EXAMPLE))],
    "zizmor": [
        *("zizmor", "--offline", "--quiet", "--strict-collection", "--config", str(ROOT / ".github" / "zizmor.yml")),
        *map(str, (*WORKFLOWS, EXAMPLE, DEPENDABOT, ACTION)),
    ],
    "hadolint": ["hadolint", "--config", str(ROOT / ".hadolint.yaml"), *map(str, DOCKERFILES)],
    "schema of workflows": [
        *("check-jsonschema", "--builtin-schema", "vendor.github-workflows"),
        *map(str, (*WORKFLOWS, EXAMPLE)),
    ],
    "schema of actions": [
        *("check-jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION)),
    ],
    "schema of dependabot": [
        *("check-jsonschema", "--builtin-schema", "vendor.dependabot", str(DEPENDABOT)),
    ],
}


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a checker; skip the test where it could not be had."""
    name, *arguments = command
    path = shutil.which(PLACE / name) or shutil.which(name)
    if path is None:
        message = f"{name} is not installed; see what scripts/install_checkers says"
        if name in FROM_PYTHON and os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=False)


def put(tmp_path: Path, source: Path, old: str, new: str) -> str:
    """Write a file with one thing changed, and return its path."""
    text = source.read_text(encoding="utf-8")
    assert old in text
    changed = tmp_path / source.name
    changed.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(changed)


def test_there_is_something_to_check() -> None:
    """No checker passes for want of files."""
    assert len(WORKFLOWS) >= 5
    assert all(path.is_file() for path in CHECKED)


@pytest.mark.parametrize("command", CHECKS.values(), ids=CHECKS.keys())
def test_nothing_is_found(command: list[str]) -> None:
    """The checker is content; what it is told to leave out has its reason beside it."""
    answer = run(command)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("check", "source", "old", "new", "finding"),
    [
        (
            *("actionlint", WORKFLOWS[0], "github.run_id", "github.run_idd"),
            'property "run_idd" is not defined',
        ),
        (
            *("zizmor", EXAMPLE, "persist-credentials: false", "fetch-depth: 1"),
            "artipacked",
        ),
        (
            *("zizmor", EXAMPLE, "@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3", "@v6"),
            "unpinned-uses",
        ),
        (
            *("zizmor", EXAMPLE, 'test "$RESULT" = success', 'test "${{ github.head_ref }}" = success'),
            "template-injection",
        ),
        (
            "hadolint",
            DOCKERFILES[0],
            'ENTRYPOINT ["/opt/tf-equivalence/bin/tf-equivalence"]',
            "ENTRYPOINT run",
            "DL3025",
        ),
        ("schema of workflows", EXAMPLE, "timeout-minutes: 30", "timeout-minutes: soon", "timeout-minutes"),
        ("schema of actions", ACTION, "using: docker", "using: magic", "using"),
        ("schema of dependabot", DEPENDABOT, "interval: weekly", "interval: sometimes", "sometimes"),
    ],
)
def test_a_fault_is_found(check: str, source: Path, old: str, new: str, finding: str, tmp_path: Path) -> None:
    """The same command on a file with one fault says so."""
    command = [part for part in CHECKS[check] if Path(part) not in CHECKED]
    answer = run([*command, put(tmp_path, source, old, new)])
    assert answer.returncode != 0
    assert finding in answer.stdout + answer.stderr
