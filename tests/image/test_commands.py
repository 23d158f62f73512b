"""The reader of the runner's rules keeps to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .commands import Annotation, CommandReader, Level
from .file_commands import SUMMARY_BYTES, FileCommandError, read_pairs, read_summary
from .paths import PathMap

WORKSPACE = "/home/runner/work/models/models"
PATHS = PathMap(((WORKSPACE, "/github/workspace"), ("/home/runner/work/_temp", "/github/runner_temp")))


def read(*lines: str) -> CommandReader:
    """Return a reader that has read these lines."""
    reader = CommandReader(WORKSPACE, PATHS)
    for line in lines:
        reader.read(line)
    return reader


@pytest.mark.parametrize(
    "line",
    ["::error::x", "  ::error::x", "\u3000::ERROR::x", "::error file=::x", "##[error]x", "shown ##[error]x"],
)
def test_is_a_command(line: str) -> None:
    """A command stands at the start of a line, blanks aside; in the old form, anywhere."""
    assert read(line).annotations == [Annotation(Level.ERROR, "x")]


@pytest.mark.parametrize(
    "line",
    ["x ::error::x", "::error:x", "::errors::x", "\x1c::error::x", "\u200b::error::x", "##[error x", "##[nothing]x"],
)
def test_is_no_command(line: str) -> None:
    """Anything else is text, which the log shows."""
    reader = read(line)
    assert reader.annotations == []
    assert reader.log == [line]


def test_escapes() -> None:
    """Each part has escapes of its own, and `%25` is undone last."""
    line = "::warning file=a%2Cb%3A%25c.py,LINE=12,title=x%0Ay::50%25 %253A%3A%0Adone"
    expected = Annotation(Level.WARNING, "50% %3A%3A\ndone", "a,b:%c.py", 12, "x\ny")
    assert read(line).annotations == [expected]
    old = "##[notice file=a%3Bb%5D.py;line=3]50%25 %3B%253B"
    assert read(old).annotations == [Annotation(Level.NOTICE, "50% ;%3B", "a;b].py", 3)]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("nets/a.py", "nets/a.py"),
        ("/github/workspace/nets/a.py", "nets/a.py"),
        (f"{WORKSPACE}/nets/a.py", "nets/a.py"),
        ("/github/workspaces/a.py", "/github/workspaces/a.py"),
        ("/github/runner_temp/a.py", "/home/runner/work/_temp/a.py"),
        ("./nets/a.py", "./nets/a.py"),
    ],
)
def test_files_are_relative_to_the_workspace(file: str, expected: str) -> None:
    """Paths of the container are those of the machine, and those of the workspace relative; nothing else is."""
    assert read(f"::error file={file}::x").annotations[0].file == expected


def test_ten_of_each_level() -> None:
    """The eleventh of a level is lost, whoever wrote it, and the other levels have ten of their own."""
    reader = read(*[f"::error::{number}" for number in range(12)], "::notice::n", "::warning::w")
    assert [found.message for found in reader.annotations] == [*map(str, range(10)), "n", "w"]
    assert reader.dropped == {Level.ERROR: 2}
    assert "##[error]11" in reader.log


def test_long_messages_are_cut() -> None:
    """At 4,096 characters."""
    assert read("::error::" + "ä" * 5000).annotations[0].message == "ä" * 4096


def test_stopped_commands() -> None:
    """Between stop-commands and its token nothing is a command, and the token's case does not matter."""
    reader = read("::stop-commands::Token", "::error::a", "##[error]b", "::token2::", "::TOKEN::", "::error::c")
    assert [found.message for found in reader.annotations] == ["c"]
    assert not reader.stopped
    assert "##[error]b" in reader.log
    assert read("::stop-commands::t", "##[t]", "::error::c").annotations == [Annotation(Level.ERROR, "c")]
    assert read("::stop-commands::t").stopped


@pytest.mark.parametrize("token", ["", "error", "Pause-Logging", "stop-commands"])
def test_tokens_that_fence_nothing(token: str) -> None:
    """A token that is a command's name, or everybody's, is refused, and the step fails."""
    reader = read(f"::stop-commands::{token}", "::notice::seen")
    assert reader.failed
    assert [found.level for found in reader.annotations] == [Level.ERROR, Level.NOTICE]


def test_disabled_commands_fail_the_step() -> None:
    """`set-env` and `add-path` make an error of their own."""
    for line in ("::set-env name=A::b", "::add-path::/x", "::set-output::x", "::echo::maybe"):
        reader = read(line)
        assert reader.failed, line
        assert [(found.level, found.by_runner) for found in reader.annotations] == [(Level.ERROR, True)] * 2


def test_other_commands() -> None:
    """Outputs and state are kept, masks applied, groups and echo shown."""
    lines = (
        "::set-output name=a::1%0A2",
        "::save-state name=b::3",
        "::add-mask::hunter2",
        "::group::hunter2",
        "::endgroup::",
    )
    reader = read(*lines, "::error::hunter2")
    assert (reader.outputs, reader.state) == ({"a": "1\n2"}, {"b": "3"})
    assert reader.log == ["##[group]***", "##[endgroup]", "##[error]***"]
    assert reader.annotations == [Annotation(Level.ERROR, "***")]
    assert read("::echo::on", "::set-output name=a::1").log == ["::set-output name=a::1"]
    assert read("::debug::x").log == []


def test_pairs() -> None:
    """Both forms, several lines, empty values, and the last one of a name."""
    text = "a=1=2\n\nb<<EOF\nx\n\ny\nEOF\nc<<E F\nE F\nd=\na=<<x\n"
    assert read_pairs(text) == {"a": "<<x", "b": "x\n\ny", "c": "", "d": ""}
    assert read_pairs("a<<E\nx\r\nE") == {"a": "x\r"}


@pytest.mark.parametrize("text", ["word\n", "a<<E\nx\n", "a<<E\nxE", "<<E\nE\n", "a<<\n", "=x\n"])
def test_pairs_that_are_none(text: str) -> None:
    """A step with such a file fails."""
    with pytest.raises(FileCommandError):
        read_pairs(text)


def test_summaries(tmp_path: Path) -> None:
    """A summary of more than 1 MiB is lost as a whole."""
    path = tmp_path / "summary"
    assert read_summary(path) == ""
    path.write_text("x" * SUMMARY_BYTES)
    assert len(read_summary(path)) == SUMMARY_BYTES
    path.write_text("x" * (SUMMARY_BYTES + 1))
    with pytest.raises(FileCommandError):
        read_summary(path)
