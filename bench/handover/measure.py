"""Runs one part: a laboratory, streams both ways, handovers to and fro, and what each of them cost."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.handover import drops
from bench.handover.carrier import CarrierWatch, carrier_watch
from bench.handover.combinations import COMPETITORS, PAIRS, RATES, Kind, Part
from bench.handover.competitors import competitor
from bench.handover.cores import Side, keep, kept_to
from bench.handover.ends import Seen, end, stream
from bench.handover.evaluate import Stream, Way
from bench.handover.kernel_trace import kernel_trace
from bench.handover.laboratory import (
    CORRESPONDENT,
    CORRESPONDENT_ADDRESS,
    HOME_ADDRESS,
    LINKS,
    NODE,
    SETTLE,
    System,
    mobile_ip,
)
from bench.handover.results import Handover, Result, results
from bench.handover.results import Lab as LabFigures

from mobileip.lab.builder import WIRES
from mobileip.lab.laboratory import Lab
from mobileip.lab.wires.protocol import LaneReport

PAUSE = 1.1
"""Seconds from one handover to the next, at least: no two Requests leave within one (RFC 5944 §3.6)."""
AFTERWARDS, AFTERWARDS_TRIPS = 0.5, 12
"""Seconds, and times the delay to the home agent, from a handover's end to the next one: the last packets of the old
way have come, and the next window begins (`results.lead`)."""
STAT = Path("/proc/stat")

Progress = Callable[[], None]


def measure(part: Part, runs: int, progress: Progress, *, is_alone: bool = True) -> list[Result]:
    """`runs` handovers of each name. `is_alone`: the machine does nothing else, so that equipment may keep to cores.
    Raises: BenchError, LabError."""
    pair = PAIRS[part.pair]
    count = runs * len(part.names)
    afterwards = AFTERWARDS + AFTERWARDS_TRIPS * part.delay_ms / 1e3
    size: Any = {"rates": RATES, "seconds": 60.0 + count * (PAUSE + afterwards + 0.5)}
    built = competitor if part.engine in COMPETITORS else mobile_ip
    with built(part, pair) as (lab, system), contextlib.ExitStack() as undo:
        for process in lab.processes():
            if is_alone and process.label == WIRES:
                keep(process.pid, Side.EQUIPMENT)
        carrier = undo.enter_context(carrier_watch(lab, NODE, LINKS))
        with kept_to(Side.NODE) if is_alone else contextlib.nullcontext():
            node = undo.enter_context(end(lab, NODE, HOME_ADDRESS, CORRESPONDENT_ADDRESS, **size))
        with kept_to(Side.EQUIPMENT) if is_alone else contextlib.nullcontext():
            peer = undo.enter_context(end(lab, CORRESPONDENT, CORRESPONDENT_ADDRESS, HOME_ADDRESS, **size))
        for each in (node, peer):
            each.say()
        time.sleep(SETTLE + afterwards)
        lab.wires(forget_lateness=True)
        before, busy = drops.look(lab), STAT.read_text()
        trace = undo.enter_context(kernel_trace())
        handovers = []
        for number in range(count):
            started = time.monotonic()
            handovers.append(_handover(lab, system, carrier, part, number))
            time.sleep(max(afterwards, started + PAUSE - time.monotonic()))
            progress()
        finished = time.monotonic_ns()
        for each in (node, peer):
            each.say()
        time.sleep(afterwards)  # what is on its way still comes
        for each in (node, peer):
            each.say()
        busy_after = STAT.read_text()
        up, down = node.seen(), peer.seen()
        grown = drops.grown(before, drops.look(lab)) | trace.counts()
        own = drops.of_laboratory(lab, grown)
        lanes = _lanes(lab)
        figures = LabFigures(
            worst_added_ms=max((lane.worst_added_ms for lane in lanes), default=0.0),
            late=tuple((int(start * 1e9), int(stop * 1e9)) for lane in lanes for start, stop in lane.late),
            sender_late_ms=max(one.summary.worst_late_ms for one in (*up, *down)),
            idle_percent=drops.idle_percent(busy, busy_after),
            drops=own,
            ours={name: count for name, count in grown.items() if name not in own},
        )
    return list(results(part, part.names, handovers, finished, streams=list(_streams(up, down)), lab=figures))


def _streams(node: list[Seen], peer: list[Seen]) -> Iterator[Stream]:
    for mine, other in zip(node, peer, strict=True):
        yield stream(Way.UP, mine, other)
        yield stream(Way.DOWN, other, mine)


def _lanes(lab: Lab) -> list[LaneReport]:
    report = lab.wires()
    return [lane for pair in report.wires.values() for lane in pair] if report is not None else []


def _handover(lab: Lab, system: System, carrier: CarrierWatch, part: Part, number: int) -> Handover:
    """Number 0, 2, 4 ... go to the second link, the others back."""
    source, target = LINKS if number % 2 == 0 else LINKS[::-1]
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    left = began = time.monotonic_ns()
    if part.kind is Kind.MAKE_BEFORE_BREAK:
        system.choose(target)
    else:
        lab.unplug(NODE, source)
        lab.plug(NODE, target)
        began = carrier.up_at(target, after=left)
        system.came_up(target)
    done = system.done(target, boot)
    return Handover(name=PAIRS[part.pair].names[number % 2], left=left, began=began, done=done)
