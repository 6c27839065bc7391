"""Measures forwarding without and with tunnels; as root, about forty minutes.

python -m bench.dataplane                             all of it: bench/results/dataplane.json, the chart in docs/
python -m bench.dataplane --only tcp.ipip --runs 7    a part of it: shown, and written where --output says
python -m bench.dataplane --list                      the names
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.dataplane import chart, report
from bench.dataplane.catalogue import AnyEntry, chosen, everything
from bench.dataplane.ending import end_at_sigterm
from bench.dataplane.errors import BenchError
from bench.dataplane.helper import ROOT
from bench.dataplane.measure import Plan, measure
from bench.dataplane.pairing import Result
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

RESULTS = ROOT / "bench" / "results" / "dataplane.json"
WIDTH = 96
"""Of the table, at least: where the output is no terminal too."""
BUSY = 0.5
"""Load average of a machine that has something else to do."""
CHART = ROOT / "docs" / "explanation" / "performance.svg"


def parser() -> argparse.ArgumentParser:
    default = Plan()
    made = argparse.ArgumentParser(prog="python -m bench.dataplane", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--only", action="append", default=[], metavar="NAME", help="what begins so; may be repeated")
    made.add_argument("--runs", type=int, default=default.runs, metavar="N", help=f"pairs of each ({default.runs})")
    made.add_argument(
        "--seconds", type=int, default=default.tcp_seconds, help=f"of a TCP stream ({default.tcp_seconds})"
    )
    made.add_argument("--quick", action="store_true", help="one short pair of each: does all of it work?")
    made.add_argument("--output", type=Path, metavar="FILE", help="where the results are written")
    made.add_argument("--list", action="store_true", help="say the names and end")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    entries = chosen(everything(), options.only)
    if options.list:
        print(*(name for entry in entries for name in entry.names), sep="\n")
        return 0
    if not entries or options.runs < 1:
        print("nothing to measure: --list says the names", file=sys.stderr)
        return 2
    plan = Plan().quick if options.quick else Plan(runs=options.runs, tcp_seconds=options.seconds)
    results, errors = run(entries, plan)
    is_whole = not options.only and not options.quick and not errors
    output = options.output or (RESULTS if is_whole else None)
    if output is not None:
        report.write(results, output)
    if output == RESULTS:
        CHART.write_text(chart.draw(results), encoding="utf-8")
    return 1 if errors else 0


def run(entries: Sequence[AnyEntry], plan: Plan) -> tuple[list[Result], list[BenchError]]:
    """Measures all of these, with a bar that moves and a table in the end."""
    results: list[Result] = []
    errors: list[BenchError] = []
    console = Console(width=max(WIDTH, Console().width))
    load = os.getloadavg()[0]
    if load > BUSY:
        console.print(f"This machine is at work (load {load:.1f}): the figures will be low and their spread wide.")
    columns = (
        TextColumn("measuring"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("/"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("measuring", total=plan.runs * sum(entry.pairs for entry in entries))
        for entry, found in zip(entries, measure(entries, plan, lambda: bar.advance(task)), strict=True):
            if isinstance(found, BenchError):
                errors.append(found)
                bar.console.print(f"[red]{entry.subject}[/]: {found}", highlight=False)
                continue
            results += found
            for result in found:
                name, value, baseline, ratio, _ = report.cells(result)
                bar.console.print(f"{name}: {value} against {baseline}: {ratio}", highlight=False)
    console.print(report.table(results))
    return results, errors


if __name__ == "__main__":
    end_at_sigterm()
    sys.exit(main())
