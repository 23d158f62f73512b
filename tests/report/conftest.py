"""One result that holds everything a report may have to show, golden files, and a reader of GitHub's commands."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tf_equivalence.result import CaseResult, Difference, Finding, Location, Outcome, Power, RunResult, StepResult

_GOLDEN = Path(__file__).parent / "golden"

# Terminal codes, half a surrogate pair, a character XML forbids, and the markup of every format.
HOSTILE = (
    "::error file=x::pwned ##[error]pwned | `tick` ``two`` <script>alert(1)</script> </details> ]]> "
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil\x07link\x1b]8;;\x07 \ufffe \udc80 %0A% @octocat #1 [bold]markup[/bold] "
    "$x$ \x00\x08\x9b31m"
)
HOSTILE_LINES = (
    f"first line\r\n::error::{HOSTILE}\n  ::warning::indented\r##[error]after a carriage return\n```\n</pre>"
)

_STEM_STACK = (
    "nets/stem.py:31 in call: self.scale = tf.Variable(tf.ones([depth]), name='scale')",
    "nets/equivalence_stem.py:22 in tf2: return Stem(64)",
    "(library frames folded: 3 tf_keras, 14 tensorflow)",
)


def _passed() -> CaseResult:
    steps = (
        StepResult("variables-once", Outcome.PASSED, 0.1, "4 calls created nothing after the first"),
        StepResult("variable-inventory", Outcome.PASSED, 0.2, "908 variables agree"),
        StepResult(
            "constant-weights",
            Outcome.PASSED,
            0.00000012,
            "2 outputs agree",
            power=Power(12, 9, ("nothing depends on input `mask`", "ReLU by tanh")),
            notes=("compared 2 outputs and 290 regularization losses",),
        ),
        StepResult(
            "named-weights",
            Outcome.PASSED,
            2.0,
            "2 outputs agree",
            power=Power(12, 12),
            difference=Difference(4.1e-8, 3.3e-7),
        ),
        StepResult("random-training", Outcome.SKIPPED, 0.0, "skipped by the case: draws from NumPy"),
    )
    return CaseResult("nets/equivalence_good.py::GoodNet", "nets/equivalence_good.py", 9, 3.25, steps)


def _created(name: str, phase: str) -> Finding:
    message = (
        f"The {phase} created variable {name} (float32, [64]), which the first call had created already. "
        "Create it once in __init__ and keep it on self."
    )
    return Finding("variable-created", name, message, Location("nets/stem.py", 31), _STEM_STACK)


def _numeric() -> Finding:
    metrics = {
        "shape": [2, 1000],
        "dtype": "float32",
        "mismatched": 1998,
        "mismatched_percent": 99.9,
        "worst_absolute": {"difference": 0.0123456789, "index": [0, 17], "tf1": 0.5, "tf2": 0.5123456789},
        "worst_relative": {"difference": float("inf"), "index": [1, 3], "tf1": 0.0, "tf2": 1e-12},
        "samples": [0.1, float("nan"), float("-inf")],
        "bound": {"rtol": 1e-6, "atol": 1e-5, "from": "the preset `guide`"},
        "ill_conditioned": False,
    }
    message = (
        "Output `logits` differs in 1998 of 2000 elements (99.9 %). Worst absolute difference 0.0123 at [0, 17]: "
        "TF1 0.5, TF2 0.5123. Allowed there: 1.05e-05. Compare the batch-norm epsilon of both sides."
    )
    return Finding("values", "logits", message, Location("nets/stem.py", 31), (), metrics)


def _inventory(count: int) -> tuple[Finding, ...]:
    findings = [
        Finding(
            "variable-missing",
            f"stem/conv_{index}/weights",
            f"TF1 has variable stem/conv_{index}/weights, TF2 does not; the nearest name there is conv_{index}/kernel.",
            Location("nets/blocks.py", 100 + index),
        )
        for index in range(count)
    ]
    diff = "Trainable flags differ:\n- stem/bn/gamma  trainable\n+ stem/bn/gamma  not trainable"
    unlocated = Finding("flag-differs", "stem/bn/gamma", diff)
    outside = Finding(
        "variable-dtype",
        "stem/head",
        "float32 in TF1, float64 in TF2.",
        Location("/opt/shared nets/head.py", 7),
    )
    diff = "\n".join(
        ["--- TF1", "+++ TF2", *(f"-stem/conv_{index}/weights (3, 3) float32" for index in range(count * 3))]
    )
    first = dataclasses.replace(findings[0], metrics={"diff": diff})
    return (first, *findings[1:], unlocated, outside)


def _diverged() -> CaseResult:
    once = (_created("stem/scale", "second call"), _created("stem/scale_1", "call under tf.function"))
    inventory = _inventory(11)
    steps = (
        StepResult("variables-once", Outcome.DIVERGED, 1.0, "later calls created 2 variables", once[0].location, once),
        StepResult(
            "variable-inventory",
            Outcome.DIVERGED,
            0.3,
            f"{len(inventory)} differences between the variables",
            inventory[0].location,
            inventory,
            notes=("regularization losses were not compared: the variables differ",),
        ),
        StepResult("constant-weights", Outcome.DIVERGED, 75.0, "1 of 2 outputs differs", None, (_numeric(),)),
    )
    return CaseResult("nets/equivalence_stem.py::Stem", "nets/equivalence_stem.py", 15, 76.4, steps, "building\ndone\n")


def _error() -> CaseResult:
    message = "nets/equivalence_typo.py cannot be imported: SyntaxError: expected ':' (line 4). Correct that line."
    place = Location("./nets/equivalence_typo.py", 4)
    finding = Finding("load", "", message, place, ("nets/equivalence_typo.py:4 in <module>: class Typo",))
    step = StepResult("load", Outcome.ERROR, 0.05, message, place, (finding,))
    return CaseResult("nets/equivalence_typo.py", "nets/equivalence_typo.py", 4, 0.05, (step,))


def _hostile() -> CaseResult:
    path = "nets/a,b:c%/equivalence_<x>|y.py"
    finding = Finding(
        f"kind-{HOSTILE}",
        HOSTILE_LINES,
        HOSTILE_LINES,
        Location(path, 3),
        (HOSTILE_LINES,),
        {HOSTILE: {HOSTILE: [HOSTILE_LINES]}},
    )
    steps = (
        StepResult("named-weights", Outcome.DIVERGED, 0.1, HOSTILE_LINES, Location(path, 3), (finding,)),
        StepResult(f"step-{HOSTILE}", Outcome.PASSED, 0.1, HOSTILE, notes=(HOSTILE_LINES,)),
        StepResult("random-training", Outcome.SKIPPED, 0.0, HOSTILE_LINES, power=Power(1, 0, (HOSTILE,))),
    )
    return CaseResult(f"{path}::{HOSTILE}", path, 2, 0.3, steps, HOSTILE_LINES)


@pytest.fixture
def hostile_text() -> str:
    """Return text that does harm in every format."""
    return HOSTILE_LINES


@pytest.fixture
def full_result() -> RunResult:
    """Return a run with a passed, a diverged, a broken and a hostile case."""
    environment = {"tensorflow": "2.23.0.dev20261026", "python": "3.11.2", "reference": "graph"}
    return RunResult((_passed(), _diverged(), _error(), _hostile()), 83.46, environment)


@pytest.fixture
def ordinary_result() -> RunResult:
    """Return a run with a passed, a diverged and a broken case and nothing hostile."""
    return RunResult((_passed(), _diverged(), _error()), 83.46, {"tensorflow": "2.23.0.dev20261026"})


@pytest.fixture
def passed_result() -> RunResult:
    """Return a run in which nothing failed."""
    return RunResult((_passed(),), 3.9, {"tensorflow": "2.23.0.dev20261026", "python": "3.11.2", "reference": "graph"})


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares text with a golden file, or rewrites the file."""

    def compare(name: str, text: str) -> None:
        path = _GOLDEN / name
        if request.config.getoption("--regenerate-golden"):
            path.write_bytes(text.encode())
        assert path.read_bytes().decode() == text, f"{name} changed; rerun with --regenerate-golden and review the diff"

    return compare


# Some of the commands the runner knows; others pass for text.
KNOWN = ("error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "set-output", "stop-commands")


@dataclass
class Command:
    """A command that the runner would obey."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


def _read_log(text: str) -> list[Command]:
    """Return the commands in a log; lines end at newline, carriage return, or both."""
    found = (_read_line(line) for line in re.split("\r\n|\r|\n", text))
    return [command for command in found if command]


def _read_line(line: str) -> Command | None:
    return _read_new(line.lstrip()) or _read_old(line)


def _read_new(line: str) -> Command | None:
    """Read `::name key=value,key=value::data`, at the start of a line only."""
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, properties = line[2:end].partition(" ")
    if name not in KNOWN:
        return None
    pairs = (part.split("=", 1) for part in properties.strip().split(",") if part)
    return Command(name, _unescape(line[end + 2 :]), {p[0]: _unescape(p[1], True) for p in pairs if len(p) == 2})


def _read_old(line: str) -> Command | None:
    """Read `##[name key=value;key=value]data`, anywhere in a line."""
    match = re.search(r"##\[([^\] ]+)([^\]]*)\](.*)", line)
    return Command(match[1], match[3]) if match and match[1] in KNOWN else None


def _unescape(text: str, is_property: bool = False) -> str:
    for escaped, plain in (("%0D", "\r"), ("%0A", "\n"), *((("%3A", ":"), ("%2C", ",")) if is_property else ())):
        text = text.replace(escaped, plain)
    return text.replace("%25", "%")


@pytest.fixture(scope="session")
def read_log() -> Callable[[str], list[Command]]:
    """Return a function that reads a log as the runner of GitHub Actions does: which commands would it obey?"""
    return _read_log
