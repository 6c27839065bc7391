"""Runs one part: a laboratory, streams both ways, handovers to and fro, and what each of them cost."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.handover import drops
from bench.handover.carrier import CarrierWatch, carrier_watch
from bench.handover.combinations import PAIRS, RATES, Kind, Pair, Part, Place
from bench.handover.ends import Seen, end, stream
from bench.handover.evaluate import Stream, Way
from bench.handover.results import Handover, Result, results
from bench.handover.results import Lab as LabFigures

from mobileip.lab.laboratory import Lab
from mobileip.lab.topology import Wire
from mobileip.lab.wires.protocol import LaneReport

NODE, CORRESPONDENT = "mn", "cn"
HOME_ADDRESS, CORRESPONDENT_ADDRESS = "10.1.0.10", "198.51.100.10"
LINKS = ("eth0", "eth1")
PAUSE = 1.3
"""Seconds from one handover to the next, at least: no two Requests leave within one (RFC 5944 §3.6)."""
AFTERWARDS, AFTERWARDS_TRIPS = 0.5, 12
"""Seconds, and times the delay to the home agent, from a handover's end to the next one: the last packets of the old
way have come, and the next window begins (`results.lead`)."""
SETTLE = 1.5
PATIENCE = 15.0
RATE_MBIT = 1000
STAT = Path("/proc/stat")

Progress = Callable[[], None]


def measure(part: Part, runs: int, progress: Progress) -> list[Result]:
    """`runs` handovers of each direction. Raises: BenchError, LabError."""
    pair = PAIRS[part.pair]
    afterwards = AFTERWARDS + AFTERWARDS_TRIPS * part.delay_ms / 1e3
    size: Any = {"rates": RATES, "seconds": 60.0 + 2 * runs * (PAUSE + afterwards + 0.5)}
    with laboratory(part, pair) as lab, contextlib.ExitStack() as undo:
        carrier = undo.enter_context(carrier_watch(lab, NODE, LINKS))
        node = undo.enter_context(end(lab, NODE, HOME_ADDRESS, CORRESPONDENT_ADDRESS, **size))
        peer = undo.enter_context(end(lab, CORRESPONDENT, CORRESPONDENT_ADDRESS, HOME_ADDRESS, **size))
        for each in (node, peer):
            each.say()
        time.sleep(SETTLE + afterwards)
        lab.wires(forget_lateness=True)
        before, busy = drops.look(lab), STAT.read_text()
        handovers = []
        for number in range(2 * runs):
            started = time.monotonic()
            handovers.append(_handover(lab, carrier, part.kind, pair, number))
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
        grown = drops.grown(before, drops.look(lab))
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
    names = tuple(dict.fromkeys(pair.names))
    return list(results(part, names, handovers, finished, streams=list(_streams(up, down)), lab=figures))


def _streams(node: list[Seen], peer: list[Seen]) -> Iterator[Stream]:
    for mine, other in zip(node, peer, strict=True):
        yield stream(Way.UP, mine, other)
        yield stream(Way.DOWN, other, mine)


def _lanes(lab: Lab) -> list[LaneReport]:
    report = lab.wires()
    return [lane for pair in report.wires.values() for lane in pair] if report is not None else []


@contextlib.contextmanager
def laboratory(part: Part, pair: Pair) -> Iterator[Lab]:
    """With the node registered by its first link."""
    settings: dict[str, Any] = {node: {"daemon": {"engine": part.engine}} for node in ("ha", "fa1", "fa2", "mn")}
    settings["mn"]["mobile_node"] = {"deregister_on_stop": False}
    with Lab("two-links", name="handover", settings=settings, daemons=False, use_netem=False) as lab:
        lab.set_wire("home", Wire(delay_ms=part.delay_ms, rate_mbit=RATE_MBIT))
        for link, place in zip(LINKS, (pair.first, pair.second), strict=True):
            _plug(lab, link, place)
        for node in ("ha", "fa1", "fa2", "mn"):
            lab.daemon(node).start()
        lab.events(NODE).wait_for("handed_over", timeout=PATIENCE)
        if part.kind is Kind.BREAK_BEFORE_MAKE:
            lab.unplug(NODE, LINKS[1])
        _say_link(lab, LINKS[0], "handover")
        time.sleep(SETTLE)
        yield lab


def _plug(lab: Lab, link: str, place: Place) -> None:
    lab.move(NODE, place.network, interface=link)
    if place.address is not None:
        metric = 100 + LINKS.index(link)
        lab.run(NODE, "ip", "address", "add", place.address, "dev", link)
        lab.run(NODE, "ip", "route", "add", "default", "via", str(place.gateway), "dev", link, "metric", str(metric))


def _handover(lab: Lab, carrier: CarrierWatch, kind: Kind, pair: Pair, number: int) -> Handover:
    """Number 0, 2, 4 ... go to the second link, the others back."""
    source, target = LINKS if number % 2 == 0 else LINKS[::-1]
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    left = began = time.monotonic_ns()
    if kind is Kind.MAKE_BEFORE_BREAK:
        _say_link(lab, target, "handover")
    else:
        lab.unplug(NODE, source)
        lab.plug(NODE, target)
        began = carrier.up_at(target, after=left)
    event = lab.events(NODE).wait_for("handed_over", after=boot, to_interface=target, timeout=PATIENCE)
    ahead = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
    done = int(event["boot_seconds"] * 1e9) - ahead
    return Handover(name=pair.names[number % 2], left=left, began=began, done=done)


def _say_link(lab: Lab, link: str, action: str) -> None:
    lab.daemon(NODE).tell(f"links/{link}/{action}")
