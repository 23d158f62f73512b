"""Puts a result into what the page shows."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from tf_equivalence.report.escape import one_line
from tf_equivalence.report.explain import findings_of, run_problem, short_id, steps_of
from tf_equivalence.report.html.figures import Gallery
from tf_equivalence.report.html.findings import FindingView, Shows
from tf_equivalence.report.html.limits import FORMS, Limits
from tf_equivalence.report.html.operations import operations
from tf_equivalence.report.html.source import Sources
from tf_equivalence.report.html.views import CaseView, CauseView, Lead, Link, PageView, StepView
from tf_equivalence.report.labels import FAILED, SYMBOLS, counts, duration, plural, verdict
from tf_equivalence.report.roots import FailedCase, Place
from tf_equivalence.report.said import rows, said
from tf_equivalence.result import CaseResult, Finding, RunResult, StepResult
from tf_equivalence.steps import STEPS

_MOST_LEADS, _MOST_NAMES = 8, 4
_SHORT = 120  # characters of both values of a setting
_DRAWN = 2  # histograms of a step; the others are told in words


def view(
    result: RunResult, failed: Sequence[FailedCase], sources: Sources, gallery: Gallery, limits: Limits
) -> PageView:
    """Return what the page of a result shows within the limits; `failed` are its cases that failed."""
    gallery.open(limits)
    anchors = {id(case): f"case-{number}" for number, case in enumerate(result.cases, 1)}
    shows = Shows(sources, gallery, limits)
    views = {id(each.case): _failed_case(each, anchors[id(each.case)], shows) for each in failed}
    cases = [views.get(id(case)) or _case(case, anchors[id(case)], shows) for case in result.cases]
    leads = _leads(failed, anchors, shows)
    return PageView(
        verdict=verdict(result),
        outcome=result.outcome.value,
        counts=counts(result),
        time=duration(result.duration_s),
        problem=shows.cut(run_problem(result)),
        leads=tuple(leads[:_MOST_LEADS]),
        more_leads=max(len(leads) - _MOST_LEADS, 0),
        environment=tuple((one_line(key), one_line(value)) for key, value in sorted(result.environment.items())),
        step_ids=tuple(dict.fromkeys(one_line(step.id) for case in result.cases for step in steps_of(case))),
        cases=tuple(cases),
        failed=tuple(views.values()),
        others=tuple(case for case in cases if not case.causes),
        shortened=limits is not FORMS[0],
    )


def _leads(failed: Iterable[FailedCase], anchors: dict[int, str], shows: Shows) -> list[Lead]:
    """Return the lines to look at: of every case the first, then the others; one of several cases once."""
    groups: dict[tuple[object, ...], list[tuple[FailedCase, int]]] = {}
    for each in failed:
        for number, place in enumerate(each.places):
            where = (place.location,) if place.location else (id(each.case), number)
            groups.setdefault(where, []).append((each, number))
    leads = []
    for members in sorted(groups.values(), key=lambda members: min(number for _, number in members)):
        first, number = members[0]
        place = first.places[number]
        names = dict.fromkeys(short_id(each.case.id) for each, _ in members)
        steps = dict.fromkeys(step for each, at in members for step in each.places[at].steps)
        shown = min(number, shows.limits.causes - 1)
        leads.append(
            Lead(
                f"{anchors[id(first.case)]}-cause-{shown + 1}",
                one_line(str(place.location)) if place.location else "",
                *_told(place.roots[0].finding, shows),
                _listed(names),
                _listed(steps),
            )
        )
    return leads


def _told(finding: Finding, shows: Shows) -> tuple[str, str, str]:
    """Return what is wrong, what differs, and what to do."""
    told = said(finding)
    settings = "; ".join(
        f"{row.name} is {row.tf1} in TF1 and {row.tf2} in TF2"
        for row in rows(finding)[1:]
        if len(row.tf1) + len(row.tf2) < _SHORT and row.tf1 != row.tf2
    )
    operation = finding.metrics.get("tf2_operation")
    return shows.cut(told.headline), shows.cut(f"{operation}: {settings}") if settings else "", shows.cut(told.fix)


def _case(case: CaseResult, anchor: str, shows: Shows) -> CaseView:
    steps = tuple(_step(step, f"{anchor}-step-{at}", shows) for at, step in enumerate(steps_of(case), 1))
    return CaseView(
        anchor=anchor,
        name=short_id(case.id),
        path=_module(case) if "::" in case.id else "",
        outcome=case.outcome.value,
        symbol=SYMBOLS[case.outcome],
        time=duration(case.duration_s),
        steps=steps,
        brief=not shows.limits.passed,
    )


def _failed_case(failed: FailedCase, anchor: str, shows: Shows) -> CaseView:
    case, limits = failed.case, shows.limits
    plain = _case(case, anchor, shows)
    links = {view.id: Link(view.anchor, view.id) for view in plain.steps}
    shown = failed.places[: limits.causes]
    causes = tuple(_cause(place, f"{anchor}-cause-{number}", links, shows) for number, place in enumerate(shown, 1))
    told = [finding for place in shown for root in place.roots for finding in [root.finding]]
    steps = tuple(
        _failed_step(case, step, view, causes, told, shows) if step.outcome in FAILED else view
        for step, view in zip(steps_of(case), plain.steps, strict=True)
    )
    return CaseView(
        anchor=anchor,
        name=plain.name,
        path=plain.path,
        outcome=plain.outcome,
        symbol=plain.symbol,
        time=plain.time,
        steps=steps,
        failed=tuple(step for step in steps if step.outcome in FAILED),
        causes=causes,
        more=len(failed.places) - len(shown),
    )


def _cause(place: Place, anchor: str, links: dict[str, Link], shows: Shows) -> CauseView:
    roots = place.roots[: shows.limits.causes]
    return CauseView(
        anchor=anchor,
        place=one_line(str(place.location)) if place.location else "",
        steps=tuple(links[one_line(step)] for step in place.steps),
        findings=tuple(
            shows.finding(root.finding, f"{anchor}-{at}", with_source=at == 0) for at, root in enumerate(roots)
        ),
        names=_listed(place.roots[0].names),
        more=len(place.roots) - len(roots),
    )


def _step(step: StepResult, anchor: str, shows: Shows) -> StepView:
    most = shows.limits.notes
    power = step.power
    return StepView(
        anchor=anchor,
        id=one_line(step.id),
        outcome=step.outcome.value,
        symbol=SYMBOLS[step.outcome],
        message=shows.cut(step.message),
        time=duration(step.duration_s),
        power=f"{power.caught} of {plural(power.probes, 'known change')}" if power else "",
        blind_spots=tuple(shows.cut(spot) for spot in power.blind_spots[:most]) if power else (),
        notes=tuple(shows.cut(note) for note in step.notes[:most]),
        more_notes=max(len(step.notes) - most, 0),
    )


def _failed_step(
    case: CaseResult, step: StepResult, plain: StepView, causes: Sequence[CauseView], told: list[Finding], shows: Shows
) -> StepView:
    """Return a step that failed, with what its causes do not tell yet."""
    findings = [finding for finding in findings_of(step) if finding.follows and finding not in told]
    evidence = tuple(_evidence(findings[: shows.limits.findings], plain.anchor, shows))
    return StepView(
        **{
            **plain.__dict__,
            "causes": tuple(
                Link(cause.anchor, cause.place or cause.findings[0].title)
                for cause in causes
                if any(link.anchor == plain.anchor for link in cause.steps)
            ),
            "evidence": evidence,
            "more": len(findings) - len(evidence),
            "divergence": shows.gallery.divergence(step, f"{plain.anchor}-divergence"),
            "operations": operations(step.trace, shows.sources, shows.limits),
            "command": _command(case, step, shows.sources.flags),
        }
    )


def _evidence(findings: Iterable[Finding], anchor: str, shows: Shows) -> Iterable[FindingView]:
    for at, finding in enumerate(findings):
        yield shows.finding(finding, f"{anchor}-{at}", with_source=False, in_words=at >= _DRAWN)


def _command(case: CaseResult, step: StepResult, flags: Sequence[str]) -> str:
    """Return what repeats one step of one case; of a module that cannot be loaded, what loads it again."""
    parts = ["tf-equivalence", "run", _module(case)]
    if "::" in case.id:
        parts += ["--case", one_line(case.id)]
    if step.id in STEPS:
        parts += ["--step", step.id]
    return shlex.join([*parts, *flags])


def _module(case: CaseResult) -> str:
    """Return the path as a run from the repository's root takes it, whatever comes before it in links."""
    return one_line(case.id).partition("::")[0]


def _listed(names: Iterable[str]) -> str:
    found = [one_line(name) for name in names]
    more = len(found) - _MOST_NAMES
    return ", ".join(found[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
