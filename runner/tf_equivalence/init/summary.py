"""Says what `init` wrote, what in it is guessed, what will not run yet, and what to do next."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tf_equivalence.discover import show_path
from tf_equivalence.init.candidates import Tf1Function
from tf_equivalence.init.case_text import marked_lines
from tf_equivalence.init.plan import Plan
from tf_equivalence.init.sources import Repository
from tf_equivalence.init.write import NewFile
from tf_equivalence.report.escape import clean

MOST = 8  # lines of one kind


@dataclass(frozen=True)
class Remarks:
    """What the user should know beside what was written.

    Attributes:
        troubles: Lines that will not run, each with its remedy.
        unreadable: Files that could not be parsed.
        others: The first of the TF1 functions that were found too, and their modules.
        count: How many were.
    """

    troubles: tuple[str, ...]
    unreadable: tuple[str, ...]
    others: tuple[tuple[Tf1Function, str], ...]
    count: int


def program() -> str:
    """Return how the user calls this command."""
    called = sys.argv[0] if sys.argv else ""
    if Path(called).name != "tf-equivalence":
        return "tf-equivalence" if shutil.which("tf-equivalence") else "python -m tf_equivalence"
    found = shutil.which("tf-equivalence")
    path = Path(called).absolute()
    if found and Path(found).absolute() == path:
        return "tf-equivalence"
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def say_written(
    console: Console,
    plan: Plan,
    files: Sequence[NewFile],
    remarks: Remarks,
    run: Sequence[str],
    workspace: Path,
) -> None:
    """Say it all."""
    _say(console, f"TF1  {plan.tf1.name}, {plan.tf1.place}")
    if plan.tf2 is not None:
        _say(console, f"TF2  {plan.tf2.name}, {plan.tf2.place}")
    elif plan.layer:
        _say(console, f"TF2  none found, so {plan.layer} was written: it runs {plan.tf1.name} as it is, under TF2")
    else:
        _say(console, "TF2  none found; the case says where to put it")
    _title(console, "Written")
    shown = [show_path(file.path, workspace) for file in files]
    width = max(map(len, shown))
    for path, file in zip(shown, files, strict=True):
        _say(console, f"  {path:{width}}  {file.what}")
    marked = marked_lines(files[0].text)
    if marked:
        _title(console, "Please check these lines")
    for line, code, comment in marked:
        _say(console, f"  {shown[0]}:{line}  {code}")
        _say(console, f"      {comment}", style="dim")
    _list(console, "Will not run on today's TensorFlow", remarks.troubles)
    _list(console, "Not read", remarks.unreadable)
    others = [f"{program()} init --tf1 {module}:{other.name}" for other, module in remarks.others]
    _list(console, "Other TF1 functions, each with its own case", others, remarks.count)
    _title(console, "Next")
    _say(console, f"  {program()} {shlex.join(run)}", style="bold")


def say_nothing_found(console: Console, repository: Repository) -> None:
    """Say that there is no TF1 code, and how to name some."""
    files = "1 Python file" if repository.read == 1 else f"{repository.read} Python files"
    _say(console, f"Found no function that builds a TF1 graph in {files}.")
    _list(console, "Not read", repository.unreadable)
    _title(console, "Name it")
    _say(console, f"  {program()} init --tf1 package.module:function --tf2 package.module:Class", style="bold")


def _title(console: Console, text: str) -> None:
    console.print(Text(f"\n{text}", style="bold cyan"))


def _say(console: Console, text: str, style: str = "") -> None:
    # Names of files may hold anything; `Text` is no markup, and what is left is one clean line.
    console.print(Text(clean(text).replace("\n", " "), style=style))


def _list(console: Console, title: str, lines: Sequence[str], count: int | None = None) -> None:
    """Show the first lines of a list, and how many more there are of `count`, by default of those given."""
    if not lines:
        return
    _title(console, title)
    for line in lines[:MOST]:
        _say(console, f"  {line}")
    more = (count or len(lines)) - min(len(lines), MOST)
    if more:
        _say(console, f"  and {more} more")
