"""Compares what a workflow's step did with what it should have: check_step.py NAME EXPECTED.

Reads OUTCOME, the step's outcome, and OUTPUTS, its outputs as JSON, from the environment, where no
shell takes them for code. EXPECTED is a JSON object: for `outcome`, and each output by its name, a
regular expression that has to match all of it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping


def find_problems(expected: Mapping[str, str], outcome: str, outputs: Mapping[str, str]) -> list[str]:
    """Return what is not as expected, one message each; an output that is not expected is one too."""
    actual = {"outcome": outcome, **outputs}
    problems = [f"{name}: not expected, is {actual[name]!r}" for name in actual.keys() - expected.keys()]
    for name, pattern in expected.items():
        value = actual.get(name)
        if value is None:
            problems.append(f"{name}: missing, should match {pattern!r}")
        elif not re.fullmatch(pattern, value):
            problems.append(f"{name}: {value!r} does not match {pattern!r}")
    return sorted(problems)


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Print what is wrong as errors of the workflow; return the exit code."""
    name, expected = arguments
    problems = find_problems(json.loads(expected), environ["OUTCOME"], json.loads(environ["OUTPUTS"]))
    for problem in problems:
        # A line break or a percent sign would end or change the command.
        text = problem.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::error::{name}: {text}")
    print(f"{name}: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))
