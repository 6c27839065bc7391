"""Runs the entries of the catalogue, each in a fresh topology, and says what came of each as soon as it is known.

Plain packets pass the same machines as those in the tunnel. What the tunnel's daemons cost plain packets by being there
is a pair of its own (`bystander`), whose plain half has a topology where nothing of a tunnel is.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

import msgspec
from bench.dataplane.catalogue import SMALL_PACKETS, STREAMS, UNITS, AnyEntry, Entry, Metric, ProgramEntry
from bench.dataplane.errors import BenchError
from bench.dataplane.helper import Helper
from bench.dataplane.pairing import Result, alternate, summarize
from bench.dataplane.topology import Place, topology
from bench.dataplane.traffic import Packets, Traffic, Way, traffic

T = TypeVar("T")
DEVICE = "mip0"
PROGRAM_SECONDS = 60.0
"""Ample."""


class Plan(msgspec.Struct, frozen=True):
    runs: int = 5
    tcp_seconds: int = 4
    """Of each half; iperf3 knows whole seconds only."""
    packets_seconds: float = 0.8

    @property
    def quick(self) -> "Plan":
        """Enough to see that all of it works."""
        return Plan(runs=1, tcp_seconds=1, packets_seconds=0.3)


Progress = Callable[[], None]
"""Called after each pair of halves."""


def measure(entries: Sequence[AnyEntry], plan: Plan, progress: Progress) -> Iterator[list[Result] | BenchError]:
    """The results of each entry, or why there are none: one that fails does not keep the others from being measured."""
    for entry in entries:
        try:
            match entry:
                case Entry():
                    yield _pairs(entry, plan, progress)
                case ProgramEntry():  # no other
                    yield _program_times(entry, plan)
        except BenchError as error:
            yield error


def _pairs(entry: Entry, plan: Plan, progress: Progress) -> list[Result]:
    scene = entry.scene
    streams: dict[Metric, list[tuple[float, float]]] = {
        metric: [] for metric in Metric if metric in entry.metrics & STREAMS
    }
    packets: list[tuple[Packets, Packets]] = []
    with topology() as untouched, topology() as place, scene.laid(place), ExitStack() as undo:
        tunnelled = undo.enter_context(traffic(place, scene.sender, scene.receiver))
        plain = tunnelled
        if scene.plain_is_elsewhere:
            plain = undo.enter_context(traffic(untouched, scene.sender, scene.receiver))

        def pair(measured: Callable[[Traffic, Way], T], run: int) -> tuple[T, T]:
            return alternate(lambda: measured(plain, scene.plain), lambda: measured(tunnelled, scene.measured), run)

        for run in range(plan.runs):
            for metric, found in streams.items():
                one_core = metric is Metric.TCP_ONE_CORE
                found.append(pair(partial(Traffic.tcp, seconds=plan.tcp_seconds, one_core=one_core), run))
                progress()
            if entry.metrics & SMALL_PACKETS:
                packets.append(pair(partial(Traffic.packets, seconds=plan.packets_seconds), run))
                progress()
    pairs = {
        **streams,
        Metric.PPS: [(one.per_second, other.per_second) for one, other in packets],
        Metric.CPU: [(one.microseconds_each, other.microseconds_each) for one, other in packets],
    }
    return [summarize(entry.name(metric), UNITS[metric], pairs[metric]) for metric in Metric if metric in entry.metrics]


def _program_times(entry: ProgramEntry, plan: Plan) -> list[Result]:
    """The home agent's namespace stands for both ends."""
    with topology() as place:
        place.ip(Place.HOME_AGENT, f"tuntap add dev {DEVICE} mode tun", f"link set {DEVICE} up")
        helper = Helper(place, Place.HOME_AGENT, "program_time")
        try:
            helper.tell({"form": entry.form, "runs": plan.runs})
            times = helper.hear(PROGRAM_SECONDS)
        finally:
            helper.close()
    return [summarize(entry.name(part), "ns/packet", times[part]) for part in entry.parts]
