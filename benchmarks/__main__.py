"""Measures the product beside the guide's code as a plain script, in one run on one machine.

Absolute times drift with the machine; what is held against a target is a ratio of two times taken
right after each other. Exits with 1 when a ratio is above its target.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCEPTION = ROOT / "examples" / "inception_resnet_v2" / "equivalence_inception_resnet_v2.py"
# The steps that the guide's script does, one for one.
GUIDE_STEPS = (
    "variables-once",
    "variable-inventory",
    "constant-weights",
    "random-inference",
    "random-training",
    "functional-training",
)
SMALL_CASE = """
import tensorflow as tf
from tf_equivalence import ArraySpec, EquivalenceCase


def dense(inputs):
    hidden = tf.compat.v1.layers.dense(inputs, 16, activation=tf.nn.relu, name="hidden")
    return tf.compat.v1.layers.dense(hidden, 4, name="output")


class Dense(tf.keras.layers.Layer):
    @tf.compat.v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return dense(inputs)


class TwoDenseLayers(EquivalenceCase):
    inputs = ArraySpec((8, 16))

    def tf1(self, inputs, training):
        return dense(inputs)

    def tf2(self):
        return Dense()
"""


@dataclass(frozen=True)
class Usage:
    """What a command took.

    Attributes:
        wall_s: Seconds.
        cpu_s: Seconds of user and system time, of all its processes.
        peak_mib: Largest resident set of any one of its processes, in MiB.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float


def measure(command: list[str], cwd: Path = ROOT, expected: int = 0) -> Usage:
    """Run a command and return what it took; it must exit with the expected code."""
    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=environ, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)  # counts the processes that it waited for, too
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != expected:
            output.seek(0)
            sys.exit(f"{' '.join(command)} exited with {process.returncode}:\n{output.read().decode(errors='replace')}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def product(*arguments: str) -> list[str]:
    """Return the command that runs the product."""
    return [sys.executable, "-P", "-m", "tf_equivalence", *arguments]


@dataclass(frozen=True)
class Row:
    """One figure against its target; the ratio must not be above it."""

    what: str
    ours: float
    theirs: float
    unit: str
    target: float

    @property
    def ratio(self) -> float:
        """Ours by theirs."""
        return self.ours / self.theirs

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        return self.ratio <= self.target

    def __str__(self) -> str:
        verdict = "ok" if self.holds else "MISSED"
        return (
            f"{self.what:<46} {self.ours:9.2f} {self.theirs:9.2f} {self.unit:<4} "
            f"ratio {self.ratio:5.2f}  target {self.target:4.2f}  {verdict}"
        )


def guide_rows() -> list[Row]:
    """Compare the four steps on Inception-ResNet-v2 with the guide's script."""
    steps = [argument for step in GUIDE_STEPS for argument in ("--step", step)]
    ours = measure(product("run", str(INCEPTION), "--case", "OnesInput", *steps))
    full = measure(product("run", str(INCEPTION), "--case", "OnesInput"))
    theirs = measure([sys.executable, str(ROOT / "benchmarks" / "guide_script.py")])
    wall_target = 0.25 if len(os.sched_getaffinity(0)) >= 4 else 0.45
    return [
        Row("guide's steps, wall", ours.wall_s, theirs.wall_s, "s", wall_target),
        Row("guide's steps, CPU", ours.cpu_s, theirs.cpu_s, "s", 0.6),
        Row("guide's steps, peak memory of a process", ours.peak_mib, theirs.peak_mib, "MiB", 1.0),
        # Twice the steps and more, gradients and training among them.
        Row("all steps, wall", full.wall_s, theirs.wall_s, "s", 2 * wall_target),
    ]


def small_rows() -> list[Row]:
    """Compare a case of two dense layers with a bare import of TensorFlow."""
    with tempfile.TemporaryDirectory() as directory:
        module = Path(directory) / "equivalence_dense.py"
        module.write_text(SMALL_CASE)
        command = product("run", str(module))
        bare = [sys.executable, "-c", "import tensorflow"]
        pairs = [(measure(command, module.parent), measure(bare)) for _ in range(3)]
    ours, theirs = min(pair[0].wall_s for pair in pairs), min(pair[1].wall_s for pair in pairs)
    return [Row("a case of two dense layers / import tensorflow", ours, theirs, "s", 3.0)]


def light_rows() -> list[Row]:
    """Hold `--help` and `list` against the 0.3 s that they may take."""
    rows = []
    for arguments in (("--help",), ("list", str(ROOT / "examples"))):
        best = min(measure(product(*arguments)).wall_s for _ in range(5))
        rows.append(Row(f"tf-equivalence {arguments[0]}", best, 0.3, "s", 1.0))
    return rows


GROUPS = {"light": light_rows, "small": small_rows, "guide": guide_rows}


def main() -> int:
    """Print one line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="which figures; all of them by default")
    parser.add_argument("--json-file", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    print(f"{'':<46} {'ours':>9} {'theirs':>9}")
    rows = []
    for group in arguments.groups or GROUPS:
        for row in GROUPS[group]():
            print(row, flush=True)
            rows.append(row)
    if arguments.json_file:
        figures = [{**vars(row), "ratio": row.ratio, "holds": row.holds} for row in rows]
        arguments.json_file.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
