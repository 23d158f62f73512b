"""Every report can be written by its name."""

import io

import pytest

from tf_equivalence.report.writers import WRITERS
from tf_equivalence.result import RunResult


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_has_defaults(name: str, full_result: RunResult) -> None:
    """A writer needs the result and a stream, writes text that ends with a newline, and twice the same."""
    first, second = io.StringIO(), io.StringIO()
    WRITERS[name](full_result, first)
    WRITERS[name](full_result, second)
    assert first.getvalue() == second.getvalue()
    assert first.getvalue().endswith("\n")
