"""Registers the marker of the tests that start TensorFlow."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Make `-m "not tensorflow"` possible."""
    config.addinivalue_line("markers", "tensorflow: starts TensorFlow in processes of its own")
