"""Measures the comparator beside NumPy's and Polygraphy's: `python -m benchmarks.compare`.

All read the same two recordings, from the page cache to the verdict, one after the other in one
run, on one core each. Bytes are those of both sides. The arrays are nearly equal: within the bound,
and not bitwise. Polygraphy is measured where scripts/install_peers has put it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tf_equivalence.judge.outputs import judge_run
from tf_equivalence.recording import Leaf, RunRecord, read_arrays, write_arrays

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "build/peers/bin/python"
MIB = 1 << 20
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

_TIMER = """
import sys, time, resource
import numpy as np
folder, repeats = sys.argv[1], int(sys.argv[2])
def best(judge):
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        judge()
        seconds.append(time.perf_counter() - began)
    print(min(seconds), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
def load(side):
    with np.load(f"{folder}/{side}.npz", allow_pickle=False) as archive:
        return archive["x"]
"""
_OURS = "from benchmarks.compare import judge\nbest(lambda: judge(folder, {tolerance!r}))"
_NUMPY = "best(lambda: np.testing.assert_allclose(load('tf2'), load('tf1'), rtol=1e-6, atol=1e-5))"
_POLYGRAPHY = """
from polygraphy.comparator import CompareFunc, IterationResult
from polygraphy.logger import G_LOGGER
G_LOGGER.module_severity = G_LOGGER.CRITICAL
compare = CompareFunc.simple(rtol=1e-6, atol=1e-5)
def judge():
    found = compare(IterationResult({"x": load("tf2")}), IterationResult({"x": load("tf1")}))
    assert all(found.values())
best(judge)
"""


def judge(folder: str, tolerance: str) -> None:
    """Read two recordings of one float32 output `x` and compare them in full; raise where they differ."""
    sides = [read_arrays(folder, side) for side in ("tf1", "tf2")]
    record = RunRecord("benchmark", (Leaf("x", "tensor", "float32", sides[0]["x"].shape, ("x",)),))
    found = judge_run(record, sides[0], [], record, sides[1], tolerance, tf2_names=str)
    if found.findings or found.compared != 1:
        raise AssertionError(found.findings)


def measure(name: str, code: str, folder: Path, repeats: int, python: Path) -> tuple[float, float]:
    """Return the best seconds and the peak resident MiB of a process of its own."""
    run = [str(python), "-c", _TIMER + code, str(folder), str(repeats)]
    env = os.environ | ONE_CORE | {"PYTHONPATH": f"{ROOT}:{ROOT / 'runner'}"}
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, env=env, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak) / 1024


def write_nearly_equal(folder: Path, elements: int) -> None:
    """Write two recordings of normal float32 numbers, of which every fourth differs by one unit in the last place."""
    tf1 = np.random.default_rng(0).standard_normal(elements, np.float32)
    tf2 = tf1.copy()
    tf2[::4] = np.nextafter(tf2[::4], np.float32(np.inf))
    write_arrays(str(folder), "tf1", {"x": tf1})
    write_arrays(str(folder), "tf2", {"x": tf2})


def write_large(folder: Path, elements: int) -> None:
    """Write two recordings of zeros, one file under two names, without holding them in memory."""
    write_arrays(str(folder), "tf1", {"x": np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (elements,), (0,))})
    os.link(folder / "tf1.npz", folder / "tf2.npz")


def limited(code: str, folder: Path, limit: int) -> bool:
    """Return whether the code ends well in a process that may have `limit` bytes of anonymous memory."""

    def limit_memory() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    env = os.environ | ONE_CORE | {"PYTHONPATH": f"{ROOT}:{ROOT / 'runner'}"}
    run = [sys.executable, "-c", _TIMER + code, str(folder), "1"]
    return not subprocess.run(
        run, capture_output=True, cwd=ROOT, env=env, check=False, preexec_fn=limit_memory
    ).returncode


def main() -> None:
    """Print one table of times and memory, then what an array of several GB needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=256, help="size of one side")
    parser.add_argument("--large-mib", type=int, default=3072, help="size of one side of the large array; 0 for none")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    ours = {tolerance: _OURS.format(tolerance=tolerance) for tolerance in ("measured", "guide")}
    rows = [(f"this comparator, {tolerance}", code, Path(sys.executable)) for tolerance, code in ours.items()]
    rows.append(("numpy assert_allclose", _NUMPY, Path(sys.executable)))
    if PEERS.exists():
        rows.append(("polygraphy", _POLYGRAPHY, PEERS))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_nearly_equal(folder, options.mib * MIB // 4)
        print(
            f"{options.mib} MiB of float32 a side, from the page cache; bytes of both sides; best of {options.repeats}"
        )
        print(f"{'':28}{'seconds':>9}{'GB/s':>8}{'ratio':>8}{'peak MiB':>10}")
        first = 0.0
        for name, code, python in rows:
            seconds, peak = measure(name, code, folder, options.repeats, python)
            first = first or seconds
            speed = 2 * options.mib * MIB / seconds / 1e9
            print(f"{name:28}{seconds:9.3f}{speed:8.2f}{seconds / first:8.1f}{peak:10.0f}")
    if not PEERS.exists():
        print("polygraphy was left out: run scripts/install_peers")
    if options.large_mib:
        with tempfile.TemporaryDirectory() as scratch:
            write_large(Path(scratch), options.large_mib * MIB // 4)
            limit = 512 * MIB
            for name, code in ((rows[0][0], ours["measured"]), ("numpy assert_allclose", _NUMPY)):
                outcome = "ends" if limited(code, Path(scratch), limit) else "fails"
                print(f"{options.large_mib} MiB a side, {limit // MIB} MiB of memory of its own: {name} {outcome}")


if __name__ == "__main__":
    main()
