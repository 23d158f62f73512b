"""Large runs: below two megabytes whatever they hold, and the page says that it is not all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tf_equivalence.report.html.figures import Gallery
from tf_equivalence.report.html.limits import FORMS
from tf_equivalence.report.html.page import view
from tf_equivalence.report.html.source import HtmlOptions, Sources
from tf_equivalence.report.roots import failed_cases
from tf_equivalence.result import CaseResult, Location, Outcome, RunResult, StepResult

from .builders import case, finding, output, run, trace, written

MEGABYTE = 1_000_000
LONG = "a long sentence about it. " * 200


def large(number: int) -> CaseResult:
    """Return a case with long traces, many findings of many lines, long messages and long stacks."""
    rows: list[list[str | None]] = [
        [f"scope/variable_{at}:0 [3, 3, 64, 64] float32, trainable", None] for at in range(200)
    ]
    found = tuple(
        finding(
            name=f"net/{number}/{at}" * 20,
            message=LONG,
            location=Location("net.py", at + 1),
            stack=("net.py:3 in call: x = relu(x)" * 8,) * 60,
        )
        for at in range(30)
    )
    first = replace(found[0], metrics={**found[0].metrics, "side_by_side": {"rows": rows, "left_out": 9}})
    outputs = tuple(output(name=f"end_point_{at}" * 10, message=LONG) for at in range(300))
    step = StepResult(
        "named-weights", Outcome.DIVERGED, 1.0, LONG, None, (first, *found[1:], *outputs), notes=(LONG,) * 60
    )
    steps = tuple(
        replace(step, id=name, trace=trace(2000, 1000) if "weights" in name else ())
        for name in ("constant-weights", "named-weights", "random-inference", "random-training", "gradients")
    )
    return replace(case(number), steps=steps)


def test_fifty_large_cases() -> None:
    """Every case has its cause, and the page says what was left out."""
    text = written(run(*map(large, range(50))))
    assert len(text.encode()) < 2 * MEGABYTE
    assert "Shortened, to stay below 2 MB" in text
    assert 'id="case-50-cause-1"' in text
    assert "more findings are in the JSON report" in text or "more are in the JSON report" in text


def test_fifty_ordinary_cases() -> None:
    """Nothing but some figures is left out of fifty cases that fail in an ordinary way."""
    text = written(run(*map(case, range(50))))
    assert len(text.encode()) < 2 * MEGABYTE
    assert text.count("starts at Conv2D") >= 50


def test_a_small_run_is_whole() -> None:
    """What fits is not shortened."""
    assert "Shortened" not in written(run())


@pytest.mark.parametrize("limits", FORMS, ids=range(len(FORMS)))
def test_links_of_every_form_lead_somewhere(limits: object) -> None:
    """Whatever is left out, leads and marks have their targets."""
    number = FORMS.index(limits)  # type: ignore[arg-type]
    given = run(large(0), case(1))
    page = view(given, failed_cases(given), Sources(HtmlOptions()), Gallery(), FORMS[number])
    causes = {cause.anchor for shown in page.failed for cause in shown.causes}
    assert {lead.anchor for lead in page.leads} <= causes
    assert {link.anchor for shown in page.failed for step in shown.failed for link in step.causes} <= causes
    assert page.shortened is (number > 0)


def test_thousands_of_cases() -> None:
    """The last form is written though it is larger, with every case in it."""
    step = StepResult("named-weights", Outcome.PASSED, 0.5, "holds" * 100, notes=("a note " * 50,))
    cases = tuple(
        CaseResult(f"nets/equivalence_{n}.py::Net{n}", f"nets/equivalence_{n}.py", 7, 2.0, (step,)) for n in range(3000)
    )
    text = written(RunResult(cases, 1.0, {}))
    assert "Net2999" in text
    assert len(text.encode()) < 4 * MEGABYTE
