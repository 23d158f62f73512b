"""Workspaces full of hazards: each is one module beside healthy ones, and one run of the command meets them all."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MARK = "# BAD"

# What the hazards derive from: the smallest model there is.
TINY = """
import tensorflow as tf
from tf_equivalence import ArraySpec, EquivalenceCase


class Scale(tf.keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(name="w", shape=[2, 2], initializer="ones")

    def call(self, inputs, training=False):
        return tf.matmul(inputs, self.w)


class _Tiny(EquivalenceCase):
    inputs = ArraySpec((3, 2))
    variable_names = {"w": "scale/w"}

    def tf1(self, inputs, training):
        w = tf.compat.v1.get_variable("w", [2, 2], initializer=tf.compat.v1.ones_initializer())
        return tf.matmul(inputs, w)

    def tf2(self):
        return Scale(name="scale")
"""
HEALTHY = "equivalence_healthy.py"


@dataclass(frozen=True)
class Hazard:
    """A module that goes wrong, and what a person must be told about it.

    Attributes:
        name: The module is `equivalence_<name>.py`, its case `Case`.
        body: What follows the imports of `tf` and `_Tiny`; the line to point at ends in `# BAD`.
        says: What the message must contain, the remedy among it.
        outcome: Of the step, or of the case where it cannot be loaded.
        whole: Whether no case of the module can be run, so that it is reported under its path.
        bare: Whether the body is the whole module.
        files: Other files of the workspace, by path.
        kind: The kind of the finding; empty for any.
        folder: Where the module lies; empty for the workspace itself.
    """

    name: str
    body: str
    says: tuple[str, ...] = ()
    outcome: str = "error"
    whole: bool = False
    bare: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    folder: str = ""

    @property
    def path(self) -> str:
        """The module, relative to the workspace."""
        return f"{self.folder}/equivalence_{self.name}.py".lstrip("/")

    @property
    def case_id(self) -> str:
        """What reports call it."""
        return self.path if self.whole else f"{self.path}::Case"

    def sources(self) -> dict[str, str]:
        """The files of this hazard, by path."""
        text = textwrap.dedent(self.body).lstrip("\n")
        if not self.bare:
            text = f"import os\nimport sys\n\nimport tensorflow as tf\nfrom tiny import Scale, _Tiny\n\n\n{text}"
        others = {path: textwrap.dedent(body).lstrip("\n") for path, body in self.files.items()}
        return {self.path: text, **others}

    def marked(self) -> tuple[str, int]:
        """The path and the line that the message must point at."""
        places = [
            (path, number)
            for path, text in self.sources().items()
            for number, line in enumerate(text.splitlines(), 1)
            if line.endswith(MARK)
        ]
        assert len(places) == 1, f"{self.name}: {len(places)} lines end in {MARK}"
        return places[0]


@dataclass(frozen=True)
class Run:
    """What one run of the command left behind.

    Attributes:
        exit_code: Of the command.
        stdout: What it wrote, annotations included.
        stderr: The same.
        report: The JSON report; empty where none was written.
        junit: The text of the JUnit report.
        summary: The text of the job summary.
        workspace: Where it ran.
        mark: A word in the environment of every process of the run.
    """

    exit_code: int
    stdout: str
    stderr: str
    report: Mapping[str, Any]
    junit: str
    summary: str
    workspace: Path
    mark: str

    def case(self, case_id: str) -> dict[str, Any]:
        """Return the one case of this id."""
        found = [case for case in self.report["cases"] if case["id"] == case_id]
        assert len(found) == 1, f"{case_id} is {len(found)} times among {[c['id'] for c in self.report['cases']]}"
        case: dict[str, Any] = found[0]
        return case

    def annotations(self) -> list[str]:
        """Return the lines that GitHub takes for commands."""
        # Both streams are read, and lines end where anybody could think that they do.
        lines = (self.stdout + "\n" + self.stderr).splitlines()
        return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


def write_files(workspace: Path, sources: Mapping[str, str]) -> None:
    """Write files below the workspace, and what every module derives from beside them."""
    healthy = "from tiny import _Tiny\n\n\nclass Case(_Tiny):\n    pass\n"
    for path, text in {"tiny.py": TINY, HEALTHY: healthy, **sources}.items():
        target = workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8", "surrogateescape")


def write_hazards(workspace: Path, hazards: Sequence[Hazard]) -> None:
    """Write every hazard's files."""
    write_files(workspace, functools.reduce(lambda all_, hazard: {**all_, **hazard.sources()}, hazards, {}))


def run_command(workspace: Path, *arguments: str, environ: Mapping[str, str] = {}) -> Run:
    """Run the command in a workspace and collect every report that it writes."""
    # A directory of its own, so that no report is found as a part of the workspace.
    out = workspace.with_name(workspace.name + "-reports")
    out.mkdir(exist_ok=True)
    files = {name: out / name for name in ("report.json", "junit.xml", "summary.md")}
    mark = f"tf-equivalence-test-{uuid.uuid4()}"
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", *arguments]
    command += ["--json-file", str(files["report.json"]), "--junit-file", str(files["junit.xml"])]
    command += ["--job-summary", str(files["summary.md"]), "--annotations", "commands", "--max-annotations", "100"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_"))}
    done = subprocess.run(
        command,
        cwd=workspace,
        env={**kept, "PYTHONPATH": str(ROOT / "runner"), "MARK": mark, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=240,
    )
    texts = {name: path.read_text("utf-8") if path.exists() else "" for name, path in files.items()}
    return Run(
        done.returncode,
        done.stdout.decode("utf-8"),
        done.stderr.decode("utf-8"),
        json.loads(texts["report.json"] or "{}"),
        texts["junit.xml"],
        texts["summary.md"],
        workspace,
        mark,
    )
