"""The form of a page on a step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A migration that the step catches.

    Attributes:
        about: What went wrong in it, one sentence.
        tf1: The TF1 lines.
        tf2: The wrong TF2 lines.
        fixed: The right ones.
    """

    about: str
    tf1: str
    tf2: str
    fixed: str


@dataclass(frozen=True)
class Page:
    """What there is to know of one step.

    Attributes:
        id: The step's.
        summary: Why what the step holds matters, one or two sentences.
        checks: What is run and compared, one sentence each.
        means: What a failure tells, one paragraph.
        blind: What the step cannot see, one sentence each.
        fixes: What to do, the likeliest first, one sentence each.
        example: A failing migration.
        related: Steps that go on from here.
    """

    id: str
    summary: str
    checks: tuple[str, ...]
    means: str
    blind: tuple[str, ...]
    fixes: tuple[str, ...]
    example: Example
    related: tuple[str, ...]
