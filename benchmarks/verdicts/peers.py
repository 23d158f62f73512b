"""Gives arrays to other comparators: NumPy in this process, the others in the environment that has them.

Each gets the guide's tolerances, rtol 1e-6 and atol 1e-5, and its defaults otherwise. Composite outputs
are given as their components. NumPy compares by position, as the guide's code does; where the number of
arrays differs, that counts as caught. The others are given all arrays of a run at once, by name.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tf_equivalence.recording import write_arrays

Arrays = Mapping[str, npt.NDArray[Any]]
Pair = tuple[Arrays, Arrays]

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build" / "peers" / "bin" / "python"
SCRIPT = Path(__file__).with_name("peer_script.py")
RTOL, ATOL = 1e-6, 1e-5
NUMPY, POLYGRAPHY, TORCH = "assert_allclose", "Polygraphy", "torch"
PEERS = (NUMPY, POLYGRAPHY, TORCH)

# What a peer said of a pair: agreed, differed, or None where it was not asked or cannot say.
Verdict = bool | None


def ask_peers(pairs: Sequence[Pair]) -> dict[str, list[Verdict]]:
    """Return for each peer whether it takes each pair of runs for the same."""
    others = _ask_others(pairs)
    return {NUMPY: [_allclose(*pair) for pair in pairs], **others}


def missing_peers(answers: Mapping[str, Sequence[Verdict]]) -> list[str]:
    """Return the names of the peers that answered nothing at all."""
    return [peer for peer in PEERS if all(answer is None for answer in answers[peer])]


def _allclose(tf1: Arrays, tf2: Arrays) -> Verdict:
    if len(tf1) != len(tf2):
        return False
    for one, other in zip(tf1.values(), tf2.values(), strict=True):
        try:
            # The reference is the second: the tolerance is relative to it.
            np.testing.assert_allclose(other, one, rtol=RTOL, atol=ATOL)
        except (AssertionError, TypeError):  # text has no tolerance
            return False
    return True


def _ask_others(pairs: Sequence[Pair]) -> dict[str, list[Verdict]]:
    nothing: dict[str, list[Verdict]] = {peer: [None] * len(pairs) for peer in (POLYGRAPHY, TORCH)}
    if not PYTHON.exists() or not pairs:
        return nothing
    with tempfile.TemporaryDirectory(prefix="verdicts-") as scratch:
        for number, (tf1, tf2) in enumerate(pairs):
            for side, arrays in (("tf1", tf1), ("tf2", tf2)):
                names = np.array(list(arrays))
                values = {f"a{position}": array for position, array in enumerate(arrays.values())}
                write_arrays(scratch, f"{number}.{side}", {"names": names, **values})
        command = [str(PYTHON), "-P", str(SCRIPT), scratch, str(len(pairs)), str(RTOL), str(ATOL)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{SCRIPT.name} exited with {done.returncode}:\n{done.stderr[-2000:]}")
    answers: dict[str, list[Verdict]] = json.loads(done.stdout.splitlines()[-1])
    return {**nothing, **answers}
