"""The seeded bugs by the hundred: well made, the same for the same seed, and judged by what an annotation says."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tf_equivalence.result import CaseResult, Finding, Location, Outcome, StepResult

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.pinpoint import seeded, table  # noqa: E402
from benchmarks.pinpoint.__main__ import twin_problems  # noqa: E402
from benchmarks.pinpoint.generator import FAMILIES, modules, write  # noqa: E402
from benchmarks.pinpoint.model import Case, Culprit, Expected, Pointed, Setting  # noqa: E402
from benchmarks.pinpoint.runs import Judged  # noqa: E402
from benchmarks.pinpoint.score import names, same_value, score, states  # noqa: E402
from benchmarks.pinpoint.source import lines_of, render, write_module  # noqa: E402

MODULES = modules(0)
EXPECTED = [expected for module in MODULES for expected in module.expected]
SOURCES = {name: source for module in MODULES for name, source in module.files.items()}


def finding(line: int, message: str = "", **metrics: object) -> Finding:
    """Return a finding at a line of the module `equivalence_x.py`."""
    return Finding("operation-value", "", message, Location("equivalence_x.py", line), (), metrics)


def result(*findings: Finding) -> CaseResult:
    """Return a case of which named-weights diverged with these findings."""
    step = StepResult("named-weights", Outcome.DIVERGED, 1.0, "", findings[0].location, findings)
    return CaseResult("equivalence_x.py::Wrong1", "equivalence_x.py", 1, 1.0, (step,))


def expecting(*culprits: Culprit, lines: tuple[int, ...] = (7,)) -> Expected:
    """Return what to say of culprits at one line each."""
    pointed = [
        Pointed(culprit, "# BUG 1", frozenset([("equivalence_x.py", line)]))
        for culprit, line in zip(culprits, lines, strict=True)
    ]
    return Expected("Wrong1", "Right1", "equivalence_x.py", "layers", "test", "named-weights", tuple(pointed))


CONV = Culprit(("Conv2D",), ("conv/kernel",), Setting(("strides",), 1, 2))
STRIDES = {"differences": [{"name": "strides", "tf1": [1, 1, 1, 1], "tf2": [1, 2, 2, 1], "source": "attribute"}]}


def test_there_are_enough() -> None:
    """At least 300 cases are generated, of every family, no two with one name."""
    assert len(EXPECTED) >= 300
    assert {expected.family for expected in EXPECTED} == set(FAMILIES)
    assert len({expected.wrong for expected in EXPECTED}) == len(EXPECTED)


def test_same_seed_gives_the_same_modules() -> None:
    """Modules depend on the seed, and on nothing else."""
    assert modules(0) == MODULES
    assert modules(1) != MODULES


def test_family_is_the_same_alone(tmp_path: Path) -> None:
    """A family that is chosen has the cases that it has among all, and is what is written."""
    expected = write(tmp_path, 0, ["graphs"])
    assert list(expected) == [each for each in EXPECTED if each.family == "graphs"]
    written = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert written.items() <= SOURCES.items()


@pytest.mark.parametrize("name", SOURCES)
def test_module_compiles(name: str) -> None:
    """Every generated file is Python without a rest of its template."""
    ast.parse(SOURCES[name])
    assert not [mark for mark in ("<<", "||", ">>", "{case}", "{number}", "{a}", "{b}", "#~") if mark in SOURCES[name]]


def test_every_bug_has_its_lines() -> None:
    """Each culprit has lines that end in its marker, few enough to point at something, on the TF2 side alone."""
    for expected in EXPECTED:
        for pointed in expected.culprits:
            marked = [line for line in map(_line_at, pointed.lines) if line.endswith(f"  {pointed.marker}")]
            assert marked, expected
            assert len(pointed.lines) <= 12, expected
            culprit = pointed.culprit
            assert culprit.operations or culprit.variables or culprit.setting, expected


def _line_at(place: tuple[str, int]) -> str:
    return SOURCES[place[0]].splitlines()[place[1] - 1]


def test_wrong_form_differs_from_the_right_one() -> None:
    """No seeded bug is a bug in name only."""
    for module in MODULES:
        for expected in module.expected:
            number = expected.wrong.removeprefix("Wrong")
            right, wrong = (_of_form(module.files, f"{form}_{number}") for form in ("right", "wrong"))
            assert right != wrong or _members_differ(module.files, number), expected


@functools.lru_cache(maxsize=4)
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


def _of_form(files: Mapping[str, str], form: str) -> str:
    """Return what belongs to one form of a case, without its name."""
    own = [node for node in _parsed(next(iter(files.values()))).body if getattr(node, "name", "").endswith(form)]
    beside = [ast.parse(source) for name, source in files.items() if name.endswith(f"{form}.py")]
    return "\n".join(map(ast.unparse, (*own, *beside))).replace(form, "")


def _members_differ(files: Mapping[str, str], number: str) -> bool:
    """Tell whether the wrong case has a method, beside `tf2`, that is another one than the right one's."""
    classes = {getattr(node, "name", ""): node for node in _parsed(next(iter(files.values()))).body}
    right, wrong = (
        {method.name: ast.unparse(method) for method in classes[f"{form}{number}"].body if hasattr(method, "name")}  # type: ignore[attr-defined]
        for form in ("Right", "Wrong")
    )
    return any(right.get(name) != text for name, text in wrong.items() if name != "tf2")


def test_template_has_three_forms() -> None:
    """A place with two alternatives is right in one form and marked in the other, also where a line is gone."""
    template = "a = f_{case}(<<1||2>>)\n<<b = 3||>>\nc = 4"
    assert render(template, "right", "007") == "a = f_right_007(1)\nb = 3\nc = 4"
    assert render(template, "wrong", "007") == "a = f_wrong_007(2)  # BUG 007\nc = 4  # BUG 007"
    assert render("<<||x = 1>>\ny = 2  #~", "legacy", "007") == "y = 2"


def test_several_bugs_have_markers_of_their_own() -> None:
    """The second of two bugs is numbered."""
    wrong = render("a = <<1:1||2>>\nb = 0\nc = <<2:3||4>>", "wrong", "007", bugs=2)
    assert wrong == "a = 2  # BUG 007.1\nb = 0\nc = 4  # BUG 007.2"


def test_line_of_a_call_is_a_line_of_the_bug() -> None:
    """What is wrong in an argument on a line of its own may be pointed at where the call begins, and no further out."""
    assert lines_of("f(\n    g(\n        1,\n        2,  # BUG 1\n    ),\n    3,\n)\n", "# BUG 1") == [2, 3, 4, 5]


def test_files_beside_a_module_have_forms() -> None:
    """What lies beside a module is there for each form, and once where it is shared."""
    net = "def net_{case}(inputs, training):\n    return helper_{case}.f(shared_shared_{number}.g(inputs))"
    helper, shared = ("helper_{case}", "def f(x):\n    return <<x||-x>>"), ("shared_{case}", "def g(x):\n    return x")
    case = Case("f", "k", "None", net, net, "f_{case}", (Culprit(("Neg",)),), files=(helper,), shared=(shared,))
    written = write_module("f", "f", [("007", case)])
    assert list(written.files) == [
        "equivalence_f.py",
        "helper_legacy_007.py",
        "helper_right_007.py",
        "helper_wrong_007.py",
        "shared_shared_007.py",
    ]
    assert written.expected[0].culprits[0].lines == {("helper_wrong_007.py", 2)}


def test_hit_is_a_hit() -> None:
    """The first annotation is on the line, and names operation and setting."""
    hit = score(expecting(CONV), result(finding(7, "strides differ", tf2_operation="Conv2D", **STRIDES), finding(9)))
    assert (hit.diverged, hit.line, hit.name, hit.setting, hit.missed) == (True, True, True, True, [])


def test_miss_is_a_miss() -> None:
    """Another line, another operation and no setting are missed, and a step that passed is too."""
    missed = score(expecting(CONV), result(finding(8, "Conv2DBackpropInput of net/conv/kernel_1 differs")))
    assert missed.missed == ["line", "name", "setting"]
    later = score(expecting(CONV), result(finding(8), finding(7, "Conv2D", **STRIDES)))
    assert later.missed == ["line", "name", "setting"]
    passed = CaseResult("equivalence_x.py::Wrong1", "equivalence_x.py", 1, 1.0, ())
    assert "step" in score(expecting(CONV), passed).missed


def test_every_one_of_several_bugs_counts() -> None:
    """Of two bugs both must have an annotation on their line that names them."""
    relu = Culprit(("Relu",))
    both = expecting(CONV, relu, lines=(7, 9))
    first, second = finding(7, "Conv2D", **STRIDES), finding(9, "Relu")
    assert score(both, result(first, second)).missed == []
    assert score(both, result(second, first)).missed == []
    assert score(both, result(first)).missed == ["line", "name"]


def test_operations_and_variables_are_whole_words() -> None:
    """A version counts as the operation, a longer word does not."""
    assert names(Culprit(("FusedBatchNorm",)), finding(1, "FusedBatchNormV3 differs"))
    assert not names(Culprit(("Mul",)), finding(1, "MatMul differs"))
    assert not names(Culprit(("Conv2D",)), finding(1, "Conv2DBackpropInput differs"))
    assert names(Culprit(variables=("conv/bias",)), finding(1, "`net/conv/bias:0`"))
    assert names(Culprit(variables=("bn/",)), finding(1, tf2_variables=["net/bn/gamma"]))
    assert not names(Culprit(variables=("conv/bias",)), finding(1, "`net/conv/bias_1` or `net/myconv/bias`"))


@pytest.mark.parametrize(
    ("wanted", "told"),
    [(2, [1, 2, 2, 1]), (1, [1, 1]), (0.001, 0.0010000000475), ("same", "SAME"), (True, 1), ("[1, 2]", [1, 2])],
)
def test_spellings_of_a_setting_are_the_same(wanted: object, told: object) -> None:
    """What frameworks spell differently is one value."""
    assert same_value(wanted, told)


@pytest.mark.parametrize(
    ("wanted", "told"), [(2, [1, 3, 3, 1]), (1, [1, 2]), (0.001, 0.01), ("same", "valid"), (1, None)]
)
def test_other_values_are_not_the_same(wanted: object, told: object) -> None:
    """Another value is another value."""
    assert not same_value(wanted, told)


def test_setting_needs_both_values() -> None:
    """A setting is stated with its name and both values, in the figures or in words."""
    epsilon = Setting(("epsilon",), 0.001, 1e-5)
    assert states(epsilon, finding(1, "epsilon is 0.001 in TF1, 1e-05 in TF2"))
    assert not states(epsilon, finding(1, "epsilon is 0.001 in TF1"))
    assert not states(epsilon, finding(1, "momentum is 0.001 in TF1, 1e-05 in TF2"))
    assert states(Setting((), 0.5, 0.25), finding(1, "input 1 is 0.5 in TF1, 0.25 in TF2"))


def test_table_tells_what_is_below_its_target() -> None:
    """A share below its target is missed, and so is one of nothing."""
    good = score(expecting(CONV), result(finding(7, "Conv2D", **STRIDES)))
    bad = score(expecting(CONV), result(finding(8)))
    assert table.Tally([good]).missed_targets() == []
    assert [missed.split(":")[0] for missed in table.Tally([good, bad]).missed_targets()] == ["line", "name", "setting"]
    assert len(table.Tally([]).missed_targets()) == 4
    assert [row[0] for row in table.rows([good, bad])] == ["layers", "total", "target"]


def test_bugs_of_the_tests_are_a_family() -> None:
    """Each seeded bug of the tests is asked for once."""
    expected = seeded.expected()
    assert len(expected) == len({each.path for each in expected}) >= 40
    assert all("line" not in each.judged or each.culprits[0].lines for each in expected)


def test_right_twin_must_be_green_and_untraced() -> None:
    """A right twin that is red, was traced, or was not run at all is a problem."""
    expected = expecting(CONV)
    step = StepResult("named-weights", Outcome.PASSED, 1.0, "")
    green = CaseResult(expected.twin, "equivalence_x.py", 1, 1.0, (step,))
    assert twin_problems([expected], {expected.twin: Judged(green, traced=False)}) == []
    traced = twin_problems([expected], {expected.twin: Judged(green, traced=True)})
    red = twin_problems([expected], {expected.twin: Judged(result(finding(7)), traced=False)})
    assert [len(traced), len(red), len(twin_problems([expected], {}))] == [1, 1, 1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sample_meets_the_targets() -> None:
    """A sample of all families is pointed at well enough, and its right twins are green without a trace."""
    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "benchmarks.pinpoint", "--quick"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
