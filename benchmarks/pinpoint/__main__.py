"""Prints how often the product points at the line, the operation and the setting of a seeded bug.

Exits with 1 when a target is missed, or a right twin is red or was traced.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "runner"))  # the product of this checkout, installed or not

from benchmarks.pinpoint import seeded, table  # noqa: E402
from benchmarks.pinpoint.generator import FAMILIES, write  # noqa: E402
from benchmarks.pinpoint.model import Expected  # noqa: E402
from benchmarks.pinpoint.runs import Judged, Runs, run_judged  # noqa: E402
from benchmarks.pinpoint.score import Score, annotated_places, score  # noqa: E402
from benchmarks.verdicts.table import render  # noqa: E402
from tf_equivalence.result import Outcome  # noqa: E402

_QUICK, _QUICK_TWINS, _TWINS = 40, 4, 40


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pinpoint", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"a sample of {_QUICK}, in less than 90 seconds")
    parser.add_argument("--family", action="append", choices=[*FAMILIES, seeded.FAMILY], help="may be repeated")
    parser.add_argument("--case", action="append", default=[], help="a class name such as Wrong017; may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="chooses depths, places, scopes and values; 0 by default")
    parser.add_argument("--keep", type=Path, help="directory in which the generated modules are left")
    parser.add_argument("--all-twins", action="store_true", help=f"run every right twin instead of {_TWINS}")
    parser.add_argument("--jobs", type=int, help="processes at a time")
    parser.add_argument("--verbose", action="store_true", help="print what was said of every case, hit or missed")
    return parser.parse_args()


def main() -> int:
    """Print the table and each miss."""
    arguments = _parse()
    with tempfile.TemporaryDirectory(prefix="pinpoint-") as temporary:
        directory = (arguments.keep or Path(temporary)).resolve()
        wrong, twins = _chosen(arguments, write(directory, arguments.seed, arguments.family or ()))
        # Known changes tell what a green would have caught, which is not the question here.
        options = ["--probes", "0", *(["--jobs", str(arguments.jobs)] if arguments.jobs else [])]
        ran = [_run(directory, wrong, twins, options)]
        theirs = [expected for expected in wrong if expected.family == seeded.FAMILY]
        if theirs:
            ran.append(_run(ROOT, theirs, [], options, (seeded.DIRECTORY,)))
    cases = {case_id: judged for run in ran for case_id, judged in run.cases.items()}
    seconds = sum(run.seconds for run in ran)
    scores = [score(expected, cases[expected.id].result) for expected in wrong if expected.id in cases]
    problems = [f"{e.id} was not run" for e in wrong if e.id not in cases]
    problems += twin_problems(twins, cases)
    problems += table.Tally(scores).missed_targets()
    print(render(table.HEADER, table.rows(scores), markdown=False))
    _print_cases(scores, everything=arguments.verbose)
    traced = sum(cases[expected.id].traced for expected in wrong if expected.id in cases)
    green = sum(cases[expected.twin].traced for expected in twins if expected.twin in cases)
    if scores and not traced:
        problems.append("no second pass was seen, so nothing is known of where there should be none")
    print(f"\nA second pass was made for {traced} of {len(scores)} bugs, and for {green} of {len(twins)} right twins.")
    print(f"{len(scores)} bugs and {len(twins)} right twins in {seconds:.0f} s")
    for problem in problems:
        print(f"MISSED {problem}")
    return 1 if problems or not scores else 0


def _chosen(arguments: argparse.Namespace, made: tuple[Expected, ...]) -> tuple[list[Expected], list[Expected]]:
    """Return the wrong cases to run, and those of which the right twin is run too."""
    wrong = [*made]
    if not arguments.family or seeded.FAMILY in arguments.family:
        wrong += seeded.expected()
    if arguments.case:
        wrong = [expected for expected in wrong if expected.wrong in arguments.case]
    if arguments.quick:
        wrong = _spread(wrong, _QUICK)
    generated = [expected for expected in wrong if expected.family != seeded.FAMILY]
    wanted = len(generated) if arguments.all_twins else _QUICK_TWINS if arguments.quick else _TWINS
    return wrong, _spread(generated, wanted)


def _spread(items: Sequence[Expected], count: int) -> list[Expected]:
    """Return so many at even distances."""
    if len(items) <= count:
        return list(items)
    return [items[at * len(items) // count] for at in range(count)]


def _run(
    workspace: Path,
    wrong: Sequence[Expected],
    twins: Sequence[Expected],
    options: Sequence[str],
    paths: Sequence[Path] = (),
) -> Runs:
    """Run the wrong cases and the twins that are below the workspace, or below some paths in it."""
    own = [expected for expected in wrong if paths or expected.family != seeded.FAMILY]
    if not own:
        return Runs({}, 0.0)
    # Class names of generated cases are unique; those of the tests are not, their modules are.
    names = [f"{expected.path}::{expected.wrong}" for expected in own] + [expected.twin for expected in twins]
    return run_judged(paths or (workspace,), names, options, workspace)


def twin_problems(twins: Sequence[Expected], cases: dict[str, Judged]) -> list[str]:
    """Return what is wrong about right twins: red, traced although they are green, or not run."""
    found = []
    for expected in twins:
        judged = cases.get(expected.twin)
        if judged is None:
            found.append(f"{expected.twin} was not run")
            continue
        if judged.result.outcome is not Outcome.PASSED:
            places = annotated_places(judged.result)
            bad = [step for step in judged.result.steps if step.outcome in (Outcome.DIVERGED, Outcome.ERROR)]
            said = "; ".join(f"{step.id} {step.outcome}: {step.message[:300]}" for step in bad)
            found.append(f"{expected.twin} ({expected.kind}) is {judged.result.outcome} at {places[:1]}: {said}")
        if judged.traced:
            found.append(f"{expected.twin} ({expected.kind}) was traced although it is right")
    return found


def _print_cases(scores: Sequence[Score], *, everything: bool) -> None:
    for one in scores:
        if one.missed or everything:
            expected = one.expected
            missed = f"MISS {', '.join(one.missed)}" if one.missed else "hit"
            print(f"\n{missed}: {expected.path}::{expected.wrong} ({expected.family}: {expected.kind})")
            print(f"  expected {_wanted(expected)}")
            print(f"  got      {one.got}")


def _wanted(expected: Expected) -> str:
    told = []
    for pointed in expected.culprits:
        culprit, lines = pointed.culprit, sorted(pointed.lines)
        words = [" or ".join(f"{path}:{line}" for path, line in lines[:4])]
        words += [" or ".join((*culprit.operations, *culprit.variables))]
        if culprit.setting is not None:
            setting = culprit.setting
            words.append(f"{' or '.join(setting.names) or 'constant'} {setting.tf1} in TF1, {setting.tf2} in TF2")
        told.append("; ".join(filter(None, words)))
    return f"{expected.step} diverged at {' and '.join(told)}"


if __name__ == "__main__":
    sys.exit(main())
