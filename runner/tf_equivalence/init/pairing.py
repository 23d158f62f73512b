"""Finds the TF2 side of a TF1 function, by who calls it, by names and by variable scopes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from tf_equivalence.init.candidates import Tf1Function, Tf2Class
from tf_equivalence.init.plan import model_name

_LIKE = 0.72  # of two names, by difflib, below which they are two models
_AFFIXES = re.compile(
    r"^(tf1|tf2|legacy|old|new|migrated|keras|my)+(?=\w{3})|(tf1|tf2|legacy|layer|model|module|keras|migrated|network)+$"
)


def rank_pairs(tf1: Tf1Function, classes: Sequence[Tf2Class]) -> tuple[Tf2Class, ...]:
    """Return the classes that may be the function's TF2 side, the likeliest first."""
    scored = [(_likeness(tf1, candidate), candidate) for candidate in classes]
    fitting = [(score, candidate) for score, candidate in scored if score >= _LIKE]
    fitting.sort(key=lambda pair: (-pair[0], pair[1].source.shown, pair[1].node.lineno))
    return tuple(candidate for _, candidate in fitting)


def _likeness(tf1: Tf1Function, candidate: Tf2Class) -> float:
    """Return how likely a class is the function's TF2 side, from 0; above `_LIKE` it may be."""
    names = [name for name in (model_name(tf1), tf1.scope) if name]
    likeness = max(_similar(name, candidate.name) for name in names)
    if tf1.symbol in candidate.calls and _knows(candidate, tf1):
        likeness += 1
    if tf1.scope and tf1.scope in candidate.strings:
        likeness += 0.3
    if candidate.source.path.parent == tf1.source.path.parent:
        likeness += 0.05
    return likeness


def _knows(candidate: Tf2Class, tf1: Tf1Function) -> bool:
    """Return whether the class's file defines the function or imports it."""
    last_words = {origin.split(".")[-1] for origin in candidate.source.names.imported.values()}
    return candidate.source.path == tf1.source.path or bool(last_words & {tf1.symbol, tf1.source.path.stem})


def _similar(first: str, second: str) -> float:
    one, other = _plain(first), _plain(second)
    if one == other:
        return 1.0
    # Numbers tell models of one family apart: resnet_v1_50 is not ResNetV2, nor ResNet101.
    if re.findall(r"\d+", one) != re.findall(r"\d+", other):
        return 0.0
    return difflib.SequenceMatcher(None, one, other).ratio()


def _plain(name: str) -> str:
    text = re.sub(r"[^a-z0-9]", "", name.lower())
    return _AFFIXES.sub("", text) or text
