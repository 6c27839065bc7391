"""Results as a table for people and as a file for programs."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from bench.dataplane.pairing import Result
from rich.table import Table


def table(results: Iterable[Result]) -> Table:
    drawn = Table(box=None)
    drawn.add_column("what", no_wrap=True)
    for heading in ("value", "baseline", "ratio", "spread"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        drawn.add_row(*cells(result))
    return drawn


def cells(result: Result) -> tuple[str, str, str, str, str]:
    least, greatest = result.spread
    return (
        result.name,
        f"{result.value:,g} {result.unit}",
        f"{result.baseline:,g}",
        f"{result.ratio:.2f}",
        f"{least:.2f} - {greatest:.2f}",
    )


def write(results: Sequence[Result], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


def read(path: Path) -> list[Result]:
    return msgspec.json.decode(path.read_bytes(), type=list[Result])
