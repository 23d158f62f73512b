"""Prints what wrongly passes and what wrongly fails, here and in other comparators.

Exits with 1 when one of ours does. The other comparators run in the environment that
`scripts/install_peers` makes; without it their columns say so.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "runner"))  # the product of this checkout, installed or not

from benchmarks.verdicts import false_alarms, false_passes  # noqa: E402
from benchmarks.verdicts.table import render  # noqa: E402


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts", description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", choices=["false-passes", "false-alarms", []], help="both by default")
    parser.add_argument("--quick", action="store_true", help="a sample, in less than two minutes")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--tolerance", choices=["measured", "guide"], default="measured", help="of our judge")
    parser.add_argument("--rtol", type=float, help="of our judge, with --atol: to see that the tables can be red")
    parser.add_argument("--atol", type=float, help="see --rtol")
    parser.add_argument("--jobs", type=int, help="processes at a time")
    arguments = parser.parse_args()
    if (arguments.rtol is None) != (arguments.atol is None):
        parser.error("--rtol and --atol go together")
    return arguments


def main() -> int:
    """Print the tables that were asked for."""
    arguments = _parse()
    preset, options = false_passes.tolerance_of(arguments.rtol, arguments.atol, arguments.tolerance)
    options += ["--jobs", str(arguments.jobs)] if arguments.jobs else []
    wrong = 0
    for name in arguments.tables or ("false-passes", "false-alarms"):
        table: false_passes.Table | false_alarms.Table
        if name == "false-passes":
            table = false_passes.false_passes(quick=arguments.quick, options=options, tolerance=preset)
        else:
            table = false_alarms.false_alarms(quick=arguments.quick, options=options)
        rows = [*(row.cells() for row in table.rows), table.totals()]
        print(f"\n{name.replace('-', ' ').capitalize()}\n", flush=True)
        print(render(table.header, rows, markdown=arguments.markdown))
        if isinstance(table, false_alarms.Table):
            for row in table.rows:
                for alarm in row.alarms:
                    print(f"\nFALSE ALARM {row.name}: {alarm}")
        print(f"\n{table.ours} {name.replace('-', ' ')} of ours in {table.seconds:.0f} s", flush=True)
        wrong += table.ours or not table.rows
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
