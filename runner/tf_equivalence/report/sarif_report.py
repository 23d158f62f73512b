"""Writes SARIF 2.1.0, as GitHub's code scanning takes it: rules, results on lines, errors as notifications.

The format is that of https://docs.oasis-open.org/sarif/sarif/v2.1.0/, the limits are those of
https://docs.github.com/en/code-security/code-scanning: GitHub refuses a whole file for one result
without a line, for one result too many, or for too many places of one.
"""

from __future__ import annotations

import hashlib
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from tf_equivalence import __version__
from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.report.explain import Failure, failures, findings_of, run_problem, workspace_path
from tf_equivalence.report.labels import plural
from tf_equivalence.report.rules import SOURCE, Rule, rule_of
from tf_equivalence.result import Finding, Location, Outcome, RunResult

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_MOST_RESULTS = 25_000  # of a run; GitHub shows the first 5,000
_MOST_RELATED = 99  # of a result, beside its own line; GitHub shows 100
_MESSAGE_LENGTH = 16_000  # characters
_TAGS = ("correctness", "migration", "tensorflow")  # of a rule; GitHub shows 10 and refuses 21
_FRAME = re.compile(r"(?P<path>.+?):(?P<line>[1-9]\d{0,8})(?: in (?P<what>.*))?", re.DOTALL)


@dataclass(frozen=True)
class SarifOptions:
    """What the result alone does not tell.

    Attributes:
        path_prefix: What was put before the paths of findings; those in stacks get it here.
        limit: Results at most.
    """

    path_prefix: str = ""
    limit: int = _MOST_RESULTS


@dataclass(frozen=True)
class _Seen:
    """A finding of a failed step."""

    failure: Failure
    finding: Finding
    index: int

    @property
    def place(self) -> Location:
        """A line in the workspace: the finding's where it has one there, else the case's."""
        place, case = self.finding.location, self.failure.case
        inside = place is not None and workspace_path(place.path)
        return place if place is not None and inside else Location(case.path, case.line)


def write(result: RunResult, stream: TextIO, options: SarifOptions = SarifOptions()) -> None:
    """Write one run as one JSON object in ASCII."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(result, options)]}
    json.dump(log, stream, indent=2, allow_nan=False)
    stream.write("\n")


def _run(result: RunResult, options: SarifOptions) -> dict[str, object]:
    groups = _groups(result)
    shown = groups[: options.limit]
    rules = {rule.id: rule for rule in (rule_of(group[0].finding) for group in shown)}
    numbers = {name: number for number, name in enumerate(rules)}
    prints = _Fingerprints()
    return {
        "tool": {
            "driver": {
                "name": "tf-equivalence",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": SOURCE,
                "rules": [_rule(rule) for rule in rules.values()],
            }
        },
        "invocations": [_invocation(result, len(groups) - len(shown))],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(group, numbers, prints, options) for group in shown],
        "properties": {"environment": {one_line(key): one_line(text) for key, text in result.environment.items()}},
    }


def _groups(result: RunResult) -> list[list[_Seen]]:
    """Return what diverged, the findings of one rule, line and name together, the first finding of each step first.

    Findings that follow from another are left out: they are its consequences, and each would be an
    alert. What ended in an error is no result, for nothing is known about it.
    """
    groups: dict[tuple[object, ...], list[_Seen]] = {}
    for failure in failures(result):
        if failure.step.outcome is not Outcome.DIVERGED:
            continue
        for index, finding in enumerate(findings_of(failure.step)):
            if not finding.follows:
                seen = _Seen(failure, finding, index)
                key = (rule_of(finding).id, seen.place.path, seen.place.line, finding.name)
                groups.setdefault(key, []).append(seen)
    return sorted(groups.values(), key=lambda group: min(seen.index for seen in group))


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in re.split(r"\W+", rule.id)),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.text},
        "help": {"text": f"{rule.text}\n\n{rule.url}", "markdown": f"{rule.text}\n\n[More on it]({rule.url})"},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": list(_TAGS), "precision": "high", "problem.severity": "error"},
    }


def _result(
    group: list[_Seen], numbers: dict[str, int], prints: _Fingerprints, options: SarifOptions
) -> dict[str, object]:
    seen = group[0]
    rule = rule_of(seen.finding)
    related = _related(seen, options.path_prefix)
    return {
        "ruleId": rule.id,
        "ruleIndex": numbers[rule.id],
        "level": "error",
        "message": {"text": _message(group)},
        "locations": [_location(seen.place, seen.finding.name)],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {"tfEquivalence/v1": prints.of(rule.id, seen)},
        "properties": {
            "kind": one_line(seen.finding.kind),
            "cases": _distinct(one_line(each.failure.case.id) for each in group),
            "steps": _distinct(step for each in group for step in each.failure.step_ids),
        },
    }


def _message(group: list[_Seen]) -> str:
    """Return the first finding's message, and which cases and steps see it; `](` would make a link of foreign text."""
    cases = _distinct(one_line(seen.failure.case.id) for seen in group)
    steps = _distinct(one_line(step) for seen in group for step in seen.failure.step_ids)
    where = f"{'Case' if len(cases) == 1 else 'Cases'}: {_listed(cases)}. Steps: {_listed(steps)}."
    text = clean(group[0].finding.message).strip()[:_MESSAGE_LENGTH] or one_line(group[0].failure.step.message)
    return f"{text}\n\n{where}".replace("](", "] (").strip()


def _location(place: Location, name: str = "") -> dict[str, object]:
    location: dict[str, object] = {"physicalLocation": _physical(place)}
    if one_line(name):
        location["logicalLocations"] = [{"fullyQualifiedName": one_line(name)}]
    return location


def _physical(place: Location) -> dict[str, object]:
    path = workspace_path(place.path)
    uri = urllib.parse.quote(path or clean(place.path).replace("\\", "/"))
    artifact = {"uri": uri, "uriBaseId": _ROOT} if path else {"uri": f"file://{'' if uri[:1] == '/' else '/'}{uri}"}
    return {"artifactLocation": artifact, "region": {"startLine": max(place.line, 1)}}


def _related(seen: _Seen, prefix: str) -> list[dict[str, object]]:
    """Return the line of the other side, the frames of the stack, and the case, each place once."""
    metrics = seen.finding.metrics
    told = [("In TF1", str(metrics.get("tf1_line", ""))), ("In TF2", str(metrics.get("tf2_line", "")))]
    places = [*_parsed(told, prefix), *_parsed((("", frame) for frame in seen.finding.stack), prefix)]
    case = seen.failure.case
    places.append((Location(case.path, case.line), "The case"))
    if seen.finding.location is not None:
        places.insert(0, (seen.finding.location, "Outside of the workspace"))
    unique = {(place.path, place.line): (place, what) for place, what in reversed(places) if place != seen.place}
    return [
        {"id": number, "message": {"text": what or str(place)}, **_location(place)}
        for number, (place, what) in enumerate(list(reversed(unique.values()))[:_MOST_RELATED], 1)
    ]


def _parsed(lines: Iterable[tuple[str, str]], prefix: str) -> Iterator[tuple[Location, str]]:
    """Yield the places that texts such as `nets/a.py:31 in call: x = y` begin with, and what to say of them."""
    for what, line in lines:
        found = _FRAME.fullmatch(clean(line))
        if found is not None and not found["path"].isspace():
            path = found["path"] if found["path"].startswith("/") else prefix + found["path"]
            yield Location(path, int(found["line"])), what or one_line(found["what"] or "").replace("](", "] (")


class _Fingerprints:
    """Names results by what they are about rather than by their line, which every edit above it moves."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def of(self, rule: str, seen: _Seen) -> str:
        about = json.dumps([rule, seen.place.path, seen.finding.name])
        digest = hashlib.sha256(about.encode()).hexdigest()[:32]
        self._used[digest] = self._used.get(digest, 0) + 1
        return f"{digest}:{self._used[digest]}"


def _invocation(result: RunResult, left_out: int) -> dict[str, object]:
    """Return how the run itself went: what ended in an error, and why it is no pass although no step says so."""
    notes = [_notification("error", problem, None, "run")] if (problem := run_problem(result)) else []
    for failure in failures(result):
        if failure.step.outcome is Outcome.ERROR:
            for finding in findings_of(failure.step):
                place = finding.location or Location(failure.case.path, failure.case.line)
                notes.append(_notification("error", _message([_Seen(failure, finding, 0)]), place, finding.kind))
    if left_out:
        text = f"{plural(left_out, 'more result')} left out: code scanning takes no more than {_MOST_RESULTS:,}."
        notes.append(_notification("warning", text, None, "results-left-out"))
    return {
        "executionSuccessful": result.outcome is not Outcome.ERROR,
        "exitCode": int(result.exit_code),
        "toolExecutionNotifications": notes,
    }


def _notification(level: str, text: str, place: Location | None, kind: str) -> dict[str, object]:
    return {
        "level": level,
        "descriptor": {"id": one_line(kind) or "error"},
        "message": {"text": text},
        **({"locations": [_location(place)]} if place is not None else {}),
    }


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
