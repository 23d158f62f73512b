"""Makes text from user code harmless at the place where it is written.

A variable's name, an exception's message or a printed line may hold anything: escape sequences,
half a surrogate pair, `::error::`, `</details>`. Each report passes every such text through the
function of its own format, and through no other.
"""

from __future__ import annotations

import html
import re

# One terminal control sequence, whole: CSI, OSC, DCS/SOS/PM/APC, then the two-character forms.
_TERMINAL_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# What is left of the control codes, and the marks that turn or hide the text after them.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
# Half a surrogate pair cannot be encoded; U+FFFE and its like are forbidden in XML.
_NO_CHARACTER = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)

# The runner trims more than ASCII blanks before it looks for a command.
_COMMAND_START = re.compile("^([\\s\u180e\u200b]*)::", re.MULTILINE)
_MARKDOWN_SPECIAL = re.compile(r"[\\`*_\[\]|~<>&@#$]")
# What GitHub makes links of by itself: addresses, and numbers of issues without a `#`.
_MARKDOWN_AUTOLINK = re.compile(r"(?i)(:)(?=//)|(\bwww)(?=\.)|(\bGH)(?=-\d)")
_MARKDOWN_BLOCK_START = re.compile(r"^(\d*)([-+=.)])")
# A span keeps `@` and `#` apart from what follows, so that nobody is mentioned and no issue linked.
_MARKDOWN_ENTITY = {
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    "$": "&#36;",
    "@": "<span>@</span>",
    "#": "<span>#</span>",
}


def clean(text: str) -> str:
    """Return text that any UTF-8 stream, terminal and XML document can hold.

    Every line break becomes a newline, terminal control sequences and control codes other than
    newline and tab are removed, and what is no character becomes U+FFFD.
    """
    if text.isprintable():  # most text is, and nothing printable is replaced below
        return text
    text = _LINE_BREAK.sub("\n", _TERMINAL_SEQUENCE.sub("", text))
    return _NO_CHARACTER.sub("\ufffd", _INVISIBLE.sub("", text))


def one_line(text: str) -> str:
    """Return clean text with each run of white space turned into one blank."""
    return " ".join(clean(text).split())


def encodable(text: str, encoding: str | None) -> str:
    """Return text in which characters that `encoding` lacks are spelled as escapes, so that no report fails on them."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def neutralize(text: str) -> str:
    """Return clean text that a log of GitHub Actions shows and never obeys.

    A command counts where a line starts with `::`, blanks aside, and in its old form `##[` anywhere.
    """
    return _COMMAND_START.sub(r"\1: :", clean(text)).replace("##[", "## [")


def command_data(text: str) -> str:
    """Escape the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Escape the value of a workflow command's property."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")


def markdown_text(text: str) -> str:
    """Return one line of GitHub Markdown that shows the text as it is, in a paragraph or a table cell."""
    line = _MARKDOWN_SPECIAL.sub(lambda m: _MARKDOWN_ENTITY.get(m[0], "\\" + m[0]), one_line(text))
    line = _MARKDOWN_AUTOLINK.sub(r"\g<0><span></span>", line)
    return _MARKDOWN_BLOCK_START.sub(r"\1\\\2", line)


def markdown_code(text: str, in_table: bool = False) -> str:
    """Return a Markdown code span; empty text gives an empty string, which a span cannot hold."""
    text = one_line(text)
    if not text:
        return ""
    fence = "`" * (_longest_run_of_backticks(text) + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    span = f"{fence}{blank}{text}{blank}{fence}"
    return span.replace("|", "\\|") if in_table else span


def html_code(text: str) -> str:
    """Return a code element on one line, for where Markdown takes HTML alone, such as `<summary>`."""
    return f"<code>{html.escape(one_line(text)).replace('$', '&#36;')}</code>"


def markdown_block(text: str) -> str:
    """Return a fenced Markdown code block."""
    text = clean(text).strip("\n")
    fence = "`" * max(3, _longest_run_of_backticks(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest_run_of_backticks(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
