"""The command, as a workflow's step runs it, against the API: what GitHub then holds, and what user code saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from github_api.fake_api import FORBIDDEN, TOKEN, FakeApi

ROOT = Path(__file__).resolve().parents[2]
CASE = '''\
"""A migration that creates a variable in each call, and looks for the token."""

import os
import pathlib

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase


class Nosy(EquivalenceCase):
    inputs = ArraySpec((2, 3))

    def tf1(self, inputs, training):
        return inputs * tf.compat.v1.get_variable("scale", (), initializer=tf.compat.v1.ones_initializer())

    def tf2(self):
        found = [key for key, value in os.environ.items() if "TOKEN" in value]
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if b"TOKEN" in line:
                found.append(str(process))
        pathlib.Path("SEEN").write_text("seen: " + " ".join(found))
        return Scale()


class Scale(tf.keras.layers.Layer):
    def call(self, inputs):
        return inputs * tf.Variable(1.0, name="scale")
'''


def run(environ: dict[str, str], *argv: str, step: str = "variables-once") -> subprocess.CompletedProcess[str]:
    """Run the command in the workspace."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_"))}
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", "--step", step, *argv]
    return subprocess.run(
        command,
        cwd=environ["GITHUB_WORKSPACE"],
        env={**base, "PYTHONPATH": str(ROOT / "runner"), "NO_PROXY": "127.0.0.1", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_red_pull_request(api: FakeApi, environ: dict[str, str]) -> None:
    """A check run on the branch's commit, a comment, SARIF; user code finds no token; then the refusal of a fork."""
    workspace = Path(environ["GITHUB_WORKSPACE"])
    case = CASE.replace("TOKEN", TOKEN).replace("SEEN", str(workspace / "seen.txt"))
    (workspace / "equivalence_nosy.py").write_text(case)
    environ |= {"GITHUB_TOKEN": TOKEN, "GITHUB_OUTPUT": str(workspace / "outputs")}
    asked = ("--annotations", "checks", "--comment", "on-failure", "--sarif-file", "out/r.sarif")

    done = run(environ, *asked)
    assert done.returncode == 1, done.stderr
    (check,) = api.checks.values()
    (annotation,) = check["output"]["annotations"]
    line = 1 + case.splitlines().index('        return inputs * tf.Variable(1.0, name="scale")')
    assert (annotation["path"], annotation["start_line"]) == ("equivalence_nosy.py", line)
    assert check["conclusion"] == "failure"
    assert "tf.Variable" in api.comments[0]["body"]
    assert "::error" not in done.stdout
    sarif = json.loads((workspace / "out" / "r.sarif").read_text())
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["variable-created"]
    assert (workspace / "seen.txt").read_text() == "seen: "

    api.fail("POST .*/check-runs", FORBIDDEN)
    refused = run(environ, *asked)
    assert refused.returncode == 1
    assert refused.stdout.count("::notice ") == refused.stdout.count("::error file=equivalence_nosy.py") == 1
    assert len(api.comments) == 1
    said = done.stdout + done.stderr + refused.stdout + refused.stderr
    assert TOKEN not in said + (workspace / "outputs").read_text() + json.dumps(sarif)
    assert "Traceback" not in said


def test_the_divergence_is_drawn(environ: dict[str, str]) -> None:
    """What is traced for its cause is drawn in the job summary, without asking for a trace; a green is not traced."""
    workspace = Path(environ["GITHUB_WORKSPACE"])
    bug = (ROOT / "tests" / "bugs" / "equivalence_bug_17_activation_changed.py").read_text("utf-8")
    (workspace / "equivalence_bug.py").write_text(bug)
    line = 1 + next(number for number, text in enumerate(bug.splitlines()) if text.endswith("# BUG"))
    environ |= {"GITHUB_STEP_SUMMARY": str(workspace / "summary.md")}
    done = run(environ, "--json-file", "r.json", step="named-weights")
    assert done.returncode == 1, done.stderr
    text = (workspace / "summary.md").read_text("utf-8")
    assert "Divergence along the network in `named-weights`:" in text
    assert f"^ starts at Elu, equivalence_bug.py:{line}: " in text
    assert "activation is relu in TF1, elu in TF2" in text
    right, wrong = json.loads((workspace / "r.json").read_text())["cases"]
    assert right["steps"][0]["pinpointed"] is None
    assert wrong["steps"][0]["pinpointed"] is not None
