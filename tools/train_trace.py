#!/usr/bin/env python3
"""The coverage that a train sees for ten minutes, as steps for the simulator: src/mobileip/sim/scenarios/train.csv.

    tools/train_trace.py            write it
    tools/train_trace.py --check    does the file say what this program says? exit code 1 if not

It is synthetic: nothing of it was measured. What it assumes stands in `Assumed`, and is written into the file; the seed
decides the rest. A train with three radios passes three kinds of cells along its line:

    trackside   ||  ||  ||  ||      ||  ||  ||        small cells in equipped stretches, one network each
    lte1        |--------||---------||--------|       large cells, a foreign agent for each
    lte2         |-------||--------||---------|       another operator: no agents, an address by DHCP
    tunnels          ##        ##         ##          nothing at all

One radio is in one cell at a time, so its own change of cells is a break, however much the cells overlap; what overlaps
are the links. A radio sees most of its losses coming and says so; at a tunnel none does.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from mobileip.sim.chance import generator

ROOT = Path(__file__).resolve().parent.parent
TRACE = ROOT / "src" / "mobileip" / "sim" / "scenarios" / "train.csv"

Range = tuple[float, float]


class Kind(NamedTuple):
    """One kind of cells and the radio for it. Lengths in metres along the line, times in seconds."""

    link: str
    networks: tuple[str, ...]
    """Of the cells in turn."""
    cell: Range
    """Covered by one cell."""
    spacing: Range
    """From the begin of one cell to that of the next, as a part of its length: below 1 they overlap."""
    stretch: Range
    """Equipped without interruption."""
    bare: Range
    """Then not."""
    antenna: float
    """Behind the first antenna of the train."""
    join: Range
    """From good reception to a link."""
    announced: float
    """The part of losses that are announced."""


class Assumed(NamedTuple):
    """Lengths in metres, times in seconds, speeds in metres per second."""

    seed: int = 1
    seconds: float = 600.0
    speed: Range = (45.0, 75.0)
    """160 to 270 km/h; another one every `steady` seconds."""
    steady: Range = (40.0, 90.0)
    tunnel: Range = (120.0, 420.0)
    between_tunnels: Range = (900.0, 2600.0)
    warning: Range = (1.2, 2.0)
    """From an announcement to the loss."""
    kinds: tuple[Kind, ...] = (
        Kind(
            link="trackside",
            networks=("foreign1", "foreign2", "foreign3"),
            cell=(600.0, 1000.0),
            spacing=(0.9, 1.1),
            stretch=(4000.0, 8000.0),
            bare=(1000.0, 2500.0),
            antenna=0.0,
            join=(0.2, 0.6),
            announced=0.85,
        ),
        Kind(
            link="lte1",
            networks=("foreign4", "foreign5"),
            cell=(2500.0, 4500.0),
            spacing=(0.8, 0.95),
            stretch=(20000.0, 30000.0),
            bare=(500.0, 1000.0),
            antenna=60.0,
            join=(0.15, 0.5),
            announced=0.85,
        ),
        Kind(
            link="lte2",
            networks=("plain1", "plain2"),
            cell=(2500.0, 4500.0),
            spacing=(0.8, 0.95),
            stretch=(20000.0, 30000.0),
            bare=(500.0, 1000.0),
            antenna=120.0,
            join=(0.3, 0.8),
            announced=0.85,
        ),
    )


ASSUMED = Assumed()


class Step(NamedTuple):
    at: float
    link: str
    to: str
    announced: float | None = None


class Cell(NamedTuple):
    begin: float
    end: float
    network: str


class Line:
    """Where the train is at a time, and when it is at a place."""

    def __init__(self, assumed: Assumed, chance: Random) -> None:
        self._legs: list[tuple[float, float, float]] = []
        """Each from a time and a place on with a speed."""
        at, place = 0.0, 0.0
        while at < assumed.seconds:
            speed = chance.uniform(*assumed.speed)
            self._legs.append((at, place, speed))
            seconds = chance.uniform(*assumed.steady)
            at, place = at + seconds, place + seconds * speed
        self.length = place

    def time(self, place: float) -> float:
        """When the first antenna is there."""
        at, begin, speed = next(leg for leg in reversed(self._legs) if leg[1] <= max(place, 0.0))
        return at + (place - begin) / speed


def steps(assumed: Assumed = ASSUMED) -> list[Step]:
    """All that happens to the train's links, in order."""
    line = Line(assumed, generator(assumed.seed, "line"))
    tunnels = list(_tunnels(assumed, line))
    found = [step for kind in assumed.kinds for step in _of_kind(assumed, kind, line, tunnels)]
    return sorted(step for step in found if step.at < assumed.seconds)


def _tunnels(assumed: Assumed, line: Line) -> Iterator[Range]:
    chance, place = generator(assumed.seed, "tunnels"), 0.0
    while place < line.length:
        begin = place + chance.uniform(*assumed.between_tunnels)
        place = begin + chance.uniform(*assumed.tunnel)
        yield begin, place


def _cells(kind: Kind, chance: Random, length: float) -> Iterator[Cell]:
    place, number = -chance.uniform(0.0, kind.cell[0]), 0
    while place < length:
        end_of_stretch = place + chance.uniform(*kind.stretch)
        while place < end_of_stretch:
            covered = chance.uniform(*kind.cell)
            yield Cell(place, place + covered, kind.networks[number % len(kind.networks)])
            number += 1
            place += covered * chance.uniform(*kind.spacing)
        place += chance.uniform(*kind.bare)


def _of_kind(assumed: Assumed, kind: Kind, line: Line, tunnels: list[Range]) -> Iterator[Step]:
    """A radio stays in its cell until that, or the daylight, ends."""
    chance = generator(assumed.seed, kind.link)
    free = 0.0
    """From this time on the radio is in no cell."""
    for cell in _cells(kind, chance, line.length):
        for begin, end, ends_in_tunnel in _in_daylight(cell, tunnels):
            joined = max(line.time(begin + kind.antenna), free) + chance.uniform(*kind.join)
            lost = line.time(end + kind.antenna)
            is_announced = chance.random() < kind.announced and not ends_in_tunnel
            warning = chance.uniform(*assumed.warning)
            if lost - joined < 2 * assumed.warning[1]:
                continue  # not worth joining
            yield Step(round(joined, 3), kind.link, cell.network)
            yield Step(round(lost, 3), kind.link, "nowhere", round(warning, 3) if is_announced else None)
            free = lost


def _in_daylight(cell: Cell, tunnels: list[Range]) -> Iterator[tuple[float, float, bool]]:
    """The parts of a cell outside of tunnels, and whether each ends at one."""
    place = cell.begin
    for begin, end in tunnels:
        if end <= place or begin >= cell.end:
            continue
        if begin > place:
            yield place, begin, True
        place = end
    if place < cell.end:
        yield place, cell.end, False


def text(assumed: Assumed = ASSUMED) -> str:
    """The whole file."""
    head = [
        "# Origin: synthetic, nothing was measured. Written by tools/train_trace.py, which says how; assumed are",
        f"#   seed {assumed.seed}, {assumed.seconds:g} s, speed {_range(assumed.speed)} m/s (160 to 270 km/h),",
        f"#   tunnels of {_range(assumed.tunnel)} m with nothing in them, {_range(assumed.between_tunnels)} m apart,",
        f"#   losses that are announced {_range(assumed.warning)} s before (none is at a tunnel), and by link:",
    ]
    for kind in assumed.kinds:
        head.append(
            f"#   {kind.link}: cells of {_range(kind.cell)} m, the next begins after {_range(kind.spacing)} of a cell,"
        )
        head.append(
            f"#     stretches of {_range(kind.stretch)} m with {_range(kind.bare)} m between, joined in"
            f" {_range(kind.join)} s,"
        )
        head.append(
            f"#     {100 * kind.announced:g} % of losses announced, antenna {kind.antenna:g} m behind the first"
        )
    rows = [
        f"{step.at:.3f},{step.link},{step.to},{'' if step.announced is None else f'{step.announced:.3f}'}"
        for step in steps(assumed)
    ]
    return "\n".join([*head, "at,link,to,announced", *rows, ""])


def _range(values: Range) -> str:
    return f"{values[0]:g}-{values[1]:g}"


def main() -> int:
    parser = argparse.ArgumentParser(description="The coverage that a train sees, as steps for the simulator.")
    parser.add_argument("--check", action="store_true", help="only compare with the file")
    options = parser.parse_args()
    if not options.check:
        TRACE.write_text(text())
        return 0
    if TRACE.read_text() == text():
        return 0
    print(f"{TRACE.relative_to(ROOT)} is not what tools/train_trace.py writes", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
