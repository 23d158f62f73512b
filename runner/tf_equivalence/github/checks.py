"""Posts a check run, complete from the first request on: whatever happens later, none is left in progress."""

from __future__ import annotations

from typing import Any

from github.Repository import Repository

from tf_equivalence.github.client import require_id
from tf_equivalence.report.check_run import CheckRun

BATCH = 50  # annotations a request; GitHub refuses more
_NAME_LENGTH = 200  # characters


def post_check_run(repository: Repository, name: str, commit: str, conclusion: str, check: CheckRun) -> None:
    """Create the check run with its first annotations, and add the others.

    Args:
        repository: Where.
        name: Of the check run.
        commit: That it is about.
        conclusion: One of GitHub's words.
        check: What it shows.

    Raises:
        GithubException: GitHub refuses.
        OSError: GitHub cannot be reached.
    """
    output: dict[str, Any] = {"title": check.title, "summary": check.summary}
    if check.text.strip():
        output["text"] = check.text
    first, *others = _batches(check.annotations)
    run = repository.create_check_run(
        name[:_NAME_LENGTH],
        commit,
        status="completed",
        conclusion=conclusion,
        output={**output, "annotations": first},
    )
    require_id(run.raw_data)
    for batch in others:
        run.edit(output={**output, "annotations": batch})


def _batches(annotations: tuple[dict[str, str | int], ...]) -> list[list[dict[str, str | int]]]:
    """Return the annotations in portions, at least one, which may be empty."""
    return [list(annotations[start : start + BATCH]) for start in range(0, max(len(annotations), 1), BATCH)]
