"""Judges what the product said about a wrong case: the line, the operation or variable, the setting."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.pinpoint.model import Culprit, Expected, Setting
from tf_equivalence.report.annotations import AnnotationOptions, annotate
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult

_ALL = AnnotationOptions(max_annotations=10_000)
_NO_DIFFERENCES: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True)
class Seconds:
    """How long the second pass of a step took, beside the first run of that step."""

    second: float
    first: float

    @property
    def ratio(self) -> float:
        """How many times as long the second pass took."""
        return self.second / self.first if self.first else math.inf


@dataclass(frozen=True)
class Score:
    """What was right about what the product said.

    Attributes:
        expected: The case.
        diverged: Whether the expected step did.
        line: Whether the first annotation is on a culprit's line, and the others' lines have one each; None where
            there is no such line.
        name: Whether the operation or variable is named, of every culprit that has one; None where none has.
        setting: Whether the setting is named with both values, of every culprit that has one; None where none has.
        seconds: Of each step that was traced, where the product tells.
        got: What the first annotation says, one line.
    """

    expected: Expected
    diverged: bool
    line: bool | None
    name: bool | None
    setting: bool | None
    seconds: tuple[Seconds, ...]
    got: str

    @property
    def missed(self) -> list[str]:
        """What was wrong, in a word each."""
        words = {"step": self.diverged, "line": self.line, "name": self.name, "setting": self.setting}
        return [word for word, hit in words.items() if hit is False]


def score(expected: Expected, result: CaseResult) -> Score:
    """Judge one case.

    Args:
        expected: What must be said.
        result: What the product said.
    """
    places = annotated_places(result)
    step = next((step for step in result.steps if step.id == expected.step), None)
    groups = [findings_at(result, place) for place in places]
    first = groups[0] if groups else []
    # With several bugs each has an annotation of its own; with one, the first is what counts.
    said = [finding for group in groups for finding in group] if len(expected.culprits) > 1 else first
    culprits = [pointed.culprit for pointed in expected.culprits]
    named = [culprit for culprit in culprits if culprit.operations or culprit.variables]
    set_wrong = [culprit.setting for culprit in culprits if culprit.setting is not None]
    judged = expected.judged
    return Score(
        expected,
        step is not None and step.outcome is Outcome.DIVERGED,
        _lines_hit(expected, places) if "line" in judged else None,
        all(any(names(one, finding) for finding in said) for one in named) if named and "name" in judged else None,
        all(any(states(one, finding) for finding in said) for one in set_wrong) if set_wrong else None,
        seconds_of(result),
        _got(places, first),
    )


def annotated_places(result: CaseResult) -> list[Location | None]:
    """Return the places of the annotations that a run of this case alone would have, in their order."""
    run = RunResult((result,), result.duration_s, {})
    return [annotation.location for annotation in annotate(run, _ALL)]


def findings_at(result: CaseResult, place: Location | None) -> list[Finding]:
    """Return the findings that the annotation at a place speaks of."""
    failed = [step for step in result.steps if step.outcome in (Outcome.DIVERGED, Outcome.ERROR)]
    found = [finding for step in failed for finding in step.findings if not finding.follows]
    # Without a line, an annotation points at the case.
    return [f for f in found if f.location == place or (f.location is None and place is not None
                                                        and place == Location(result.path, result.line))]  # fmt: skip


def _lines_hit(expected: Expected, places: Sequence[Location | None]) -> bool:
    told = [(place.path, place.line) for place in places if place is not None]
    if not told or not any(told[0] in pointed.lines for pointed in expected.culprits):
        return False
    return all(pointed.lines & set(told) for pointed in expected.culprits)


def names(culprit: Culprit, finding: Finding) -> bool:
    """Return whether a finding names one of the culprit's operations or variables, as a whole word."""
    text = "\n".join([finding.name, finding.message, *map(str, _leaves(finding.metrics))])
    operations = any(re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(V\d)?(?![A-Za-z0-9])", text)
                     for name in culprit.operations)  # fmt: skip
    return operations or any(_has_variable(text, name) for name in culprit.variables)


def _has_variable(text: str, name: str) -> bool:
    """Return whether the name stands in the text, or its last parts do; a slash at its end is for whatever follows."""
    after = "" if name.endswith("/") else r"(?![\w/])"
    return re.search(rf"(?<![\w]){re.escape(name)}{after}", text) is not None


def states(setting: Setting, finding: Finding) -> bool:
    """Return whether a finding states a setting with both of its values, in its metrics or in its message."""
    valued = (setting.tf1, setting.tf2) != (None, None)
    differences = finding.metrics.get("differences", _NO_DIFFERENCES)
    for item in differences if isinstance(differences, Iterable) else _NO_DIFFERENCES:
        named = not setting.names or item.get("name") in setting.names
        if named and (not valued or _same_values(setting, item)):
            return True
    if setting.names and not any(re.search(rf"(?<![A-Za-z]){name}(?![A-Za-z])", finding.message)
                                 for name in setting.names):  # fmt: skip
        return False
    return not valued or all(_has_value(finding.message, value) for value in (setting.tf1, setting.tf2))


def _same_values(setting: Setting, item: Mapping[str, object]) -> bool:
    return same_value(setting.tf1, item.get("tf1")) and same_value(setting.tf2, item.get("tf2"))


def _has_value(text: str, value: object) -> bool:
    if not isinstance(value, bool) and isinstance(value, int | float):
        numbers = re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])", text)
        return any(same_value(value, float(number)) for number in numbers)
    return re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", text, re.IGNORECASE) is not None


def same_value(wanted: object, told: object) -> bool:
    """Return whether two spellings of a setting mean the same, such as 2 and `[1, 2, 2, 1]`, or `same` and `SAME`."""
    if isinstance(told, list | tuple):
        if isinstance(wanted, list | tuple):
            return len(wanted) == len(told) and all(map(same_value, wanted, told))
        if isinstance(wanted, str) and wanted.startswith("["):
            return wanted.replace(" ", "") == str(list(told)).replace(" ", "")
        beside = [item for item in told if item != 1]
        return bool(told) and all(same_value(wanted, item) for item in beside or told)
    if isinstance(wanted, bool) or isinstance(told, bool):
        return wanted in (0, 1) and told in (0, 1) and bool(wanted) == bool(told)
    if isinstance(wanted, int | float) and isinstance(told, int | float):
        return math.isclose(wanted, told, rel_tol=1e-5)
    return str(wanted).lower() == str(told).lower()


def _leaves(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def seconds_of(result: CaseResult) -> tuple[Seconds, ...]:
    """Return the times of the second pass, as far as the product tells them."""
    told = [getattr(step, "pinpointed", None) for step in result.steps]
    return tuple(Seconds(item.duration_s, item.first_run_s) for item in told if item is not None)


def _got(places: Sequence[Location | None], findings: Sequence[Finding]) -> str:
    place = places[0] if places else None
    said = " | ".join(f"{finding.kind}: {finding.message}" for finding in findings[:1])
    more = f" (and {len(places) - 1} more: {', '.join(map(str, places[1:5]))})" if len(places) > 1 else ""
    return f"{place} {' '.join(said.split())[:400]}{more}"
