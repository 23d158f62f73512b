"""Inputs reach the command in the container, and paths mean what the author of a workflow means by them."""

from __future__ import annotations

import json
import urllib.parse
import zipfile
from pathlib import Path

import pytest

from .conftest import Checkout, contents, seeded_line
from .runner import ActionRunner

pytestmark = pytest.mark.image

QUICK = {"steps": "named-weights"}
USES_A_PACKAGE = """
import subprocess

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase
from tiny_numbers import TWO

v1 = tf.compat.v1
print("git:", subprocess.run(["git", "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=False))


class Dense(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return v1.layers.dense(inputs, TWO, name="dense")


class UsesAPackage(EquivalenceCase):
    inputs = ArraySpec((2, 3))

    def tf1(self, inputs, training):
        return v1.layers.dense(inputs, TWO, name="dense")

    def tf2(self):
        return Dense()
"""


def make_wheel(folder: Path, name: str, version: str, *requires: str, source: str = "TWO = 2\n") -> None:
    """Write a wheel of one module."""
    module = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    information = f"{module}-{version}.dist-info"
    metadata = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}.py", source)
        wheel.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
        )
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")


@pytest.fixture(scope="module")
def diverging(checkout: Checkout) -> ActionRunner:
    """Return a machine whose repository has one seeded bug."""
    return checkout("diverging")


@pytest.mark.parametrize(
    ("inputs", "code", "conclusion"),
    [
        ({"fail-on": "never"}, 0, "neutral"),
        ({"fail-on": "errors"}, 0, "neutral"),
        ({"rtol": "0.1", "atol": "1"}, 0, "success"),
        ({"exclude": "nets/*", "fail-on-empty": "false"}, 0, "skipped"),
        ({"exclude": "nets/*"}, 5, "failure"),
        ({"case": "Nothing*"}, 2, "failure"),
    ],
    ids=["fail-on-never", "fail-on-errors", "rtol-atol", "fail-on-empty", "exclude", "case"],
)
def test_inputs_decide(inputs: dict[str, str], code: int, conclusion: str, diverging: ActionRunner) -> None:
    """Inputs arrive, those with a hyphen in their name too."""
    step = diverging.run({**QUICK, **inputs})
    assert (step.exit_code, step.outputs["conclusion"]) == (code, conclusion), step.text


def test_reports_can_be_turned_off(diverging: ActionRunner) -> None:
    """No annotations, no summary, and still a failure."""
    step = diverging.run({**QUICK, "annotations": "none", "job-summary": "false"})
    assert (step.exit_code, step.annotations, step.summary) == (1, (), ""), step.text
    assert step.counts == (1, 0, 1, 0, 0)


def test_summary_into_a_file(diverging: ActionRunner) -> None:
    """A path in place of true: the summary of the job stays empty."""
    step = diverging.run({**QUICK, "job-summary": "out/summary.md"})
    assert step.summary == ""
    assert "Convolutional" in (diverging.workspace / "out" / "summary.md").read_text("utf-8")


def test_working_directory(checkout: Checkout) -> None:
    """Modules are imported from it and paths start there; annotations still start at the repository's root."""
    machine = checkout("")
    below = checkout("diverging").workspace
    (machine.workspace / "research").mkdir()
    for name in ("nets", "legacy"):
        (below / name).rename(machine.workspace / "research" / name)
    step = machine.run({**QUICK, "working-directory": "research", "paths": "nets", "json-file": "results.json"})
    path, line = seeded_line(machine.workspace)
    assert path == "research/nets/convnet.py"
    assert [(found.file, found.line) for found in step.annotations] == [(path, line)], step.text
    assert step.outputs["json-file"] == "research/results.json"
    assert (machine.workspace / "research" / "results.json").is_file()


def test_folders_of_any_name(checkout: Checkout) -> None:
    """Blanks, other scripts, and what commands, links and properties escape."""
    machine = checkout("diverging")
    name = "größe, 100%25: 模型 [1]"
    (machine.workspace / name).mkdir()
    for folder in ("nets", "legacy"):
        (machine.workspace / folder).rename(machine.workspace / name / folder)
    step = machine.run({**QUICK, "working-directory": name, "junit-file": "out dir/junit.xml"})
    path, line = seeded_line(machine.workspace)
    assert path.startswith(name)
    assert [(found.file, found.line) for found in step.annotations] == [(path, line)], step.text
    assert f"/{urllib.parse.quote(path)}#L{line}" in step.summary
    assert step.outputs["junit-file"] == f"{name}/out dir/junit.xml"
    assert step.outputs["worst-case"] == f"{name}/nets/equivalence_convnet.py::Convolutional"


def test_repository_below_the_workspace(checkout: Checkout) -> None:
    """Where actions/checkout was given a `path`, annotations start at the repository's root all the same."""
    machine = checkout("diverging", into="checked/out")
    step = machine.run({**QUICK, "working-directory": "checked/out", "json-file": "results.json"})
    path, line = seeded_line(machine.workspace / "checked" / "out")
    assert [(found.file, found.line) for found in step.annotations] == [(path, line)], step.text
    assert step.outputs["json-file"] == "checked/out/results.json"
    assert f"/{path}#L{line}" in step.summary


def test_path_prefix(diverging: ActionRunner) -> None:
    """Where the workspace is a part of the repository, what links to a line starts with the prefix."""
    step = diverging.run({**QUICK, "path-prefix": "third_party/models", "json-file": "out/prefixed.json"})
    path, line = seeded_line(diverging.workspace)
    assert [(found.file, found.line) for found in step.annotations] == [(f"third_party/models/{path}", line)]
    assert f"/third_party/models/{path}#L{line}" in step.summary
    report = json.loads((diverging.workspace / "out" / "prefixed.json").read_text("utf-8"))
    assert report["cases"][0]["steps"][0]["location"]["path"] == f"third_party/models/{path}"


def test_paths_of_the_host(checkout: Checkout) -> None:
    """`${{ github.workspace }}` is a path of the machine, which the container knows by another name."""
    machine = checkout("diverging")
    here = machine.workspace
    paths = f"{here}/nets/equivalence_convnet.py\n{here}/nets"
    step = machine.run({**QUICK, "paths": paths, "json-file": f"{here}/out/results.json"})
    path, line = seeded_line(here)
    assert [(found.file, found.line) for found in step.annotations] == [(path, line)], step.text
    assert step.outputs["json-file"] == "out/results.json"
    assert (here / "out" / "results.json").is_file()


def test_config(checkout: Checkout) -> None:
    """The table of pyproject.toml holds, and an input wins over it."""
    table = '[tool.tf-equivalence]\nsteps = ["named-weights"]\nfail-on = "never"\njson-file = "results.json"\n'
    machine = checkout("diverging", files={"pyproject.toml": table})
    step = machine.run()
    assert (step.exit_code, step.outputs["conclusion"], step.counts) == (0, "neutral", (1, 0, 1, 0, 0)), step.text
    assert step.outputs["json-file"] == "results.json"
    assert machine.run({"fail-on": "failures"}).exit_code == 1


def test_requirements(checkout: Checkout) -> None:
    """What the repository asks for is importable, from a folder of wheels without any network; git may be used."""
    files = {
        "requirements.txt": "--no-index\n--find-links wheels\ntiny-numbers==1.0\n",
        "equivalence_package.py": USES_A_PACKAGE,
    }
    machine = checkout("", files=files, options=("--network", "none"))
    make_wheel(machine.workspace / "wheels", "tiny-numbers", "1.0")
    before = contents(machine.workspace)
    step = machine.run({"requirements": "requirements.txt", "steps": "named-weights", "log-level": "info"})
    assert (step.exit_code, step.outputs["conclusion"]) == (0, "success"), step.text
    assert "returncode=0, stdout='/github/workspace" in step.text
    assert contents(machine.workspace) == before


def test_requirements_that_contradict_the_pins(checkout: Checkout) -> None:
    """A requirement that needs another TensorFlow is refused with an annotation, and nothing runs."""
    files = {
        "requirements.txt": "--no-index\n--find-links wheels\ntiny-numbers==1.0\n",
        "equivalence_package.py": USES_A_PACKAGE,
    }
    machine = checkout("", files=files, options=("--network", "none"))
    make_wheel(machine.workspace / "wheels", "tiny-numbers", "1.0", "numpy<1.20")
    step = machine.run({"requirements": "requirements.txt", "steps": "named-weights"})
    assert (step.exit_code, step.outputs["conclusion"], step.counts) == (2, "failure", (0, 0, 0, 0, 0)), step.text
    assert len(step.errors) == 1
    assert "numpy" in step.errors[0].message
    assert "tiny" in step.errors[0].message
