"""The workflow that `init` writes is the short form of the example, and checks as one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tf_equivalence.init.workflow import ACTION, workflow_text

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / "examples" / "workflow.yml").read_text("utf-8")


def steps(text: str, job: str) -> list[dict[str, Any]]:
    """Return the steps of a job."""
    found: list[dict[str, Any]] = yaml.safe_load(text)["jobs"][job]["steps"]
    return found


def test_it_is_the_short_form_of_the_example() -> None:
    """Triggers, rights, pinned actions and their versions are those of examples/workflow.yml."""
    short = workflow_text("requirements.txt")
    mine, theirs = yaml.safe_load(short), yaml.safe_load(EXAMPLE)
    for key in ("name", True, "permissions", "concurrency"):  # YAML reads `on` as true
        assert mine[key] == theirs[key]
    job, shard = mine["jobs"]["equivalence"], theirs["jobs"]["shard"]
    assert job["timeout-minutes"] == shard["timeout-minutes"]
    assert job["runs-on"] == shard["runs-on"]
    assert job["permissions"].items() <= shard["permissions"].items()
    pins = re.compile(r"uses: \S+( # \S+)?")
    assert {match[0] for match in pins.finditer(short)} <= {match[0] for match in pins.finditer(EXAMPLE)}
    assert steps(short, "equivalence")[0] == steps(EXAMPLE, "shard")[0]
    assert set(steps(short, "equivalence")[1]["with"]) <= set(steps(EXAMPLE, "shard")[1]["with"])
    assert f"uses: {ACTION}\n" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("requirements", ["", "requirements.txt"])
def test_requirements(requirements: str) -> None:
    """They are installed where there are some."""
    action = steps(workflow_text(requirements), "equivalence")[1]
    assert action["with"].get("requirements", "") == requirements
