"""Renews the pinned nightly builds: each the newest that every supported Python can install.

Changes pyproject.toml and locks/cpu.in; `make lock` has to follow.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
# Where each nightly is pinned.
PINS = {
    "tf-nightly": "pyproject.toml",
    "tf-keras-nightly": "pyproject.toml",
    "tf-nightly-cpu": "locks/cpu.in",
}
PYTHONS = ("3.11", "3.12", "3.13")

# From a name, a Python version and the newest version allowed (None: any) to the newest that can be installed.
FindNewest = Callable[[str, str, Version | None], Version]


class RenewalError(Exception):
    """The pins cannot be renewed; the message says why."""


def find_common(name: str, find: FindNewest) -> Version:
    """Return the newest version that can be installed with every Python.

    A nightly often lacks the wheel of one Python. So what one of them cannot have, all are denied,
    until they agree.
    """
    bound: Version | None = None
    while True:
        found = {find(name, python, bound) for python in PYTHONS}
        if len(found) == 1:
            return found.pop()
        bound = min(found)


def find_with_uv(name: str, python: str, bound: Version | None) -> Version:
    """Ask the index for the newest version with a wheel for Linux; see `FindNewest`."""
    uv = ROOT / ".venv" / "bin" / "uv"
    command = [str(uv) if uv.exists() else "uv", "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate"]
    command += ["--no-deps", "--no-build", "--prerelease=allow", "--python-version", python]
    command += ["--python-platform", "x86_64-unknown-linux-gnu"]
    answer = subprocess.run(
        command, input=f"{name}<={bound}\n" if bound else f"{name}\n", capture_output=True, text=True, check=False
    )
    line = re.search(rf"^{re.escape(name)}==(\S+)", answer.stdout, re.MULTILINE)
    if answer.returncode or line is None:
        raise RenewalError(f"no {name} for Python {python}: {answer.stderr.strip() or answer.stdout.strip()}")
    return Version(line[1])


def pinned(name: str, text: str) -> Version:
    """Return the version that a file pins.

    Raises:
        RenewalError: The file does not pin the name, or more than once.
    """
    found = re.findall(_pin(name), text, re.MULTILINE)
    if len(found) != 1:
        raise RenewalError(f"{PINS[name]} has {len(found)} pins of {name} instead of one")
    return Version(found[0][1])


def renew(name: str, version: Version, text: str) -> str:
    """Return the text of a file with the name's pin at a version, or as it is where that would be a step back."""
    if version <= pinned(name, text):
        return text
    return re.sub(_pin(name), rf"\g<1>{version}", text, flags=re.MULTILINE)


def _pin(name: str) -> str:
    return rf'^(\s*"?{re.escape(name)}==)([\w.]+)'


def main(find: FindNewest = find_with_uv, root: Path = ROOT) -> int:
    """Renew all pins, and print what changed; return the exit code."""
    try:
        newest = {name: find_common(name, find) for name in PINS}
        for name, version in newest.items():
            path = root / PINS[name]
            text = path.read_text(encoding="utf-8")
            renewed = renew(name, version, text)
            if renewed != text:
                print(f"{name}: {pinned(name, text)} → {version}")
                path.write_text(renewed, encoding="utf-8")
    except RenewalError as error:
        print(f"renew_nightly: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
