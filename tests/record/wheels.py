"""Packages made on the spot, and their installation without any index."""

from __future__ import annotations

import os
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tf_equivalence.errors import UsageError
from tf_equivalence.record.requirements import Installed, install_requirements


def wheel(folder: Path, name: str, requires: tuple[str, ...] = (), top: str = "", version: str = "1.0") -> Path:
    """Make a wheel of one package."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        top if top.endswith(".py") else f"{top or name}/__init__.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {requirement}\n" for requirement in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    archive_path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(archive_path, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return archive_path


BACKEND = """\
import os, pathlib, time, zipfile
def build(directory, files):
    pathlib.Path({seen!r}).write_text(repr(dict(os.environ)))
    pathlib.Path("left-behind").touch()
    {first}
    info = "mine-1.0.dist-info/"
    files[info + "METADATA"] = "Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n"
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
    files[info + "RECORD"] = "".join(f"{{name}},,\\n" for name in files)
    name = "mine-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
def build_wheel(directory, settings=None, metadata=None):
    return build(directory, {{"mine/__init__.py": ""}})
def build_editable(directory, settings=None, metadata=None):
    return build(directory, {{"__editable__.mine.pth": str(pathlib.Path("src").resolve())}})
"""


def project(tmp_path: Path, first: str = "pass") -> Path:
    """Make a project with a build backend of its own, which leaves files where it is built.

    Args:
        tmp_path: It goes to `mine` in there, and the environment of the build to `seen`.
        first: What the backend does first.
    """
    folder = tmp_path / "mine"
    (folder / "src" / "mine").mkdir(parents=True)
    (folder / "src" / "mine" / "__init__.py").touch()
    (folder / "backend.py").write_text(BACKEND.format(seen=str(tmp_path / "seen"), first=first))
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "1.0"\n'
    )
    return folder


def install(tmp_path: Path, index: Path, text: str, **environ: str) -> Installed:
    """Install from a requirements file with this text, from the folder of wheels alone."""
    (tmp_path / "requirements.txt").write_text(f"--no-index\n--find-links {index}\n{text}")
    return install_file(tmp_path, index, "requirements.txt", **environ)


def install_file(tmp_path: Path, index: Path, name: str, **environ: str) -> Installed:
    """Install what a file asks for, from the folder of wheels alone."""
    given = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), **environ}
    return install_requirements([tmp_path / name], tmp_path / "run" / "requirements", given, timeout_s=60)


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
    assert str(tmp_path / "run") not in message
    return message
