"""Reads what the options of `init` say: inputs, and where the two sides are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tf_equivalence.errors import UsageError
from tf_equivalence.init.imports import find_installed
from tf_equivalence.init.shapes import Spec
from tf_equivalence.init.sources import Source, read_source
from tf_equivalence.modules import UnreadableError
from tf_equivalence.sources import suggest

_DTYPES = (
    "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128"
).split()
_INPUT = re.compile(r"(?:(?P<name>[^=]+)=)?\(?(?P<shape>[\d,x\s]*)\)?(?::(?P<dtype>\w+))?")
_TARGET = re.compile(r"(?P<module>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*(\.[A-Za-z_]\w*)?)")


def read_inputs(texts: Sequence[str]) -> dict[str, Spec]:
    """Return shapes and dtypes by name; under the empty name that of an input without one.

    Raises:
        UsageError: A text is not `[NAME=]SHAPE[:DTYPE]`.
    """
    found: dict[str, Spec] = {}
    for text in texts:
        parts = _INPUT.fullmatch(text.strip())
        if parts is None:
            raise UsageError(
                f"--input: must be SHAPE, SHAPE:DTYPE or NAME=SHAPE:DTYPE, such as 2,28,28,1 or ids=2,16:int32, "
                f"got {text!r}"
            )
        dtype = parts["dtype"] or "float32"
        if dtype not in _DTYPES:
            raise UsageError(
                f"--input: {text!r} has no known dtype{suggest(dtype, _DTYPES)} (dtypes: {', '.join(_DTYPES)})"
            )
        name = (parts["name"] or "").strip()
        if name in found:
            which = f"{name!r} is" if name else "two without a name are"
            raise UsageError(f"--input: {which} given twice; write NAME=SHAPE, each name once")
        found[name] = Spec(tuple(int(size) for size in re.findall(r"\d+", parts["shape"])), dtype)
    return found


def read_target(
    option: str, text: str, sources: Sequence[Source], folders: Sequence[Path], workspace: Path
) -> tuple[Source, str, str]:
    """Return the file that `package.module:name` is in, the module and the name.

    Args:
        option: For messages.
        text: As given.
        sources: The files of the repository.
        folders: Folders that modules are imported from.
        workspace: What paths are shown relative to.

    Raises:
        UsageError: It is not of this form, or there is no such module.
    """
    parts = _TARGET.fullmatch(text.strip())
    if parts is None:
        raise UsageError(f"{option}: must be package.module:name, such as nets.lenet:lenet, got {text!r}")
    module = parts["module"]
    path = _find_module(module, sources, folders)
    if path is None:
        stems = [source.path.stem for source in sources]
        hint = suggest(module.split(".")[-1], stems)
        raise UsageError(f"{option}: there is no module {module!r} in the repository, nor one installed{hint}")
    known = next((source for source in sources if source.path == path), None)
    try:
        return known or read_source(path, workspace), module, parts["name"]
    except UnreadableError as error:
        raise UsageError(f"{option}: {path}:{error.line}: {error.message}") from None


def _find_module(module: str, sources: Sequence[Source], folders: Sequence[Path]) -> Path | None:
    relative = Path(*module.split("."))
    for folder in folders:
        for file in (folder / relative.with_suffix(".py"), folder / relative / "__init__.py"):
            if file.is_file():
                return file
    tail = relative.with_suffix(".py").parts
    fitting = [source.path for source in sources if source.path.parts[-len(tail) :] == tail]
    return fitting[0] if len(fitting) == 1 else find_installed(module)
