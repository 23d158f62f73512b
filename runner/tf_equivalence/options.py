"""The table of options: one row is one flag, one action input and one key of pyproject.toml.

`settings` reads the command line, the environment and pyproject.toml from this table alone, so the
three can neither drift apart nor read a value in different ways.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from tf_equivalence import __version__

COMMANDS = ("run", "list", "docker")
IMAGE = f"ghcr.io/org/tf-equivalence-action:v{__version__}"  # one version of the command, one of the image
_LEAST_MEMORY = 6 * 2**20  # bytes; below it, Docker refuses to start a container
_RUNNING = ("run", "docker")  # the same run, here or in a container


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
    commands: tuple[str, ...] = _RUNNING
    in_config: bool = True
    in_action: bool = True

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


_WHICH, _HOW, _COMPARE, _REPORT, _VERDICT, _CONTAINER = (
    "what to run",
    "how to run it",
    "how to compare",
    "reports",
    "exit code",
    "container",
)

OPTIONS = (
    Option(
        "paths",
        PATH,
        (),
        "Directories to search for equivalence_*.py, or such files. Default: the working directory.",
        _WHICH,
        "PATH",
        many=True,
        commands=COMMANDS,
    ),
    Option(
        "exclude",
        TEXT,
        (),
        "Leave out files and directories whose path from the workspace matches GLOB; * stays within "
        "one directory, ** does not. Repeatable.",
        _WHICH,
        "GLOB",
        ("--exclude",),
        many=True,
        commands=COMMANDS,
    ),
    Option(
        "steps",
        TEXT,
        (),
        "Run only this step. Repeatable, or several separated by commas. Default: all steps.",
        _WHICH,
        "ID",
        ("--step", "--steps"),
        many=True,
        commas=True,
    ),
    Option(
        "case",
        TEXT,
        (),
        "Run only cases whose id (path/equivalence_x.py::ClassName) or class name matches GLOB. Repeatable.",
        _WHICH,
        "GLOB",
        ("--case",),
        many=True,
        commands=COMMANDS,
    ),
    Option(
        "working-directory",
        PATH,
        None,
        "Run in this directory: modules are imported from it, and relative paths beside this option start there. "
        "Default: the current directory; in the action, the workspace.",
        _WHICH,
        "DIR",
        ("--working-directory",),
        commands=COMMANDS,
    ),
    Option(
        "config",
        PATH,
        None,
        "Read [tool.tf-equivalence] from this file. Default: the nearest pyproject.toml that has the "
        "table, from the working directory up to the workspace.",
        _WHICH,
        "FILE",
        ("--config",),
        commands=COMMANDS,
        in_config=False,
    ),
    Option(
        "requirements",
        PATH,
        (),
        "Install what this requirements file, or pyproject.toml with or without extras in brackets, asks for beside "
        "the pinned packages, which stay as they are. Repeatable.",
        _HOW,
        "FILE",
        ("--requirements",),
        many=True,
    ),
    Option(
        "jobs",
        number(0, whole=True),
        0,
        "Processes at a time. Default: 0, one for each core.",
        _HOW,
        "N",
        ("--jobs",),
    ),
    Option(
        "timeout",
        number(0, whole=False, above=True),
        600.0,
        "End a process that builds one side of a case after this time. Default: 600.",
        _HOW,
        "SECONDS",
        ("--timeout",),
    ),
    Option(
        "log-level",
        choice("error", "warning", "info", "debug"),
        "warning",
        "What standard error shows: error, nothing but errors; warning, progress; info, also what the cases' own "
        "code printed; debug, also TensorFlow's log. Default: warning.",
        _HOW,
        "LEVEL",
        ("--log-level",),
        commands=COMMANDS,
    ),
    Option(
        "reference",
        choice("graph", "tf1.15"),
        "graph",
        "What computes the TF1 side: graph, the installed TensorFlow in graph mode, or tf1.15, the genuine "
        "TensorFlow 1.15 runtime. A case may choose for itself. Default: graph.",
        _COMPARE,
        "RUNTIME",
        ("--reference",),
    ),
    Option(
        "tolerance",
        choice("measured", "guide"),
        "measured",
        "Where bounds come from: measured, from the reference's own rounding noise, or guide, rtol 1e-6 "
        "and atol 1e-5. A case may choose for itself. Default: measured.",
        _COMPARE,
        "PRESET",
        ("--tolerance",),
    ),
    Option(
        "rtol",
        number(0, whole=False),
        None,
        "With --atol, in place of --tolerance: the bound is atol + rtol * |tf1|.",
        _COMPARE,
        "NUMBER",
        ("--rtol",),
    ),
    Option(
        "atol",
        number(0, whole=False),
        None,
        "See --rtol. In the unit of the output.",
        _COMPARE,
        "NUMBER",
        ("--atol",),
    ),
    Option("junit-file", PATH, None, "Write JUnit XML here.", _REPORT, "FILE", ("--junit-file",)),
    Option(
        "junit-flavor",
        choice("github", "jenkins"),
        "github",
        "Which readers the JUnit XML is for: github, with file and line, or jenkins, which its strict schema "
        "accepts. Default: github.",
        _REPORT,
        "FLAVOR",
        ("--junit-flavor",),
    ),
    Option("json-file", PATH, None, "Write all findings as JSON here.", _REPORT, "FILE", ("--json-file",)),
    Option(
        "annotations",
        choice("commands", "none"),
        None,
        "Annotate lines of the pull request by workflow commands, or not: commands or none. "
        "Default: commands in a GitHub workflow, else none.",
        _REPORT,
        "MODE",
        ("--annotations",),
    ),
    Option(
        "max-annotations",
        number(1, whole=True),
        10,
        "Annotations at most; GitHub shows no more than 10 errors a step. Default: 10.",
        _REPORT,
        "N",
        ("--max-annotations",),
    ),
    Option(
        "job-summary",
        SUMMARY,
        "true",
        "Append a Markdown summary: true, to $GITHUB_STEP_SUMMARY where that is set; false, nowhere; or to this file. "
        "Default: true.",
        _REPORT,
        "true|false|FILE",
        ("--job-summary",),
    ),
    Option(
        "path-prefix",
        TEXT,
        "",
        "Put this directory before the paths that reports and annotations link to, where the workspace is only a part "
        "of the repository. Default: nothing.",
        _REPORT,
        "DIR",
        ("--path-prefix",),
    ),
    Option(
        "fail-on",
        choice("failures", "errors", "never"),
        "failures",
        "What makes the exit code non-zero: failures, a divergence or an error; errors, only an error; never, "
        "neither. Default: failures.",
        _VERDICT,
        "WHAT",
        ("--fail-on",),
    ),
    Option(
        "fail-on-empty",
        BOOLEAN,
        True,
        "Whether finding nothing to compare is exit code 5 rather than 0. Default: it is.",
        _VERDICT,
        flags=("--fail-on-empty",),
    ),
    Option(
        "image",
        TEXT,
        IMAGE,
        f"The image to run in. Default: {IMAGE}.",
        _CONTAINER,
        "NAME",
        ("--image",),
        commands=("docker",),
        in_action=False,
    ),
    Option(
        "pull",
        choice("missing", "always", "never"),
        "missing",
        "When to pull the image: missing, always or never. Default: missing.",
        _CONTAINER,
        "WHEN",
        ("--pull",),
        commands=("docker",),
        in_action=False,
    ),
    Option(
        "network",
        TEXT,
        "none",
        "The network that the container joins, such as bridge. Default: none.",
        _CONTAINER,
        "NAME",
        ("--network",),
        commands=("docker",),
        in_action=False,
    ),
    Option(
        "memory",
        MEMORY,
        None,
        "Memory that the container may use, such as 8g. Default: nine tenths of the engine's.",
        _CONTAINER,
        "SIZE",
        ("--memory",),
        commands=("docker",),
        in_action=False,
    ),
    Option(
        "cpus",
        number(0, whole=False, above=True),
        None,
        "Processors that the container may use, such as 2 or 1.5. Default: all of the engine's.",
        _CONTAINER,
        "N",
        ("--cpus",),
        commands=("docker",),
        in_action=False,
    ),
)
