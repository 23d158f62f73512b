"""The command line for the container, made from settings that were decided on the host."""

from __future__ import annotations

from tf_equivalence.option import BOOLEAN, SUMMARY, Option
from tf_equivalence.options import OPTIONS
from tf_equivalence.settings import Settings


def run_arguments(settings: Settings) -> list[str]:
    """Return the command and the arguments that lead to the same settings inside.

    The tree that is mounted holds pyproject.toml, so its table is read again. Where there is one,
    every option is given, also at its default, which the table may differ from.
    """
    words = ["run"]
    for option in OPTIONS:
        at_default = settings.config is None and getattr(settings, option.field) == option.default
        if "run" in option.commands and option.flags and not at_default:
            words += _words(option, settings)
    return [*words, "--", *map(str, settings.paths)]


def _words(option: Option, settings: Settings) -> list[str]:
    value = getattr(settings, option.field)
    flag = option.flags[0]
    if option.kind is BOOLEAN:
        return [flag if value else f"--no-{flag.removeprefix('--')}"]
    if option.kind is SUMMARY and value is None:
        value = "false"
    if option.name == "path-prefix":
        value = value or "."  # an empty value is refused, and this says the same
    if option.name == "tolerance" and settings.rtol is not None:
        return []  # the pair of numbers stands in its place; both together are a contradiction
    values = value if option.many else () if value is None else (value,)
    return [f"{flag}={item}" for item in values]
