"""Reads the output of a step by the rules of GitHub's runner, and keeps of it what GitHub would show.

The rules are those of `ActionCommand`, `ActionCommandManager` and `ExecutionContext.AddIssue` in
actions/runner. A line is a command in the new form, `::name key=value,key=value::data`, or in the
old one, `##[name key=value;key=value]data`, which counts wherever it stands in the line.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType

from .paths import PathMap

MOST_ISSUES = 10  # of each level, in one step
MOST_CHARACTERS = 4096  # of a message
_STOP = "stop-commands"
_COMMANDS = (
    "add-mask add-matcher add-path debug echo endgroup error group notice "
    "remove-matcher save-state set-env set-output warning"
).split()
# What .NET takes for white space: what Python does but for the four separators from U+001C on.
_BLANKS = "".join(c for c in map(chr, range(0x3001)) if c.isspace() and not "\x1c" <= c <= "\x1f")
# In this order, `%` last: `%253A` is `%3A`, not `:`.
_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_OLD_FORM = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))


class Level(enum.StrEnum):
    """How severe an annotation is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True)
class Command:
    """One command of the output, unescaped.

    Attributes:
        name: As it was written; the runner compares it without regard to case.
        properties: By name in lower case, for the runner finds them in any.
        data: What follows the second mark.
    """

    name: str
    properties: Mapping[str, str]
    data: str


@dataclass(frozen=True)
class Annotation:
    """What a command or the runner itself adds to a step.

    Attributes:
        level: How severe.
        message: At most 4,096 characters.
        file: Relative to the workspace where it is inside; empty where none was given.
        line: From 1; None where none was given.
        title: Empty where none was given.
        by_runner: Whether the runner itself complains of a command.
    """

    level: Level
    message: str
    file: str = ""
    line: int | None = None
    title: str = ""
    by_runner: bool = False


@dataclass
class CommandReader:
    """Reads the lines of one step, of both streams in the order they arrive.

    Attributes:
        workspace: The checkout on the runner's machine; annotations are made relative to it.
        paths: How the container's paths are called outside.
        annotations: The first ten of each level.
        dropped: Annotations that came after the tenth of their level, which nobody sees.
        log: What the log shows.
        outputs: Set by the deprecated command `set-output`.
        state: Set by the deprecated command `save-state`.
        masks: What `add-mask` hides in the log.
        failed: Whether a command made the step fail.
    """

    workspace: str
    paths: PathMap = field(default_factory=PathMap)
    annotations: list[Annotation] = field(default_factory=list)
    dropped: Counter[Level] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    masks: list[str] = field(default_factory=list)
    failed: bool = False
    _echo: bool = field(default=False, init=False)
    _stop_token: str = field(default="", init=False)
    _known: set[str] = field(default_factory=lambda: {*_COMMANDS, _STOP}, init=False)

    @property
    def stopped(self) -> bool:
        """Whether commands are being ignored."""
        return bool(self._stop_token)

    def read(self, line: str) -> None:
        """Take one line, without its line break."""
        command = parse(line, self._known)
        if command is None or not self._obey(command, line):
            self._show(line)

    def _obey(self, command: Command, line: str) -> bool:
        """Carry a command out; return False where the line is to be shown as any other."""
        name = command.name.lower()
        if self.stopped:
            if name != self._stop_token.lower():
                return False
            self._show(line)
            self._known.discard(self._stop_token.lower())
            self._stop_token = ""
            return True
        if name == _STOP:
            self._stop(command.data, line)
            return True
        if self._echo and name not in ("add-mask", "debug", *Level):
            self._show(line)
        try:
            _HANDLERS[name](self, command)
        except CommandError as error:
            self._complain(f"Unable to process command '{line}' successfully.")
            self._complain(str(error))
            self.failed = True
        return True

    def _stop(self, token: str, line: str) -> None:
        # A token that is a command's name, or is known to everybody, would be no fence.
        if not token or token.lower() in self._known or token.lower() == "pause-logging":
            self._complain(f"Invalid token to stop commands with: {token!r}")
            self.failed = True
            return
        self._show(line)
        self._stop_token = token
        self._known.add(token.lower())

    def _add(self, annotation: Annotation) -> None:
        message = self._masked(annotation.message)
        self.log.append(f"##[{annotation.level}]{message}")
        if sum(kept.level is annotation.level for kept in self.annotations) >= MOST_ISSUES:
            self.dropped[annotation.level] += 1
            return
        values = {**vars(annotation), "message": message[:MOST_CHARACTERS]}
        self.annotations.append(Annotation(**values))

    def _complain(self, message: str) -> None:
        self._add(Annotation(Level.ERROR, message, by_runner=True))

    def _show(self, line: str) -> None:
        self.log.append(self._masked(line))

    def _masked(self, text: str) -> str:
        for mask in self.masks:
            text = text.replace(mask, "***")
        return text

    def annotate(self, command: Command) -> None:
        """Carry out `error`, `warning` or `notice`."""
        file = self.paths.outside(command.properties.get("file", ""))
        if file.startswith(f"{self.workspace}/"):
            file = str(PurePosixPath(file).relative_to(self.workspace))
        line = command.properties.get("line", "")
        self._add(
            Annotation(
                Level(command.name.lower()),
                command.data,
                file,
                int(line) if re.fullmatch("[0-9]+", line) else None,
                command.properties.get("title", ""),
            )
        )

    def set_output(self, command: Command) -> None:
        """Carry out `set-output`."""
        self.outputs[_required_name(command)] = command.data

    def save_state(self, command: Command) -> None:
        """Carry out `save-state`."""
        self.state[_required_name(command)] = command.data

    def add_mask(self, command: Command) -> None:
        """Carry out `add-mask`."""
        if command.data.strip(_BLANKS):
            self.masks.append(command.data)
        else:
            self._add(Annotation(Level.WARNING, "Can't add secret mask for empty string.", by_runner=True))

    def group(self, command: Command) -> None:
        """Carry out `group` or `endgroup`."""
        name = command.name.lower()
        self._show(f"##[{name}]{command.data if name == 'group' else ''}")

    def switch_echo(self, command: Command) -> None:
        """Carry out `echo`."""
        word = command.data.strip(_BLANKS).lower()
        if word not in ("on", "off"):
            raise CommandError(f"Invalid echo command value: {command.data!r}")
        self._echo = word == "on"

    def refuse(self, command: Command) -> None:
        """Refuse `set-env` and `add-path`, which are disabled for what foreign output could do with them."""
        raise CommandError(f"The `{command.name}` command is disabled.")

    def ignore(self, command: Command) -> None:
        """Leave out what only a debug log shows, and the problem matchers of other tools."""


class CommandError(Exception):
    """A command that the runner refuses; the step fails."""


_HANDLERS: Mapping[str, Callable[[CommandReader, Command], None]] = MappingProxyType(
    {
        **dict.fromkeys(Level, CommandReader.annotate),
        **dict.fromkeys(("set-env", "add-path"), CommandReader.refuse),
        **dict.fromkeys(("group", "endgroup"), CommandReader.group),
        **dict.fromkeys(("debug", "add-matcher", "remove-matcher"), CommandReader.ignore),
        "set-output": CommandReader.set_output,
        "save-state": CommandReader.save_state,
        "add-mask": CommandReader.add_mask,
        "echo": CommandReader.switch_echo,
    }
)


def parse(line: str, known: set[str]) -> Command | None:
    """Return the command that a line holds, in the new form or else in the old one; None where it holds none.

    Args:
        line: Without its line break.
        known: Names of commands, in lower case; anything else is text.
    """
    return _parse_new(line.lstrip(_BLANKS), known) or _parse_old(line, known)


def _parse_new(line: str, known: set[str]) -> Command | None:
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, properties = line[2:end].partition(" ")
    if name.lower() not in known:
        return None
    found = _properties(properties.strip(_BLANKS), ",", _PROPERTY)
    return Command(name, found, _unescape(line[end + 2 :], _DATA))


def _parse_old(line: str, known: set[str]) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, properties = line[start + 3 : end].partition(" ")
    if name.lower() not in known:
        return None
    return Command(name, _properties(properties, ";", _OLD_FORM), _unescape(line[end + 1 :], _OLD_FORM))


def _properties(text: str, separator: str, escapes: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found = {}
    for part in text.split(separator):
        # Empty pieces do not count: `=a=b` is the property `a`.
        pieces = part.lstrip("=").split("=", 1)
        if len(pieces) == 2 and pieces[1]:
            found[pieces[0].lower()] = _unescape(pieces[1], escapes)
    return found


def _unescape(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for escape, character in escapes:
        text = text.replace(escape, character)
    return text


def _required_name(command: Command) -> str:
    name = command.properties.get("name", "")
    if not name:
        raise CommandError(f"Required field 'name' is missing in ##[{command.name}] command.")
    return name
