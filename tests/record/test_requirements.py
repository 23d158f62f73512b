"""A repository's requirements: installed beside the pinned packages, never in place of one."""

from __future__ import annotations

import os
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.record.environment import user_environment
from tf_equivalence.record.requirements import Installed, install_requirements
from tf_equivalence.record.requirements_files import read_requirements

NUMPY = np.__version__


def wheel(folder: Path, name: str, requires: tuple[str, ...] = (), top: str = "", version: str = "1.0") -> None:
    """Make a wheel of one package."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{top or name}/__init__.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {requirement}\n" for requirement in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder of wheels: `leaf`, `branch` that needs it, and packages that ask for more than they get."""
    folder = tmp_path / "wheels"
    wheel(folder, "leaf")
    wheel(folder, "branch", ("leaf>=1",))
    wheel(folder, "oldnumpy", ("numpy<2",))
    wheel(folder, "withtf", ("tensorflow<2", "leaf"))
    wheel(folder, "shadow", top="tensorflow")
    return folder


def install(tmp_path: Path, index: Path, text: str, **environ: str) -> Installed:
    """Install from a requirements file with this text, from the folder of wheels alone."""
    (tmp_path / "requirements.txt").write_text(f"--no-index\n--find-links {index}\n{text}")
    return install_file(tmp_path, index, "requirements.txt", **environ)


def install_file(tmp_path: Path, index: Path, name: str, **environ: str) -> Installed:
    """Install what a file asks for, from the folder of wheels alone."""
    given = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), **environ}
    return install_requirements([tmp_path / name], tmp_path / "run" / "requirements", given)


def names(installed: Installed) -> set[str]:
    """Return the distributions in the folder."""
    assert installed.directory is not None
    return {found.name for found in metadata.distributions(path=[str(installed.directory)])}


def refusal(tmp_path: Path, index: Path, text: str) -> str:
    """Return the line that a requirements file with this text is refused with."""
    with pytest.raises(UsageError) as caught:
        install(tmp_path, index, text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_package_and_what_it_needs(tmp_path: Path, index: Path) -> None:
    """What is missing is installed, and the environment itself stays as it is."""
    before = sorted((found.name, found.version) for found in metadata.distributions())
    assert names(install(tmp_path, index, "branch")) == {"branch", "leaf"}
    assert sorted((found.name, found.version) for found in metadata.distributions()) == before


def test_what_is_there_is_not_installed_again(tmp_path: Path, index: Path) -> None:
    """A requirement that the pinned packages meet needs no index at all."""
    assert install(tmp_path, index, f"numpy>=1.20\nnumpy=={NUMPY}\n") == Installed(None, ())


def test_tensorflow_is_taken_as_met(tmp_path: Path, index: Path) -> None:
    """Asked for directly it gets a notice, by way of a package it does not; neither brings a second TensorFlow."""
    installed = install(tmp_path, index, "tensorflow-gpu==1.15.0  # old\nwithtf\nkeras<2")
    assert names(installed) == {"withtf", "leaf"}
    first, second = installed.notices
    assert first.startswith(
        "requirements.txt, line 3: tensorflow-gpu==1.15.0 is taken as met: this run's TensorFlow is"
    )
    assert "this run's Keras is keras-nightly" in second


def test_conflict(tmp_path: Path, index: Path) -> None:
    """A line that rules out a pinned version is named with what it asks for and what there is."""
    message = refusal(tmp_path, index, "leaf\nNumPy<2\n")
    assert f"requirements.txt, line 4: asks for NumPy<2, but this run's NumPy is {NUMPY} and stays so" in message
    assert "loosen" in message


def test_conflict_further_down(tmp_path: Path, index: Path) -> None:
    """A package whose own requirement rules out a pinned version is named with it."""
    message = refusal(tmp_path, index, "oldnumpy")
    assert "oldnumpy" in message
    assert "numpy<2" in message
    assert f"numpy=={NUMPY}" in message


def test_a_marker_that_does_not_apply_is_no_conflict(tmp_path: Path, index: Path) -> None:
    """Requirements for another Python are none."""
    assert install(tmp_path, index, "numpy<2; python_version < '3.0'\n").directory is None


def test_a_pinned_package_from_elsewhere(tmp_path: Path, index: Path) -> None:
    """A build of one's own of a pinned package would be left unused; that is said."""
    wheel(tmp_path / "own", "numpy", version=NUMPY)
    message = refusal(tmp_path, index, f"own/numpy-{NUMPY}-py3-none-any.whl")
    assert f"numpy {NUMPY} brings its own 'numpy', which this run already has" in message


def test_shadowing(tmp_path: Path, index: Path) -> None:
    """A distribution that ships a module of a pinned package is refused."""
    assert "shadow 1.0 brings its own 'tensorflow'" in refusal(tmp_path, index, "shadow")


def test_nested_files(tmp_path: Path, index: Path) -> None:
    """`-r` and `-c` are followed from the file that has them, and lines are named in their own file."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("branch \\\n  >=1\n-c limits.txt\nnumpy<1")
    (tmp_path / "sub" / "limits.txt").write_text("leaf==1.0\ntensorflow==1.15\n")
    assert "more.txt, line 4: asks for numpy<1" in refusal(tmp_path, index, "-r sub/more.txt")
    (tmp_path / "sub" / "more.txt").write_text("branch \\\n  >=1\n-c limits.txt")
    assert names(install(tmp_path, index, "--requirement=sub/more.txt")) == {"branch", "leaf"}


def test_file_that_includes_itself(tmp_path: Path, index: Path) -> None:
    """A loop of files ends."""
    (tmp_path / "a.txt").write_text("-r requirements.txt")
    assert "includes itself" in refusal(tmp_path, index, "-r a.txt")


PROJECT = """\
[project]
name = "models"
version = "1"
dependencies = ["leaf"]
[project.optional-dependencies]
train = ["branch"]
All_Of-it = ["models[train]", "oldnumpy"]
"""


def test_pyproject(tmp_path: Path, index: Path) -> None:
    """The project's dependencies are installed, not the project; extras where they are asked for."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    assert names(install_file(tmp_path, index, "pyproject.toml")) == {"leaf"}
    found = read_requirements(tmp_path / "pyproject.toml[train, all-of-it]")
    assert [line.text for line in found] == ["leaf", "branch", "branch", "oldnumpy"]
    assert found[-1].origin == "pyproject.toml, extra all-of-it"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml[no]", PROJECT, "has no extra 'no'; it has train, all-of-it"),
        ("pyproject.toml", "[tool.x]\n", "has no table [project]"),
        ("pyproject.toml", "x = [", "is not valid TOML"),
        ("pyproject.toml", '[project]\nname="a"\ndynamic=["dependencies"]', "name the file that they are read from"),
        ("requirements.txt", "\n\nfoo bar\n", "requirements.txt, line 3: 'foo bar' is no requirement"),
        ("requirements.txt", "-e ./nowhere", "requirements.txt, line 1: './nowhere' does not exist"),
        ("requirements.txt", None, "cannot read"),
        ("requirements.txt", b"\xff\xfe", "is not UTF-8"),
    ],
    ids=["extra", "no project", "no TOML", "dynamic", "syntax", "no directory", "missing", "encoding"],
)
def test_wrong_files(tmp_path: Path, index: Path, name: str, text: str | bytes | None, expected: str) -> None:
    """What is wrong with a file is one line that names it."""
    if text is not None:
        (tmp_path / name.partition("[")[0]).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as caught:
        install_file(tmp_path, index, name)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_package(tmp_path: Path, index: Path) -> None:
    """A package that no index has is named."""
    assert "nosuchpackage" in refusal(tmp_path, index, "nosuchpackage")


def test_unreachable_index(tmp_path: Path, index: Path) -> None:
    """An index that does not answer is no fault of the files."""
    (tmp_path / "requirements.txt").write_text("nosuchpackage")
    environ = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0", "PATH": os.environ["PATH"]}
    with pytest.raises(InfrastructureError, match="check the index and the network"):
        install_requirements([tmp_path / "requirements.txt"], tmp_path / "r", environ)


BACKEND = """\
import os, pathlib, zipfile
def build_wheel(directory, settings=None, metadata=None):
    pathlib.Path({seen!r}).write_text(repr(sorted(os.environ)))
    if {fails}:
        raise SystemExit("no compiler ::error::here")
    pathlib.Path("left-behind").touch()
    name = "mine-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as archive:
        archive.writestr("mine/__init__.py", "")
        archive.writestr("mine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n")
        archive.writestr("mine-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        archive.writestr("mine-1.0.dist-info/RECORD", "mine/__init__.py,,\\n")
    return name
"""


def project(tmp_path: Path, fails: bool = False) -> Path:
    """Make a project with a build backend of its own, which leaves files where it is built."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "backend.py").write_text(BACKEND.format(seen=str(tmp_path / "seen"), fails=fails))
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "1.0"\n'
    )
    return folder


@pytest.mark.parametrize("line", ["-e ./mine", "./mine", "--editable mine"])
def test_a_project_of_the_repository(tmp_path: Path, index: Path, line: str) -> None:
    """It is built from a copy, so that nothing is left in the repository, and its build sees no token."""
    folder = project(tmp_path)
    before = sorted(folder.rglob("*"))
    environ = user_environment({"PATH": os.environ["PATH"], "ACTIONS_RUNTIME_TOKEN": "s3cret"}, tmp_path)
    assert names(install(tmp_path, index, line, **environ)) == {"mine"}
    assert sorted(folder.rglob("*")) == before
    assert "PATH" in (tmp_path / "seen").read_text()
    assert "TOKEN" not in (tmp_path / "seen").read_text()


def test_failing_build(tmp_path: Path, index: Path) -> None:
    """A build that fails is told with its last words, on one line."""
    project(tmp_path, fails=True)
    with tarfile.open(tmp_path / "mine-1.0.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "mine", "mine-1.0")
    with pytest.raises(InfrastructureError) as caught:
        install(tmp_path, index, "./mine-1.0.tar.gz")
    assert "build it elsewhere" in str(caught.value)
    assert "no compiler" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_from_the_real_index(tmp_path: Path) -> None:
    """A package with native code comes from the index, at a version that suits the pinned NumPy."""
    (tmp_path / "requirements.txt").write_text("scipy\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    installed = install_requirements([tmp_path / "requirements.txt"], tmp_path / "r", environ)
    assert names(installed) == {"scipy"}
    assert sys.modules["numpy"].__version__ == NUMPY
