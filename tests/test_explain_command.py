"""`tf-equivalence explain` tells what a step or a cause means."""

import io
import os

import pytest

from tf_equivalence.errors import UsageError
from tf_equivalence.explain import explain, render, steps_explained
from tf_equivalence.pinpoint.causes import CAUSES
from tf_equivalence.step_guide import PAGES
from tf_equivalence.steps import STEPS


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_name_everything_is_listed() -> None:
    """Each step with what it must hold, each cause with what is behind it, and how to go on."""
    text = " ".join(render((), 100).split())
    for step in STEPS.values():
        assert f"{step.id} {step.holds}" in text
    for cause in CAUSES:
        assert f"{cause.name} {cause.why}" in text
    assert text.endswith("tf-equivalence explain named-weights epsilon")


@pytest.mark.parametrize("step", steps_explained())
def test_a_step(step: str) -> None:
    """Its page has every text of the guide, and the steps to look at next."""
    text = render((step,), 100)
    words = " ".join(text.split())
    page = PAGES[step]
    for part in (page.summary, *page.checks, page.means, *page.fixes, *page.blind, page.example.about):
        assert part in words
    for code in (page.example.tf1, page.example.tf2, page.example.fixed):
        assert all(line in text for line in code.split("\n"))
    assert all(related in words for related in page.related if related in STEPS)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_a_cause(cause: object) -> None:
    """It says what is behind it and what to do, without a hole where a value would be."""
    known = next(each for each in CAUSES if each is cause)
    text = " ".join(render((known.name,), 80).split())
    assert known.why in text
    assert "What to do" in text
    assert "{" not in text


def test_several_and_in_any_case() -> None:
    """Names may be several, repeated, and in capitals."""
    text = render(("EPSILON", "load", "epsilon", "EPSILON"), 80)
    assert [line for line in text.splitlines() if line in ("epsilon", "load")] == ["epsilon", "load", "epsilon"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("named-wieghts", "did you mean 'named-weights'?"),
        ("epsilom", "did you mean 'epsilon'?"),
        ("zzzz", "neither a step nor a cause; tf-equivalence explain lists both"),
    ],
)
def test_a_wrong_name(word: str, hint: str) -> None:
    """The nearest name is suggested."""
    with pytest.raises(UsageError) as error:
        render((word,), 80)
    assert hint in str(error.value)


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("topics", [(), tuple(steps_explained()), tuple(cause.name for cause in CAUSES)], ids=range(3))
def test_text_fits_the_width(topics: tuple[str, ...], width: int) -> None:
    """Sentences are wrapped; only code and commands may be longer."""
    code = [line for page in PAGES.values() for each in (page.example,) for line in (each.tf1, each.tf2, each.fixed)]
    lines = {line.strip() for text in code for line in text.split("\n")}
    for line in render(topics, width).splitlines():
        assert len(line) <= width or line.strip() in lines or "tf-equivalence" in line or " " not in line.strip()


def test_colours_are_for_terminals() -> None:
    """Headings are bold and code has a colour where colours are wanted, and nowhere else."""
    assert "\x1b[1mnamed-weights\x1b[0m" in render(("named-weights",), 80, color=True)
    plain = render(("named-weights",), 80)
    assert not {"\x1b", "\x00", "\x01", "\x02"} & set(plain)


def test_a_log_gets_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is paged where there is no terminal."""
    monkeypatch.setattr("pydoc.pager", None)
    stream = io.StringIO()
    explain(("load",), stream, {"COLUMNS": "60"})
    assert stream.getvalue() == render(("load",), 60)


@pytest.mark.parametrize(("lines", "is_paged"), [("5", True), ("500", False)])
def test_a_short_terminal_pages(monkeypatch: pytest.MonkeyPatch, lines: str, is_paged: bool) -> None:
    """What does not fit on the screen goes to the pager, which is told to keep the colours."""
    paged: list[str] = []
    monkeypatch.setattr("pydoc.pager", paged.append)
    monkeypatch.setenv("LINES", lines)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LESS", "")
    monkeypatch.delenv("LESS")
    stream = _Terminal()
    explain(("load",), stream, {"TERM": "xterm"})
    assert (bool(paged), bool(stream.getvalue())) == (is_paged, not is_paged)
    assert os.environ.get("LESS", "") == ("FRX" if is_paged else "")


def test_an_ascii_stream_is_enough() -> None:
    """No text of the guide or the causes needs more than ASCII."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    explain((*steps_explained(), *(cause.name for cause in CAUSES)), stream, {})
    stream.seek(0)
    assert "\\x" not in stream.read()
