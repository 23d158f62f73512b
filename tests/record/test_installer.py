"""The installer: what it and the builds that it starts may see, do and say."""

from __future__ import annotations

import ast
import os
import site
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from wheels import install, names, project, refusal, wheel

from tf_equivalence.errors import InfrastructureError
from tf_equivalence.record.environment import user_environment
from tf_equivalence.record.requirements import install_requirements


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder of wheels with `leaf` in it."""
    return wheel(tmp_path / "wheels", "leaf").parent


def where_mine_is(folder: Path | None) -> str:
    """Return where a new interpreter that has the folder at the end of its path imports `mine` from."""
    code = f"import site; site.addsitedir({str(folder)!r}); import mine; print(mine.__file__)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("line", ["./mine", "mine/", "mine @ {uri}", "{uri}", "./mine ; python_version > '3'"])
def test_a_project_of_the_repository(tmp_path: Path, index: Path, line: str) -> None:
    """It is built from a copy, so that nothing is left in the repository."""
    folder = project(tmp_path)
    before = sorted(folder.rglob("*"))
    installed = install(tmp_path, index, line.format(uri=folder.as_uri()))
    assert names(installed) == {"mine"}
    assert where_mine_is(installed.directory) == f"{installed.directory}/mine/__init__.py"
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("line", ["-e ./mine", "--editable mine", "-e {uri}"])
def test_an_editable_project(tmp_path: Path, index: Path, line: str) -> None:
    """It is imported from the repository, whose lines are then the user's own; still nothing is left there."""
    folder = project(tmp_path)
    before = sorted(folder.rglob("*"))
    installed = install(tmp_path, index, line.format(uri=folder.as_uri()))
    assert names(installed) == {"mine"}
    assert where_mine_is(installed.directory) == f"{folder}/src/mine/__init__.py"
    assert [path for path in sorted(folder.rglob("*")) if "__pycache__" not in str(path)] == before


def test_an_editable_project_with_modules_that_were_built(tmp_path: Path, index: Path) -> None:
    """It is imported from its copy, which alone has them."""
    folder = project(tmp_path, first='pathlib.Path("src/mine/fast.so").touch()')
    place = where_mine_is(install(tmp_path, index, "-e mine").directory)
    assert place.endswith("src/mine/__init__.py")
    assert not place.startswith(str(folder))


def test_a_run_below_the_project(tmp_path: Path, index: Path) -> None:
    """The copy of a project does not contain the copy."""
    folder = project(tmp_path)
    (folder / "requirements.txt").write_text(".")
    environ = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "yes"}
    assert names(install_requirements([folder / "requirements.txt"], folder / "tmp" / "run", environ)) == {"mine"}


def test_what_a_build_sees(tmp_path: Path, index: Path) -> None:
    """No tokens, and no variable of uv's that would have it install elsewhere."""
    project(tmp_path)
    given = {
        "PATH": os.environ["PATH"],
        "ACTIONS_RUNTIME_TOKEN": "s3cret",
        "INPUT_REQUIREMENTS": "s3cret",
        "GITHUB_TOKEN": "s3cret",
        "UV_TARGET": str(tmp_path / "elsewhere"),
        "UV_OVERRIDE": str(tmp_path / "missing.txt"),
        "UV_REQUIRE_HASHES": "1",
        "UV_PYTHON": "/nonexistent",
    }
    assert names(install(tmp_path, index, "./mine\nleaf", **user_environment(given, tmp_path))) == {"mine", "leaf"}
    seen = ast.literal_eval((tmp_path / "seen").read_text())
    assert "s3cret" not in str(seen)
    assert seen["TMPDIR"].startswith(str(tmp_path / "run"))
    assert not (tmp_path / "elsewhere").exists()


def test_failing_build(tmp_path: Path, index: Path) -> None:
    """A build that fails is told with its last words, on one line."""
    folder = project(tmp_path, first='raise SystemExit("no compiler\\n::error::here")')
    with tarfile.open(tmp_path / "mine-1.0.tar.gz", "w:gz") as archive:
        archive.add(folder, "mine-1.0")
    with pytest.raises(InfrastructureError) as caught:
        install(tmp_path, index, "./mine-1.0.tar.gz")
    message = str(caught.value)
    assert "build it elsewhere and name the wheel" in message
    assert "mine-1.0.tar.gz" in message
    assert "no compiler" in message
    assert "\n" not in message


def test_a_build_that_hangs(tmp_path: Path, index: Path) -> None:
    """When the time is up, the build ends with its installer."""
    project(
        tmp_path,
        first="pathlib.Path({!r}).write_text(str(os.getpid())); time.sleep(600)".format(str(tmp_path / "pid")),
    )
    (tmp_path / "requirements.txt").write_text("./mine")
    environ = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"}
    since = time.monotonic()
    with pytest.raises(InfrastructureError, match="took longer than 4 s"):
        install_requirements([tmp_path / "requirements.txt"], tmp_path / "run", environ, timeout_s=4)
    assert time.monotonic() - since < 20
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_from_a_repository(tmp_path: Path, index: Path) -> None:
    """A requirement may name a commit of a repository."""
    folder = project(tmp_path)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=a"]):
        subprocess.run([*git, *arguments], check=True)
    assert names(install(tmp_path, index, f"mine @ git+{folder.as_uri()}")) == {"mine"}


@pytest.mark.parametrize(
    "environ",
    [
        {"PIP_INDEX_URL": "http://user:s3cret@127.0.0.1:9/simple", "PIP_RETRIES": "0"},
        {"UV_DEFAULT_INDEX": "http://user:s3cret@127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"},
        {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "PIP_INDEX_URL": "http://127.0.0.1:8", "PIP_RETRIES": "0"},
        {"UV_OFFLINE": "1"},
    ],
    ids=["pip", "uv", "both", "offline"],
)
def test_unreachable_index(tmp_path: Path, environ: dict[str, str]) -> None:
    """An index that does not answer is no fault of the files, and its password is nobody's business."""
    (tmp_path / "requirements.txt").write_text("nosuchpackage")
    with pytest.raises(InfrastructureError, match="check the index and the network") as caught:
        install_requirements([tmp_path / "requirements.txt"], tmp_path / "r", {"PATH": os.environ["PATH"], **environ})
    assert "127.0.0.1:9" in str(caught.value) or "UV_OFFLINE" in environ
    assert "s3cret" not in str(caught.value)


def test_option_that_is_not_understood(tmp_path: Path, index: Path) -> None:
    """What only the installer finds wrong with a file is wrong usage all the same."""
    assert "requirements.txt" in refusal(tmp_path, index, "leaf\n--no-binary a/b\n")


def test_uv_is_missing(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(InfrastructureError, match="pip install uv"):
        install(tmp_path, index, "leaf")


def test_path_files(tmp_path: Path, index: Path) -> None:
    """Path files of what was installed are heeded when the folder is added."""
    installed = install(tmp_path, index, "leaf")
    assert installed.directory is not None
    (installed.directory / "more.pth").write_text("leaf\n")
    before = list(sys.path)
    try:
        site.addsitedir(str(installed.directory))
        assert sys.path[len(before) :] == [str(installed.directory), str(installed.directory / "leaf")]
    finally:
        sys.path[:] = before
