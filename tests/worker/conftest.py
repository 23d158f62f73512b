"""TensorFlow as the TF2 side has it, imported once for all tests of the worker."""

from __future__ import annotations

import os
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tf() -> Any:
    """Return TensorFlow with legacy Keras selected and the repairs made."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow  # noqa: ICN001 - the fixture has the usual name

    from tf_equivalence.worker import repair

    repair.repair_imports()
    return tensorflow
