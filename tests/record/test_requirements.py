"""A repository's requirements: installed beside the pinned packages, never in place of one."""

from __future__ import annotations

import os
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from wheels import install, install_file, names, project, refusal, wheel

from tf_equivalence.errors import UsageError
from tf_equivalence.record.requirements import Installed, install_requirements

NUMPY = np.__version__


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder of wheels: `leaf`, `branch` that needs it, and packages that ask for more than they get."""
    folder = tmp_path / "wheels"
    wheel(folder, "leaf")
    wheel(folder, "leaf", version="2.0")
    wheel(folder, "branch", ("leaf>=1",))
    wheel(folder, "oldnumpy", ("numpy<2",))
    wheel(folder, "overoldnumpy", ("oldnumpy",))
    wheel(folder, "anynumpy", ("numpy>=1", "keras-nightly", "tf-equivalence", "tf-slim"))
    wheel(folder, "pysocks", version="1.7.1")
    wheel(folder, "withtf", ("tensorflow<2", "leaf"))
    wheel(folder, "shadow", top="tensorflow")
    wheel(folder, "shadowfile", top="keras.py")
    return folder


def environment_now() -> dict[str, int]:
    """Return when each entry of this environment's package folder was changed last."""
    entries = Path(sysconfig.get_path("purelib")).iterdir()
    return {entry.name: entry.stat().st_mtime_ns for entry in entries if entry.name != "__pycache__"}


def test_a_package_and_what_it_needs(tmp_path: Path, index: Path) -> None:
    """What is missing is installed and nothing else, and the environment itself stays as it is."""
    before = environment_now()
    installed = install(tmp_path, index, "branch")
    assert names(installed) == {"branch", "leaf"}
    assert installed.directory is not None
    assert installed.directory.name == "site-packages"
    assert {entry.name for entry in installed.directory.iterdir() if not entry.name.startswith(".")} == {
        "branch",
        "branch-1.0.dist-info",
        "leaf",
        "leaf-2.0.dist-info",
    }
    assert environment_now() == before


def test_what_is_there_is_not_installed_again(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A requirement that the pinned packages meet needs no index, and no installer."""
    monkeypatch.setattr("tf_equivalence.record.installer.install", None)
    assert install(tmp_path, index, f"numpy>=1.20\nnumpy=={NUMPY}\n") == Installed(None, ())


def test_pinned_packages_need_no_index(tmp_path: Path, index: Path) -> None:
    """What a package needs of the pinned ones is met, though no index has them, as with nightlies of long ago."""
    assert names(install(tmp_path, index, "anynumpy")) == {"anynumpy"}


def test_an_extra_of_a_pinned_package(tmp_path: Path, index: Path) -> None:
    """What an extra of a pinned package needs is installed."""
    assert names(install(tmp_path, index, "requests[socks]")) == {"pysocks"}


def test_tensorflow_is_taken_as_met(tmp_path: Path, index: Path) -> None:
    """Asked for directly it gets a notice, by way of a package it does not; neither brings a second TensorFlow."""
    old = "tensorflow-1.15.0-cp37-cp37m-manylinux2010_x86_64.whl"
    lines = [
        "tensorflow-gpu==1.15.0  # old",
        "withtf",
        "keras<2",
        "tensorflow<1; python_version < '3'",
        f"tensorflow @ https://user:secret@127.0.0.1:9/{old}",
        f"https://127.0.0.1:9/{old}",
        "tf-equivalence @ git+https://127.0.0.1:9/tf-equivalence",
    ]
    installed = install(tmp_path, index, "\n".join(lines))
    assert names(installed) == {"withtf", "leaf"}
    first, second, *others = installed.notices
    assert first.startswith(
        "requirements.txt, line 3: tensorflow-gpu==1.15.0 is taken as met: this run's TensorFlow is tf-nightly"
    )
    assert "this run's Keras is keras-nightly" in second
    assert [notice.partition(":")[0] for notice in others] == [f"requirements.txt, line {n}" for n in (7, 8, 9)]
    assert "secret" not in str(installed.notices)


def test_conflict(tmp_path: Path, index: Path) -> None:
    """Lines that rule out pinned versions are named, all at once, with what they ask for and what there is."""
    message = refusal(tmp_path, index, "leaf\nNumPy<2\nsix==0.1\n")
    assert f"requirements.txt, line 4: asks for NumPy<2, but this run's NumPy is {NUMPY} and stays so" in message
    assert "loosen" in message
    assert f"The same goes for six==0.1 (requirements.txt, line 5; here {metadata.version('six')})" in message


def test_many_conflicts(tmp_path: Path, index: Path) -> None:
    """A long list of them is cut."""
    message = refusal(tmp_path, index, "".join(f"numpy<0.{n}\n" for n in range(20)))
    assert message.endswith("12 more")


@pytest.mark.parametrize("package", ["oldnumpy", "overoldnumpy"])
def test_conflict_further_down(tmp_path: Path, index: Path, package: str) -> None:
    """A package whose own requirement rules out a pinned version is named with it, and the line with that."""
    message = refusal(tmp_path, index, f"leaf\n{package}")
    assert message.startswith("requirements.txt, line 4: it cannot be installed beside the pinned packages")
    assert "oldnumpy depend on numpy<2" in message
    assert f"numpy=={NUMPY}" in message


def test_a_marker_that_does_not_apply_is_no_conflict(tmp_path: Path, index: Path) -> None:
    """Requirements for another Python are none."""
    assert install(tmp_path, index, "numpy<2; python_version < '3.0'\n").directory is None


def test_a_pinned_package_from_elsewhere(tmp_path: Path, index: Path) -> None:
    """A build of one's own of a pinned package would be left unused; that is said."""
    own = wheel(tmp_path / "own", "numpy", version=NUMPY)
    message = refusal(tmp_path, index, f"own/{own.name}")
    assert f"asks for own/{own.name}, but this run's numpy is {NUMPY} and stays so" in message
    message = refusal(tmp_path, index, f"numpy @ {own.as_uri()}")
    assert f"asks for numpy @ {own.as_uri()}, but this run's numpy is" in message


def test_a_pinned_package_by_a_project(tmp_path: Path, index: Path) -> None:
    """A project whose name only its build tells is refused afterwards."""
    folder = project(tmp_path)
    (folder / "backend.py").write_text((folder / "backend.py").read_text().replace("mine-1.0", "six-1.0"))
    (folder / "backend.py").write_text((folder / "backend.py").read_text().replace("Name: mine", "Name: six"))
    (folder / "pyproject.toml").write_text((folder / "pyproject.toml").read_text().replace('"mine"', '"six"'))
    assert "six" in refusal(tmp_path, index, "./mine")


@pytest.mark.parametrize(("package", "module"), [("shadow", "tensorflow"), ("shadowfile", "keras")])
def test_shadowing(tmp_path: Path, index: Path, package: str, module: str) -> None:
    """A distribution that ships a module of a pinned package is refused."""
    assert f"{package} 1.0 brings its own {module!r}" in refusal(tmp_path, index, package)


def test_constraints(tmp_path: Path, index: Path) -> None:
    """They limit what is installed and ask for nothing; those on pinned packages get a notice."""
    (tmp_path / "limits.txt").write_text("leaf==1.0\nbranch==1.0\ntensorflow==1.15\nnumpy<2\nsix>=1\n")
    installed = install(tmp_path, index, "leaf\n-c limits.txt\n")
    assert installed.notices == (f"limits.txt, line 4: numpy<2 has no effect: this run's numpy is {NUMPY}",)
    assert installed.directory is not None
    assert {path.name for path in installed.directory.glob("*.dist-info")} == {"leaf-1.0.dist-info"}


def test_hashes(tmp_path: Path, index: Path) -> None:
    """A hash that is written is held to."""
    message = refusal(tmp_path, index, f"leaf==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    assert message.startswith("requirements.txt, line 3: Failed to download `leaf==1.0`")
    assert "renew the hash" in message


def test_nested_files(tmp_path: Path, index: Path) -> None:
    """`-r` and `-c` are followed from the file that has them, and lines are named in their own file."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("branch \\\n  >=1\n-c limits.txt\nnumpy<1")
    (tmp_path / "sub" / "limits.txt").write_text("leaf==1.0\n")
    assert refusal(tmp_path, index, "-r sub/more.txt").startswith("sub/more.txt, line 4: asks for numpy<1")
    (tmp_path / "sub" / "more.txt").write_text("branch \\\n  >=1\n-c limits.txt")
    assert names(install(tmp_path, index, "--requirement=sub/more.txt")) == {"branch", "leaf"}


def test_pyproject(tmp_path: Path, index: Path) -> None:
    """The project's dependencies are installed, not the project; extras where they are asked for."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "models"\ndependencies = ["leaf"]\n'
        '[project.optional-dependencies]\ntrain = ["branch"]\nold = ["oldnumpy"]\n'
    )
    assert names(install_file(tmp_path, index, "pyproject.toml")) == {"leaf"}
    (tmp_path / "run").rename(tmp_path / "first")
    assert names(install_file(tmp_path, index, "pyproject.toml[train]")) == {"leaf", "branch"}
    (tmp_path / "run").rename(tmp_path / "second")
    with pytest.raises(UsageError, match=r"pyproject.toml, line 6: it cannot be installed .* oldnumpy"):
        install_file(tmp_path, index, "pyproject.toml[train, old]")


def test_unknown_package(tmp_path: Path, index: Path) -> None:
    """A package that no index has is named, and its line."""
    message = refusal(tmp_path, index, "leaf\nnosuchpackage")
    assert message.startswith("requirements.txt, line 4: ")
    assert "nosuchpackage was not found" in message


@pytest.mark.slow
def test_from_the_real_index(tmp_path: Path) -> None:
    """A package with native code comes from the index, at a version that suits the pinned NumPy; so does a pure one."""
    (tmp_path / "requirements.txt").write_text("scipy\ntensorflow-hub\n")
    installed = install_requirements([tmp_path / "requirements.txt"], tmp_path / "r", os.environ)
    assert names(installed) == {"scipy", "tensorflow-hub"}
    assert sys.modules["numpy"].__version__ == NUMPY
