"""Results that have all that a page may show, and the page as text and as a tree."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import lxml.html

from tf_equivalence.report.html import HtmlOptions, write
from tf_equivalence.result import (
    CaseResult,
    Finding,
    Location,
    Outcome,
    Power,
    RunResult,
    StepResult,
    TracedPair,
    TracedSide,
)

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'`{{ 7*7077 }}`$x$\x1b[31m\x00\ud800\u202e"
HISTOGRAM = {"first_decade": -12, "counts": [0] * 8 + [3, 4] + [0] * 5, "equal": 9, "non_finite": 1, "scale": 2.0}
ROWS: list[list[str | None]] = [["a:0 [3]", "a:0 [4]"], ["x:0 [3]", "y:0 [3]"], ["b:0 [2]", None], [None, "c:0 [2]"]]


def finding(**changes: Any) -> Finding:
    """Return a finding with everything that a page shows."""
    given: dict[str, Any] = {
        "kind": "operation-value",
        "name": "net/Relu",
        "message": "The first operation that differs. It differs a lot. Pass `epsilon=0.001`, as TF1 did.",
        "location": Location("net.py", 3),
        "stack": ("net.py:3 in call: x = relu(x)", "(library frames folded: 3 tensorflow)"),
        "metrics": {
            "cause": "epsilon",
            "tf1_line": "legacy.py:2",
            "tf1_operation": "Relu",
            "tf2_operation": "Relu",
            "differences": [{"name": "epsilon", "tf1": 0.001, "tf2": 1e-5, "source": "attribute"}],
            "tf1_around": [1.0, 2.0],
            "tf2_around": [1.0, 2.5],
        },
    }
    return Finding(**{**given, **changes})


def output(**changes: Any) -> Finding:
    """Return a finding of an output that differs because of another."""
    given: dict[str, Any] = {
        "kind": "output-value",
        "name": "logits",
        "message": "logits differs in 7 of 17 elements.",
        "metrics": {"bound": {"rtol": 0.0, "atol": 1e-3, "source": "measured: noise"}, "histogram": HISTOGRAM},
        "follows": True,
    }
    return Finding(**{**given, **changes})


def inventory() -> Finding:
    """Return the first finding of an inventory."""
    metrics = {"diff": "-b:0 [2]\n+c:0 [2]", "side_by_side": {"rows": ROWS, "left_out": 5}}
    return Finding("variable-missing", "b:0", "TF1 creates b:0; TF2 does not.", Location("net.py", 1), (), metrics)


def trace(count: int, start: int) -> tuple[TracedPair, ...]:
    """Return a trace of which one operation differs by itself."""
    return tuple(
        TracedPair(
            TracedSide("Conv2D", f"net/conv{at}", Location("legacy.py", at + 1)),
            TracedSide("Conv2D", f"net/conv{at}", Location("net.py", at + 1)),
            0.0 if at < start else 1e-3,
            1e-3 if at == start else 0.0,
        )
        for at in range(count)
    )


def case(number: int = 0, **changes: Any) -> CaseResult:
    """Return a case with two steps that diverged for one cause, one of variables, one that passed, one skipped."""
    found = (finding(**changes), output())
    power = Power(4, 3, ("the scale of x",))
    steps = (
        StepResult("variable-inventory", Outcome.DIVERGED, 0.1, "b:0 is missing", None, (inventory(),)),
        StepResult("constant-weights", Outcome.DIVERGED, 0.5, "differs", Location("net.py", 3), found),
        StepResult(
            "named-weights", Outcome.DIVERGED, 1.5, "differs", Location("net.py", 3), found, trace=trace(90, 40)
        ),
        StepResult("random-inference", Outcome.PASSED, 0.5, "holds", power=power, notes=("allowed 1e-6",)),
        StepResult("random-training", Outcome.SKIPPED, 0.0, "the reason"),
    )
    path = f"nets/equivalence_{number}.py"
    return CaseResult(f"{path}::Net{number}", path, 7, 2.0, steps)


def passed() -> CaseResult:
    """Return a case that passed."""
    step = StepResult("named-weights", Outcome.PASSED, 0.5, "holds")
    return CaseResult("nets/equivalence_right.py::Right", "nets/equivalence_right.py", 7, 2.0, (step,))


def run(*cases: CaseResult) -> RunResult:
    """Return a run of these cases, or of one that failed."""
    return RunResult(cases or (case(),), 12.0, {"tensorflow": "2.23"})


def sources(root: Path) -> HtmlOptions:
    """Write the sources that locations are about, and return the options that find them."""
    (root / "net.py").write_text("a\nb\nx = relu(x)\nd\n")
    (root / "legacy.py").write_text("one\ny = tf.relu(y)\n")
    return HtmlOptions(root)


def written(given: RunResult, options: HtmlOptions | None = None) -> str:
    """Return the page."""
    stream = io.StringIO()
    write(given, stream, options or HtmlOptions())
    return stream.getvalue()


def parsed(given: RunResult, options: HtmlOptions | None = None) -> Any:
    """Return the page's tree."""
    return lxml.html.document_fromstring(written(given, options))


def words(element: Any) -> str:
    """Return the text of an element on one line."""
    return " ".join(element.text_content().split())
