"""The page: whole, escaped, navigable, small, and the same story as the other reports."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from tf_equivalence.report.html import HtmlOptions, write
from tf_equivalence.report.html.view import side_by_side
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

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'\x1b[31m\ud800\u202e"


def finding(**changes: Any) -> Finding:
    """Return a finding with everything that a page shows."""
    given: dict[str, Any] = {
        "kind": "operation-value",
        "name": "net/Relu",
        "message": "The first operation that differs.",
        "location": Location("net.py", 3),
        "stack": ("net.py:3 in call: x = relu(x)", "(library frames folded: 3 tensorflow)"),
        "metrics": {
            "tf1_line": "legacy.py:2",
            "differences": [{"name": "epsilon", "tf1": 0.001, "tf2": 1e-5, "source": "attribute"}],
            "tf1_around": [1.0, 2.0],
            "tf2_around": [1.0, 2.5],
            "bound": {"rtol": 0.0, "atol": 1e-6, "source": "measured"},
            "histogram": {"first_decade": -12, "counts": [0] * 8 + [3, 4] + [0] * 5, "equal": 9, "scale": 2.0},
            "diff": "--- tf1\n+++ tf2\n@@ -1,2 +1,2 @@\n a:0 [3]\n-b:0 [2]\n+c:0 [2]\n",
        },
    }
    return Finding(**{**given, **changes})


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


def result(cases: int = 1, **changes: Any) -> RunResult:
    """Return a run whose cases each have a step that diverged and one that passed."""
    steps = (
        StepResult(
            "named-weights",
            Outcome.DIVERGED,
            1.5,
            "differs",
            Location("net.py", 3),
            (finding(**changes), finding(kind="output-value", name="logits", follows=True)),
            trace=trace(900, 400),
        ),
        StepResult(
            "constant-weights", Outcome.PASSED, 0.5, "holds", power=Power(4, 3, ("the scale of x",)), notes=("a",)
        ),
    )
    found = tuple(
        CaseResult(f"nets/equivalence_{n}.py::Net{n}", f"nets/equivalence_{n}.py", 7, 2.0, steps) for n in range(cases)
    )
    return RunResult(found, 12.0, {"tensorflow": "2.23"})


def written(given: RunResult, options: HtmlOptions | None = None) -> str:
    """Return the page."""
    stream = io.StringIO()
    write(given, stream, options or HtmlOptions())
    return stream.getvalue()


def parsed(given: RunResult, options: HtmlOptions | None = None) -> Any:
    """Return the page's tree."""
    return lxml.html.document_fromstring(written(given, options))


def test_everything_is_there(tmp_path: Path) -> None:
    """Verdict, message, both sources, settings, values, bound, figures, stack and command."""
    (tmp_path / "net.py").write_text("a\nb\nx = relu(x)\nd\n")
    (tmp_path / "legacy.py").write_text("one\ny = tf.relu(y)\n")
    page = parsed(result(), HtmlOptions(tmp_path, source_url="https://github.com/o/r/blob/sha/"))
    text = " ".join(page.text_content().split())
    for words in (
        "diverged",
        "The first operation that differs.",
        "x = relu(x)",
        "y = tf.relu(y)",
        "epsilon",
        "1e-05",
        "Allowed: 1e-06",
        "Of 16 elements 9 are equal; 3 between 1e-4 and 1e-3",
        "3 of 4 probes caught; blind to: the scale of x",
        "net/conv400",
        "tf-equivalence run nets/equivalence_0.py --case nets/equivalence_0.py::Net0 --step named-weights",
        "library frames folded",
        "2.23",
    ):
        assert words in text, words
    marked = page.xpath("//span[@class='here']")
    assert [line.text_content().split()[-1] for line in marked] == ["relu(x)", "tf.relu(y)"]
    assert page.xpath('//a[@href="https://github.com/o/r/blob/sha/net.py#L3"]')
    assert len(page.xpath("//svg")) == 2


def test_a_page_needs_nothing_else() -> None:
    """No address is fetched: what looks like one is a namespace or a link for the reader."""
    text = written(result())
    assert not re.search(r"(src|data|poster|action|srcset)=", text)
    assert not re.search(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text
    assert {link.get("href")[0] for link in lxml.html.document_fromstring(text).xpath("//a")} == {"#"}


def test_every_link_leads_somewhere() -> None:
    """Marks of the table, and the link past it, have their targets; ids are unique."""
    page = parsed(result(3))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    targets = {link.removeprefix("#") for link in page.xpath("//a/@href")}
    assert targets <= set(ids)
    assert len(targets) > 6


def test_hostile_text_is_text() -> None:
    """Names, messages, frames and values with markup and control characters stay what they are."""
    hostile = finding(
        name=HOSTILE,
        message=HOSTILE,
        stack=(HOSTILE,),
        location=Location(HOSTILE, 1),
        metrics={
            "differences": [{"name": HOSTILE, "tf1": HOSTILE, "tf2": HOSTILE, "source": HOSTILE}],
            "diff": HOSTILE,
        },
    )
    step = StepResult(HOSTILE, Outcome.DIVERGED, 1.0, HOSTILE, None, (hostile,), notes=(HOSTILE,))
    case = CaseResult(f"{HOSTILE}::{HOSTILE}", HOSTILE, 1, 1.0, (step,), HOSTILE, HOSTILE)
    text = written(RunResult((case,), 1.0, {HOSTILE: HOSTILE}, HOSTILE))
    text.encode("utf-8")
    page = lxml.html.document_fromstring(text)
    assert not page.xpath("//img")
    assert len(page.xpath("//script")) == 1
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not page.xpath("//@onerror")


@pytest.mark.parametrize("given", [RunResult((), 0.0, {}, "nothing"), RunResult((), 0.0, {}, interrupted=True)])
def test_empty_runs_say_why(given: RunResult) -> None:
    """A run without cases has a page, too."""
    text = parsed(given).text_content()
    assert "nothing" in text or "interrupted" in text


def test_fifty_cases_stay_small() -> None:
    """Below two megabytes, with long traces, and figures as far as there is room."""
    text = written(result(50, message="long " * 3000))
    assert len(text.encode()) < 2_000_000
    assert text.count("Net49") > 3


def test_headings_are_in_order() -> None:
    """A screen reader finds its way: no level is left out, and every table has a caption."""
    page = parsed(result(2))
    levels = [int(heading.tag[1]) for heading in page.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert len(page.xpath("//table")) == len(page.xpath("//table/caption"))


def test_diff_side_by_side() -> None:
    """What is in both stands once a row, what changed stands together, the rest on its own side."""
    diff = "--- tf1\n+++ tf2\n@@ -1,3 +1,3 @@\n a\n-b\n-c\n+B\n d\n+e\n"
    assert side_by_side(diff) == (
        ("a", "a", "same"),
        ("b", "B", "changed"),
        ("c", "", "missing"),
        ("d", "d", "same"),
        ("", "e", "surplus"),
    )
