"""self-test.yml, run by `act`, a real workflow client: its assertions hold, and fail when they should."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.image

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "tf-equivalence:local"

Run = Callable[[str, str], str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs the workflow with something in it replaced, and returns act's log."""
    act = shutil.which(ROOT / "build" / "checkers" / "bin" / "act") or shutil.which("act")
    if act is None:
        pytest.skip("act is not installed; see what scripts/install_checkers says")
    repository, home = tmp_path / "repository", tmp_path / "home"
    for folder in (".github/workflows", "scripts", "tests/image/fixtures"):
        shutil.copytree(ROOT / folder, repository / folder, ignore=shutil.ignore_patterns("__pycache__"))
    action = (ROOT / "action.yml").read_text("utf-8")
    # The image is there already, and the steps run in it as well: it has git, bash and Python.
    (repository / "action.yml").write_text(action.replace("image: Dockerfile", f"image: docker://{IMAGE}"), "utf-8")
    (home / "act").mkdir(parents=True)
    (home / "act" / "actrc").touch()  # else, it asks which images to use
    workflow = repository / ".github" / "workflows" / "self-test.yml"
    source, upload, _ = workflow.read_text("utf-8").partition("      - name: Keep the reports\n")
    assert upload  # that needs GitHub, and is the last step

    def start(old: str, new: str) -> str:
        assert old in source
        # act names containers after the workflow, and two tests may run at a time.
        named = source.replace("name: Self-test", f"name: Self-test {uuid.uuid4().hex}", 1)
        workflow.write_text(named.replace(old, new, 1), encoding="utf-8")
        git = ["git", "-c", "user.name=octocat", "-c", "user.email=octocat@example.com"]
        subprocess.run([*git, "init", "--quiet"], cwd=repository, check=True)
        subprocess.run([*git, "remote", "add", "origin", "https://github.com/octo/models"], cwd=repository, check=True)
        subprocess.run([*git, "add", "--all"], cwd=repository, check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", "Start"], cwd=repository, check=True)
        command = [act, "push", "--workflows", str(workflow), "--platform", f"ubuntu-24.04={IMAGE}", "--pull=false"]
        command += [
            "--rm",
            "--action-offline-mode",
            "--no-cache-server",
            "--action-cache-path",
            str(tmp_path / "cache"),
        ]
        environ = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        done = subprocess.run(command, cwd=repository, env=environ, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == ("Job succeeded" in done.stdout), done.stdout + done.stderr
        return done.stdout

    return start


def test_self_test(run: Run) -> None:
    """The three fixtures do what the workflow expects of them."""
    log = run("", "")
    assert "Job succeeded" in log, log
    for name in ("passing", "diverging", "broken"):
        assert f"{name}: 0 problems" in log


def test_self_test_fails(run: Run) -> None:
    """One output that is not as expected fails the job, and the others are still looked at."""
    log = run('"diverged": "8"', '"diverged": "6"')
    assert "Job failed" in log, log
    assert "diverging: 1 problems" in log
    assert "broken: 0 problems" in log
