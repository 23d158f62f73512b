"""The command `tf-equivalence explain`: what a step or a known cause means, and what to do about it."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from tf_equivalence.errors import UsageError
from tf_equivalence.pinpoint.causes import CAUSES, Cause
from tf_equivalence.report.escape import encodable
from tf_equivalence.report.screen import NARROWEST, Screen
from tf_equivalence.sources import suggest
from tf_equivalence.step_guide import LOAD, PAGES
from tf_equivalence.step_page import Example, Page
from tf_equivalence.steps import STEPS

_WIDEST = 100  # columns: longer lines are hard to read
_CAUSES = {cause.name: cause for cause in CAUSES}
_BOLD, _CODE, _DIM, _END = "\x1b[1m", "\x1b[36m", "\x1b[2m", "\x1b[0m"


def explain(topics: Iterable[str], stream: TextIO, environ: Mapping[str, str]) -> None:
    """Write the pages of the topics, or without any what there is to explain.

    A terminal that is too short for it shows it page by page.

    Args:
        topics: Ids of steps, and names of causes.
        stream: Where to.
        environ: What says about colours.

    Raises:
        UsageError: A topic is neither a step nor a cause.
    """
    screen = Screen.of(stream, environ)
    text = render(tuple(topics), max(min(screen.width, _WIDEST), NARROWEST), screen.color)
    text = encodable(text, getattr(stream, "encoding", None))
    if screen.is_terminal and text.count("\n") >= shutil.get_terminal_size().lines:
        import pydoc  # noqa: PLC0415 - slow to load, and seldom needed

        os.environ.setdefault("LESS", "FRX")  # so that less shows colours, as git has it
        pydoc.pager(text)
    else:
        stream.write(text)


def render(topics: tuple[str, ...], width: int, color: bool = False) -> str:
    """Return the text in lines of at most `width`, code apart.

    Raises:
        UsageError: A topic is neither a step nor a cause.
    """
    if not topics:
        lines = list(_overview(width))
    else:
        lines = []
        for topic in dict.fromkeys(topics):
            lines += [*([""] if lines else []), *_topic(topic, width)]
    return "\n".join(_styled(line, color) for line in lines) + "\n"


def steps_explained() -> tuple[str, ...]:
    """Return the ids of the steps that there are, and of what a module has that cannot be loaded."""
    return (*STEPS, LOAD)


def _topic(topic: str, width: int) -> Iterator[str]:
    name = topic.strip().lower()
    if name in steps_explained():
        return _page(PAGES[name], width)
    if name in _CAUSES:
        return _cause(_CAUSES[name], width)
    known = (*steps_explained(), *_CAUSES)
    raise UsageError(
        f"explain: {topic!r} is neither a step nor a cause{suggest(name, known)}; tf-equivalence explain lists both"
    )


# Marks at the start of a line: a heading, a line of code, a remark.
_HEADING, _CODE_LINE, _REMARK = "\x00", "\x01", "\x02"


def _overview(width: int) -> Iterator[str]:
    yield f"{_HEADING}steps"
    names = steps_explained()
    room = max(map(len, names)) + 4
    for name in names:
        text = STEPS[name].holds if name in STEPS else "The module of a case can be imported."
        yield from _labelled(name, text, room, width)
    yield ""
    yield f"{_HEADING}causes of findings"
    room = max(map(len, _CAUSES)) + 4
    for name, cause in _CAUSES.items():
        yield from _labelled(name, cause.why, room, width)
    yield ""
    yield f"{_REMARK}tf-equivalence explain NAME tells more, as in: tf-equivalence explain named-weights epsilon"


def _labelled(name: str, text: str, room: int, width: int) -> Iterator[str]:
    """Yield the text beside its name; below it, where there is little width."""
    if width - room < NARROWEST:
        yield f"  {name}"
        yield from _wrapped(text, width, "      ")
    else:
        yield from textwrap.wrap(text, width, initial_indent=f"  {name:<{room - 2}}", subsequent_indent=" " * room)


def _page(page: Page, width: int) -> Iterator[str]:
    yield f"{_HEADING}{page.id}"
    if page.id in STEPS:
        yield from _wrapped(STEPS[page.id].holds, width)
        yield ""
    yield from _wrapped(page.summary, width)
    yield from _section("What it checks", page.checks, width)
    yield ""
    yield f"{_HEADING}What a failure means"
    yield from _wrapped(page.means, width)
    yield from _section("What to do", page.fixes, width)
    yield from _example(page.example, width)
    yield from _section("What it cannot see", page.blind, width)
    related = [step for step in page.related if step in STEPS]
    if related:
        yield ""
        yield f"{_HEADING}Look further at"
        yield from _wrapped(", ".join(related), width)
    if page.id in STEPS:
        yield ""
        yield f"{_REMARK}It alone: tf-equivalence run --step {page.id}"


def _section(title: str, items: tuple[str, ...], width: int) -> Iterator[str]:
    if items:
        yield ""
        yield f"{_HEADING}{title}"
    for item in items:
        yield from textwrap.wrap(item, width, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)


def _example(example: Example, width: int) -> Iterator[str]:
    yield ""
    yield f"{_HEADING}For example"
    yield from _wrapped(example.about, width)
    for title, code in (("TF1", example.tf1), ("TF2, wrong", example.tf2), ("TF2, right", example.fixed)):
        yield f"{_REMARK}  {title}"
        yield from (f"{_CODE_LINE}      {line}".rstrip() for line in code.split("\n"))


def _cause(cause: Cause, width: int) -> Iterator[str]:
    yield f"{_HEADING}{cause.name}"
    yield from _wrapped(cause.why, width)
    yield ""
    yield f"{_HEADING}What to do"
    yield from _wrapped(cause.fix.format(tf1="<TF1's>", tf2="<TF2's>"), width)


def _wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _styled(line: str, color: bool) -> str:
    style = {_HEADING: _BOLD, _CODE_LINE: _CODE, _REMARK: _DIM}.get(line[:1], "")
    text = line[1:] if style else line
    return f"{style}{text}{_END}" if style and color else text
