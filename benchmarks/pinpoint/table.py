"""The table: hits by family, their total, and the targets."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.pinpoint.score import Score

HEADER = ("family", "bugs", "step", "line", "operation or variable", "setting", "second pass / first run")
LINE, NAME, SETTING, RATIO = 0.95, 1.0, 0.95, 3.0


@dataclass(frozen=True)
class Tally:
    """What was hit, of how many."""

    scores: Sequence[Score]

    def share(self, what: str) -> tuple[int, int]:
        """Return how many hits of `diverged`, `line`, `name` or `setting` there are, of how many asked for."""
        asked = [hit for hit in (getattr(score, what) for score in self.scores) if hit is not None]
        return sum(asked), len(asked)

    @property
    def ratios(self) -> list[float]:
        """How many times as long the second passes took as the first runs of their steps."""
        return [seconds.ratio for score in self.scores for seconds in score.seconds]

    def cells(self, name: str) -> list[str]:
        """Return a row."""
        shares = [_share(*self.share(what)) for what in ("diverged", "line", "name", "setting")]
        ratios = self.ratios
        times = f"median {statistics.median(ratios):.1f}, most {max(ratios):.1f}" if ratios else "-"
        return [name, str(len(self.scores)), *shares, times]

    def missed_targets(self) -> list[str]:
        """Return what is below its target, one sentence each; a target that nothing was asked for is missed too."""
        found = []
        for what, target in (("diverged", 1.0), ("line", LINE), ("name", NAME), ("setting", SETTING)):
            hits, asked = self.share(what)
            if not asked or hits < target * asked:
                found.append(f"{what}: {_share(hits, asked)}, target {target:.0%}")
        slow = sum(ratio > RATIO for ratio in self.ratios)
        if slow:
            found.append(f"second pass: {slow} of {len(self.ratios)} took more than {RATIO:g} times the first run")
        return found


def rows(scores: Sequence[Score]) -> list[list[str]]:
    """Return a row for each family in its order, the total, and the targets."""
    families = dict.fromkeys(score.expected.family for score in scores)
    made = [Tally([s for s in scores if s.expected.family == family]).cells(family) for family in families]
    targets = ["target", "", "100%", f"{LINE:.0%}", f"{NAME:.0%}", f"{SETTING:.0%}", f"at most {RATIO:g}"]
    return [*made, Tally(scores).cells("total"), targets]


def _share(hits: int, asked: int) -> str:
    return f"{hits} of {asked} ({hits / asked:.1%})" if asked else "-"
