"""action.yml, the command, pyproject.toml and README say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tf_equivalence.option import Option
from tf_equivalence.options import OPTIONS
from tf_equivalence.report.step_outputs import StepOutputsOptions, step_outputs
from tf_equivalence.result import RunResult

ROOT = Path(__file__).resolve().parents[1]
INPUTS = [option for option in OPTIONS if option.in_action]
# What an option's default is called where the table holds none: `settings` works it out.
DERIVED = {
    "paths": "the working directory",
    "exclude": "none",
    "working-directory": "the workspace",
    "path-prefix": "nothing",
    "config": "the nearest pyproject.toml that has the table, from the working directory up to the workspace",
    "requirements": "none",
    "steps": "all steps",
    "case": "all cases",
    "rtol": "as tolerance says",
    "atol": "as tolerance says",
    "jobs": "0, one for each core",
    "junit-file": "nowhere",
    "json-file": "nowhere",
    "trace": "nowhere",
    "sarif-file": "nowhere",
    "html-file": "nowhere",
    "checkpoint-dir": "none",
    "annotations": "commands",
    "max-annotations": "10 by commands, 1000 by checks",
    "token": "none",
}


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    """Return action.yml."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return found


def readme() -> str:
    """Return the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def words(option: Option) -> str:
    """Return the default as the description names it."""
    default = option.default
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_inputs_are_the_options(action: dict[str, Any]) -> None:
    """Every input is an option of the command under the same name, and the other way round."""
    assert set(action["inputs"]) == {option.name for option in INPUTS}


@pytest.mark.parametrize("option", INPUTS, ids=lambda option: option.name)
def test_each_input(action: dict[str, Any], option: Option) -> None:
    """An input is empty unless written, so that pyproject.toml may say; its description ends with the default."""
    found = action["inputs"][option.name]
    assert set(found) == {"description", "required", "default"}
    assert found["required"] is False
    assert found["default"] == ""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", option.name)
    assert found["description"].endswith(f"Default: {DERIVED.get(option.name) or words(option)}.")


@pytest.mark.parametrize("option", [option for option in INPUTS if option.flags], ids=lambda option: option.name)
def test_each_input_is_a_flag(option: Option) -> None:
    """The long flag of an option is its name; `--step` is short for one of several."""
    assert f"--{option.name}" in option.flags


def test_each_input_may_be_written_in_the_file() -> None:
    """Only the file's own name cannot stand in it, and no secret."""
    assert [option.name for option in INPUTS if not option.in_config] == ["config", "token"]


def test_outputs_are_written(action: dict[str, Any]) -> None:
    """Every documented output is written, in the same order, and nothing else."""
    assert list(action["outputs"]) == list(step_outputs(RunResult((), 0.0, {}), StepOutputsOptions()))
    assert all(set(output) == {"description"} and output["description"] for output in action["outputs"].values())


def test_it_runs_the_image(action: dict[str, Any]) -> None:
    """The image's own command runs, for arguments would make inputs unreadable; branding is there."""
    assert action["runs"] == {"using": "docker", "image": "Dockerfile"}
    assert set(action["branding"]) == {"icon", "color"}
    assert len(action["description"]) <= 125


def test_readme_names_every_input_and_output(action: dict[str, Any]) -> None:
    """An input or output that the README does not name does not exist for its readers."""
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", readme()))
    assert set(action["inputs"]) | set(action["outputs"]) <= named


def test_readme_names_no_unknown_input(action: dict[str, Any]) -> None:
    """What the README passes to the action exists."""
    for block in re.findall(r"^```yaml\n(.*?)^```", readme(), re.MULTILINE | re.DOTALL):
        for step in _steps(yaml.safe_load(block)):
            if "tf-equivalence-action" in str(step.get("uses", "")):
                assert set(step.get("with", {})) <= set(action["inputs"])


def _steps(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        own = [node] if "uses" in node else []
        return own + [step for value in node.values() for step in _steps(value)]
    return [step for value in node for step in _steps(value)] if isinstance(node, list) else []
