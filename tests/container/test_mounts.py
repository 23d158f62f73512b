"""The container sees the workspace to read, and the report files to write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tf_equivalence.container.mounts import (
    Shared,
    as_seen_inside,
    report_files,
    seen_at,
    share_workspace,
    step_output,
    wanted_files,
)
from tf_equivalence.errors import UsageError
from tf_equivalence.settings import Settings, read_settings
from tf_equivalence.steps import STEPS


def settings(workspace: Path, *words: str, **environ: str) -> Settings:
    """Return the settings of a run in this directory."""
    return read_settings(["docker", *words], environ, workspace, tuple(STEPS))


@pytest.mark.parametrize(
    "name", ["/", "/usr", "/usr/lib/python3", "/etc", "/opt", "/opt/tf-equivalence/bin", "/tmp", "/proc/self", "/dev"]
)
def test_a_workspace_must_not_hide_the_image(name: str) -> None:
    """What the image needs stays visible."""
    with pytest.raises(UsageError, match=r"would hide /.*repository"):
        share_workspace(Path(name))


@pytest.mark.parametrize("name", ["/home/me/models", "/tmp/models", "/work", "/usr/src/app", "/opt/models", "/root"])
def test_other_workspaces_are_mounted_where_they_are(name: str) -> None:
    """The path in messages is the user's own."""
    shared = share_workspace(Path(name))
    assert (shared.target, shared.read_only) == (Path(name), True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["../elsewhere"], "paths: "),
        (["--working-directory", "../elsewhere"], "working-directory: "),
        (["--config", "../elsewhere/c.toml"], "config: "),
        (["--requirements", "../elsewhere/r.txt"], "requirements: "),
        (["link"], "paths: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_read_lies_in_the_workspace(tmp_path: Path, words: list[str], said: str) -> None:
    """A path that the container cannot see is refused, also one that a link leads to."""
    workspace, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    workspace.mkdir()
    elsewhere.mkdir()
    (elsewhere / "c.toml").write_text("[tool.tf-equivalence]\n")
    (workspace / "link").symlink_to(elsewhere)
    with pytest.raises(UsageError, match=f"^{said}.*outside of.*holds both$"):
        as_seen_inside(settings(workspace, *words))


def test_another_name_of_the_workspace_is_translated(tmp_path: Path) -> None:
    """A path may lead to the workspace by a link that the container does not have."""
    workspace = tmp_path / "workspace"
    (workspace / "nets").mkdir(parents=True)
    (tmp_path / "link").symlink_to(workspace)
    found = as_seen_inside(settings(workspace, str(tmp_path / "link" / "nets"), "nets", "missing"))
    assert found.paths == (workspace / "nets", workspace / "nets", workspace / "missing")
    report = as_seen_inside(settings(workspace, "--json-file", str(tmp_path / "link" / "r.json")))
    assert report.json_file == workspace / "r.json"


def test_a_report_outside_is_known_by_its_real_name(tmp_path: Path) -> None:
    """A link outside of the workspace is none in the container."""
    workspace, real = tmp_path / "workspace", tmp_path / "real"
    workspace.mkdir()
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    found = as_seen_inside(settings(workspace, "--junit-file", "../link/j.xml", "--json-file", "/dev/stdout"))
    assert found.junit_file == real / "j.xml"
    assert found.json_file == Path("/dev/stdout")


def test_report_files_are_there_while_the_container_runs(tmp_path: Path) -> None:
    """What was written stays; what was not goes, with the folders that were made for it."""
    (tmp_path / "old.xml").write_text("old")
    (tmp_path / "empty.md").touch()
    wanted = {
        "a": tmp_path / "new" / "deep" / "a.json",
        "b": tmp_path / "new" / "b.json",
        "c": tmp_path / "unused" / "c.json",
        "d": tmp_path / "old.xml",
        "e": tmp_path / "empty.md",
        "f": Path("/dev/stdout"),
    }
    with report_files(wanted, tmp_path) as shared:
        assert shared == tuple(Shared(path, path, read_only=False) for path in list(wanted.values())[:5])
        assert all(path.is_file() for path in list(wanted.values())[:5])
        assert (tmp_path / "old.xml").read_text() == "old"
        (tmp_path / "new" / "b.json").write_text("{}")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "empty.md",
        "new",
        "new/b.json",
        "old.xml",
    ]


def test_one_file_by_two_names_is_mounted_once(tmp_path: Path) -> None:
    """An engine refuses a mount point that is named twice."""
    (tmp_path / "link.json").symlink_to("r.json")
    with report_files({"a": tmp_path / "r.json", "b": tmp_path / "link.json"}, tmp_path) as shared:
        assert len(shared) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [("folder", "Is a directory"), ("file/r.json", "File exists"), ("/dev/fd/9", "of this machine")],
)
def test_a_report_that_cannot_be_written_is_refused_at_once(tmp_path: Path, name: str, said: str) -> None:
    """Better now than after the run; and nothing is left behind."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    wanted = {"junit-file": tmp_path / "made" / "j.xml", "json-file": tmp_path / name}
    with pytest.raises(UsageError, match=f"^json-file: .*{said}"), report_files(wanted, tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_makes_files_for_the_owner_of_the_workspace(tmp_path: Path) -> None:
    """As without a container."""
    os.chown(tmp_path, 1234, 1235)
    with report_files({"json-file": tmp_path / "out" / "r.json"}, tmp_path):
        for path in (tmp_path / "out", tmp_path / "out" / "r.json"):
            assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_makes_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    """It is the owner's where it lies in the workspace, and root's elsewhere."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    os.chown(workspace, 1234, 1235)
    (workspace / "inside").symlink_to("r.json")
    (workspace / "outside").symlink_to(tmp_path / "r.json")
    with report_files({"json-file": workspace / "inside", "junit-file": workspace / "outside"}, workspace):
        assert (workspace / "r.json").stat().st_uid == 1234
        assert (tmp_path / "r.json").stat().st_uid == 0


def test_a_report_that_cannot_be_handed_over_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose it is matters less than that it is there."""

    def refuse(path: Path, workspace: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("tf_equivalence.container.mounts.hand_over", refuse)
    with report_files({"json-file": tmp_path / "r.json"}, tmp_path) as shared:
        assert [file.source for file in shared] == [tmp_path / "r.json"]


def test_wanted_files(tmp_path: Path) -> None:
    """The outputs of a step are written in a workflow only."""
    environ = {"GITHUB_OUTPUT": str(tmp_path / "outputs")}
    plain = settings(tmp_path, "--json-file", "r.json", "--job-summary", "s.md", **environ)
    assert wanted_files(plain, environ) == {"json-file": tmp_path / "r.json", "job-summary": tmp_path / "s.md"}
    workflow = settings(tmp_path, GITHUB_ACTIONS="true", **environ)
    assert wanted_files(workflow, environ) == {"GITHUB_OUTPUT": tmp_path / "outputs"}
    assert step_output(workflow, {}) is None


def test_a_workspace_that_is_a_link(tmp_path: Path) -> None:
    """It is mounted under the name that the user knows, and so are the files in it."""
    (tmp_path / "real").mkdir()
    workspace = tmp_path / "link"
    workspace.symlink_to("real")
    assert share_workspace(workspace) == Shared(tmp_path / "real", workspace, read_only=True)
    assert seen_at(workspace / "out" / "r.json", workspace) == workspace / "out" / "r.json"
