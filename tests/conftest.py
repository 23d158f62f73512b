"""Options that all tests share, and signals as a terminal has them."""

import signal

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--regenerate-golden`, which rewrites golden files instead of comparing with them."""
    parser.addoption("--regenerate-golden", action="store_true", help="rewrite golden files; review the diff")


def pytest_configure() -> None:
    """Heed SIGINT: a shell makes what it starts in the background ignore it, and so would what tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
