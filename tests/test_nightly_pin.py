"""What the job of nightly-pin.yml that may write does with the proposal of the one that may not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
FILES = {"pyproject.toml": "tf-nightly==1\n", "locks/cpu.txt": "a==1\n", ".github/workflows/ci.yml": "on: push\n"}
# A client that keeps the pull request as a file.
GH = """#!/usr/bin/env bash
echo "$*" >> "$STATE/gh.log"
case "$1 $2" in
"pr list") if [ -e "$STATE/request" ]; then echo 7; fi ;;
"pr create") touch "$STATE/request" ;;
esac
"""


class Proposal:
    """The job's scripts, run as they stand there, with a repository to push to.

    Args:
        folder: Where to make everything.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.origin, self.work = folder, folder / "origin.git", folder / "work"
        subprocess.run(["git", "init", "--quiet", "--bare", self.origin], check=True)
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", self.work], check=True)
        (folder / "bin").mkdir()
        (folder / "bin" / "gh").write_text(GH, encoding="utf-8")
        (folder / "bin" / "gh").chmod(0o755)
        self.change(FILES)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Start")
        self.git("remote", "add", "origin", str(self.origin))

    def git(self, *arguments: str) -> str:
        """Run git in the checkout, and return what it prints."""
        author = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.com"]
        command = ["git", *author, *arguments]
        return subprocess.run(command, cwd=self.work, capture_output=True, text=True, check=True).stdout

    def change(self, files: dict[str, str]) -> None:
        """Write files of the checkout."""
        for name, text in files.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_text(text, encoding="utf-8")

    def propose(self, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Make a proposal of changed files, and run the job on a fresh checkout."""
        self.git("checkout", "--quiet", "--detach", "main")
        self.change(files)
        self.git("add", "--all", "--intent-to-add")
        proposal = self.folder / "proposal"
        proposal.mkdir(exist_ok=True)
        (proposal / "changes.patch").write_text(self.git("diff", "--binary"), encoding="utf-8")
        (proposal / "body.md").write_text("é" * 70_000, encoding="utf-8")
        self.git("reset", "--quiet", "--hard", "main")
        job = yaml.safe_load((ROOT / ".github" / "workflows" / "nightly-pin.yml").read_text("utf-8"))["jobs"]["propose"]
        environ = {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "RUNNER_TEMP": str(self.folder),
            "STATE": str(self.folder),
            "BRANCH": job["env"]["BRANCH"],
            "BASE": "main",
        }
        script = "\n".join(step["run"] for step in job["steps"] if "run" in step)
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, cwd=self.work, env=environ, capture_output=True, text=True, check=False)

    def pushed(self, *arguments: str) -> str:
        """Run git where the branch was pushed to, and return what it prints."""
        command = ["git", *arguments]
        return subprocess.run(command, cwd=self.origin, capture_output=True, text=True, check=False).stdout


@pytest.fixture
def proposal(tmp_path: Path) -> Proposal:
    """Return the job with a new repository."""
    return Proposal(tmp_path)


def test_only_pins_are_taken_over(proposal: Proposal) -> None:
    """A package that ran while the pins were renewed cannot slip a workflow into the pull request."""
    done = proposal.propose(
        {
            "pyproject.toml": "tf-nightly==2\n",
            "locks/cpu.txt": "a==2\n",
            ".github/workflows/ci.yml": "on: pull_request_target\n",
            "evil.py": "evil\n",
        }
    )
    assert done.returncode == 0, done.stderr
    changed = proposal.pushed("diff", "--name-only", "nightly-pin^", "nightly-pin").split()
    assert changed == ["locks/cpu.txt", "pyproject.toml"]
    assert proposal.pushed("show", "nightly-pin:pyproject.toml") == "tf-nightly==2\n"
    assert proposal.pushed("show-ref", "--heads").count("\n") == 1


def test_one_pull_request(proposal: Proposal) -> None:
    """The next renewal replaces the branch and updates the request; its checks are started each time."""
    assert proposal.propose({"pyproject.toml": "tf-nightly==2\n"}).returncode == 0
    assert proposal.propose({"pyproject.toml": "tf-nightly==3\n"}).returncode == 0
    assert proposal.pushed("show", "nightly-pin:pyproject.toml") == "tf-nightly==3\n"
    assert proposal.pushed("rev-list", "--count", "nightly-pin").strip() == "2"
    said = [line.split()[:3] for line in (proposal.folder / "gh.log").read_text("utf-8").splitlines()]
    assert [line[1] for line in said if line[0] == "pr"] == ["list", "create", "list", "edit"]
    assert [line[2] for line in said if line[0] == "workflow"] == ["ci.yml", "self-test.yml"] * 2


def test_long_bodies_are_cut(proposal: Proposal) -> None:
    """GitHub refuses a text of more than 65,536 characters."""
    assert proposal.propose({"pyproject.toml": "tf-nightly==2\n"}).returncode == 0
    body = (proposal.folder / "body.md").read_bytes()
    assert 50_000 < len(body) < 65_536


def test_nothing_is_pushed_without_pins(proposal: Proposal) -> None:
    """A proposal that holds no pin fails the job."""
    assert proposal.propose({"evil.py": "evil\n"}).returncode != 0
    assert proposal.pushed("show-ref", "--heads") == ""
