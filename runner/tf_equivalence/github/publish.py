"""Decides what is posted to GitHub, and says once what cannot be."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from tf_equivalence.github.context import Context
from tf_equivalence.report import check_run, comment
from tf_equivalence.report.step_outputs import conclusion
from tf_equivalence.report.summary import SummaryOptions
from tf_equivalence.result import ExitCode, RunResult
from tf_equivalence.settings import Settings

_TOKENLESS = "there is no token; pass token: ${{ github.token }} to the action, or set GITHUB_TOKEN for the command."
_NO_WORKFLOW = "this is no workflow of GitHub's: GITHUB_REPOSITORY or GITHUB_SHA is not set."


@dataclass(frozen=True)
class Voice:
    """Takes what is to be said.

    Attributes:
        warn: Something was asked for and could not be posted.
        remark: There is nothing to post to.
    """

    warn: Callable[[str], None]
    remark: Callable[[str], None]


@dataclass(frozen=True)
class Publisher:
    """Posts the result of one run.

    Attributes:
        settings: What is asked for.
        context: Where to.
        options: How to write summaries.
        voice: Takes what could not be done, and why.
    """

    settings: Settings
    context: Context
    options: SummaryOptions
    voice: Voice

    def publish(self, result: RunResult, exit_code: int) -> bool:
        """Post the check run and the comment that are asked for, and return whether the check run was posted.

        A run that was interrupted posts nothing: the runner gives it seconds, and the one that took
        its place will post.
        """
        posted = False
        if self.settings.annotations == "checks" and not result.interrupted:
            posted = self._annotate(result, conclusion(result, exit_code))
        if self.settings.comment != "never" and not result.interrupted:
            self._comment(result)
        return posted

    def _annotate(self, result: RunResult, word: str) -> bool:
        if not self.context.repository or not self.context.commit:
            self.voice.remark(f"No check run was posted: {_NO_WORKFLOW}")
            return False
        level = "failure" if word == "failure" else "warning"
        shown = check_run.check_run(result, self.settings.max_annotations, self.options, level)
        problem = self._post_check_run(word, shown)
        if problem:
            instead = "; annotations are workflow commands instead" if self.settings.github else ""
            self.voice.warn(f"No check run was posted{instead}: {problem}")
        return not problem

    def _post_check_run(self, word: str, shown: check_run.CheckRun) -> str:
        """Return why there is no check run; empty where it was posted."""
        context, token = self.context, self.settings.token
        if not token:
            return _TOKENLESS
        # Here, not at the top: most runs post nothing, and need not load the client.
        from tf_equivalence.github import checks, client  # noqa: PLC0415

        name = f"tf-equivalence: {context.name}" if context.name else "tf-equivalence"
        try:
            checks.post_check_run(client.connect(context, token), name, context.commit, word, shown)
        except Exception as error:  # noqa: BLE001 - whatever GitHub does, the result stands
            return client.reason(error, "checks", token)
        return ""

    def _comment(self, result: RunResult) -> None:
        if not self.context.repository or self.context.pull_request is None:
            self.voice.remark("No comment was posted: this run is not for a pull request.")
            return
        body = io.StringIO()
        context = self.context
        comment.write(result, body, comment.CommentOptions(context.mark, context.name, context.run_url, self.options))
        may_create = self.settings.comment == "always" or result.exit_code is not ExitCode.PASSED
        problem = self._post_comment(self.context.pull_request, body.getvalue(), may_create)
        if problem:
            self.voice.warn(f"No comment was posted: {problem}")

    def _post_comment(self, number: int, body: str, may_create: bool) -> str:
        """Return why there is no comment; empty where it was posted, or none is needed."""
        token = self.settings.token
        if not token:
            return _TOKENLESS
        from tf_equivalence.github import client  # noqa: PLC0415 - as above
        from tf_equivalence.github.comment import post_comment  # noqa: PLC0415

        try:
            post_comment(client.connect(self.context, token), number, self.context.mark, body, may_create)
        except Exception as error:  # noqa: BLE001 - as above
            return client.reason(error, "pull-requests", token)
        return ""
