"""Reads the examples of a page: files to write, and sessions of commands with the output that they show.

A file is a fenced block below a line that is nothing but its path in backticks. A session is a block
of `console`: a line that starts with `$ ` is a command, the lines up to the next one are what it
prints, and `...` on a line of its own stands for any number of lines.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"^`([\w./-]+)`\s*\Z", re.MULTILINE)
_GAP = re.compile(r"^ *\.\.\.$", re.MULTILINE)
_WIDTH = 88  # of a column of code in the built pages


@dataclass
class Command:
    """A command of a session.

    Attributes:
        text: Without the `$ `.
        shown: What the page says that it prints.
        printed: What it did print.
        errors: What it printed to standard error.
    """

    text: str
    shown: str
    printed: str = ""
    errors: str = ""


@dataclass
class Block:
    """A fenced block.

    Attributes:
        language: As after the fence.
        text: Inside.
        path: The file that it is; empty for none.
        start: Where the text begins in the page.
        commands: Of a session.
    """

    language: str
    text: str
    path: str
    start: int
    commands: list[Command] = field(default_factory=list)


def pages() -> list[Path]:
    """Return the pages that are written by hand; those on steps are made of the examples below steps/examples."""
    return sorted(page for page in DOCS.rglob("*.md") if page.parent != DOCS / "steps")


def read_blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    blocks = []
    for match in _FENCE.finditer(text):
        above = text[: match.start()].rstrip("\n")
        path = _PATH.search(above.split("\n\n")[-1])
        block = Block(match[1], match[2], path[1] if path else "", match.start(2))
        if block.language == "console":
            block.commands = _read_commands(block.text)
        blocks.append(block)
    return blocks


def _read_commands(text: str) -> list[Command]:
    commands: list[Command] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append(Command(line[2:], ""))
        elif commands:
            commands[-1].shown += f"{line}\n"
    return commands


_VARIABLE = (
    (r"\b\d+(\.\d+)? s\b", "# s"),  # times
    (r"at \[[\d, ]*\]", "at [#]"),  # where a difference is worst
    (
        r"(for \S+ )?\(measured: [^()]*\)|source measured: .*?(?= note:| \S+:\d+:|$)",
        "(measured)",
    ),  # where bounds come from
    (r"power: \d+ of \d+ probes caught(; blind to: .*?)?(?= (passed|diverged|error|skipped)[ :]|$)", "power: #"),
    (r"largest difference \S+, \S+ of the largest value|within \S+ of the largest value", "largest difference #"),
    (r"-?\b\d+(\.\d+)?e-?\d+|-?\b\d+\.\d{3,}(?![.\d])|\b\d{4,}\b", "#"),  # measured figures, not 0.2 or 12
)


def normal(text: str) -> str:
    """Return text in which what differs from run to run and from machine to machine is one sign.

    Line breaks count as blanks, so that a page may wrap long lines.
    """
    text = " ".join(text.split())
    for pattern, sign in _VARIABLE:
        text = re.sub(pattern, sign, text)
    return text


def matches(shown: str, printed: str) -> bool:
    """Return whether a page shows what was printed, but for its gaps."""
    parts = [normal(part) for part in _GAP.split(shown)]
    # A gap is whole lines, between blanks in the text without line breaks; at either end it may be all there is.
    pattern = r"(?: .*)? ?".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, normal(printed)) is not None


def wrapped(printed: str) -> str:
    """Return output as a page shows it: long lines wrapped below their own indent."""
    lines = []
    for line in printed.rstrip().splitlines():
        indent = len(line) - len(line.lstrip())
        if len(line) <= _WIDTH:
            lines.append(line.rstrip())
        else:
            wrap = textwrap.TextWrapper(_WIDTH, break_on_hyphens=False, break_long_words=False)
            wrap.subsequent_indent = " " * (indent + 2)
            lines += wrap.wrap(line)
    return "".join(f"{line}\n" for line in lines)


def _renewed(command: Command) -> str:
    return command.shown if matches(command.shown, command.printed) else wrapped(command.printed)


def regenerated(text: str, blocks: list[Block]) -> str:
    """Return the page with what its sessions print, where that is not what it shows; one with gaps stays as it is."""
    for block in reversed(blocks):
        if block.commands and not any(_GAP.search(command.shown) for command in block.commands):
            session = "".join(f"$ {command.text}\n{_renewed(command)}" for command in block.commands)
            text = text[: block.start] + session + text[block.start + len(block.text) :]
    return text
