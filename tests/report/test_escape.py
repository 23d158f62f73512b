"""Text from user code is harmless in every format."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf_equivalence.report import escape

# Pieces that mean something somewhere, in every order.
PIECES = (
    "::",
    "##[",
    "error",
    " ",
    "]",
    "\r",
    "\n",
    "\x1b[31m",
    "\x1b",
    "[",
    "\x00",
    "\x85",
    "\u2028",
    "\ud800",
    "|",
    "`",
)
hostile = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\x1b[1;31mb\x1b[0mc", "abc", id="colour"),
        pytest.param("a\x1b]8;;http://x\x07b\x1b]8;;\x1b\\c", "abc", id="hyperlink"),
        pytest.param("a\x1b]0;unfinished", "a0;unfinished", id="unfinished-title"),
        pytest.param("a\x9b31mb", "ab", id="eight-bit-colour"),
        pytest.param("a\x1bPpayload\x1b\\b", "ab", id="device-control"),
        pytest.param("a\x1b(0b\x1bcd", "abd", id="character-set-and-reset"),
        pytest.param("1\r\n2\r3\x0b4\x0c5\x856\u20287\u2029", "1\n2\n3\n4\n5\n6\n7\n", id="line-breaks"),
        pytest.param("a\x00\x07\x08\x7f\x80b\tc", "ab\tc", id="control-codes"),
        pytest.param("\u202eabc\u2066d\ufeff", "abcd", id="text-direction"),
        pytest.param("\ud800a\udc80\ufffe\uffff\U0001fffe", "\ufffda" + 4 * "\ufffd", id="no-characters"),
        pytest.param("naïve ✓ 変数 😀", "naïve ✓ 変数 😀", id="letters-stay"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    """Control codes go, line breaks become newlines, what is no character is replaced."""
    assert escape.clean(text) == expected


@given(hostile)
def test_clean_text_fits_everywhere(text: str) -> None:
    """Clean text can be encoded, survives an XML document, and is clean already."""
    cleaned = escape.clean(text)
    element = ET.Element("a")
    element.text = cleaned
    assert (ET.fromstring(ET.tostring(element)).text or "") == cleaned
    assert escape.clean(cleaned) == cleaned
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", cleaned)


@given(hostile)
@settings(max_examples=300)
def test_neutralized_text_holds_no_command(read_log: Callable[[str], list[Any]], text: str) -> None:
    """Whatever user code prints, GitHub obeys nothing of it."""
    assert read_log(escape.neutralize(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("::error::x", id="command"),
        pytest.param("\u3000\t ::warning file=a::x", id="after-blanks"),
        pytest.param("fine\r::notice::x", id="after-carriage-return"),
        pytest.param("fine ##[error]x", id="old-form-within-a-line"),
        pytest.param("::stop-commands::x", id="stop"),
    ],
)
def test_reader_sees_commands(read_log: Callable[[str], list[Any]], text: str) -> None:
    """The reader that the tests trust does find commands where there are some, and the text stays readable."""
    assert len(read_log(text)) == 1
    assert read_log(escape.neutralize(text)) == []
    assert escape.neutralize(text).replace(" ", "") == escape.clean(text).replace(" ", "")


@pytest.mark.parametrize(
    ("text", "data", "value"),
    [
        pytest.param("50%", "50%25", "50%25", id="percent"),
        pytest.param("%0A", "%250A", "%250A", id="percent-first"),
        pytest.param("a\r\nb", "a%0D%0Ab", "a%0D%0Ab", id="line-break"),
        pytest.param("a:b,c", "a:b,c", "a%3Ab%2Cc", id="colon-and-comma"),
    ],
)
def test_command_escapes(text: str, data: str, value: str) -> None:
    """Messages and properties are escaped as GitHub documents it."""
    assert escape.command_data(text) == data
    assert escape.command_property(text) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a|b", "a\\|b", id="table"),
        pytest.param("*a* _b_ ~c~ `d`", "\\*a\\* \\_b\\_ \\~c\\~ \\`d\\`", id="emphasis"),
        pytest.param("<script>&amp;", "&lt;script&gt;&amp;amp;", id="html"),
        pytest.param("![x](y)", "!\\[x\\](y)", id="link"),
        pytest.param("@octocat #1", "<span>@</span>octocat <span>#</span>1", id="mention-and-issue"),
        pytest.param("a\n\n# b", "a <span>#</span> b", id="newlines"),
        pytest.param("- a", "\\- a", id="list"),
        pytest.param("12. a", "12\\. a", id="numbered-list"),
        pytest.param("===", "\\===", id="heading"),
        pytest.param("1.5 is 3-2", "1\\.5 is 3-2", id="number"),
        pytest.param("$x$", "&#36;x&#36;", id="formula"),
    ],
)
def test_markdown_text(text: str, expected: str) -> None:
    """Text in a paragraph or cell shows as it is."""
    assert escape.markdown_text(text) == expected


@pytest.mark.parametrize(
    ("text", "in_table", "expected"),
    [
        pytest.param("a_b", False, "`a_b`", id="plain"),
        pytest.param("a`b``c", False, "```a`b``c```", id="longer-fence"),
        pytest.param("`a", False, "`` `a ``", id="backtick-at-the-edge"),
        pytest.param("a|b", True, "`a\\|b`", id="table"),
        pytest.param("a\nb", True, "`a b`", id="newline"),
        pytest.param(" ", False, "", id="empty"),
    ],
)
def test_markdown_code(text: str, in_table: bool, expected: str) -> None:
    """A code span cannot be left from within."""
    assert escape.markdown_code(text, in_table) == expected


@given(hostile)
def test_markdown_block_is_closed_by_its_last_line_only(text: str) -> None:
    """No line of a block is as long a fence as its own."""
    first, *body, last = escape.markdown_block(text).split("\n")
    assert first == last + "text"
    assert not any(line.strip().startswith(last) for line in body)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", "\\u2713 a"), ("latin-1", "\\u2713 a"), ("utf-8", "✓ a"), (None, "✓ a")],
)
def test_encodable(encoding: str | None, expected: str) -> None:
    """A stream that lacks a character gets its escape, not an exception."""
    assert escape.encodable("✓ a", encoding) == expected
    io.TextIOWrapper(io.BytesIO(), encoding=encoding or "utf-8").write(expected)


@given(st.text().filter(str.isprintable))
def test_printable_text_stays(text: str) -> None:
    """The short cut for printable text returns what the long way would."""
    assert escape.clean(text) == text
    assert escape.clean(text + "\n") == text + "\n"
