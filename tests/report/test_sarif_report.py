"""SARIF is valid by its schema, is what GitHub's code scanning takes, and names the same alert in every run."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tf_equivalence.report.sarif_report import SarifOptions, write
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

SCHEMA = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def run_of(result: RunResult, options: SarifOptions | None = None) -> dict[str, Any]:
    """Return the run of a report that the schema and GitHub accept."""
    stream = io.StringIO()
    write(result, stream, options or SarifOptions())
    stream.getvalue().encode("ascii")
    log = json.loads(stream.getvalue())
    assert [error.message for error in VALIDATOR.iter_errors(log)] == []
    (run,) = log["runs"]
    refused_by_github(run)
    found: dict[str, Any] = run
    return found


def refused_by_github(run: dict[str, Any]) -> None:
    """Fail on what makes GitHub refuse or drop something: the limits of its documentation."""
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) <= 25_000
    assert len({rule["id"] for rule in rules}) == len(rules) <= 25_000
    for rule in rules:
        assert len(rule["properties"]["tags"]) <= 10
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
    for result in run["results"]:
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        assert not place["physicalLocation"]["artifactLocation"]["uri"].startswith(("/", "."))
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert len(result["locations"]) + len(result.get("relatedLocations", [])) <= 100
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]


def diverged(*findings: Finding, case: str = "nets/equivalence_a.py::A", step: str = "named-weights") -> CaseResult:
    """Return a case with a step that these findings made fail."""
    return CaseResult(
        case, "nets/equivalence_a.py", 9, 1.0, (StepResult(step, Outcome.DIVERGED, 1.0, "x", None, findings),)
    )


def finding(line: int = 3, name: str = "dense/MatMul", **more: Any) -> Finding:
    """Return a finding on a line."""
    return Finding("operation-value", name, "It differs.", Location("nets/a.py", line), **more)


def prints(result: RunResult) -> list[str]:
    """Return the fingerprints of all results."""
    return [each["partialFingerprints"]["tfEquivalence/v1"] for each in run_of(result)["results"]]


def test_everything_is_valid(full_result: RunResult) -> None:
    """Hostile names, lines outside of the workspace, infinite figures: the schema and GitHub accept them all."""
    run = run_of(full_result)
    kinds = {result["properties"]["kind"] for result in run["results"]}
    assert {"variable-created", "variable-missing", "values"} <= kinds
    assert len(run["results"]) == 17


def test_no_foreign_link() -> None:
    """What would be a link in a message is text, in the message itself and beside a frame."""
    told = finding(stack=("lib/b.py:7 in f: [click](https://evil.example)",))
    told = dataclasses.replace(told, message="See [here](https://evil.example) or [there](1).")
    run = run_of(RunResult((diverged(told),), 0.0, {}))
    assert "](" not in json.dumps(run["results"])
    assert "[here] (https://evil.example)" in run["results"][0]["message"]["text"]


def test_a_passed_run(passed_result: RunResult) -> None:
    """Nothing to alert is a valid file without results, so that alerts of earlier runs are closed."""
    run = run_of(passed_result)
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 0, "toolExecutionNotifications": []}]


def test_errors_are_notifications(ordinary_result: RunResult) -> None:
    """Of what ended in an error nothing is known: it is no alert, and the run is not a success."""
    run = run_of(ordinary_result)
    (invocation,) = run["invocations"]
    (note,) = invocation["toolExecutionNotifications"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    assert (note["level"], note["descriptor"]) == ("error", {"id": "load"})
    assert "SyntaxError" in note["message"]["text"]
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "nets/equivalence_typo.py"
    assert "load" not in {result["ruleId"] for result in run["results"]}


@pytest.mark.parametrize("result", [RunResult((), 0.0, {}, "No case."), RunResult((), 0.0, {}, interrupted=True)])
def test_a_run_without_a_result_says_why(result: RunResult) -> None:
    """Nothing found, or an interruption, is never a clean bill."""
    (invocation,) = run_of(result)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == 1


def test_a_known_cause_is_the_rule() -> None:
    """Its help says what is behind it, and links to the page on it; another finding is ruled by its kind."""
    caused = finding(metrics={"cause": "epsilon", "help": "docs/causes.md#epsilon"})
    run = run_of(RunResult((diverged(caused, finding(4), dataclasses.replace(finding(5), kind="brand-new")),), 0.0, {}))
    epsilon, kind, new = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in (epsilon, kind, new)] == ["epsilon", "operation-value", "brand-new"]
    assert epsilon["helpUri"].endswith("/docs/causes.md#epsilon")
    assert "1e-3 in `v1.layers`" in epsilon["help"]["text"]
    assert "Pass `epsilon=<TF1's>`" in epsilon["help"]["markdown"]
    assert new["shortDescription"]["text"].startswith("Brand new")


def test_related_places() -> None:
    """TF1's line, the frames of the stack and the case come with a result, each once, its own line apart."""
    stack = ("nets/a.py:3 in call: y", "lib/b c.py:7 in f: z", "(library frames folded: 3 tf_keras)", "no place")
    told = finding(stack=stack, metrics={"tf1_line": "legacy/a.py:12", "tf2_line": "nets/a.py:3"})
    (result,) = run_of(RunResult((diverged(told),), 0.0, {}))["results"]
    places = [
        (each["physicalLocation"]["artifactLocation"]["uri"], each["physicalLocation"]["region"]["startLine"])
        for each in result["relatedLocations"]
    ]
    assert places == [("legacy/a.py", 12), ("lib/b%20c.py", 7), ("nets/equivalence_a.py", 9)]
    assert [each["message"]["text"] for each in result["relatedLocations"]] == ["In TF1", "f: z", "The case"]


def test_related_places_have_a_limit() -> None:
    """A recursion of a thousand frames makes GitHub refuse nothing: the innermost hundred are shown."""
    told = finding(stack=tuple(f"lib/b.py:{line} in f: f()" for line in range(1, 2000)))
    (result,) = run_of(RunResult((diverged(told),), 0.0, {}))["results"]
    assert [each["message"]["text"] for each in result["relatedLocations"]] == ["f: f()"] * 99


def test_the_prefix_is_put_before_the_places_of_stacks() -> None:
    """Findings have it already."""
    told = finding(stack=("lib/b.py:7 in f: z", "/opt/c.py:1 in g: h"))
    (result,) = run_of(RunResult((diverged(told),), 0.0, {}), SarifOptions("ml/"))["results"]
    uris = [each["physicalLocation"]["artifactLocation"]["uri"] for each in result["relatedLocations"]]
    assert uris == ["ml/lib/b.py", "file:///opt/c.py", "nets/equivalence_a.py"]


@pytest.mark.parametrize("place", [None, Location("/opt/a.py", 3), Location("../a.py", 3)])
def test_without_a_line_the_case_stands_in(place: Location | None) -> None:
    """GitHub refuses a whole file for one result without a line in the repository."""
    bare = dataclasses.replace(finding(), location=place)
    (result,) = run_of(RunResult((diverged(bare),), 0.0, {}))["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "nets/equivalence_a.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 9},
    }


def test_one_cause_is_one_result() -> None:
    """Steps and cases that see it are listed; what follows from it is no alert."""
    cases = [
        diverged(finding(), finding(8, "output", follows=True), step=step, case=f"nets/equivalence_a.py::{case}")
        for step in ("named-weights", "random-training")
        for case in ("A", "B")
    ]
    (result,) = run_of(RunResult(tuple(cases), 0.0, {}))["results"]
    assert result["properties"]["steps"] == ["named-weights", "random-training"]
    assert result["properties"]["cases"] == ["nets/equivalence_a.py::A", "nets/equivalence_a.py::B"]
    assert "Cases: nets/equivalence_a.py::A, nets/equivalence_a.py::B." in result["message"]["text"]


def test_fingerprints_outlive_edits() -> None:
    """Lines that move, and figures that change, make no new alert; another file, rule or name does."""
    before = RunResult((diverged(finding(3)),), 0.0, {})
    moved = RunResult((diverged(dataclasses.replace(finding(30), message="By 0.7 now.")),), 9.0, {"python": "3.13"})
    assert prints(before) == prints(moved)
    others = [
        finding(name="dense_1/MatMul"),
        dataclasses.replace(finding(), location=Location("nets/b.py", 3)),
        finding(metrics={"cause": "epsilon"}),
    ]
    found = [prints(RunResult((diverged(other),), 0.0, {}))[0] for other in [finding(), *others]]
    assert len(set(found)) == 4


def test_fingerprints_of_one_run_differ() -> None:
    """Two lines about the same name are two alerts."""
    found = prints(RunResult((diverged(finding(3), finding(4)),), 0.0, {}))
    assert len(set(found)) == 2


def test_results_have_a_limit() -> None:
    """What GitHub would refuse the file for is left out, the worst first, and the file says so."""
    many = tuple(finding(line) for line in range(1, 40))
    run = run_of(RunResult((diverged(*many),), 0.0, {}), SarifOptions(limit=25))
    assert [each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in run["results"]] == [
        *range(1, 26)
    ]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("14 more results left out")
