"""Prints what the changelog says of a version, and refuses one that is not ready to be released.

release_notes.py VERSION
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class NotReadyError(Exception):
    """The version cannot be released; the message says why and what to do."""


def release_notes(version: str, project: str, changelog: str) -> str:
    """Return the changelog's section of a version, without its heading.

    Args:
        version: As `1.2.3`.
        project: Text of pyproject.toml.
        changelog: Text of CHANGELOG.md, in the format of Keep a Changelog.

    Raises:
        NotReadyError: The three do not agree, or there is nothing to tell.
    """
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise NotReadyError(f"{version!r} is not a version such as 1.2.3")
    stated = tomllib.loads(project)["project"]["version"]
    if stated != version:
        raise NotReadyError(f"pyproject.toml has version {stated}, not {version}; set it there first")
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n"
    found = re.search(rf"{heading}(.*?)(?=^## \[|^\[[^\]]+\]: |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise NotReadyError(f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD'; move what is unreleased there")
    notes = found[1].strip()
    if not notes:
        raise NotReadyError(f"CHANGELOG.md says nothing of {version}")
    return notes


def main(arguments: list[str]) -> int:
    """Print the notes; return the exit code."""
    if len(arguments) != 1:
        print("usage: release_notes.py VERSION", file=sys.stderr)
        return 2
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "CHANGELOG.md")]
    try:
        print(release_notes(arguments[0], *texts))
    except NotReadyError as error:
        print(f"release_notes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
