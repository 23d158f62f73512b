"""Writes all seeded bugs, the same ones for the same seed, into a directory that a run of the product can search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.pinpoint.families import (
    calls,
    census,
    control,
    graphs,
    keras_nets,
    layers,
    rewritten,
    scopes,
    several,
    slim_nets,
    training,
    variables,
)
from benchmarks.pinpoint.model import Case, Expected
from benchmarks.pinpoint.source import Written, write_module

FAMILIES: dict[str, Callable[[int], list[Case]]] = {
    layers.FAMILY: layers.cases,
    slim_nets.FAMILY: slim_nets.cases,
    scopes.FAMILY: scopes.cases,
    keras_nets.FAMILY: keras_nets.cases,
    calls.FAMILY: calls.cases,
    control.FAMILY: control.cases,
    graphs.FAMILY: graphs.cases,
    rewritten.FAMILY: rewritten.cases,
    variables.FAMILY: variables.cases,
    census.FAMILY: census.cases,
    several.FAMILY: several.cases,
    training.FAMILY: training.cases,
}
_CASES_PER_MODULE = 12


def modules(seed: int, families: Sequence[str] = ()) -> list[Written]:
    """Return all modules, or those of some families; numbers are the same either way.

    Args:
        seed: Chooses depths, places, scopes and values.
        families: Names; empty for all.
    """
    found, number = [], 0
    for family, cases in FAMILIES.items():
        made = cases(seed)
        labelled = [(f"{number + at:03d}", case) for at, case in enumerate(made, 1)]
        number += len(made)
        if families and family not in families:
            continue
        for part, few in enumerate(_batches(labelled)):
            found.append(write_module(family, f"{family.replace(' ', '_')}_{part}", few))
    return found


def write(directory: Path, seed: int, families: Sequence[str] = ()) -> tuple[Expected, ...]:
    """Write the modules into a directory and return what must be said about their wrong cases."""
    directory.mkdir(parents=True, exist_ok=True)
    written = modules(seed, families)
    for module in written:
        for name, source in module.files.items():
            (directory / name).write_text(source, "utf-8")
    return tuple(expected for module in written for expected in module.expected)


def _batches(cases: Sequence[tuple[str, Case]]) -> list[Sequence[tuple[str, Case]]]:
    return [cases[at : at + _CASES_PER_MODULE] for at in range(0, len(cases), _CASES_PER_MODULE)]
