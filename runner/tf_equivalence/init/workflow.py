"""The workflow file that runs the cases on every pull request: the short form of examples/workflow.yml.

What both forms have in common is held equal by a test, so that one renewal of a pinned action renews both.
"""

from __future__ import annotations

ACTION = "org/tf-equivalence-action@v1"
PATH = ".github/workflows/equivalence.yml"

_TEXT = """\
# Runs the cases `equivalence_*.py` on every pull request. To block a merge that changes numbers, make
# the check `equivalence` required: in the repository's settings, under Rules.
name: Equivalence

on:
  pull_request:
  push:
    branches: [main]

# No job may do more than it says below.
permissions: {{}}

concurrency:
  # A new push makes the check of the one before pointless, but for the main branch's.
  group: equivalence-${{{{ github.event.pull_request.number || github.run_id }}}}
  cancel-in-progress: true

jobs:
  equivalence:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    permissions:
      contents: read # for the checkout; annotations and summary need nothing
    steps:
      - uses: actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3
        with:
          persist-credentials: false
      - uses: {action}
        with:
{requirements}\
          junit-file: reports/equivalence.xml
          json-file: reports/equivalence.json
      - name: Keep the reports
        if: always() # those of a failure above all
        uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with:
          name: equivalence
          path: reports/
"""


def workflow_text(requirements: str) -> str:
    """Return the workflow.

    Args:
        requirements: The requirements file to install, relative to the repository; empty for none.
    """
    line = f"          requirements: {requirements}\n" if requirements else ""
    return _TEXT.format(action=ACTION, requirements=line)
