"""The words and symbols that all reports share."""

from __future__ import annotations

from collections.abc import Mapping

from tf_equivalence.result import Outcome, Power, RunResult

_MOST_BLIND_SPOTS = 5  # in a line for people; the JSON has all
# Worst first: the order in which counts are given and failures are listed.
ORDER = (Outcome.ERROR, Outcome.DIVERGED, Outcome.PASSED, Outcome.SKIPPED)
FAILED = (Outcome.ERROR, Outcome.DIVERGED)

SYMBOLS = {Outcome.PASSED: "✓", Outcome.DIVERGED: "✗", Outcome.ERROR: "!", Outcome.SKIPPED: "-"}
ASCII_SYMBOLS = {Outcome.PASSED: "+", Outcome.DIVERGED: "x", Outcome.ERROR: "!", Outcome.SKIPPED: "-"}
EMOJI = {Outcome.PASSED: "✅", Outcome.DIVERGED: "❌", Outcome.ERROR: "💥", Outcome.SKIPPED: "⏭️"}
STYLES = {Outcome.PASSED: "green", Outcome.DIVERGED: "red", Outcome.ERROR: "bold magenta", Outcome.SKIPPED: "yellow"}


def symbols_for(encoding: str | None) -> Mapping[Outcome, str]:
    """Return the symbols that a stream of this encoding can show."""
    try:
        "".join(SYMBOLS.values()).encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return ASCII_SYMBOLS
    return SYMBOLS


def plural(count: int, noun: str) -> str:
    """Return the count with its noun, such as `1 step` and `2 steps`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counts(result: RunResult) -> str:
    """Return how much ran and what came of it, such as `2 cases, 14 steps: 1 diverged, 13 passed`."""
    steps = sum(len(case.steps) for case in result.cases)
    parts = [f"{result.count(outcome):,} {outcome.value}" for outcome in ORDER if result.count(outcome)]
    text = f"{plural(len(result.cases), 'case')}, {plural(steps, 'step')}"
    return f"{text}: {', '.join(parts)}" if parts else text


def duration(seconds: float) -> str:
    """Return a duration for a person: `30 ms`, `41.2 s`, `2 min 05 s`, `1 h 02 min`."""
    if 0 < seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def verdict(result: RunResult) -> str:
    """Return the outcome of the run in a few words."""
    if result.interrupted:
        return "interrupted"
    if not result.cases:
        return "nothing found"
    if result.outcome is Outcome.SKIPPED:
        return "nothing compared"
    return str(result.outcome.value)


def power_text(power: Power) -> str:
    """Return what the step would have caught, and the first things that it is blind to."""
    text = f"power: {power.caught} of {plural(power.probes, 'probe')} caught"
    if not power.blind_spots:
        return text
    more = len(power.blind_spots) - _MOST_BLIND_SPOTS
    blind = [*power.blind_spots[:_MOST_BLIND_SPOTS], *([f"{more} more"] if more > 0 else [])]
    return f"{text}; blind to: {'; '.join(blind)}"
