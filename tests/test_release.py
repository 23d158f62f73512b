"""A release: what action.yml becomes, and what the workflow's own steps make of a repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DIGEST = "sha256:" + "0123456789abcdef" * 4
FULL_DIGEST = DIGEST.replace("0", "f")
REFERENCE = f"ghcr.io/org/tf-equivalence-action@{DIGEST}"


def render(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script that writes a release's action.yml."""
    return subprocess.run(
        [ROOT / "scripts" / "release_action", *arguments], capture_output=True, text=True, check=False
    )


def test_released_action() -> None:
    """The image is named by digest, and that is all that changes."""
    answer = render(REFERENCE)
    assert (answer.returncode, answer.stderr) == (0, "")
    source = (ROOT / "action.yml").read_text("utf-8")
    assert yaml.safe_load(answer.stdout)["runs"] == {"using": "docker", "image": f"docker://{REFERENCE}"}
    assert answer.stdout == source.replace("image: Dockerfile", f"image: docker://{REFERENCE}")


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "ghcr.io/org/tf-equivalence-action:v1",
        f"ghcr.io/org/tf-equivalence-action:v1@{DIGEST}",
        f"ghcr.io/org/tf-equivalence-action@{DIGEST[:-1]}",
        f"ghcr.io/Org/tf-equivalence-action@{DIGEST}",
        f"docker://{REFERENCE}",
        f"{REFERENCE}\nruns: other",
        f"tf-equivalence-action@{DIGEST}",
    ],
)
def test_released_action_names_a_digest(reference: str) -> None:
    """Anything that is not an image by digest is refused: a tag can be moved."""
    answer = render(reference)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "by digest" in answer.stderr


@pytest.mark.parametrize(
    "text",
    [
        "runs:\n  using: docker\n  image: docker://ghcr.io/org/name@sha256:1\n",
        "runs:\n  using: docker\n  image: Dockerfile\n  image: Dockerfile\n",
        "runs:\n  using: docker\n  # image: Dockerfile\n",
    ],
    ids=["already released", "twice", "a comment"],
)
def test_released_action_replaces_something(text: str, tmp_path: Path) -> None:
    """A release whose action would not name the image fails."""
    action = tmp_path / "action.yml"
    action.write_text(text, encoding="utf-8")
    answer = render(REFERENCE, str(action))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "instead of once" in answer.stderr


class Publication:
    """The last job of release.yml, its scripts run as they stand there, with a repository to push to.

    Args:
        folder: Where to make everything.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.origin, self.work = folder, folder / "origin.git", folder / "work"
        workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
        self.scripts = {step["name"]: step["run"] for step in workflow["jobs"]["publish"]["steps"] if "run" in step}
        subprocess.run(["git", "init", "--quiet", "--bare", self.origin], check=True)
        (folder / "bin").mkdir()
        for name, text in {"gh": GH, "docker": DOCKER}.items():
            (folder / "bin" / name).write_text(text, encoding="utf-8")
            (folder / "bin" / name).chmod(0o755)
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", self.work], check=True)
        self.git("remote", "add", "origin", str(self.origin))
        for name in ("scripts/release_action", "scripts/release_notes.py"):
            (self.work / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, self.work / name)

    def git(self, *arguments: str) -> str:
        """Run git in the checkout, and return what it prints."""
        author = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.com"]
        command = ["git", *author, *arguments]
        return subprocess.run(command, cwd=self.work, capture_output=True, text=True, check=True).stdout.strip()

    def prepare(self, version: str) -> None:
        """Make the commit of main that is released, anew from the branch."""
        self.git("checkout", "--quiet", "-B", "main")
        shutil.copy(ROOT / "action.yml", self.work / "action.yml")
        (self.work / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n', encoding="utf-8")
        (self.work / "CHANGELOG.md").write_text(f"## [{version}] - 2026-11-23\n\n- It {version}.\n", encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", f"Prepare {version}")

    def run(self, version: str, *, check: bool = True) -> str:
        """Check out main's commit with all tags, run all scripts in order, and return what they print."""
        self.git("checkout", "--quiet", "--detach", "main")
        self.git("fetch", "--quiet", "--tags", "--force", "origin")
        given = self.folder / "environment"
        given.write_text("", encoding="utf-8")
        printed = ""
        for script in self.scripts.values():
            environ = {
                **os.environ,
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_ENV": str(given),
                "STATE": str(self.folder),
                "VERSION": version,
                "IMAGE": "ghcr.io/org/tf-equivalence-action",
                "CPU_DIGEST": DIGEST,
                "FULL_DIGEST": FULL_DIGEST,
                **dict(line.split("=", 1) for line in given.read_text("utf-8").splitlines()),
            }
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
            done = subprocess.run(command, cwd=self.work, env=environ, capture_output=True, text=True, check=False)
            printed += done.stdout + done.stderr
            if done.returncode:
                assert not check, printed
                return printed
        assert check, f"succeeded: {printed}"
        return printed

    def tags(self) -> dict[str, str]:
        """Return the tags at the origin, with their commits."""
        listed = subprocess.run(
            ["git", "show-ref", "--tags"], cwd=self.origin, capture_output=True, text=True, check=False
        )
        found = (line.split() for line in listed.stdout.splitlines())
        return {name.removeprefix("refs/tags/"): commit for commit, name in found}

    def said(self, name: str) -> list[str]:
        """Return the commands that a stand-in was given."""
        return (self.folder / f"{name}.log").read_text("utf-8").splitlines()


# A client that keeps releases as files.
GH = """#!/usr/bin/env bash
echo "$*" >> "$STATE/gh.log"
case "$1 $2" in
"release view") test -e "$STATE/release-$3" ;;
"release create") touch "$STATE/release-$3" ;;
"release edit") test -e "$STATE/release-$3" ;;
esac
"""
# A registry that keeps tags as files.
DOCKER = """#!/usr/bin/env bash
echo "$*" >> "$STATE/docker.log"
case "$3" in
create) echo "${6#*@}" > "$STATE/tag-${5##*:}" ;;
inspect) cat "$STATE/tag-${4##*:}" ;;
esac
"""


@pytest.fixture
def publication(tmp_path: Path) -> Publication:
    """Return the job on a new repository."""
    return Publication(tmp_path)


def test_publish(publication: Publication) -> None:
    """Both tags name one commit, a child of main's, whose action names the image by digest."""
    publication.prepare("1.2.3")
    publication.run("1.2.3")
    tags = publication.tags()
    assert set(tags) == {"v1", "v1.2.3"}
    publication.git("fetch", "--quiet", "--tags", "origin")
    assert tags["v1"] == tags["v1.2.3"]
    assert publication.git("rev-parse", "v1.2.3^") == publication.git("rev-parse", "main")
    assert publication.git("diff", "--name-only", "main", "v1.2.3") == "action.yml"
    assert f"image: docker://{REFERENCE}" in publication.git("show", "v1.2.3:action.yml")
    images = {path.name for path in publication.folder.glob("tag-*")}
    assert images == {f"tag-{name}{suffix}" for name in ("v1", "v1.2.3") for suffix in ("", "-cpu", "-full")}
    assert (publication.folder / "tag-v1-full").read_text("utf-8").strip() == FULL_DIGEST
    assert (publication.folder / "tag-v1").read_text("utf-8").strip() == DIGEST
    notes = (publication.folder / "notes.md").read_text("utf-8")
    assert notes.startswith("- It 1.2.3.")
    assert f"`{DIGEST}`" in notes
    assert f"`{FULL_DIGEST}`" in notes


def test_publish_again(publication: Publication) -> None:
    """Repeated after a failure anywhere, the job ends the same."""
    publication.prepare("1.2.3")
    publication.run("1.2.3")
    tags = publication.tags()
    publication.run("1.2.3")
    assert publication.tags() == tags
    assert [line.split()[1] for line in publication.said("gh") if line.startswith("release")] == [
        "view",
        "create",
        "view",
        "edit",
    ]


def test_published_versions_stay(publication: Publication) -> None:
    """A released version never changes: neither its tag, nor the images, nor the release."""
    publication.prepare("1.2.3")
    publication.run("1.2.3")
    tags, said = publication.tags(), publication.said("docker") + publication.said("gh")
    publication.prepare("1.2.3")  # another commit of main
    assert "v1.2.3 is released already" in publication.run("1.2.3", check=False)
    assert publication.tags() == tags
    assert publication.said("docker") + publication.said("gh") == said


@pytest.mark.parametrize(
    ("versions", "moving", "latest"),
    [
        (["1.9.0", "1.10.0"], {"v1": "v1.10.0"}, "v1.10.0"),
        (["1.3.0", "1.2.4"], {"v1": "v1.3.0"}, "v1.3.0"),
        (["1.3.0", "2.0.0", "1.3.1"], {"v1": "v1.3.1", "v2": "v2.0.0"}, "v2.0.0"),
    ],
    ids=["by number", "repair of a minor version", "repair of a major version"],
)
def test_the_major_tag_moves_forward(
    versions: list[str], moving: dict[str, str], latest: str, publication: Publication
) -> None:
    """The tag of the major version names its highest version, whichever was released last."""
    for version in versions:
        publication.prepare(version)
        publication.run(version)
    tags = publication.tags()
    assert {name: tags[name] for name in moving} == {name: tags[version] for name, version in moving.items()}
    shown = [line for line in publication.said("gh") if "--latest=true" in line]
    assert shown[-1].split()[2] == latest
