"""Measures what handovers cost a voice call (50 packets/s) and a fast stream (5,000/s), both ways; as root.

Our own daemons on both engines, and in the same laboratory Debian's wireguard-go and OpenVPN.

python -m bench.handover                                   all of it, two hours: bench/results/handover.json
python -m bench.handover --only make_before_break.fa-fa    the parts that begin so; --list says the names
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.dataplane.ending import end_at_sigterm
from bench.dataplane.errors import BenchError
from bench.handover.combinations import RUNS, everything
from bench.handover.measure import measure
from bench.handover.report import WIDTH, line, notes, table, write
from bench.handover.results import Result
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mobileip.lab.errors import LabError

RESULTS = Path(__file__).resolve().parents[1] / "results" / "handover.json"
QUICK_RUNS = 3


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.handover", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--only", action="append", default=[], metavar="NAME", help="what begins so; may be repeated")
    made.add_argument("--runs", type=int, metavar="N", help=f"handovers of each name ({RUNS} by ms of delay)")
    made.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} of each: does all of it work?")
    made.add_argument("--output", type=Path, metavar="FILE", help="where results go, beside those that are there")
    made.add_argument("--list", action="store_true", help="say the names and end")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    parts = [part for part in everything() if not options.only or part.name.startswith(tuple(options.only))]
    if options.list:
        print(*(part.name for part in parts), sep="\n")
        return 0
    if not parts:
        print("nothing to measure: --list says the names", file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("a laboratory needs root", file=sys.stderr)
        return 2
    output = options.output or (None if options.quick else RESULTS)
    console, failed = Console(width=max(WIDTH, Console().width)), False
    runs = {part: options.runs or (QUICK_RUNS if options.quick else RUNS[part.delay_ms]) for part in parts}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("/"),
        TimeRemainingColumn(),
    )
    found: list[Result] = []
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("handovers", total=sum(runs[part] * len(part.names) for part in parts))
        for part in parts:
            try:
                results = measure(part, runs[part], lambda: bar.advance(task), is_alone=not options.quick)
            except (BenchError, LabError) as error:
                failed = True
                bar.console.print(f"[red]{part.name}[/]: {error}", highlight=False)
                continue
            found += results
            for result in results:
                bar.console.print(line(result), highlight=False)
            if output is not None:
                write(found, output)
    console.print(table(found))
    for text in notes(found):
        console.print(text, highlight=False)
    return 1 if failed else 0


if __name__ == "__main__":
    end_at_sigterm()
    sys.exit(main())
