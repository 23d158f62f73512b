"""Imports: under which name, from which folder, and what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf_equivalence.init.imports import find_installed, find_needs, find_place, shadowing
from tf_equivalence.init.sources import read_repository

from .repositories import make_repository

TF = "import tensorflow\n"


@pytest.mark.parametrize(
    ("files", "path", "module", "root"),
    [
        ({"net.py": TF}, "net.py", "net", "."),
        ({"nets/net.py": TF}, "nets/net.py", "net", "nets"),
        ({"nets/__init__.py": "", "nets/net.py": TF}, "nets/net.py", "nets.net", "."),
        ({"nets/__init__.py": TF}, "nets/__init__.py", "nets", "."),
        ({"src/a/__init__.py": "", "src/a/b/__init__.py": "", "src/a/b/c.py": TF}, "src/a/b/c.py", "a.b.c", "src"),
        ({"nets/net.py": TF, "train.py": TF + "from nets.net import f\n"}, "nets/net.py", "nets.net", "."),
        ({"nets/net.py": TF + "from nets import layers\n"}, "nets/net.py", "nets.net", "."),
        ({"nets/net.py": TF, "nets/run.py": TF + "import net\n"}, "nets/net.py", "net", "nets"),
    ],
)
def test_places(tmp_path: Path, files: dict[str, str], path: str, module: str, root: str) -> None:
    """Packages, folders without `__init__.py`, and what others write in their imports decide."""
    top = make_repository(tmp_path / "top", files)
    sources = read_repository([top], (), top).sources
    source = next(source for source in sources if source.path == top / path)
    place = find_place(source, sources, top)
    assert (place.module, place.root) == (module, top / root)


def test_needs(tmp_path: Path) -> None:
    """Imports are followed; folders elsewhere in the repository are found, and what is nowhere is told."""
    files = {
        "pkg/__init__.py": "",
        "pkg/net.py": TF
        + "from . import layers\nimport tools, json, yaml_x\ntry:\n    import maybe\nexcept ImportError:\n    pass\n",
        "pkg/layers.py": TF + "from tensorflow import contrib\n",
        "src/tools.py": "import os\n",
    }
    top = make_repository(tmp_path / "top", files)
    sources = read_repository([top], (), top).sources
    net = next(source for source in sources if source.path.name == "net.py")
    needs = find_needs([(net, top)], [top], top)
    assert {source.shown for source in needs.sources} == {
        "pkg/net.py",
        "pkg/layers.py",
        "pkg/__init__.py",
        "src/tools.py",
    }
    assert needs.roots == (top, top / "src")
    assert needs.missing == (("yaml_x", "pkg/net.py:3"),)


def test_installed_modules(tmp_path: Path) -> None:
    """Installed modules are found without importing them; names that hide the repository's own are told."""
    found = find_installed("tf_slim.nets.vgg")
    assert found is not None
    assert found.name == "vgg.py"
    assert find_installed("no_such_package.net") is None
    assert shadowing("json", tmp_path) == "Python's own"
    assert shadowing("no_such_package", tmp_path) is None
    assert "tf_slim" in (shadowing("tf_slim", tmp_path) or "")
