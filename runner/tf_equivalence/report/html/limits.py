"""How much a page shows: all that a reader can use, and less of it where the page would become too large."""

from __future__ import annotations

from dataclasses import dataclass

PAGE_BYTES = 1_900_000  # of 2 MB: what attaches to messages, and what a browser lays out without a wait


@dataclass(frozen=True)
class Limits:
    """The most of everything.

    Attributes:
        causes: Of a case, and findings of a cause.
        findings: Of a step.
        frames: Of a stack.
        around: Lines of source before and after the one that is meant.
        window: Operations before and after the one where a divergence starts.
        folded: Operations before those, and after them, that are folded away.
        rows: Of a table of variables.
        characters: Of a message.
        notes: Of a step.
        divergences: Figures of the divergence along the network, on the whole page.
        histograms: Figures of how much elements differ, on the whole page.
        passed: Whether cases that passed have their steps told.
    """

    causes: int
    findings: int
    frames: int
    around: int
    window: int
    folded: int
    rows: int
    characters: int
    notes: int
    divergences: int
    histograms: int
    passed: bool = True


# From everything to little: the first that fits is written.
FORMS = (
    Limits(12, 12, 30, 3, 6, 60, 120, 4000, 40, 40, 40),
    Limits(6, 6, 12, 3, 5, 20, 60, 2000, 20, 24, 12),
    Limits(3, 3, 8, 2, 3, 0, 30, 800, 8, 12, 0),
    Limits(2, 1, 4, 1, 0, 0, 10, 400, 3, 0, 0),
    Limits(1, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, passed=False),
)
