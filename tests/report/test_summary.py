"""The job summary says as much as fits."""

import dataclasses
import io
import re

import pytest

from tf_equivalence.report.summary import SummaryOptions, write
from tf_equivalence.result import (
    CaseResult,
    Finding,
    Location,
    Outcome,
    RunResult,
    StepResult,
    TracedPair,
    TracedSide,
)

_DEFAULT = SummaryOptions()


def _written(result: RunResult, options: SummaryOptions = _DEFAULT) -> str:
    stream = io.StringIO()
    write(result, stream, options)
    return stream.getvalue()


def _run(findings: int, failed_steps: int = 1, greens: int = 0) -> RunResult:
    place = Location("a.py", 1)
    steps = []
    for step in range(failed_steps):
        message = f"step {step} differs " * 10
        found = tuple(
            Finding("values", f"x{n}", message, Location("a.py", n + 1), ("a.py:1",)) for n in range(findings)
        )
        steps.append(StepResult(f"step-{step}", Outcome.DIVERGED, 0.0, "all differ", place, found))
    green = (StepResult("step-0", Outcome.PASSED, 0.0, "agree"),)
    cases = [CaseResult(f"b{n}.py::B", "b.py", 1, 0.0, green) for n in range(greens)]
    return RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, tuple(steps)), *cases), 0.0, {"python": "3.11"})


@pytest.mark.parametrize(
    ("limit", "has", "has_not"),
    [
        pytest.param(100_000, ("`b7.py::B`", "x0", "a.py:1"), ("left out",), id="everything"),
        pytest.param(18_000, ("x0", "Cases without a failure are left out"), ("`b7.py::B`",), id="failures"),
        pytest.param(
            15_000, ("x0", "step 4 differs", "figures and all but"), ("`b7.py::B`", "Stack and"), id="messages"
        ),
        pytest.param(1_000, ("`a.py::A`", "all differ", "their stacks are left out"), ("x0", "b7"), id="places"),
        pytest.param(300, ("301 cases, 305 steps: 5 diverged, 300 passed", "but the counts"), ("a.py",), id="counts"),
    ],
)
def test_the_ladder(limit: int, has: tuple[str, ...], has_not: tuple[str, ...]) -> None:
    """As room gets scarce, greens go first, then evidence, then all but the counts, and each time it is said."""
    text = _written(_run(findings=10, failed_steps=5, greens=300), SummaryOptions(limit))
    assert len(text.encode()) <= limit
    assert [part for part in has if part not in text] == []
    assert [part for part in has_not if part in text] == []


def test_the_default_limit_leaves_room_for_others() -> None:
    """A summary of a run with thousands of findings stays below GitHub's limit of 1 MiB."""
    assert len(_written(_run(6_000)).encode()) < 1024 * 1024


def test_every_finding_is_there_while_there_is_room() -> None:
    """Findings after the tenth are folded away, not dropped."""
    text = _written(_run(30))
    assert "20 more findings" in text
    assert all(f"x{n}" in text for n in range(30))


def test_table_rows_have_the_same_cells(full_result: RunResult) -> None:
    """No name can add a cell or a row."""
    lines = [line for line in _written(full_result).split("\n") if line.startswith("|")]
    cells = {len(re.split(r"(?<!\\)\|", line)) for line in lines}
    assert len(lines) == 2 + len(full_result.cases)
    assert len(cells) == 1


def test_details_are_closed_and_hostile_html_is_text(full_result: RunResult) -> None:
    """Outside of code, the only markup is the writer's own."""
    text = re.sub(r"(?ms)^(`{3,})text\n.*?\n\1$", "", _written(full_result))
    text = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text)
    tags = set(re.findall(r"</?\w+", text))
    own = ("details", "summary", "sub", "span", "code")
    assert tags <= {"<br", *(f"<{name}" for name in own), *(f"</{name}" for name in own)}
    assert text.count("<details>") == text.count("</details>") > 0
    assert "@octocat" not in re.sub("<code>.*?</code>", "", text)


def test_locations_link_to_the_sources(ordinary_result: RunResult) -> None:
    """A place in the workspace is a link to the commit; another is text."""
    text = _written(ordinary_result, SummaryOptions(source_url="https://example.com/blob/abc/"))
    assert "[`nets/stem.py:31`](https://example.com/blob/abc/nets/stem.py#L31)" in text
    assert "(https://example.com/blob/abc//opt" not in text
    assert "https://" not in _written(ordinary_result)


def test_a_case_that_fails_is_folded_unless_it_is_alone(full_result: RunResult) -> None:
    """A single failure needs no click; of many, the list of lines comes first and each case is one line."""
    alone = RunResult(full_result.cases[1:2], 0.0, {})
    assert "<details open><summary>❌ <code>nets/equivalence_stem.py::Stem</code>" in _written(alone)
    text = _written(full_result)
    assert "<details open>" not in text
    assert "<summary>💥 <code>nets/equivalence_typo.py</code>: <code>load</code> ended in an error</summary>" in text


def test_the_lines_to_look_at_come_first(full_result: RunResult) -> None:
    """Each line is one entry with its cases and steps, errors first; beyond ten they are counted."""
    text = _written(full_result, SummaryOptions(source_url="https://example.com/blob/abc/"))
    places = text.partition("### Where to look first")[2].partition("| case |")[0]
    assert places.strip().startswith("1. [`nets/equivalence_typo.py:4`](https://example.com/blob/abc/nets")
    assert "**Stem: variables-once, constant-weights diverged**<br>The second call created" in places
    assert "\n10. " in places
    assert "\n11. " not in places
    assert "6 more places below." in places
    assert "Where to look first" not in _written(RunResult(full_result.cases[2:3], 0.0, {}))


def test_power_stands_in_the_table(passed_result: RunResult) -> None:
    """A green that would have caught little does not look like one that would have caught all."""
    text = _written(passed_result)
    assert "| ✅ | ✅ | ✅&nbsp;9/12 | ✅&nbsp;12/12 | ⏭️ |" in text
    assert "n/m: n of m known changes" in text


def test_a_traced_step_shows_where_it_diverges() -> None:
    """Along the network: a bar for each operation, and a mark below the one where it starts."""
    place = Location("a.py", 2)
    trace = tuple(
        TracedPair(TracedSide("Conv2D", f"conv_{n}", place), TracedSide("Conv2D", f"conv_{n}", place), d, d)
        for n, d in enumerate((0.0, 0.0, 0.5, 0.5))
    )
    found = (Finding("operation-value", "conv_2", "It differs.", place, metrics={"cause": "epsilon"}),)
    step = StepResult("named-weights", Outcome.DIVERGED, 0.0, "x", place, found, trace=trace)
    text = _written(RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, (step,)),), 0.0, {}))
    assert "Divergence along the network in `named-weights`:" in text
    assert "▁▁██\n  ^ starts at Conv2D, a.py:2: 0.5\n" in text
    assert "cause: [epsilon](https://github.com/" in text
    passed = dataclasses.replace(step, outcome=Outcome.PASSED, findings=())
    assert "▁" not in _written(RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, (passed,)),), 0.0, {}))


def test_brief(full_result: RunResult, passed_result: RunResult) -> None:
    """A comment has no room for what passed, and does not excuse itself for leaving it out."""
    text = _written(full_result, SummaryOptions(brief=True))
    assert "GoodNet" not in text
    assert "left out" not in text
    assert "Stem" in text
    assert "GoodNet" not in _written(passed_result, SummaryOptions(brief=True))


def test_a_skip_shows_its_reason(passed_result: RunResult) -> None:
    """The reason of a skip and the blind spots of a pass are in the summary."""
    text = _written(passed_result)
    assert "skipped by the case: draws from NumPy" in text
    assert "blind to: nothing depends on input `mask`" in text
