"""Results as people read them, and the file that keeps them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from bench.handover.results import Result
from rich.table import Table

WIDTH = 190
"""Of the page that the table is made for."""
COLUMNS = {
    "what": "",
    "engine": "",
    "runs": "",
    "lost": "up + down, of both ends' counts",
    "copies": "duplicates",
    "overtaken": "packets that came after a later one / by how many ms at worst",
    "silence": "ms, median / worst",
    "first": "ms from link-up to the first packet, median / 99th percentile",
    "mos": "1 to 4.5",
    "lab": "ms: its wire's worst delay / a stream's worst lateness",
    "idle": "% of the processors",
    "holds": "what has to; what does not is below",
}


def row(result: Result) -> list[str]:
    """In the order of COLUMNS."""
    first = f"{result.first_packet_ms_median:g} / {result.first_packet_ms_p99:g}"
    return [
        result.name.replace("_before_", "-"),
        result.engine,
        str(result.runs),
        f"{result.lost_up} + {result.lost_down}",
        str(result.duplicates),
        f"{result.reordered} / {result.reordered_ms_max:g}",
        f"{result.silence_ms_median:g} / {result.silence_ms_max:g}",
        first if result.name.startswith("break") else "",
        f"{result.mos:g}",
        f"{result.wire_worst_added_ms:g} / {result.sender_late_ms:g}",
        f"{result.idle_percent:g}",
        "no" if result.broken else "yes",
    ]


def line(result: Result) -> str:
    """One, as soon as it is there."""
    words = (f"{name} {value}" for name, value in zip(COLUMNS, row(result), strict=True) if value)
    return ", ".join((*words, *result.broken)).removeprefix("what ")


def table(results: Sequence[Result]) -> Table:
    made = Table()
    for name in COLUMNS:
        made.add_column(name, justify="left" if name in {"what", "engine"} else "right", no_wrap=True)
    for result in results:
        made.add_row(*row(result))
    return made


def notes(results: Sequence[Result]) -> Iterator[str]:
    """What the columns mean, and where packets were dropped."""
    yield "; ".join(f"{name}: {meaning}" for name, meaning in COLUMNS.items() if meaning)
    told = set()
    for result in results:
        if result.broken:
            yield f"{result.name} {result.engine}: {'; '.join(result.broken)}"
        if result.lost and result.name.startswith("make"):
            times = "; ".join(f"{way}: {', '.join(map(str, ms))}" for way, ms in result.lost_at_ms.items() if ms)
            yield f"  lost packets had left so many ms after the change began: {times}"
        kind, _, delay, _ = result.name.split(".")
        counted = {"drops": result.drops, "the laboratory's own": result.lab_drops}
        for what, drops in counted.items():
            text = f"{kind}.{delay} {result.engine}, {what}: {words(drops)}"
            if drops and text not in told:
                told.add(text)
                yield text
        if result.lost_by_bench:
            yield f"{result.name} {result.engine}: {result.lost_by_bench} lost by the bench's own sockets, not counted"


def words(drops: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in drops.items())


def write(results: Sequence[Result], file: Path) -> None:
    """In place of what is there of the same names and engines; the others stay, whatever fields they have."""
    kept = msgspec.json.decode(file.read_bytes(), type=list[dict[str, Any]]) if file.exists() else []
    named = {(each["name"], each["engine"]): each for each in (*kept, *map(msgspec.structs.asdict, results))}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(list(named.values())), indent=2) + b"\n")
