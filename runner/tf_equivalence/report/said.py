"""Takes a finding's message apart, so that a reader sees what is wrong, then why, then what to do.

Messages are worded where findings are made, and nowhere else; this only says which sentence is which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tf_equivalence.pinpoint.causes import CAUSES
from tf_equivalence.report.escape import clean, one_line
from tf_equivalence.report.explain import figure, finding_title
from tf_equivalence.result import Finding

_CAUSES = {cause.name: cause for cause in CAUSES}
_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z`])")
# A sentence that begins like this tells its reader what to do.
_INSTRUCTION = re.compile(
    r"(Add|Assign|Call|Cast|Check|Choose|Compare|Compute|Connect|Copy|Correct|Create|Decide|Draw|Drop|Give|Guard|"
    r"Install|Keep|Leave|Look|Make|Mend|Name|Pass|Put|Remove|Repair|Return|Set|Spell|Swap|Take|Use|Write)\b"
)
_IN_COLUMNS = ("Different: ", "TF1 reads variable ")
_MORE_FIGURES = ("Relative to ", "As a whole, ")  # beside the largest difference, they are for the report files
_SIDES = ": in TF1 "  # a headline goes on with both operations, which have columns of their own
_MOST_SETTINGS = 5


@dataclass(frozen=True)
class Said:
    """A message in its parts, each clean.

    Attributes:
        headline: What is wrong, one sentence.
        details: By how much, and how it comes about; empty where the headline says it all.
        fix: What to do; empty where the message names nothing.
        rest: The lines after the first.
    """

    headline: str
    details: str = ""
    fix: str = ""
    rest: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """What both sides have, to be set side by side.

    Attributes:
        name: Such as `epsilon`; clean, on one line, as both values are.
        tf1: As TF1 has it.
        tf2: As TF2 has it.
    """

    name: str
    tf1: str
    tf2: str


def said(finding: Finding) -> Said:
    """Return the parts of the finding's message."""
    first, *rest = clean(finding.message).strip().split("\n")
    before, why, fix = _at_cause(finding, one_line(first))
    sentences = _SENTENCE.split(before)
    if not why:
        at = next((at for at, each in enumerate(sentences) if at and _INSTRUCTION.match(each)), len(sentences))
        sentences, fix = sentences[:at], " ".join(sentences[at:])
    headline = sentences[0] or finding_title(finding)
    sentences = sentences[1:]
    if rows(finding):
        headline = f"{headline.split(_SIDES)[0].rstrip('.')}."
        sentences = [each for each in sentences if not each.startswith(_IN_COLUMNS) and _SIDES not in each]
    told = [each for each in sentences if not each.startswith(_MORE_FIGURES)]
    return Said(headline, " ".join([*told, *([why] if why else [])]), fix, tuple(line.rstrip() for line in rest))


def rows(finding: Finding) -> tuple[Row, ...]:
    """Return operation, line and settings of both sides; nothing where not both have an operation.

    The lines are left out where TF2's is the finding's own.
    """
    metrics = finding.metrics
    if not metrics.get("tf1_operation") or not metrics.get("tf2_operation"):
        return ()
    # One name on both sides is that of the finding.
    named = metrics.get("tf1_name") != metrics.get("tf2_name")
    found = [_row("operation", *(_operation(metrics, side, named) for side in ("tf1", "tf2")))]
    if metrics.get("tf2_line") and metrics["tf2_line"] != str(finding.location):
        found.append(_row("runs at", metrics.get("tf1_line"), metrics.get("tf2_line")))
    differences = metrics.get("differences")
    told = [each for each in differences if isinstance(each, Mapping)] if isinstance(differences, list) else []
    found += [_row(each.get("name"), each.get("tf1"), each.get("tf2")) for each in told[:_MOST_SETTINGS]]
    return tuple(found)


def _operation(metrics: Mapping[str, object], side: str, named: bool) -> str:
    return f"{metrics[f'{side}_operation']} {metrics.get(f'{side}_name', '') if named else ''}".strip()


def _row(name: object, tf1: object, tf2: object) -> Row:
    return Row(one_line(str(name)), *("-" if value in (None, "") else one_line(figure(value)) for value in (tf1, tf2)))


def _at_cause(finding: Finding, message: str) -> tuple[str, str, str]:
    """Return what comes before the known cause, the cause, and the fix after it."""
    cause = _CAUSES.get(str(finding.metrics.get("cause", "")))
    if cause is None or cause.why not in message:
        return message, "", ""
    before, why, fix = message.partition(cause.why)
    return before.strip(), why, fix.strip()
