"""Marks the tests that run the command on the seeded bugs."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line("markers", "bugs: runs the command on every seeded migration bug")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what reads the report of the command the time for one run of it."""
    for item in items:
        if "report" in getattr(item, "fixturenames", ()) and item.get_closest_marker("bugs"):
            item.add_marker(pytest.mark.timeout(900))
