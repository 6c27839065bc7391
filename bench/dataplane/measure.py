"""Runs the entries of the catalogue, each in a fresh topology, and says what came of each as soon as it is known."""

from collections.abc import Callable, Iterator, Sequence

import msgspec
from bench.dataplane.catalogue import SMALL_PACKETS, UNITS, Entry, Metric
from bench.dataplane.errors import BenchError
from bench.dataplane.pairing import Result, alternate, summarize
from bench.dataplane.scenes import Scene
from bench.dataplane.topology import topology
from bench.dataplane.traffic import Packets, Traffic, traffic


class Plan(msgspec.Struct, frozen=True):
    runs: int = 5
    tcp_seconds: int = 2
    """Of each half; iperf3 knows whole seconds only."""
    packets_seconds: float = 1.0

    @property
    def quick(self) -> "Plan":
        """Enough to see that all of it works."""
        return Plan(runs=1, tcp_seconds=1, packets_seconds=0.3)


Progress = Callable[[], None]
"""Called after each pair of halves."""


def measure(entries: Sequence[Entry], plan: Plan, progress: Progress) -> Iterator[list[Result] | BenchError]:
    """The results of each entry, or why there are none: one that fails does not keep the others from being measured."""
    for entry in entries:
        try:
            yield _measure(entry, plan, progress)
        except BenchError as error:
            yield error


def _measure(entry: Entry, plan: Plan, progress: Progress) -> list[Result]:
    scene = entry.scene
    streams: list[tuple[float, float]] = []
    packets: list[tuple[Packets, Packets]] = []
    with topology() as place, scene.laid(place), traffic(place, scene.sender, scene.receiver) as ways:
        for run in range(plan.runs):
            if Metric.TCP in entry.metrics:
                streams.append(_streams(scene, ways, plan.tcp_seconds, run))
                progress()
            if entry.metrics & SMALL_PACKETS:
                packets.append(_packets(scene, ways, plan.packets_seconds, run))
                progress()
    pairs = {
        Metric.TCP: streams,
        Metric.PPS: [(one.per_second, other.per_second) for one, other in packets],
        Metric.CPU: [(one.microseconds_each, other.microseconds_each) for one, other in packets],
    }
    return [summarize(entry.name(metric), UNITS[metric], pairs[metric]) for metric in Metric if metric in entry.metrics]


def _streams(scene: Scene, ways: Traffic, seconds: int, run: int) -> tuple[float, float]:
    return alternate(lambda: ways.tcp(scene.plain, seconds), lambda: ways.tcp(scene.measured, seconds), run)


def _packets(scene: Scene, ways: Traffic, seconds: float, run: int) -> tuple[Packets, Packets]:
    return alternate(lambda: ways.packets(scene.plain, seconds), lambda: ways.packets(scene.measured, seconds), run)
