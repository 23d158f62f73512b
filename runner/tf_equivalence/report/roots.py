"""Groups what failed in a case by root cause: each line of code once, whichever steps see it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.explain import findings_of, steps_of
from tf_equivalence.report.labels import FAILED
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult, worst

# What a failed step notes of all that it compared: its findings say what matters of it, with figures of their own.
_TALLY = re.compile(
    r"^(\w+ call: )?(\d+ arrays? with |\d+ variables on |\d+ keys loaded|allowed )"
    r"|^(inference|training): agrees |^compared without graph optimization|^TF1's graph optimization does not change"
)


@dataclass(frozen=True)
class Root:
    """One cause, as several steps and several variables may show it.

    Attributes:
        finding: The first that shows it.
        steps: The steps that do.
        names: The other variables, outputs or operations that show it at the same line.
    """

    finding: Finding
    steps: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """What is the same for the same cause in another case."""
        return (self.finding.location, *_cause(self.finding))


@dataclass(frozen=True)
class Place:
    """The causes at one line.

    Attributes:
        location: The line; None where no user line exists.
        roots: In the order of the steps; at least one.
    """

    location: Location | None
    roots: tuple[Root, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that fail because of this line, each once."""
        return tuple(dict.fromkeys(step for root in self.roots for step in root.steps))


@dataclass(frozen=True)
class FailedCase:
    """What failed in a case.

    Attributes:
        case: The case.
        outcome: The worst of its failed steps.
        places: In the order of the steps, which go from structure to numbers: the first is the one to mend first.
        follows: What the causes explain, each once.
        notes: What the failed steps say beside their findings, each once.
    """

    case: CaseResult
    outcome: Outcome
    places: tuple[Place, ...]
    follows: tuple[Finding, ...]
    notes: tuple[str, ...]


def failed_cases(result: RunResult) -> tuple[FailedCase, ...]:
    """Return the cases that failed, errors first, else in the order of the run."""
    found = [each for case in result.cases if (each := _failed(case)) is not None]
    return tuple(sorted(found, key=lambda each: FAILED.index(each.outcome)))


def _failed(case: CaseResult) -> FailedCase | None:
    steps = [step for step in steps_of(case) if step.outcome in FAILED]
    if not steps:
        return None
    follows = {(f.kind, f.name): f for step in reversed(steps) for f in reversed(findings_of(step)) if f.follows}
    notes = dict.fromkeys(one_line(note) for step in steps for note in step.notes if not _TALLY.match(note))
    return FailedCase(
        case,
        worst(step.outcome for step in steps),
        tuple(_places(_roots(steps))),
        tuple(reversed(follows.values())),
        tuple(notes),
    )


def _roots(steps: Iterable[StepResult]) -> list[Root]:
    """Return the causes, those that only repeat another's message left out."""
    roots: dict[tuple[object, ...], Root] = {}
    for step in steps:
        findings = findings_of(step)
        # A step all of whose findings follow from what an earlier step found still has to be explained.
        for finding in [each for each in findings if not each.follows] or findings[:1]:
            key = _same(roots.values(), finding) or (finding.location, *_cause(finding))
            known = roots.get(key)
            roots[key] = _with(known, finding, step.id) if known else Root(finding, (step.id,))
    return list(roots.values())


def _same(roots: Iterable[Root], finding: Finding) -> tuple[object, ...] | None:
    """Return the key of a cause at the same line whose whole message this finding repeats."""
    told = (root for root in roots if root.finding.location == finding.location and root.finding.message)
    return next((root.key for root in told if root.finding.message in finding.message), None)


def _with(root: Root, finding: Finding, step: str) -> Root:
    steps = root.steps if step in root.steps else (*root.steps, step)
    is_new = finding.name not in (root.finding.name, *root.names) and finding.kind == root.finding.kind
    return replace(root, steps=steps, names=(*root.names, finding.name) if is_new else root.names)


def _cause(finding: Finding) -> tuple[str, str]:
    """Return what tells causes at one line apart: with a known one, its name says more than the variable's."""
    return finding.kind, str(finding.metrics.get("cause", ""))


def _places(roots: Iterable[Root]) -> Iterator[Place]:
    places: dict[object, list[Root]] = {}
    for number, root in enumerate(roots):
        places.setdefault(root.finding.location or number, []).append(root)
    for found in places.values():
        yield Place(found[0].finding.location, tuple(found))
