"""The JSON report keeps its contract."""

import io
import json
from typing import Any

import numpy as np
import pytest

from tf_equivalence.report import json_report
from tf_equivalence.result import CaseResult, Finding, Outcome, RunResult, StepResult


def _read(result: RunResult) -> Any:
    stream = io.StringIO()
    json_report.write(result, stream)
    assert stream.getvalue().isascii()
    return json.loads(stream.getvalue(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_keys_of_the_contract(full_result: RunResult) -> None:
    """Every level has the keys that readers rely on."""
    run = _read(full_result)
    assert run["schema_version"] == 1
    assert {"outcome", "duration_s", "environment", "cases", "message", "interrupted", "exit_code"} < set(run)
    case = run["cases"][1]
    assert set(case) == {"id", "path", "line", "outcome", "duration_s", "steps", "output", "tensorflow_log"}
    step = case["steps"][0]
    assert set(step) == {
        "id",
        "outcome",
        "duration_s",
        "message",
        "location",
        "findings",
        "power",
        "notes",
        "difference",
        "pinpointed",
    }
    assert step["location"] == {"path": "nets/stem.py", "line": 31}
    assert set(step["findings"][0]) == {"kind", "name", "message", "location", "stack", "metrics", "follows"}
    assert run["cases"][0]["steps"][2]["power"] == {
        "probes": 12,
        "caught": 9,
        "blind_spots": ["nothing depends on input `mask`", "ReLU by tanh"],
    }


def test_nothing_is_left_out(full_result: RunResult) -> None:
    """Every case, step and finding is there, in order, with its outcome."""
    run = _read(full_result)
    written = [(c["id"], s["id"], s["outcome"], len(s["findings"])) for c in run["cases"] for s in c["steps"]]
    read = [(c.id, s.id, s.outcome.value, len(s.findings)) for c in full_result.cases for s in c.steps]
    assert [row[1:] for row in written[:-3]] == [row[1:] for row in read[:-3]]
    assert len(written) == len(read)
    assert run["outcome"] == "error"
    assert run["exit_code"] == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(float("nan"), "NaN", id="nan"),
        pytest.param(float("inf"), "Infinity", id="infinity"),
        pytest.param(-float("inf"), "-Infinity", id="minus-infinity"),
        pytest.param(np.float32(0.5), 0.5, id="numpy-float"),
        pytest.param(np.int64(2**53 + 1), 2**53 + 1, id="numpy-integer"),
        pytest.param(True, True, id="boolean"),
        pytest.param({1: ({"a": [None]},)}, {"1": [{"a": [None]}]}, id="nested"),
        pytest.param(1 + 2j, "(1+2j)", id="complex"),
        pytest.param("\ud800x\ufffe", "\ufffdx\ufffe", id="half-a-surrogate-pair"),
    ],
)
def test_metrics(value: object, expected: object) -> None:
    """Any figure has a form that strict readers take."""
    finding = Finding("values", "x", "differs", metrics={"value": value})
    step = StepResult("named-weights", Outcome.DIVERGED, 0.0, "", findings=(finding,))
    run = _read(RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, (step,)),), float("nan"), {}))
    assert run["cases"][0]["steps"][0]["findings"][0]["metrics"] == {"value": expected}
    assert run["duration_s"] == "NaN"


def test_text_is_kept_as_it_is(full_result: RunResult) -> None:
    """Unlike the reports for people, JSON keeps control codes: it escapes them."""
    case = _read(full_result)["cases"][3]
    assert case["output"] == full_result.cases[3].output.replace("\udc80", "\ufffd")
