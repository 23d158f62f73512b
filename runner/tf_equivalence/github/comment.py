"""Keeps one comment on a pull request up to date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from github.GithubException import GithubException
from github.IssueComment import IssueComment
from github.Repository import Repository

from tf_equivalence.github.client import require_id

_FORBIDDEN = (401, 403, 404)


def post_comment(repository: Repository, number: int, mark: str, body: str, may_create: bool) -> None:
    """Update the comment that begins with the mark, or create it.

    Args:
        repository: Where.
        number: Of the pull request.
        mark: The first line of the body.
        body: Markdown.
        may_create: Whether to make one where there is none yet.

    Raises:
        GithubException: GitHub refuses.
        OSError: GitHub cannot be reached.
    """
    issue = repository.get_issue(number)
    comments = list(_ours(repository, issue.get_comments(), mark))
    if not comments and may_create:
        require_id(issue.create_comment(body).raw_data)
    if comments and comments[0].body != body:
        comments[0].edit(body)
    for comment in comments[1:]:  # a request that was tried again may have made two
        comment.delete()


def _ours(repository: Repository, comments: Iterable[IssueComment], mark: str) -> Iterator[IssueComment]:
    """Yield the comments that we wrote: others may quote ours, mark and all, and keep theirs."""
    login: str | None = None
    for comment in comments:
        if not comment.body.startswith(mark):
            continue
        if comment.user.type == "Bot":
            yield comment
            continue
        if login is None:
            login = _own_login(repository)
        if comment.user.login == login:
            yield comment


def _own_login(repository: Repository) -> str:
    """Return whose token this is; empty for one of an app, such as a workflow's own, which may not ask."""
    try:
        _, data = repository.requester.requestJsonAndCheck("GET", "/user")
    except GithubException as error:
        if error.status in _FORBIDDEN:
            return ""
        raise
    return str(data.get("login", ""))
