"""The command line of `tf-equivalence`, made from the table of options: parsing and `--help`."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn

from tf_equivalence import __version__
from tf_equivalence.errors import UsageError
from tf_equivalence.option import BOOLEAN, RUNNING, Option
from tf_equivalence.options import COMMANDS, OPTIONS

_SUMMARY = {
    "run": "run the migration steps on all cases, report what differs",
    "list": "list the cases that run would find, without running them",
    "docker": "do the same as run in a container, offline",
    "init": "write a first case for the TF1 code that is here",
    "explain": "tell what a step or a cause means, and what to do about it",
}

_DESCRIPTION = """\
Proves that TensorFlow 1 code migrated to TF2 still computes the same numbers,
and says which line broke it.

commands:
  run [PATH ...]    {run}
  list [PATH ...]   {list}
  docker [PATH ...] {docker}
  init [PATH ...]   {init}
  explain [NAME ...]
                    {explain}

options:
  -h, --help        show this text, or after a command its options
  --version         show the version
"""

_EPILOG = """\
examples:
  tf-equivalence init
  tf-equivalence run
  tf-equivalence run nets --case 'Inception*' --step named-weights
  tf-equivalence list nets
  tf-equivalence explain named-weights

A case is a class in a module equivalence_*.py:

  from tf_equivalence import ArraySpec, EquivalenceCase

  class Net(EquivalenceCase):
      inputs = ArraySpec((2, 224, 224, 3))

      def tf1(self, inputs, training):
          return legacy_net(inputs, is_training=training)

      def tf2(self):
          return MigratedNet()

exit codes:
  0  all passed            3  error: load, crash, timeout
  1  something diverged    5  nothing found
  2  wrong usage         130  interrupted
"""

_SOURCES = """\
Every option, those of the container apart, is also an input of the GitHub
action and, --config apart, a key of [tool.tf-equivalence] in pyproject.toml,
under its name here without the dashes: {renamed}.
The command line wins over the input, the input over pyproject.toml.
Check runs and comments need a token, which INPUT_TOKEN or GITHUB_TOKEN holds.
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are usage errors."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"command line: {message}; see {self.prog} --help")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of the closing text, and shows a value's name once for all spellings."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        text = ", ".join(action.option_strings)
        if not text or action.nargs == 0:
            return text or super()._format_action_invocation(action)
        return f"{text} {action.metavar}"


def read_command_line(
    argv: Sequence[str], step_ids: Sequence[str]
) -> tuple[str, dict[str, tuple[tuple[str, ...], str]]]:
    """Return the command, and for each option that was given its texts and the flag for messages.

    Args:
        argv: The arguments after the program's name.
        step_ids: The ids of all steps, for `--help`.

    Raises:
        UsageError: The command or a flag is unknown, or a flag lacks its value.
        SystemExit: `--help` or `--version` was answered; the code is 0.
    """
    command = _read_command(argv)
    parser = make_parser(command, step_ids)
    words = list(argv[1:])
    # argparse loses track of `--` when flags and paths alternate, so what follows it is set apart.
    words, tail = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    known, unknown = parser.parse_known_intermixed_args(words)
    words_of = _positional(command).field
    setattr(known, words_of, [*getattr(known, words_of), *tail])
    if unknown:
        flags = [flag for option in OPTIONS if command in option.commands for flag in option.flags]
        word = unknown[0].split("=")[0]
        nearest = difflib.get_close_matches(word, flags, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"see {parser.prog} --help"
        secret = next((option for option in OPTIONS if option.secret and word == f"--{option.name}"), None)
        if secret is not None:
            hint = f"all users of a machine can read its command lines, so set the variable {secret.variable} instead"
        raise UsageError(f"command line: {parser.prog} has no option {word!r}; {hint}")
    given = {}
    for option in OPTIONS:
        value = getattr(known, option.field, None)
        if value not in (None, []):
            where = f"{option.flags[0] if option.flags else option.metavar} on the command line"
            given[option.name] = (_texts(option, value), where)
    return command, given


def _positional(command: str) -> Option:
    """Return the option whose values stand without a flag."""
    return next(o for o in OPTIONS if command in o.commands and not o.flags and not o.secret)


def _texts(option: Option, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (str(value).lower() if isinstance(value, bool) else str(value),)
    if not option.commas:
        return tuple(value)
    # An empty value stays, so that it is refused rather than read as "all".
    return tuple(part for text in value for part in option.split(text) or [""])


def _read_command(argv: Sequence[str]) -> str:
    prog = "tf-equivalence"
    if not argv:
        raise UsageError(f"command line: no command; write {prog} run, or see {prog} --help")
    word = argv[0]
    if word in COMMANDS:
        return word
    top = _Parser(prog, add_help=False, usage=argparse.SUPPRESS)
    if word in ("-h", "--help"):
        print(f"usage: {prog} COMMAND [OPTION ...] [PATH ...]\n\n{_DESCRIPTION.format(**_SUMMARY)}\n{_EPILOG}", end="")
        top.exit()
    if word == "--version":
        print(f"{prog} {__version__}")
        top.exit()
    nearest = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"to check it, write {prog} run {word!r}"
    if word.startswith("-"):
        hint = f"options come after the command, as in {prog} run {word!r}"
    raise UsageError(f"command line: unknown command {word!r}; {hint} (commands: {', '.join(COMMANDS)})")


def make_parser(command: str, step_ids: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of one command, with one argument for each row of the table it takes."""
    renamed = ", ".join(
        f"{option.name} for {option.flags[0] if option.flags else option.metavar}"
        for option in OPTIONS
        if f"--{option.name}" not in option.flags[:1] and option.in_action and not option.secret
    )
    steps = "\n  ".join(("steps:", *step_ids)) + "\n\n"
    parser = _Parser(
        f"tf-equivalence {command}",
        usage=f"tf-equivalence {command} [OPTION ...] [{_positional(command).metavar} ...]",
        description=f"{_SUMMARY[command][0].upper()}{_SUMMARY[command][1:]}.",
        epilog="" if command == "explain" else (steps if command in RUNNING else "") + _SOURCES.format(renamed=renamed),
        formatter_class=_Formatter,
        allow_abbrev=False,
        argument_default=None,
    )
    groups: dict[str, argparse._ArgumentGroup] = {}
    for option in OPTIONS:
        if command not in option.commands or option.secret:
            continue
        group = groups.get(option.group) or groups.setdefault(option.group, parser.add_argument_group(option.group))
        _add(group, option)
    return parser


def _add(group: argparse._ArgumentGroup, option: Option) -> None:
    text = option.help.replace("%", "%%")
    if not option.flags:
        group.add_argument(option.field, nargs="*", metavar=option.metavar, help=text)
    elif option.kind is BOOLEAN:
        group.add_argument(*option.flags, dest=option.field, action=argparse.BooleanOptionalAction, help=text)
    else:
        action = "append" if option.many else "store"
        group.add_argument(*option.flags, dest=option.field, action=action, metavar=option.metavar, help=text)
