"""The fixture that tests of judges share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf_equivalence.discover import CaseRef

from .recordings import Recordings


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    """Return the empty recordings of one case."""
    root = tmp_path / "workspace"
    root.mkdir()
    case = CaseRef("equivalence_a.py::A", "equivalence_a.py", 5, "A", root / "equivalence_a.py")
    return Recordings(root, case, tmp_path / "recordings")
