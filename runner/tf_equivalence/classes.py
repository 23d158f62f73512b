"""Which classes of a user module are cases, found without importing anything.

What a class derives from is followed through imports to files beside the module, in its package and
from the workspace's root.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tf_equivalence.modules import Base, Binding, Class, Import, Module, UnreadableError, read_module

_BASES = ("EquivalenceCase", "EstimatorCase")
_REQUIRED = ("inputs", "tf1", "tf2")
_INSTEAD = {"features": "inputs", "model_fn": "tf1"}  # the members of an `EstimatorCase` that stand for required ones


class Kind(NamedTuple):
    """What a base turns out to be.

    Attributes:
        case: Whether it is an `EquivalenceCase`, by all that can be known.
        known: Whether all of its bases could be found.
        members: What it and its bases define beyond `EquivalenceCase`.
        abstract: Abstract members that nothing has defined yet.
        abc: Whether it is `abc.ABC` itself.
    """

    case: bool = False
    known: bool = True
    members: frozenset[str] = frozenset()
    abstract: frozenset[str] = frozenset()
    abc: bool = False


ROOT = Kind(case=True)
_OTHER = Kind()
_UNKNOWN = Kind(known=False)


class Resolver:
    """Finds out what classes derive from, across the modules of a workspace."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._modules: dict[Path, Module | UnreadableError] = {}
        self._busy: set[tuple[Path, object]] = set()
        self._classes: dict[Class, Kind] = {}
        # By identity: equal bindings in different places are rare, and hashing them is not cheap.
        self._bases: dict[tuple[Path, tuple[int, ...], tuple[str, ...]], Kind] = {}

    def read(self, path: Path) -> Module:
        """Return the module at `path`, parsed once.

        Raises:
            UnreadableError: It cannot be read, decoded or parsed.
        """
        real = Path(os.path.realpath(path))
        if real not in self._modules:
            try:
                self._modules[real] = read_module(path)
            except UnreadableError as error:
                self._modules[real] = error
        found = self._modules[real]
        if isinstance(found, UnreadableError):
            raise found
        return found

    def of_class(self, module: Module, found: Class) -> Kind:
        """Return what a class is, its own body included."""
        if found not in self._classes:
            self._classes[found] = _OTHER  # for a class that derives from itself by way of imports
            self._classes[found] = self._combine(module, found)
        return self._classes[found]

    def _combine(self, module: Module, found: Class) -> Kind:
        bases = [self.of_base(module, base) for base in found.bases]
        members = found.members.union(*(base.members for base in bases))
        inherited = frozenset[str]().union(*(base.abstract for base in bases))
        case = any(base.case for base in bases) or any(
            not kind.known and not kind.case and _looks_like_case(base, found)
            for base, kind in zip(found.bases, bases, strict=True)
        )
        return Kind(
            case, all(base.known for base in bases), members, found.abstract_members | (inherited - found.members)
        )

    def of_base(self, module: Module, base: Base) -> Kind:
        """Return what a base is; the likeliest where it depends on a branch."""
        if not base.bindings:
            return _OTHER  # a builtin, a function or nothing at all
        key = (module.path, tuple(map(id, base.bindings)), base.attributes)
        if key not in self._bases:
            kinds = [self._of_binding(module, binding, base.attributes) for binding in base.bindings]
            self._bases[key] = max(kinds, key=lambda kind: (kind.case, not kind.known, kind.abc))
        return self._bases[key]

    def _of_binding(self, module: Module, binding: Binding, attributes: tuple[str, ...]) -> Kind:
        if isinstance(binding, Class):
            return self.of_class(module, binding) if not attributes else _OTHER
        if isinstance(binding, Base):
            return self.of_base(module, Base(binding.name, binding.bindings, binding.attributes + attributes))
        key = (module.path, (binding, attributes))
        if key in self._busy:
            return _UNKNOWN
        self._busy.add(key)
        try:
            return self._of_import(module, binding, binding.attributes + attributes)
        finally:
            self._busy.discard(key)

    def _of_import(self, module: Module, origin: Import, attributes: tuple[str, ...]) -> Kind:
        top = origin.module.split(".")[0]
        if not origin.level and top == "tf_equivalence":
            return ROOT if attributes[-1:] and attributes[-1] in _BASES else _OTHER
        if not origin.level and top in sys.stdlib_module_names:
            return Kind(abc=True) if top == "abc" and attributes[-1:] == ("ABC",) else _OTHER
        dotted = origin.module
        while attributes:
            path = self._find(module.path, dotted, origin.level)
            if path is not None and not os.path.samefile(path, module.path):
                try:
                    target = self.read(path)
                except UnreadableError:
                    return _UNKNOWN
                bindings = target.look_up(attributes[0])
                if bindings:
                    return self.of_base(target, Base(attributes[0], bindings, attributes[1:]))
            dotted, attributes = f"{dotted}.{attributes[0]}".strip("."), attributes[1:]
        return _UNKNOWN

    def _find(self, importer: Path, dotted: str, level: int) -> Path | None:
        """Return the file of a module as imported from the file `importer`."""
        directory = importer.parent
        if level:
            for _ in range(level - 1):
                directory = directory.parent
            roots = [directory]
        else:
            package = directory
            while (package / "__init__.py").is_file() and package != package.parent:
                package = package.parent
            roots = list(dict.fromkeys((directory, package, self._workspace)))
        parts = dotted.split(".") if dotted else []
        for root in roots:
            target = root.joinpath(*parts)
            for path in (target / "__init__.py", target.with_suffix(".py") if parts else target / "__init__.py"):
                if path.is_file():
                    return path
        return None


def _looks_like_case(base: Base, found: Class) -> bool:
    """Return whether a class with a base that cannot be found is to be taken for a case."""
    last = base.name.split(".")[-1]
    return bool(found.members.intersection((*_REQUIRED, "model_fn"))) or (last.endswith("Case") and last != "TestCase")


def read_cases(module: Module, resolver: Resolver) -> tuple[list[Class], tuple[int, str] | None]:
    """Return the cases of a module, and the line and message of what is wrong with it, if anything."""
    if module.empty:
        return [], (1, "is empty; define a subclass of tf_equivalence.EquivalenceCase in it")
    reasons = {found: _why_no_case(module, found, resolver) for found in module.classes}
    cases = {found.name: found for found in reversed(module.classes) if not reasons[found]}
    clashes = []
    for first, second in _find_clashes(module.classes):
        if not reasons[first] or not reasons[second]:
            cases.pop(first.name, None)
            clashes.append((first, second))
    if clashes:
        text = "; ".join(f"{first.name} in lines {first.line} and {second.line}" for first, second in clashes)
        message = f"defines two classes of one name: {text}. Python keeps the last one only; rename one"
        return list(cases.values()), (clashes[0][1].line, message)
    if cases:
        return list(cases.values()), None
    seen = [f"class {found.name} in line {found.line} {reason}" for found, reason in reasons.items()]
    seen += [f"class {name} in line {line} is inside a function or class" for name, line in module.hidden]
    seen += [f"{name} is imported, not defined here" for name in _imported_cases(module, resolver)]
    detail = "; ".join(seen) or "it has no class at all"
    return [], (1, f"defines no EquivalenceCase: {detail}. Define a subclass of tf_equivalence.EquivalenceCase in it")


def _find_clashes(classes: Sequence[Class]) -> Iterator[tuple[Class, Class]]:
    """Yield classes of one name of which the second replaces the first, once for each name."""
    seen: dict[str, list[Class]] = {}
    clashed = set()
    for second in classes:
        for first in seen.setdefault(second.name, []):
            if not first.excludes(second) and second.name not in clashed:
                clashed.add(second.name)
                yield first, second
        seen[second.name].append(second)


def _why_no_case(module: Module, found: Class, resolver: Resolver) -> str:
    """Return why a class is not a concrete case, to follow its name; empty where it is one."""
    kind = resolver.of_class(module, found)
    if not found.bases:
        return "has no base class"
    if not kind.case:
        return f"derives from {', '.join(base.name for base in found.bases)}, which is no EquivalenceCase"
    if found.name.startswith("_"):
        return "is abstract by the underscore in its name"
    if found.has_abstract_metaclass or any(resolver.of_base(module, base).abc for base in found.bases):
        return "is abstract by its base ABC"
    if kind.abstract:
        return f"is abstract: nothing defines {', '.join(sorted(kind.abstract))}"
    given = kind.members | {_INSTEAD[name] for name in kind.members & _INSTEAD.keys()}
    missing = [name for name in _REQUIRED if name not in given]
    heirs = [heir.name for heir in module.classes if any(found in base.bindings for base in heir.bases)]
    if missing and kind.known and heirs:
        return f"is the base of {heirs[0]} and lacks {', '.join(missing)}"
    return ""


def _imported_cases(module: Module, resolver: Resolver) -> list[str]:
    return [
        name
        for name, bindings in module.bindings.items()
        if any(isinstance(binding, Import) for binding in bindings)
        and (kind := resolver.of_base(module, Base(name, bindings))).case
        and kind is not ROOT
    ]
