"""The values that the page lays out: plain texts, clean, each in the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from tf_equivalence.report.html.figures import FigureView
from tf_equivalence.report.html.findings import FindingView
from tf_equivalence.report.html.operations import OperationsView


@dataclass(frozen=True)
class Link:
    """A place on the page.

    Attributes:
        anchor: Its id.
        text: What the link says.
    """

    anchor: str
    text: str


@dataclass(frozen=True)
class CauseView:
    """What is wrong at one line.

    Attributes:
        anchor: Its id on the page.
        place: `path:line`; empty where no user line exists.
        steps: Those that fail because of it.
        findings: At least one.
        names: Other variables or outputs that show it.
        more: How many findings are left out.
    """

    anchor: str
    place: str
    steps: tuple[Link, ...]
    findings: tuple[FindingView, ...]
    names: str
    more: int


@dataclass(frozen=True)
class StepView:
    """A step of a case.

    Attributes:
        anchor: Its id on the page.
        id: Such as `named-weights`.
        outcome: A word.
        symbol: For where there is no room for a word.
        message: One line.
        time: Such as `1.2 s`.
        power: How much it would have caught; empty where that was not measured.
        blind_spots: What it would not have.
        notes: Lines.
        more_notes: How many are left out.
        causes: Where its findings are explained.
        evidence: What else it found.
        more: How many findings are left out.
        divergence: Along the network, where that was traced.
        operations: Around where that starts.
        command: Repeats this step alone.
    """

    anchor: str
    id: str
    outcome: str
    symbol: str
    message: str
    time: str
    power: str
    blind_spots: tuple[str, ...]
    notes: tuple[str, ...]
    more_notes: int
    causes: tuple[Link, ...] = ()
    evidence: tuple[FindingView, ...] = ()
    more: int = 0
    divergence: FigureView | None = None
    operations: OperationsView | None = None
    command: str = ""


@dataclass(frozen=True)
class CaseView:
    """A case.

    Attributes:
        anchor: Its id on the page.
        name: Of its class, or of its module where that could not be loaded.
        path: Of its module; empty where that is the name.
        outcome: A word.
        symbol: For where there is no room for a word.
        time: Such as `1.2 s`.
        steps: All of them.
        failed: Those that failed, the first to look at first.
        causes: What is wrong, the first to mend first.
        more: How many causes are left out.
        brief: Whether its steps are left out.
    """

    anchor: str
    name: str
    path: str
    outcome: str
    symbol: str
    time: str
    steps: tuple[StepView, ...]
    failed: tuple[StepView, ...] = ()
    causes: tuple[CauseView, ...] = ()
    more: int = 0
    brief: bool = False


@dataclass(frozen=True)
class Lead:
    """A line to look at.

    Attributes:
        anchor: Where it is explained.
        place: `path:line`; empty where no user line exists.
        headline: What is wrong.
        settings: What differs between the two sides; empty where that is not known.
        fix: What to do; empty where nothing is known.
        cases: Whose.
        steps: That fail because of it.
    """

    anchor: str
    place: str
    headline: str
    settings: str
    fix: str
    cases: str
    steps: str


@dataclass(frozen=True)
class PageView:
    """The whole page.

    Attributes:
        verdict: In a few words.
        outcome: The outcome's word, for its colour.
        counts: How much ran.
        time: Such as `41.2 s`.
        problem: What is wrong with the run as a whole.
        leads: The lines to look at, worst first.
        more_leads: How many are left out.
        environment: Versions.
        step_ids: The columns of the table.
        cases: In the order of the run.
        failed: Those that failed, errors first.
        others: The rest.
        shortened: Whether there was no room for all.
    """

    verdict: str
    outcome: str
    counts: str
    time: str
    problem: str
    leads: tuple[Lead, ...]
    more_leads: int
    environment: tuple[tuple[str, str], ...]
    step_ids: tuple[str, ...]
    cases: tuple[CaseView, ...]
    failed: tuple[CaseView, ...]
    others: tuple[CaseView, ...]
    shortened: bool
