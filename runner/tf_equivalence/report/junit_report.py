"""Writes JUnit XML: one suite for each case, one test case for each step."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import junit_xml

from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.report.explain import (
    as_text,
    explain_step,
    findings_of,
    notes_of,
    run_problem,
    steps_of,
    workspace_path,
)
from tf_equivalence.result import CaseResult, Location, Outcome, RunResult, StepResult

Flavor = Literal["github", "jenkins"]

_ROOT = "tf-equivalence"


@dataclass(frozen=True)
class JUnitOptions:
    """What the reader of the file understands.

    Attributes:
        flavor: `github` writes the `file` and `line` of every test case, which reporters on GitHub
            turn into annotations; `jenkins` leaves out what the junit-10 schema of Jenkins forbids.
    """

    flavor: Flavor = "github"


def write(result: RunResult, stream: TextIO, options: JUnitOptions = JUnitOptions()) -> None:
    """Write the result as a JUnit XML document; the stream must be UTF-8."""
    root = ET.Element("testsuites", name=_ROOT)
    properties = {one_line(key): one_line(value) for key, value in result.environment.items()}
    suites: set[str] = set()
    for case in result.cases:
        root.append(_suite(case, _unique(one_line(case.id), suites), properties, options))
    problem = run_problem(result)
    if problem:
        root.append(_run_suite(problem, _unique(_ROOT, suites)))
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", _seconds(result.duration_s))
    ET.indent(root)
    stream.write('<?xml version="1.0" encoding="utf-8"?>\n')
    stream.write(ET.tostring(root, encoding="unicode"))
    stream.write("\n")


def _suite(case: CaseResult, name: str, properties: dict[str, str], options: JUnitOptions) -> ET.Element:
    steps = steps_of(case)
    taken: set[str] = set()
    tests = [_test(step, name, _unique(one_line(step.id), taken)) for step in steps]
    suite = junit_xml.TestSuite(
        name, tests, file=one_line(case.path), properties=properties, stdout=clean(case.output).strip("\n")
    )
    element = _build(suite, case.duration_s)
    for test, step in zip(element.iter("testcase"), steps, strict=True):
        test.set("time", _seconds(step.duration_s))
        if options.flavor == "github":
            _set_place(test, step.location or Location(case.path, case.line))
    return element


def _run_suite(problem: str, name: str) -> ET.Element:
    """Return a suite with the one error that concerns no case, so that an empty run is never green."""
    test = junit_xml.TestCase("run", name)
    test.add_error_info(problem, problem, "run")
    element = _build(junit_xml.TestSuite(name, [test]), 0.0)
    for case in element.iter("testcase"):
        case.set("time", _seconds(0.0))
    return element


def _test(step: StepResult, classname: str, name: str) -> Any:
    test = junit_xml.TestCase(name, classname)
    # The library drops a failure that has neither message nor text, and the step would pass.
    message = one_line(step.message) or step.outcome.value
    if step.outcome is Outcome.DIVERGED:
        test.add_failure_info(message, _text(step), _kind(step))
    elif step.outcome is Outcome.ERROR:
        test.add_error_info(message, _text(step), _kind(step))
    else:
        test.stdout = as_text(notes_of(step))
        if step.outcome is Outcome.SKIPPED:
            test.add_skipped_info(message)
    return test


def _kind(step: StepResult) -> str:
    return one_line(findings_of(step)[0].kind) or step.outcome.value


def _text(step: StepResult) -> str:
    return f"\n{as_text(explain_step(step, figures=True))}\n"


def _build(suite: Any, seconds: float) -> ET.Element:
    """Return the library's element without its habits.

    It writes `disabled`, which the schema of Jenkins forbids, and adds up times so that 0.3 comes
    out as 0.30000000000000004.
    """
    element: ET.Element = suite.build_xml_doc()
    element.attrib.pop("disabled", None)
    element.set("time", _seconds(seconds))
    return element


def _set_place(test: ET.Element, location: Location) -> None:
    test.set("file", workspace_path(location.path) or one_line(location.path))
    if location.line >= 1:
        test.set("line", str(location.line))


def _seconds(value: float) -> str:
    """Return seconds without an exponent, which the schema of Jenkins forbids."""
    return f"{max(value, 0.0):.6f}"


def _unique(name: str, taken: set[str]) -> str:
    """Return the name, numbered where it is taken: readers drop the second test of one name."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name} ({count})"
    taken.add(candidate)
    return candidate
