"""Options that all tests share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--regenerate-golden`, which rewrites golden files instead of comparing with them."""
    parser.addoption("--regenerate-golden", action="store_true", help="rewrite golden files; review the diff")
