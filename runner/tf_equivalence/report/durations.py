"""Remembers how long each case's steps took, in a small file of the user's cache, to tell how long a run takes.

Nothing depends on the file: where it cannot be read or written, or holds something else, there is no record.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DISABLED = "TF_EQUIVALENCE_NO_CACHE"
PROCESSES = "*"  # among the steps, stands for what the processes of the case took together
_FORMAT = 1
_LARGEST = 2_000_000  # bytes that are read
_MOST_CASES = 3_000
_LONGEST = 7 * 24 * 3600.0  # seconds: more is no duration of ours

Recorded = dict[str, float]  # by step, seconds since the case's start; and seconds of its processes


@dataclass(frozen=True)
class Durations:
    """The records of one workspace.

    Attributes:
        path: The file; None where nothing is to be kept.
        root: The workspace's root, so that two checkouts do not mix.
    """

    path: Path | None
    root: str

    @classmethod
    def of_user(cls, environ: Mapping[str, str], root: Path) -> Durations:
        """Return the records in the user's cache; none where the environment forbids them or there is no home."""
        base = environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # a relative one is to be ignored, as the XDG specification has it
            home = environ.get("HOME", "")
            base = os.path.join(home, ".cache") if os.path.isabs(home) else ""
        disabled = environ.get(DISABLED, "") not in ("", "0")
        path = Path(base, "tf-equivalence", "durations.json") if base and not disabled else None
        return cls(path, str(root))

    def read(self) -> dict[str, Recorded]:
        """Return what is known by case id; nothing where there is no such file or it holds something else."""
        prefix = f"{self.root}\n"
        return {key.removeprefix(prefix): value for key, value in self._load().items() if key.startswith(prefix)}

    def add(self, cases: Mapping[str, Recorded]) -> None:
        """Put these cases in place of what was known of them; the oldest are forgotten where there are too many."""
        if self.path is None or not cases:
            return
        new = {f"{self.root}\n{case}": recorded for case, recorded in cases.items()}
        kept = {key: value for key, value in self._load().items() if key not in new}
        every = list({**kept, **new}.items())[-_MOST_CASES:]
        _replace(self.path, json.dumps({"format": _FORMAT, "cases": dict(every)}, allow_nan=False))

    def _load(self) -> dict[str, Recorded]:
        try:
            if self.path is None or not self.path.is_file() or self.path.stat().st_size > _LARGEST:
                return {}
            data = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        cases = data.get("cases") if isinstance(data, dict) and data.get("format") == _FORMAT else None
        return {key: value for key, value in cases.items() if _is_record(value)} if isinstance(cases, dict) else {}


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(seconds, int | float) and not isinstance(seconds, bool) and _is_duration(seconds)
        for seconds in value.values()
    )


def _is_duration(seconds: float) -> bool:
    return math.isfinite(seconds) and 0 <= seconds <= _LONGEST


def _replace(path: Path, text: str) -> None:
    """Write the file as a whole or not at all, beside others that do the same."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".durations-")
        with open(descriptor, "w", encoding="utf-8") as new:
            new.write(text)
    except (OSError, ValueError):
        return
    try:
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
