"""Runs one part: a laboratory, streams both ways, handovers to and fro, and what each of them cost."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from bench.dataplane.errors import BenchError
from bench.handover.combinations import PAIRS, RATES, Kind, Pair, Part, Place
from bench.handover.evaluate import Cost, cost, percentile
from bench.handover.quality import call

from mobileip.lab.laboratory import Lab
from mobileip.lab.topology import Wire

NODE, CORRESPONDENT = "mn", "cn"
HOME_ADDRESS, CORRESPONDENT_ADDRESS = "10.1.0.10", "198.51.100.10"
LINKS = ("eth0", "eth1")
PAUSE = 1.3
"""Seconds from one handover to the next: no two Requests leave within one (RFC 5944 §3.6)."""
SETTLE = 1.5
PATIENCE = 15.0
RATE_MBIT = 1000
DIRECTIONS = ("up", "down")
"""From the mobile node, and to it."""
REPOSITORY = Path(__file__).resolve().parents[2]

Progress = Callable[[], None]


class Handover(msgspec.Struct, frozen=True):
    """Times in ns of CLOCK_MONOTONIC."""

    name: str
    """From where to where: `fa-colocated`."""
    began: int
    """The command, or the link-up."""
    done: int
    """The daemon said so."""
    silence_ms: float
    """As the daemon's record has it."""


class Result(msgspec.Struct, frozen=True):
    name: str
    engine: str
    runs: int
    lost: int
    lost_up: int
    lost_down: int
    handovers_with_loss: int
    duplicates: int
    latest_duplicate_ms: float
    reordered: int
    silence_ms_median: float
    silence_ms_max: float
    first_packet_ms_median: float
    first_packet_ms_p99: float
    delay_ms: float
    mos: float
    wire_worst_added_ms: float
    wire_lost: int
    """Of the laboratory's own wire: its queue was full."""


def measure(part: Part, runs: int, progress: Progress) -> list[Result]:
    """`runs` handovers of each direction. Raises: BenchError."""
    pair = PAIRS[part.pair]
    with laboratory(part, pair) as lab, contextlib.ExitStack() as undo:
        ends = [
            undo.enter_context(_streams(lab, NODE, HOME_ADDRESS, CORRESPONDENT_ADDRESS)),
            undo.enter_context(_streams(lab, CORRESPONDENT, CORRESPONDENT_ADDRESS, HOME_ADDRESS)),
        ]
        for end in ends:
            _say(end)
        time.sleep(SETTLE)
        lab.wires()  # what its worst was before is of no interest
        handovers = []
        for number in range(2 * runs):
            handovers.append(_handover(lab, part.kind, pair, number))
            progress()
        finished = time.monotonic_ns()
        for end in ends:
            _say(end)
        time.sleep(0.5)
        for end in ends:
            _say(end)
        seen = [json.loads(_heard(end)) for end in ends]
        wires = lab.wires()
    lanes = [lane for pair_of in wires.wires.values() for lane in pair_of] if wires is not None else []
    worst = max((lane.worst_added_ms for lane in lanes), default=0.0)
    overflowed = sum(lane.overflowed for lane in lanes)
    return list(_results(part, pair, handovers, finished, seen, worst, overflowed))


@contextlib.contextmanager
def laboratory(part: Part, pair: Pair, name: str = "handover") -> Iterator[Lab]:
    """With the node registered by its first link. `name`: of the lab."""
    settings: dict[str, Any] = {node: {"daemon": {"engine": part.engine}} for node in ("ha", "fa1", "fa2", "mn")}
    settings["mn"]["mobile_node"] = {"deregister_on_stop": False}
    with Lab("two-links", name=name, settings=settings, daemons=False, use_netem=False) as lab:
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


def _handover(lab: Lab, kind: Kind, pair: Pair, number: int) -> Handover:
    """Number 0, 2, 4 ... go to the second link, the others back."""
    started = time.monotonic()
    source, target = (LINKS[0], LINKS[1]) if number % 2 == 0 else (LINKS[1], LINKS[0])
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    if kind is Kind.MAKE_BEFORE_BREAK:
        began = time.monotonic_ns()
        _say_link(lab, target, "handover")
    else:
        lab.unplug(NODE, source)
        lab.plug(NODE, target)
        began = time.monotonic_ns()
    event = lab.events(NODE).wait_for("handed_over", after=boot, to_interface=target, timeout=PATIENCE)
    ahead = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
    done = int(event["boot_seconds"] * 1e9) - ahead
    time.sleep(max(0.0, PAUSE - (time.monotonic() - started)))
    return Handover(pair.names[number % 2], began, done, float(event["silence_ms"]))


def _say_link(lab: Lab, link: str, action: str) -> None:
    lab.daemon(NODE).tell(f"links/{link}/{action}")


def _results(  # noqa: PLR0917 - all that one laboratory has told
    part: Part,
    pair: Pair,
    handovers: list[Handover],
    finished: int,
    seen: list[list[dict[str, Any]]],
    worst: float,
    overflowed: int,
) -> Iterator[Result]:
    ends = [*(handover.began for handover in handovers[1:]), finished]
    for name in dict.fromkeys(pair.names):
        for index, rate in enumerate(RATES):
            # Each end's packets, and what the other one heard of them.
            ways = {"up": (seen[0][index], seen[1][index]), "down": (seen[1][index], seen[0][index])}
            costs: dict[str, list[Cost]] = {
                way: [
                    cost(sender["sent"], receiver["received"], one.began, end, one.done)
                    for one, end in zip(handovers, ends, strict=True)
                    if one.name == name
                ]
                for way, (sender, receiver) in ways.items()
            }
            yield _result(f"{part.kind}.{name}.{part.delay_ms}ms.{rate}pps", part.engine, costs, worst, overflowed)


def _result(name: str, engine: str, costs: dict[str, list[Cost]], worst: float, overflowed: int) -> Result:
    both = [each for way in DIRECTIONS for each in costs[way]]
    firsts = [max(up.first_ms or 0.0, down.first_ms or 0.0) for up, down in zip(*costs.values(), strict=True)]
    silences = [each.silence_ms for each in both]
    delay = percentile([each.delay_ms for each in both], 0.5)
    lost = {way: sum(each.lost for each in costs[way]) for way in DIRECTIONS}
    return Result(
        name=name,
        engine=engine,
        runs=len(costs["up"]),
        lost=sum(lost.values()),
        lost_up=lost["up"],
        lost_down=lost["down"],
        handovers_with_loss=sum(up.lost + down.lost > 0 for up, down in zip(*costs.values(), strict=True)),
        duplicates=sum(each.duplicates for each in both),
        latest_duplicate_ms=max(each.latest_duplicate_ms for each in both),
        reordered=sum(each.reordered for each in both),
        silence_ms_median=round(percentile(silences, 0.5), 1),
        silence_ms_max=round(max(silences), 1),
        first_packet_ms_median=round(percentile(firsts, 0.5), 1),
        first_packet_ms_p99=round(percentile(firsts, 0.99), 1),
        delay_ms=round(delay, 1),
        mos=round(call(delay, sum(lost.values()), sum(each.sent for each in both)), 2),
        wire_worst_added_ms=round(worst, 1),
        wire_lost=overflowed,
    )


# -- the streams' processes


@contextlib.contextmanager
def _streams(lab: Lab, node: str, local: str, peer: str) -> Iterator["subprocess.Popen[str]"]:
    words = [".venv/bin/python", "-m", "bench.handover.streams", local, peer, *map(str, RATES)]
    command = lab.command(node, *words)
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as end:
        try:
            if _heard(end).strip() != "ready":
                raise BenchError(f"the streams at {node} don't begin")
            yield end
        finally:
            end.kill()


def _say(end: "subprocess.Popen[str]") -> None:
    if end.stdin is None:
        raise BenchError("a stream has no standard input")
    end.stdin.write("next\n")
    end.stdin.flush()


def _heard(end: "subprocess.Popen[str]") -> str:
    if end.stdout is None:
        raise BenchError("a stream has no standard output")
    return end.stdout.readline()
