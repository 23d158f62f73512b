"""Writes the pages below docs/ that follow from the code: `python scripts/docs_pages.py [--check]`.

The pages are committed, so that they can be read without building anything; a test holds them to the code.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "runner"))

from tf_equivalence.option import BOOLEAN, Option  # noqa: E402
from tf_equivalence.options import COMMANDS, OPTIONS  # noqa: E402
from tf_equivalence.pinpoint import causes_page  # noqa: E402
from tf_equivalence.report import json_report  # noqa: E402
from tf_equivalence.result import (  # noqa: E402
    SCHEMA_VERSION,
    CaseResult,
    Difference,
    ExitCode,
    Finding,
    Location,
    Outcome,
    Pinpointed,
    Power,
    RunResult,
    StepResult,
)
from tf_equivalence.step_guide import PAGES  # noqa: E402
from tf_equivalence.steps import STEPS, Step  # noqa: E402

GENERATED = "<!-- Written by scripts/docs_pages.py; change that, or what it reads. -->\n"
# What each exit code means, and what to do about it.
_EXIT = {
    ExitCode.PASSED: ("All passed.", "Nothing; the notes of each step say what was compared."),
    ExitCode.DIVERGED: (
        "Something diverged: the two sides do not do the same.",
        "Read the finding: it names the line, what differs there and a fix.",
    ),
    ExitCode.USAGE: (
        "Wrong usage: an option, an input of the action or pyproject.toml asks for something impossible.",
        "Read the one line on standard error; it says where it was written and what to write instead.",
    ),
    ExitCode.ERROR: (
        "Error: a module cannot be loaded, a model crashed or ran out of time, or the machine gave out.",
        "Read the finding; for a model's own exception it has the line. An error outranks a divergence.",
    ),
    ExitCode.NOTHING_FOUND: (
        "Nothing found: no case, or every step was skipped. `init`: no TF1 code.",
        "Check the paths and `exclude` with `tf-equivalence list`; `--no-fail-on-empty` makes it 0.",
    ),
    ExitCode.INTERRUPTED: (
        "Interrupted by a signal.",
        "What was judged until then is in the reports.",
    ),
}

_OPTIONS_HEAD = """\
An option is written on the command line, as an input of the action, or as a key of
`[tool.tf-equivalence]` in `pyproject.toml`. The command line wins over the input, and the input over
`pyproject.toml`. A relative path starts at the current directory on the command line, at the workspace in
an input, and at its own folder in `pyproject.toml`; `working-directory` moves the first two.
"""
_JSON_HEAD = """\
`--json-file FILE` writes everything that was found. A float that is not finite is one of the strings `NaN`,
`Infinity` and `-Infinity`. Paths are relative to the workspace, lines count from 1, and times are in
seconds.
"""


def pages() -> dict[str, str]:
    """Return the text of each page by its path below docs/."""
    return {
        "causes.md": causes_page.page(),
        "reference/options.md": options_page(),
        "reference/exit-codes.md": exit_codes_page(),
        "reference/json.md": json_page(),
        "steps/index.md": steps_page(),
        **{f"steps/{step.id}.md": step_page(step) for step in STEPS.values()},
    }


def steps_page() -> str:
    """Return the page that lists the steps."""
    rows = [f"| [`{step.id}`]({step.id}.md) | {step.holds} |" for step in STEPS.values()]
    return "\n".join(
        [
            "# The steps\n",
            GENERATED,
            "Each step checks one thing. `tf-equivalence run --step ID` runs one of them.\n",
            "| step | what must hold |",
            "| --- | --- |",
            *rows,
            "",
            "```{toctree}",
            ":hidden:",
            "",
            *STEPS,
            "```",
            "",
        ]
    )


def step_page(step: Step) -> str:
    """Return the page on one step: what `explain` tells of it, and the example of docs/steps/examples that fails it."""
    page = PAGES[step.id]
    parts = [f"# {step.id}\n", GENERATED, f"{step.holds}\n", f"{_code(page.summary)}\n"]
    parts += ["## What it checks\n", _listed(page.checks), "## What a failure means\n", f"{_code(page.means)}\n"]
    parts += ["## What to do\n", _listed(page.fixes), "## What it cannot see\n", _listed(page.blind)]
    example = ROOT / "docs" / "steps" / "examples" / f"{step.id}.md"
    if example.exists():
        parts += ["## A failing example\n", example.read_text("utf-8")]
    related = ", ".join(f"[`{name}`]({name}.md)" for name in page.related if name in STEPS)
    return "\n".join([*parts, f"Look further at {related}.\n"])


def _listed(sentences: Sequence[str]) -> str:
    return "".join(f"- {_code(sentence)}\n" for sentence in sentences)


def _code(sentence: str) -> str:
    """Return a sentence of `explain` as Markdown: outside of code, names keep their underscores."""
    parts = sentence.split("`")
    return "`".join(part if number % 2 else _markdown(part) for number, part in enumerate(parts))


def options_page() -> str:
    """Return the page on options, from the table that the command line is made of."""
    parts = [
        "# Options\n",
        GENERATED,
        _OPTIONS_HEAD,
    ]
    groups = list(dict.fromkeys(option.group for option in OPTIONS))
    for group in groups:
        parts.append(f"## {group[0].upper()}{group[1:]}\n")
        parts += [_option(option) for option in OPTIONS if option.group == group]
    return "\n".join(parts)


def _option(option: Option) -> str:
    flags = [f"--{'[no-]' if option.kind is BOOLEAN else ''}{flag[2:]}" for flag in option.flags]
    shown = ", ".join(flags) if flags else option.metavar
    value = f" {option.metavar}" if option.metavar and flags else ""
    places = []
    if option.in_action:
        places.append("input of the action")
    if option.in_config:
        places.append("key in `pyproject.toml`")
    also = f"Also as `{option.name}`: {' and '.join(places)}.\n" if places else "On the command line only.\n"
    commands = [command for command in COMMANDS if command in option.commands]
    takes = f"For `{'`, `'.join(commands)}`. "
    return f"### `{shown}{value}`\n\n{_markdown(option.help)}\n\n{takes}{also}"


def _markdown(text: str) -> str:
    """Return the text of `--help` as Markdown, in which globs and angle brackets stay as they are."""
    return re.sub(r"([*<>\[\]_$])", r"\\\1", text)


def exit_codes_page() -> str:
    """Return the page on exit codes."""
    rows = [f"| {int(code)} | {meaning} | {remedy} |" for code, (meaning, remedy) in _EXIT.items()]
    return "\n".join(
        [
            "# Exit codes\n",
            GENERATED,
            "| code | meaning | what to do |",
            "| --- | --- | --- |",
            *rows,
            "",
            "`--fail-on errors` makes a divergence 0, and `--fail-on never` an error too; neither touches wrong usage",
            "or an interruption. No report has a say in the exit code.\n",
        ]
    )


def _sample() -> RunResult:
    """Return a result in which everything is there, so that its keys are all that there can be."""
    place = Location("a.py", 1)
    finding = Finding("kind", "name", "message", place)
    step = StepResult(
        "step",
        Outcome.DIVERGED,
        0.0,
        "message",
        place,
        (finding,),
        Power(1, 1),
        difference=Difference(0.0, 0.0),
        pinpointed=Pinpointed(0.0, 0.0),
    )
    return RunResult((CaseResult("id", "a.py", 1, 0.0, (step,)),), 0.0, {})


_NOT_FIELDS = {
    "schema_version": f"The version of this format, {SCHEMA_VERSION}. Keys are added within a version, and never "
    "renamed or removed.",
    "outcome": "`passed`, `diverged`, `error` or `skipped`: the worst of what is below it.",
    "exit_code": "What the result stands for, whatever `fail-on` makes of it; see [exit codes](exit-codes.md).",
    "tensorflow_log": "The last lines of TensorFlow's own log.",
    "cases": "Sorted by id.",
    "steps": "At least one, in the order in which they are described.",
    "findings": "Every failure, worst first. Empty when passed or skipped.",
}


def json_page() -> str:
    """Return the page on the JSON report: each object, its keys, their types and what they mean."""
    run: Mapping[str, object] = json_report.as_json(_sample())
    case = _first(run["cases"])
    step = _first(case["steps"])
    sections = [
        ("The run", "The whole file is one object.", RunResult, run),
        ("A case", "An item of `cases`.", CaseResult, case),
        ("A step", "An item of `steps`.", StepResult, step),
        ("A finding", "An item of `findings`.", Finding, _first(step["findings"])),
        ("A location", "`location`, or null where no line of the user's exists.", Location, step["location"]),
        ("Power", "`power` of a step, or null.", Power, step["power"]),
        ("Difference", "`difference` of a step, or null.", Difference, step["difference"]),
        ("Pinpointed", "`pinpointed` of a step, or null.", Pinpointed, step["pinpointed"]),
    ]
    parts = [
        "# The JSON report\n",
        GENERATED,
        _JSON_HEAD,
    ]
    for title, what, kind, value in sections:
        assert isinstance(value, Mapping)
        parts.append(f"## {title}\n\n{what}\n\n| key | type | meaning |\n| --- | --- | --- |")
        meanings = attributes(kind)
        for key, item in value.items():
            meaning = re.sub(r"\bNone\b", "null", meanings.get(key) or _NOT_FIELDS[key])
            parts.append(f"| `{key}` | {_json_type(kind, key, item)} | {meaning} |")
        parts.append("")
    return "\n".join(parts)


def _first(value: object) -> Mapping[str, object]:
    assert isinstance(value, list)
    found: Mapping[str, object] = value[0]
    return found


def _json_type(kind: type, key: str, value: object) -> str:
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
    declared = str(getattr(kind, "__annotations__", {}).get(key, ""))
    return names[type(value)] + (" or null" if "None" in declared else "")


def attributes(kind: type) -> dict[str, str]:
    """Return what a class's docstring says of each attribute, on one line."""
    section = (kind.__doc__ or "").partition("Attributes:\n")[2]
    found: dict[str, str] = {}
    for line in section.splitlines():
        start = re.match(r" {8}(\w+): (.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif line.strip() and found:
            found[name] += f" {line.strip()}"
    return found


def main(argv: list[str]) -> int:
    """Write the pages, or with `--check` say which of them are not as they should be."""
    stale = []
    for name, text in pages().items():
        path = ROOT / "docs" / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in argv:
        print(f"not up to date: {', '.join(stale)}; run python scripts/docs_pages.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
