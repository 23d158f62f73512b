"""Turns the templates of cases into modules, and finds the lines that they mark."""

from __future__ import annotations

import ast
import functools
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.pinpoint.model import Case, Expected, Pointed

_ALTERNATIVES = re.compile(r"<<(?:(\d):)?(.*?)\|\|(.*?)>>", re.DOTALL)
_SENTINEL = re.compile(r"\x01(\d)")
_MARKED = re.compile(r" *#~(\d?)$")

_HEADER = '''"""Seeded bugs of the family {family}, each with its right twin."""

import functools

import numpy as np
import tensorflow as tf
import tf_slim as slim
{imports}
from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Shimmed(tf.keras.layers.Layer):
    """Runs a TF1 function of inputs and training eagerly."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return self.function(inputs, bool(training))


class ShimmedLoop(Shimmed):
    """Makes its variables before any graph is built around it, in which a loop could not make them."""

    @v1.keras.utils.track_tf1_style_variables
    def build(self, shape):
        self.function(tf.zeros([1, *shape[1:]]), False)
'''

_CLASSES = """

class Right{number}(EquivalenceCase):
    inputs = {inputs}

    def tf1(self, inputs, training):
        return net_{legacy}(inputs, training)

    def tf2(self):
        return {right}
{right_members}

class Wrong{number}(Right{number}):
    def tf2(self):
        return {wrong}
{wrong_members}"""


@dataclass(frozen=True)
class Written:
    """One module with its cases.

    Attributes:
        files: File name to source, the case module first.
        expected: What must be said about each of its wrong cases.
    """

    files: Mapping[str, str]
    expected: tuple[Expected, ...]


def marker(number: str, bug: int, bugs: int) -> str:
    """Return the comment that ends the lines of a bug."""
    return f"# BUG {number}" if bugs == 1 else f"# BUG {number}.{bug}"


def render(template: str, form: str, number: str, bugs: int = 1) -> str:
    """Return the source of one form of a template.

    Args:
        template: See `Case`.
        form: `wrong`, or any other for the right one.
        number: The case's.
        bugs: How many it has.
    """
    template = template.replace("{case}", f"{form}_{number}").replace("{number}", number)
    if form != "wrong":
        right = "\n".join(_MARKED.sub("", line) for line in template.splitlines())
        return "\n".join(_without_gaps(_ALTERNATIVES.sub("\x01" + r"\2", right)))
    return "\n".join(_marked_lines(_ALTERNATIVES.sub(_wrong, template), number, bugs))


def _without_gaps(text: str) -> list[str]:
    """Leave out the lines of which an empty alternative is all there was."""
    kept = [line for line in text.splitlines() if "\x01" not in line or line.replace("\x01", "").strip()]
    return [line.replace("\x01", "").rstrip() for line in kept]


def _wrong(found: re.Match[str]) -> str:
    sentinel = f"\x01{found[1] or '1'}"
    return "\n".join(line + sentinel for line in found[3].split("\n"))


def _marked_lines(text: str, number: str, bugs: int) -> list[str]:
    """End the changed lines in their marker; where a line is gone, its neighbours."""
    lines: list[str] = []
    marks: list[int] = []
    gone = 0
    for raw in text.splitlines():
        told = _SENTINEL.search(raw)
        asked = _MARKED.search(raw)
        bug = int(told[1]) if told else int(asked[1] or 1) if asked else 0
        line = _MARKED.sub("", _SENTINEL.sub("", raw)).rstrip()
        if told and not line:
            gone = bug
            if marks and lines[-1].strip():
                marks[-1] = marks[-1] or bug
            continue
        if gone and line and not bug:
            bug = gone
        if line and not line.endswith(":"):  # behind a `with`, the first line in it is a neighbour too
            gone = 0
        lines.append(line)
        marks.append(bug)
    return [f"{line}  {marker(number, bug, bugs)}" if bug else line for line, bug in zip(lines, marks, strict=True)]


def lines_of(source: str, mark: str) -> list[int]:
    """Return the numbers of the lines that end in a marker, and of the innermost call each is in."""
    marked = [at for at, line in enumerate(source.splitlines(), 1) if line.endswith("  " + mark)]
    found: set[int] = set(marked)
    for line in marked:
        around = [(first, last) for first, last in _calls(source) if first <= line <= last]
        if around:
            first, last = min(around, key=lambda call: call[1] - call[0])
            found.update(range(first, last + 1))
    return sorted(found)


@functools.lru_cache(maxsize=4)
def _calls(source: str) -> list[tuple[int, int]]:
    """Return the first and the last line of every call."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [(node.lineno, node.end_lineno or node.lineno) for node in nodes]


def write_module(family: str, name: str, cases: Sequence[tuple[str, Case]]) -> Written:
    """Return the module `equivalence_{name}.py` with its cases, by their numbers, and what lies beside it."""
    beside: dict[str, str] = {}
    body, imports = "", []
    for number, case in cases:
        for file, text in case.files:
            for form in ("legacy", "right", "wrong"):
                module = file.replace("{case}", f"{form}_{number}")
                beside[f"{module}.py"] = render(text, form, number, len(case.culprits)) + "\n"
                imports.append(module)
        for file, text in case.shared:
            module = file.replace("{case}", f"shared_{number}")
            beside[f"{module}.py"] = render(text, "shared", number) + "\n"
            imports.append(module)
        body += _body(number, case)
    header = _HEADER.replace("{family}", family).replace("{imports}", "".join(f"import {m}\n" for m in sorted(imports)))
    path = f"equivalence_{name}.py"
    files = {path: header + body, **beside}
    return Written(files, tuple(_expected(path, files, number, case) for number, case in cases))


def _body(number: str, case: Case) -> str:
    bugs = len(case.culprits)
    sides = [render(case.legacy, "legacy", number)]
    sides += [render(case.migrated, form, number, bugs) for form in ("right", "wrong")]
    made = {form: case.make.replace("{case}", f"{form}_{number}") for form in ("right", "wrong")}
    made |= {f"{form}_members": _members(render(case.members, form, number, bugs)) for form in ("right", "wrong")}
    classes = _CLASSES.format(number=number, inputs=case.inputs, legacy=f"legacy_{number}", **made)
    return "".join(f"\n\n{side.strip()}\n" for side in sides) + classes


def _members(text: str) -> str:
    return f"\n{textwrap.indent(text.strip(), '    ')}\n" if text.strip() else ""


def _expected(path: str, files: Mapping[str, str], number: str, case: Case) -> Expected:
    culprits = []
    for bug, culprit in enumerate(case.culprits, 1):
        mark = marker(number, bug, len(case.culprits))
        holders = [(file, source) for file, source in files.items() if mark in source]
        lines = frozenset((file, line) for file, source in holders for line in lines_of(source, mark))
        culprits.append(Pointed(culprit, mark, lines))
    return Expected(f"Wrong{number}", f"Right{number}", path, case.family, case.kind, case.step, tuple(culprits))
