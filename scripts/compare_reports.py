"""Prints, as Markdown, which numbers changed between two JSON reports of the same cases.

compare_reports.py BEFORE AFTER

A file that is not there counts as a report without cases.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ABSENT = "—"
HEADER = (
    "| case | step | outcome | max abs difference | max rel difference |",
    "| --- | --- | --- | --- | --- |",
)
SHOWN = ("tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class Measured:
    """What a report says of one step.

    Attributes:
        outcome: As in the report; `—` where the report has no such step.
        max_abs: The largest absolute difference, as text; `—` where nothing was compared.
        max_rel: The same, relative to the largest TF1 value.
    """

    outcome: str = ABSENT
    max_abs: str = ABSENT
    max_rel: str = ABSENT


@dataclass(frozen=True)
class Change:
    """One step in both reports."""

    case: str
    step: str
    before: Measured
    after: Measured


def read_steps(report: Mapping[str, Any]) -> dict[tuple[str, str], Measured]:
    """Return what a report says of each step, by the ids of case and step.

    A case that has no step, since it could not be loaded, counts as one step without a name.
    """
    found = {}
    for case in report.get("cases", []):
        if not case["steps"]:
            found[case["id"], ""] = Measured(case["outcome"])
        for step in case["steps"]:
            difference = step["difference"] or {}
            figures = (_figure(difference[key]) if key in difference else ABSENT for key in ("max_abs", "max_rel"))
            found[case["id"], step["id"]] = Measured(step["outcome"], *figures)
    return found


def _figure(value: float | str) -> str:
    # Numbers that JSON lacks are strings in the report.
    return value if isinstance(value, str) else f"{value:.3g}"


def find_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the steps that differ to three digits, those with another outcome first."""
    old, new = read_steps(before), read_steps(after)
    absent = Measured()
    changes = [
        Change(case, step, old.get((case, step), absent), new.get((case, step), absent))
        for case, step in dict.fromkeys([*old, *new])
    ]
    changed = [change for change in changes if change.before != change.after]
    return sorted(changed, key=lambda change: change.before.outcome == change.after.outcome)


def to_markdown(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return versions, a sentence with counts, and a table of what changed."""
    changes = find_changes(before, after)
    outcomes = sum(change.before.outcome != change.after.outcome for change in changes)
    total = len(read_steps(before).keys() | read_steps(after).keys())
    lines = [*_versions(before, after), ""]
    lines += [f"Of {total} steps, {outcomes} have another outcome, and {len(changes) - outcomes} other numbers alone."]
    if changes:
        lines += ["", *HEADER]
    for change in changes:
        pairs = zip(vars(change.before).values(), vars(change.after).values(), strict=True)
        cells = [change.case, change.step, *(_pair(old, new) for old, new in pairs)]
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _versions(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = before.get("environment", {}), after.get("environment", {})
    return [f"- {name}: {_cell(_pair(old.get(name, ABSENT), new.get(name, ABSENT)))}" for name in SHOWN]


def _pair(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"


def _cell(text: str) -> str:
    """Return text that neither ends a cell nor starts markup or a mention."""
    for special, entity in (("&", "&amp;"), ("<", "&lt;"), ("@", "&#64;"), ("|", "\\|"), ("\n", " ")):
        text = text.replace(special, entity)
    return text.replace("*", "\\*").replace("_", "\\_").replace("`", "\\`")


def _read(path: str) -> dict[str, Any]:
    if not Path(path).exists():
        return {}
    report: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return report


def main(arguments: list[str]) -> int:
    """Print the comparison; return the exit code."""
    if len(arguments) != 2:
        print("usage: compare_reports.py BEFORE AFTER", file=sys.stderr)
        return 2
    before, after = (_read(path) for path in arguments)
    if not after.get("cases"):
        print(f"compare_reports: {arguments[1]} has no cases: nothing was compared", file=sys.stderr)
        return 1
    print(to_markdown(before, after), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
