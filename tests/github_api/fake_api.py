"""A stand-in for GitHub's REST API that refuses what GitHub refuses, on a port of this machine."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "ghs_0123456789abcdefghijABCDEFGHIJ012345"
REPOSITORY = "owner/repository"
FORBIDDEN = (403, {"message": "Resource not accessible by integration", "status": "403"}, {})
BAD_GATEWAY = (502, {"message": "Server Error"}, {})
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_CONCLUSIONS = {"action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"}
_TEXT = 65_535
_BYTES = 64 * 1024

Answer = tuple[int, Any, dict[str, str]]


def secondary_limit(status: int = 403, seconds: str = "7") -> Answer:
    """Return the answer to who writes too fast."""
    return status, {"message": _SECONDARY}, {"Retry-After": seconds}


@dataclass
class Request:
    """A request that reached the API.

    Attributes:
        method: Such as `POST`.
        path: With its query.
        body: What was sent, read as JSON.
        headers: By name in lower case.
    """

    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class FakeApi:
    """The API and what it holds.

    Attributes:
        requests: All that came in.
        checks: Check runs by id, annotations added up.
        comments: Comments of pull request 7, oldest first.
        failures: Answers to give instead of the next ones, each by what the method and path must match.
        login: Whose token it is; empty for an app's, which may not ask.
        page: Comments of a page at most.
        url: Of the API.
    """

    requests: list[Request] = field(default_factory=list)
    checks: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[str, Answer]] = field(default_factory=list)
    login: str = ""
    page: int = 30
    url: str = ""

    def fail(self, request: str, answer: Answer, times: int = 1) -> None:
        """Give this answer to the next requests that match, such as `POST .*/check-runs`."""
        self.failures += [(request, answer)] * times

    def add_comment(self, body: str, login: str = "github-actions[bot]", kind: str = "Bot") -> dict[str, Any]:
        """Put a comment on the pull request."""
        number = max((comment["id"] for comment in self.comments), default=100) + 1
        url = f"{self.url}/repos/{REPOSITORY}/issues/comments/{number}"
        comment = {"id": number, "url": url, "body": body, "user": {"login": login, "type": kind, "id": 1}}
        self.comments.append(comment)
        return comment

    def of(self, method: str) -> list[str]:
        """Return the paths of the requests of this method, without their queries."""
        return [request.path.partition("?")[0] for request in self.requests if request.method == method]

    def answer(self, request: Request) -> Answer:
        """Return what GitHub would answer."""
        self.requests.append(request)
        if request.headers.get("authorization") not in (f"token {TOKEN}", f"Bearer {TOKEN}"):
            return 401, {"message": "Bad credentials", "status": "401"}, {}
        if not request.headers.get("user-agent"):
            return 403, {"message": "Request forbidden by administrative rules."}, {}
        line = f"{request.method} {request.path}"
        for number, (pattern, failure) in enumerate(self.failures):
            if re.fullmatch(pattern, line):
                del self.failures[number]
                return failure
        for pattern, handle in self._routes():
            if match := re.fullmatch(pattern, line):
                return handle(request, *match.groups())
        return 404, {"message": "Not Found", "status": "404"}, {}

    def _routes(self) -> Iterator[tuple[str, Any]]:
        repository = f"/repos/{REPOSITORY}"
        yield f"POST {repository}/check-runs", self._create_check
        yield f"PATCH {repository}/check-runs/(\\d+)", self._update_check
        yield f"GET {repository}/issues/7/comments(?:\\?(.*))?", self._list_comments
        yield f"POST {repository}/issues/7/comments", self._create_comment
        yield f"PATCH {repository}/issues/comments/(\\d+)", self._update_comment
        yield f"DELETE {repository}/issues/comments/(\\d+)", self._delete_comment
        yield "GET /user", self._user

    def _create_check(self, request: Request) -> Answer:
        body = request.body
        problem = _problem_of_check(body, new=True)
        if problem:
            return _invalid(problem)
        number = len(self.checks) + 1
        url = f"{self.url}/repos/{REPOSITORY}/check-runs/{number}"
        output = dict(body.get("output", {}))
        self.checks[number] = {**body, "id": number, "url": url, "output": output}
        return 201, self._shown(number), {}

    def _update_check(self, request: Request, number: str) -> Answer:
        check = self.checks.get(int(number))
        if check is None:
            return 404, {"message": "Not Found"}, {}
        problem = _problem_of_check(request.body, new=False)
        if problem:
            return _invalid(problem)
        output = request.body.get("output", {})
        annotations = [*check["output"].get("annotations", []), *output.get("annotations", [])]
        check["output"] = {**check["output"], **output, "annotations": annotations}
        return 200, self._shown(int(number)), {}

    def _shown(self, number: int) -> dict[str, Any]:
        check = self.checks[number]
        output = {"title": check["output"]["title"], "annotations_count": len(check["output"].get("annotations", []))}
        return {**check, "output": output}

    def _list_comments(self, _: Request, query: str | None) -> Answer:
        asked = dict(part.split("=") for part in (query or "").split("&") if "=" in part)
        size = min(int(asked.get("per_page", 30)), self.page)
        page = int(asked.get("page", 1))
        shown = self.comments[(page - 1) * size : page * size]
        following = f"{self.url}/repos/{REPOSITORY}/issues/7/comments?per_page={size}&page={page + 1}"
        more = page * size < len(self.comments)
        return 200, shown, {"Link": f'<{following}>; rel="next"'} if more else {}

    def _create_comment(self, request: Request) -> Answer:
        body = request.body.get("body", "")
        if not 0 < len(body) <= 65_536:
            return _invalid("Body is too long (maximum is 65536 characters)")
        return 201, self.add_comment(body), {}

    def _update_comment(self, request: Request, number: str) -> Answer:
        for comment in self.comments:
            if comment["id"] == int(number):
                if not 0 < len(request.body.get("body", "")) <= 65_536:
                    return _invalid("Body is too long (maximum is 65536 characters)")
                comment["body"] = request.body["body"]
                return 200, comment, {}
        return 404, {"message": "Not Found"}, {}

    def _delete_comment(self, _: Request, number: str) -> Answer:
        self.comments = [comment for comment in self.comments if comment["id"] != int(number)]
        return 204, None, {}

    def _user(self, _: Request) -> Answer:
        return (200, {"login": self.login}, {}) if self.login else FORBIDDEN


def _invalid(problem: str) -> Answer:
    return 422, {"message": f"Invalid request.\n\n{problem}", "status": "422"}, {}


def _problem_of_check(body: dict[str, Any], new: bool) -> str:
    """Return why GitHub would refuse a check run; empty where it would not."""
    output = body.get("output", {})
    annotations = output.get("annotations", [])
    if new and not (body.get("name") and re.fullmatch("[0-9a-f]{40}", body.get("head_sha", ""))):
        return 'For "name" and "head_sha": both are required. No commit found for SHA.'
    if new and (body.get("status") != "completed" or body.get("conclusion") not in _CONCLUSIONS):
        return "Status or conclusion is not a member of its list."
    if not output.get("title") or not output.get("summary"):
        return '"title" and "summary" weren\'t supplied.'
    if len(output["title"]) > 255 or any(len(output.get(part, "")) > _TEXT for part in ("summary", "text")):
        return "Only 65535 characters are allowed."
    if len(annotations) > 50:
        return f"No more than 50 items are allowed; {len(annotations)} were supplied."
    return next((problem for each in annotations if (problem := _problem_of_annotation(each))), "")


def _problem_of_annotation(annotation: dict[str, Any]) -> str:
    path = annotation.get("path", "")
    lines = (annotation.get("start_line"), annotation.get("end_line"))
    if not path or path.startswith(("/", "./")) or not all(isinstance(line, int) and line > 0 for line in lines):
        return f"Annotation of no line: {path!r}, {lines}."
    if annotation.get("annotation_level") not in ("notice", "warning", "failure"):
        return "annotation_level is not a member of its list."
    if not annotation.get("message") or len(annotation.get("title", "")) > 255:
        return "message is missing, or title is too long."
    if any(len(annotation.get(part, "").encode()) > _BYTES for part in ("message", "raw_details")):
        return "Only 64 KB are allowed."
    return ""


@contextmanager
def serve(api: FakeApi) -> Iterator[FakeApi]:
    """Answer requests as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body, more = api.answer(Request(self.command, self.path, json.loads(data or b"{}"), headers))
            text = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names that are looked for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
