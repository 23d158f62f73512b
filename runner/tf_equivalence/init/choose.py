"""Chooses the TF1 function and its TF2 side: as the options say, as the user says, or the likeliest."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.errors import UsageError
from tf_equivalence.init.ask import Asker
from tf_equivalence.init.candidates import Tf1Function, Tf2Class, is_method, tf1_function, tf1_method, tf2_class
from tf_equivalence.init.given import read_target
from tf_equivalence.init.pairing import rank_pairs
from tf_equivalence.init.sources import Source
from tf_equivalence.settings import Settings
from tf_equivalence.sources import suggest


@dataclass(frozen=True)
class Chosen:
    """What was chosen.

    Attributes:
        tf1: The TF1 function.
        tf1_module: The module that was named for it; or empty.
        tf2: The TF2 side; None for none yet.
        tf2_module: The module that was named for it; or empty.
        layer: Whether to write a first layer, as there is no TF2 side.
    """

    tf1: Tf1Function
    tf1_module: str
    tf2: Tf2Class | None
    tf2_module: str
    layer: bool


def choose(
    settings: Settings,
    sources: Sequence[Source],
    functions: Sequence[Tf1Function],
    classes: Sequence[Tf2Class],
    folders: Sequence[Path],
    asker: Asker,
) -> Chosen:
    """Choose both sides.

    Args:
        settings: What was named.
        sources: The files of the repository.
        functions: The TF1 functions found, the likeliest first.
        classes: The TF2 classes found.
        folders: Folders that modules are imported from.
        asker: Whom to ask.

    Raises:
        UsageError: What was named is not there.
    """
    tf1_module = tf2_module = ""
    if settings.tf1:
        source, tf1_module, name = read_target("--tf1", settings.tf1, sources, folders, settings.workspace)
        tf1 = _function(source, name)
    else:
        answers = [f"{function.name:24} {function.place}" for function in functions]
        tf1 = functions[asker.choose("Which TF1 function builds the model?", answers)]
    if settings.tf2:
        source, tf2_module, name = read_target("--tf2", settings.tf2, sources, folders, settings.workspace)
        return Chosen(tf1, tf1_module, tf2_class(source, _class(source, name)), tf2_module, layer=False)
    fitting = rank_pairs(tf1, classes) if not settings.layer else ()
    none = "none yet: write a first layer around the TF1 function"
    if settings.layer is False:
        none = "none yet"
    answers = [*(f"{candidate.name:24} {candidate.place}" for candidate in fitting), none]
    index = asker.choose(f"Which is the TF2 side of {tf1.name}?", answers) if fitting else 0
    tf2 = fitting[index] if index < len(fitting) else None
    return Chosen(tf1, tf1_module, tf2, "", layer=tf2 is None and settings.layer is not False)


def _function(source: Source, name: str) -> Tf1Function:
    """Return the function or `Class.method` of this name; of a class alone, `__call__`."""
    first, _, method = name.partition(".")
    owner = source.classes.get(first)
    methods = {node.name: node for node in owner.body if is_method(node)} if owner else {}
    if owner is not None and (method or "__call__") in methods:
        return tf1_method(source, owner, methods[method or "__call__"])
    if owner is not None:
        public = [known for known in methods if not known.startswith("_")]
        raise UsageError(
            f"--tf1: {source.shown} has no {first}.{method or '__call__'}; name the method that builds the graph, "
            f"as in {first}.{(public or ['build'])[0]}"
        )
    if name not in source.functions:
        origin = source.names.imported.get(name)
        hint = f"; it comes from {origin}" if origin else suggest(name, source.functions)
        raise UsageError(f"--tf1: {source.shown} defines no function {name!r}{hint}")
    return tf1_function(source, source.functions[name])


def _class(source: Source, name: str) -> ast.ClassDef | ast.FunctionDef:
    found = source.classes.get(name) or source.functions.get(name)
    if found is None:
        origin = source.names.imported.get(name)
        hint = f"; it comes from {origin}" if origin else suggest(name, (*source.classes, *source.functions))
        raise UsageError(f"--tf2: {source.shown} defines no class {name!r}{hint}")
    return found
