"""What an option is, and how its value is read from a text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

RUNNING = ("run", "docker")  # the same run, here or in a container
_LEAST_MEMORY = 6 * 2**20  # bytes; below it, Docker refuses to start a container


@dataclass(frozen=True)
class Kind:
    """How the text of a value is read.

    Attributes:
        parse: Returns the value, or raises `ValueError` whose message completes "must be ...".
        toml: The types that a TOML value may have; a TOML value is read as the text it would be
            on the command line.
    """

    parse: Callable[[str], object]
    toml: tuple[type, ...] = (str,)


def number(minimum: float, *, whole: bool, above: bool = False) -> Kind:
    """Return the kind of finite numbers from `minimum` on, or only above it."""
    bound = f"above {minimum:g}" if above else f"of at least {minimum:g}"
    expected = f"a {'whole ' if whole else 'finite '}number {bound}"

    def parse(text: str) -> object:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            raise ValueError(expected) from None
        if not math.isfinite(value) or value < minimum or (above and value == minimum):
            raise ValueError(expected)
        return value

    return Kind(parse, (int,) if whole else (int, float))


def choice(*allowed: str) -> Kind:
    """Return the kind of a few fixed words."""

    def parse(text: str) -> object:
        if text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return text

    return Kind(parse)


def _parse_memory(text: str) -> object:
    parts = re.fullmatch(r"([1-9][0-9]*)([bkmg]?)", text.lower())
    if parts is None:
        raise ValueError("a whole number followed by b, k, m or g, such as 8g")
    size = int(parts[1]) * {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}[parts[2]]
    if size < _LEAST_MEMORY:
        raise ValueError("at least 6m, the least that an engine takes")
    return size


def _parse_boolean(text: str) -> object:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError("true or false") from None


TEXT = Kind(str)
PATH = Kind(str)  # made absolute by `settings`, which knows where it was written
SUMMARY = Kind(str, (str, bool))  # true, false, or a path
BOOLEAN = Kind(_parse_boolean, (bool,))
MEMORY = Kind(_parse_memory)


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: The key in pyproject.toml and, in upper case after `INPUT_`, the action input.
        kind: How a value is read.
        default: The value where nothing is written anywhere; None where `settings` works it out.
        help: One sentence or two for `--help`.
        group: The heading it stands under in `--help`.
        metavar: What `--help` calls the value.
        flags: Spellings on the command line; none for the positional arguments.
        many: Whether it holds several values: repeat the flag, or give one per line in an action
            input, or a TOML array.
        commas: Whether commas separate values too.
        commands: The subcommands that take it.
        in_config: Whether pyproject.toml may set it.
        in_action: Whether it is an input of the action.
        secret: Whether only the environment may hold it: all users of a machine can read its command lines.
    """

    name: str
    kind: Kind
    default: object
    help: str
    group: str
    metavar: str = ""
    flags: tuple[str, ...] = ()
    many: bool = False
    commas: bool = False
    commands: tuple[str, ...] = RUNNING
    in_config: bool = True
    in_action: bool = True
    secret: bool = False

    @property
    def field(self) -> str:
        """The attribute of `Settings`."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment variable that GitHub sets for the action input."""
        return f"INPUT_{self.name.upper()}"

    def split(self, text: str) -> list[str]:
        """Return the values in a text that may hold several."""
        if not self.many:
            return [text.strip()]
        parts = text.replace(",", "\n").splitlines() if self.commas else text.splitlines()
        return [part.strip() for part in parts if part.strip()]
