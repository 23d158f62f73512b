"""What a seeded bug is: the source of both sides, and what must be said about it."""

from __future__ import annotations

from dataclasses import dataclass, field

INVENTORY, ONCE, NAMED = "variable-inventory", "variables-once", "named-weights"
INITIAL, TRAINING = "random-inference", "random-training"


@dataclass(frozen=True)
class Setting:
    """The setting that is to blame, where one is.

    Attributes:
        names: What it may be called; empty where it has no name of its own, as a constant.
        tf1: Its value there; None on both sides where the name is enough.
        tf2: Its value there.
    """

    names: tuple[str, ...]
    tf1: object
    tf2: object


@dataclass(frozen=True)
class Culprit:
    """One bug of a case, and what names it.

    Attributes:
        operations: Operation types without their version, of which one is enough.
        variables: Names of variables without `:0`, or ends of them, of which one is enough.
        setting: None where no setting is to blame.
    """

    operations: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    setting: Setting | None = None


@dataclass(frozen=True)
class Case:
    """A migration, right and wrong, as templates of source code.

    In a template `<<right||wrong>>` is what the two forms have in one place, `<<2:right||wrong>>` for
    the second bug of several, `#~` (or `#~2`) at the end of a line marks a line to look at that is the same in
    both, `{case}` is a suffix that no other case and no other form of this one has, and `{number}` one that
    all forms of it share.

    Attributes:
        family: Such as `slim`.
        kind: The bug, in a word or two.
        inputs: The source of the attribute `inputs`.
        legacy: Module-level source with a function `net_{case}(inputs, training)`; always the right form.
        migrated: Module-level source of the TF2 side.
        make: The expression that `tf2` returns.
        culprits: The bugs, in the order of their numbers.
        step: The step that must diverge.
        files: Modules beside it, name and template; each form has its own, the TF1 side the right one.
        shared: The same for modules that both sides import.
        members: More methods of the case, such as `loss`.
    """

    family: str
    kind: str
    inputs: str
    legacy: str
    migrated: str
    make: str
    culprits: tuple[Culprit, ...]
    step: str = NAMED
    files: tuple[tuple[str, str], ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    members: str = ""


@dataclass(frozen=True)
class Pointed:
    """A culprit with the lines that a person must look at.

    Attributes:
        culprit: What names it.
        marker: What its lines end in.
        lines: Path and line of each; one is enough.
    """

    culprit: Culprit
    marker: str
    lines: frozenset[tuple[str, int]]


@dataclass(frozen=True)
class Expected:
    """What must be said about a wrong case.

    Attributes:
        wrong: Its class name.
        right: Its twin's.
        path: The module, relative to the workspace.
        family: Such as `slim`.
        kind: The bug, in a word or two.
        step: The step that must diverge.
        culprits: At least one.
        judged: What there is to judge, of `line`, `name` and `setting`.
    """

    wrong: str
    right: str
    path: str
    family: str
    kind: str
    step: str
    culprits: tuple[Pointed, ...]
    judged: frozenset[str] = field(default_factory=lambda: frozenset(("line", "name", "setting")))

    @property
    def id(self) -> str:
        """The id of the case in the product."""
        return f"{self.path}::{self.wrong}"

    @property
    def twin(self) -> str:
        """The id of its right twin."""
        return f"{self.path}::{self.right}"
