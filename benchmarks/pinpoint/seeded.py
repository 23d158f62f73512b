"""The seeded bugs of the tests as one more family."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from benchmarks.pinpoint.model import Culprit, Expected, Pointed, Setting
from benchmarks.product import ROOT

FAMILY = "seeded in tests"
DIRECTORY = ROOT / "tests" / "bugs"


def expected() -> tuple[Expected, ...]:
    """Return what must be said of each of them that has a line, an operation, an argument or a variable to name."""
    module = _expectations()
    by_bug: dict[str, list[object]] = {}
    for expectation in module.EXPECTATIONS:
        by_bug.setdefault(expectation.bug, []).append(expectation)
    return tuple(_expected(module, few[0]) for few in by_bug.values())


def _expected(module: ModuleType, one) -> Expected:  # type: ignore[no-untyped-def]  # a class of the tests
    path = (DIRECTORY / one.module).relative_to(ROOT).as_posix()
    lines = frozenset((path, line) for line in one.marked_lines())
    setting = Setting(one.arguments, None, None) if one.where is module.Where.ARGUMENT else None
    named = one.where in (module.Where.OPERATION, module.Where.VARIABLE)
    culprit = Culprit(one.operations if named else (), one.names if named else (), setting)
    judged = {"line"} if one.marker and lines else set()
    judged |= {"name"} if culprit.operations or culprit.variables else set()
    judged |= {"setting"} if setting is not None else set()
    return Expected(
        "Wrong", "Right", path, FAMILY, one.bug, one.step, (Pointed(culprit, module.MARKER, lines),), frozenset(judged)
    )


def _expectations() -> ModuleType:
    found = importlib.util.spec_from_file_location("tests_bugs_expectations", DIRECTORY / "expectations.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # its dataclasses look themselves up there
    found.loader.exec_module(module)
    return module
