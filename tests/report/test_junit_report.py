"""The JUnit report is one that every reader takes."""

import io
import math
from pathlib import Path
from typing import Any

import junit_xml
import junitparser
import pytest
from junitparser.cli import verify
from lxml import etree

from tf_equivalence.report import junit_report
from tf_equivalence.report.junit_report import JUnitOptions
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult

_SCHEMA = Path(__file__).with_name("junit-10.xsd")


@pytest.fixture(scope="module")
def jenkins_schema() -> Any:
    """Return the schema that Jenkins validates with."""
    return etree.XMLSchema(etree.parse(str(_SCHEMA)))


def _written(result: RunResult, flavor: junit_report.Flavor = "github") -> str:
    stream = io.StringIO()
    junit_report.write(result, stream, JUnitOptions(flavor))
    return stream.getvalue()


def _tree(result: RunResult, flavor: junit_report.Flavor = "github") -> Any:
    return etree.fromstring(_written(result, flavor).encode())


def _run(*steps: StepResult, line: int = 1) -> RunResult:
    return RunResult((CaseResult("a.py::A", "a.py", line, 0.3, steps),), 0.3, {})


def _step(outcome: Outcome, message: str = "", **others: Any) -> StepResult:
    return StepResult("named-weights", outcome, others.pop("duration_s", 0.1), message, **others)


@pytest.mark.parametrize("name", ["full_result", "passed_result", "ordinary_result"])
def test_jenkins_takes_it(name: str, jenkins_schema: Any, request: pytest.FixtureRequest) -> None:
    """The Jenkins flavor is valid by the junit-10 schema, whatever user code is called."""
    jenkins_schema.assertValid(_tree(request.getfixturevalue(name), "jenkins"))


def test_jenkins_takes_an_empty_run(jenkins_schema: Any) -> None:
    """A run without cases is valid too."""
    jenkins_schema.assertValid(_tree(RunResult((), 1e-7, {}), "jenkins"))


def test_the_schema_refuses_what_jenkins_refuses(full_result: RunResult, jenkins_schema: Any) -> None:
    """The schema would notice: it refuses the GitHub flavor for its lines, and the library's own for `disabled`."""
    jenkins_schema.validate(_tree(full_result, "github"))
    assert {error.message.split("'")[3] for error in jenkins_schema.error_log} == {"file", "line"}
    suite = junit_xml.TestSuite("a", [junit_xml.TestCase("b", elapsed_sec=1e-7)])
    jenkins_schema.validate(etree.fromstring(junit_xml.to_xml_report_string([suite]).encode()))
    log = " ".join(error.message for error in jenkins_schema.error_log)
    assert "'disabled'" in log
    assert "'1e-07'" in log


def test_outcomes_survive_a_reader(full_result: RunResult) -> None:
    """A common parser reads back every case, step and outcome."""
    xml = junitparser.JUnitXml.fromstring(_written(full_result).encode())
    read = [[_outcome(test) for test in suite] for suite in xml]
    assert read == [[step.outcome for step in case.steps] for case in full_result.cases]
    assert (xml.tests, xml.failures, xml.errors) == (12, 4, 1)


def _outcome(test: Any) -> Outcome:
    kinds = {
        junitparser.Failure: Outcome.DIVERGED,
        junitparser.Error: Outcome.ERROR,
        junitparser.Skipped: Outcome.SKIPPED,
    }
    return kinds[type(test.result[0])] if test.result else Outcome.PASSED


@pytest.mark.parametrize(
    ("result", "status"),
    [
        pytest.param(_run(_step(Outcome.PASSED)), 0, id="passed"),
        pytest.param(_run(_step(Outcome.SKIPPED)), 1, id="all-skipped"),
        pytest.param(_run(_step(Outcome.DIVERGED)), 1, id="diverged-without-a-message"),
        pytest.param(_run(_step(Outcome.ERROR)), 1, id="error-without-a-message"),
        pytest.param(_run(), 1, id="no-steps"),
        pytest.param(RunResult((), 0.0, {}), 1, id="no-cases"),
        pytest.param(RunResult(_run(_step(Outcome.PASSED)).cases, 0.0, {}, interrupted=True), 1, id="interrupted"),
    ],
)
def test_verify_agrees_with_the_exit_code(result: RunResult, status: int, tmp_path: Path) -> None:
    """`junitparser verify` passes what passed, and nothing else."""
    path = tmp_path / "junit.xml"
    path.write_text(_written(result), encoding="utf-8")
    assert verify([path]) == status
    assert bool(result.exit_code) == bool(status)


def test_test_cases_carry_place_and_names(ordinary_result: RunResult) -> None:
    """A failure is at the line of its cause, another step at the line of its class."""
    tests = _tree(ordinary_result).findall(".//testcase")
    places = {(t.get("classname"), t.get("name")): (t.get("file"), t.get("line")) for t in tests}
    assert places["nets/equivalence_stem.py::Stem", "variables-once"] == ("nets/stem.py", "31")
    assert places["nets/equivalence_stem.py::Stem", "constant-weights"] == ("nets/equivalence_stem.py", "15")
    assert places["nets/equivalence_good.py::GoodNet", "named-weights"] == ("nets/equivalence_good.py", "9")
    assert places["nets/equivalence_typo.py", "load"] == ("nets/equivalence_typo.py", "4")


def test_a_failure_holds_the_evidence(ordinary_result: RunResult) -> None:
    """Type, message and text give kind, summary, and every finding with stack and figures."""
    failure = _tree(ordinary_result).find(".//testcase[@name='variables-once']/failure")
    assert failure.get("type") == "variable-created"
    assert failure.get("message") == "later calls created 2 variables"
    assert failure.text.count("self.scale = tf.Variable") == 2
    inventory = _tree(ordinary_result).find(".//testcase[@name='variable-inventory']/failure").text
    assert all(f"stem/conv_{index}/weights" in inventory for index in range(11))
    assert "note: regularization losses were not compared" in inventory
    assert "bound: rtol 1e-06" in _tree(ordinary_result).find(".//testcase[@name='constant-weights']/failure").text


def test_skips_have_their_reason_and_output_is_kept(ordinary_result: RunResult) -> None:
    """A skip says why; what the case printed is in its suite."""
    tree = _tree(ordinary_result)
    assert tree.find(".//skipped").get("message") == "skipped by the case: draws from NumPy"
    assert tree.findtext("testsuite[@name='nets/equivalence_stem.py::Stem']/system-out") == "building\ndone"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, "0.000000"), (1e-7, "0.000000"), (0.1 + 0.2, "0.300000"), (123456.5, "123456.500000"), (-1e-9, "0.000000")],
)
def test_times_are_plain_numbers(seconds: float, expected: str) -> None:
    """Times have no exponent and no rounding noise, and zero is written."""
    tree = _tree(_run(_step(Outcome.PASSED, duration_s=seconds)))
    assert tree.find(".//testcase").get("time") == expected
    assert math.isclose(float(tree.find("testsuite").get("time")), 0.3)


def test_names_are_unique() -> None:
    """Readers drop the second test of one name, so none has one."""
    case = CaseResult("a.py::A", "a.py", 1, 0.0, (_step(Outcome.PASSED), _step(Outcome.DIVERGED, "differs")))
    tests = _tree(RunResult((case, case), 0.0, {})).findall(".//testcase")
    names = [(test.get("classname"), test.get("name")) for test in tests]
    assert names[:2] == [("a.py::A", "named-weights"), ("a.py::A", "named-weights (2)")]
    assert len(set(names)) == 4


def test_a_line_that_is_not_known_is_left_out() -> None:
    """Lines count from 1; 0 is none."""
    (test,) = _tree(_run(_step(Outcome.PASSED), line=0)).findall(".//testcase")
    assert test.get("file") == "a.py"
    assert test.get("line") is None


def test_a_path_outside_the_workspace_stays_absolute() -> None:
    """The true path helps a person even where no annotation can be placed."""
    place = Location("/opt/shared/head.py", 7)
    finding = Finding("values", "x", "differs", place)
    (test,) = _tree(_run(_step(Outcome.DIVERGED, "differs", location=place, findings=(finding,)))).findall(
        ".//testcase"
    )
    assert (test.get("file"), test.get("line")) == ("/opt/shared/head.py", "7")
