"""Check that exactly one TensorFlow is installed and that it is the one the lock pins.

Two distributions of TensorFlow write the same files, so the one installed last wins silently.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

DISTRIBUTIONS = ("tf-nightly", "tf-nightly-cpu", "tensorflow", "tensorflow-cpu")


def main(lock: str) -> str:
    """Return what is wrong, or nothing.

    Args:
        lock: Path of a requirements file with pinned versions.
    """
    names = {re.sub(r"[-_.]+", "-", found.name).lower(): found.version for found in metadata.distributions()}
    installed = {name: names[name] for name in DISTRIBUTIONS if name in names}
    pinned = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", Path(lock).read_text(encoding="utf-8"), re.MULTILINE))
    expected = {name: pinned[name] for name in DISTRIBUTIONS if name in pinned}
    if len(installed) == 1 and installed == expected:
        return ""
    return f"TensorFlow in {sys.prefix}: found {installed or 'none'}, expected {expected}; try: make clean test"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or None)
