"""The page: whole, escaped, navigable, and the same story as the other reports."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest

from tf_equivalence.report.html import HtmlOptions
from tf_equivalence.result import CaseResult, Location, Outcome, RunResult, StepResult, prefixed

from .builders import HOSTILE, case, finding, output, parsed, passed, run, sources, words, written


def test_everything_is_there(tmp_path: Path) -> None:
    """Verdict, leads, message, fix, both sources, settings, values, figures, bound, power, stack and command."""
    page = parsed(run(), sources(tmp_path))
    text = words(page)
    for told in (
        "TensorFlow equivalence diverged",
        "1 case, 5 steps: 3 diverged, 1 passed, 1 skipped in 12.0 s",
        "net.py:3 The first operation that differs. Relu: epsilon is 0.001 in TF1 and 1e-05 in TF2.",
        "Fix: Pass epsilon=0.001, as TF1 did.",
        "It differs a lot.",
        "Fails constant-weights, named-weights.",
        "Because of net.py:3",
        "y = tf.relu(y)",
        "library frames folded",
        "Allowed: 0.001 (measured: noise)",
        "Of 17 elements, 9 are equal, 1 differ in being finite, 3 by 1e-04 to 1e-03",
        "90 operations in TF1's order",
        "starts at Conv2D, net.py:41: 0.001",
        "Operations of both sides around the start",
        "3 of 4 known changes",
        "the scale of x",
        "allowed 1e-6",
        "the reason",
        "only in TF1",
        "tf-equivalence run nets/equivalence_0.py --case nets/equivalence_0.py::Net0 --step named-weights",
        "tensorflow2.23",
    ):
        assert told in text, told
    marked = page.xpath("//article//span[@class='here']")
    assert [words(line).partition(" ")[2] for line in marked[:3]] == ["1 a", "2 y = tf.relu(y)", "3 x = relu(x)"]


def test_a_cause_stands_once() -> None:
    """Two steps that fail for one cause have one explanation, and lead to it."""
    page = parsed(run())
    assert [words(title) for title in page.xpath("//article/h4")] == ["net.py:1", "net.py:3"]
    assert words(page).count("It differs a lot.") == 1
    steps = page.xpath("//div[@class='step']")
    assert [words(step.xpath("h4")[0]) for step in steps] == [
        "✗ diverged variable-inventory",
        "✗ diverged constant-weights",
        "✗ diverged named-weights",
    ]
    assert [step.xpath("p/a/@href") for step in steps] == [
        ["#case-1-cause-1"],
        ["#case-1-cause-2"],
        ["#case-1-cause-2"],
    ]


def test_leads_name_a_line_of_several_cases_once() -> None:
    """A line that several cases fail at comes once, before the second lines of any case."""
    page = parsed(run(case(0), case(1)))
    leads = page.xpath("//ol[@class='leads']/li")
    assert [words(lead.xpath("a")[0]) for lead in leads] == ["net.py:1", "net.py:3"]
    assert "Net0, Net1: constant-weights, named-weights" in words(leads[1])


def test_the_matrix_leads_to_every_step() -> None:
    """Cases are rows, steps are columns; a mark has its word for those who do not see it."""
    page = parsed(run(case(), passed()))
    rows = page.xpath("//table[@class='matrix']/tbody/tr")
    assert [words(row) for row in rows] == [
        "Net0nets/equivalence_0.py ✗ diverged✗ diverged✗ diverged✓ passed- skipped 2.0 s",
        "Rightnets/equivalence_right.py ✓ passed 2.0 s",
    ]


def test_links_and_ids() -> None:
    """Ids are unique, and every link on the page leads to one."""
    page = parsed(run(case(0), case(1), passed()))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    targets = {link.removeprefix("#") for link in page.xpath("//a/@href") if link.startswith("#")}
    assert targets <= set(ids)
    assert len(targets) > 15
    references = [each for value in page.xpath("//@aria-labelledby") for each in value.split()]
    assert set(references) <= set(ids)
    assert set(page.xpath("//button/@data-copy")) <= set(ids)


def test_a_page_needs_nothing_else() -> None:
    """Nothing is fetched, and the policy lets only the page's own script run."""
    text = written(run())
    assert not re.search(r"\b(src|data|poster|action|srcset)=", text)
    assert not re.search(r"@import|url\((?!#)", text)
    page = lxml.html.document_fromstring(text)
    assert all(link.startswith(("#", "https://github.com/")) for link in page.xpath("//a/@href"))
    assert page.xpath("//link | //iframe | //object | //embed | //img | //base") == []
    (script,) = page.xpath("//script")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert not [name for name in page.xpath("//@*") if getattr(name, "attrname", "").startswith("on")]


def test_hostile_text_is_text() -> None:
    """Names, messages, frames and values with markup, templates and control characters stay what they are."""
    metrics = {
        "cause": HOSTILE,
        "tf1_line": f"{HOSTILE}:3",
        "tf2_line": f"{HOSTILE}:4",
        "tf1_operation": HOSTILE,
        "tf2_operation": HOSTILE,
        "differences": [{"name": HOSTILE, "tf1": HOSTILE, "tf2": [HOSTILE], "source": HOSTILE}],
        "tf1_around": [HOSTILE],
        "tf2_around": [float("nan")],
        "side_by_side": {"rows": [[HOSTILE, None], [None, HOSTILE]], "left_out": 0},
    }
    place = Location(HOSTILE, 1)
    given = case(name=HOSTILE, kind=HOSTILE, message=f"{HOSTILE}\n{HOSTILE}", stack=(HOSTILE,), location=place)
    steps = (
        StepResult(HOSTILE, Outcome.ERROR, 1.0, HOSTILE, place, (finding(metrics=metrics, name=HOSTILE),)),
        *(
            replace(
                step,
                message=HOSTILE,
                notes=(HOSTILE,),
                findings=(*step.findings, output(name=HOSTILE)),
                trace=tuple(
                    replace(row, tf2=replace(row.tf2, type=HOSTILE, name=HOSTILE, location=place))
                    for row in step.trace
                    if row.tf2
                ),
            )
            for step in given.steps
        ),
    )
    hostile = CaseResult(f"{HOSTILE}::{HOSTILE}", HOSTILE, 1, 1.0, steps, HOSTILE, HOSTILE)
    text = written(RunResult((hostile,), 1.0, {HOSTILE: HOSTILE}, HOSTILE))
    text.encode("utf-8")
    page = lxml.html.document_fromstring(text)
    assert page.xpath("//img | //@onerror") == []
    assert len(page.xpath("//script")) == 1
    assert len(page.xpath("//svg")) > 2
    assert not re.search("[\x00\x1b\u202e]", text)
    assert "49539" not in text
    assert "alert(1)" in words(page.xpath("//article")[0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(RunResult((), 0.0, {}, "no module found"), "no module found", id="nothing"),
        pytest.param(RunResult((), 0.0, {}, interrupted=True), "interrupted", id="interrupted"),
        pytest.param(RunResult((CaseResult("a.py::A", "a.py", 1, 0.0, ()),), 0.0, {}), "No step", id="no-steps"),
        pytest.param(
            RunResult(
                (CaseResult("a.py", "a.py", 1, 0.0, (StepResult("load", Outcome.ERROR, 0.0, "syntax"),)),), 0.0, {}
            ),
            "tf-equivalence run a.py",
            id="load",
        ),
    ],
)
def test_runs_without_results_say_why(given: RunResult, said: str) -> None:
    """A run without cases, steps or a module that can be loaded has a page, too."""
    assert said in words(parsed(given))


def test_headings_tables_and_landmarks() -> None:
    """A screen reader finds its way: no level is left out, and tables have captions and heads."""
    page = parsed(run(case(), passed()))
    levels = [int(heading.tag[1]) for heading in page.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert len(page.xpath("//table")) == len(page.xpath("//table/caption"))
    assert page.xpath("//th[not(@scope)]") == []
    assert len(page.xpath("//main")) == len(page.xpath("//header")) == 1
    assert page.xpath("/html/@lang") == ["en"]
    assert page.xpath("//body/*[1]/@class") == ["skip"]


def test_links_to_sources_have_the_prefix(tmp_path: Path) -> None:
    """Both sides' lines, and those of the trace, are read without the prefix and linked with it."""
    sources(tmp_path)
    options = HtmlOptions(tmp_path, "my models/", "https://github.com/o/r/blob/sha/")
    page = parsed(prefixed(run(), "my models/"), options)
    links = page.xpath("//article[@id='case-1-cause-2']//div[@class='sides']//a/@href")
    base = "https://github.com/o/r/blob/sha/my%20models"
    assert links == [f"{base}/legacy.py#L2", f"{base}/net.py#L3"]
    text = words(page)
    assert "y = tf.relu(y)" in text
    assert "starts at Conv2D" in text
    assert "run nets/equivalence_0.py --case" in text


def test_without_sources() -> None:
    """Files that are gone leave their names."""
    page = parsed(run(), HtmlOptions(Path("/nowhere")))
    assert page.xpath("//pre[contains(@class, 'source')]") == []
    assert "legacy.py:2" in words(page)


def test_the_bound_is_told_once() -> None:
    """A message that says what was allowed, and why, needs no line that repeats it."""
    told = output(message="logits differs. Allowed is 0.001 (measured: noise).")
    steps = (StepResult("named-weights", Outcome.DIVERGED, 0.5, "", None, (finding(), told)),)
    page = parsed(run(replace(case(), steps=steps)))
    assert words(page).count("measured: noise") == 1


def test_a_place_without_another_side_stands_once(tmp_path: Path) -> None:
    """Where the heading names the only line, nothing above its source repeats it."""
    article = parsed(run()).xpath("//article[@id='case-1-cause-1']")[0]
    assert words(article).count("net.py:1") == 2  # no source can be read here
    given = sources(tmp_path)
    assert words(parsed(run(), given).xpath("//article[@id='case-1-cause-1']")[0]).count("net.py:1") == 1


def test_nothing_is_imported_for_other_reports() -> None:
    """A run without a page does not wait for what draws and lays out one."""
    code = "import sys, tf_equivalence.delivery; print({'matplotlib', 'jinja2', 'markupsafe'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
