"""What is measured, by name: METRIC.SUBJECT, such as `tcp.ipip.home_agent.ebpf`, `pps.vxlan`, `cpu.openvpn`."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec
from bench.dataplane.scenes import OpenVpn, Scene, Vxlan, mobile_ip
from bench.dataplane.wishes import End, Form


class Metric(StrEnum):
    TCP = "tcp"
    """Gbit/s of one stream."""
    PPS = "pps"
    """Small packets in a second that are received."""
    CPU = "cpu"
    """Of all cores for each of these, µs."""


UNITS = {Metric.TCP: "Gbit/s", Metric.PPS: "packets/s", Metric.CPU: "µs/packet"}

SMALL_PACKETS = frozenset((Metric.PPS, Metric.CPU))
"""Two figures of one measurement."""

ENGINES = ("ebpf", "userspace")
MANY_BINDINGS = (10_000, 1_000_000)


class Entry(msgspec.Struct, frozen=True):
    """A scene, and what is measured in it."""

    scene: Scene
    metrics: frozenset[Metric]

    def name(self, metric: Metric) -> str:
        return f"{metric}.{self.scene.subject}"

    @property
    def measurements(self) -> int:
        """In one run: pairs of halves."""
        return (Metric.TCP in self.metrics) + bool(self.metrics & SMALL_PACKETS)


def everything() -> list[Entry]:
    """What others do first, then each engine; a home agent's many bindings concern small packets."""
    whole = frozenset(Metric)
    entries = [Entry(Vxlan("vxlan"), whole), Entry(OpenVpn("openvpn"), whole)]
    for engine in ENGINES:
        entries += [Entry(mobile_ip(form, role, engine), whole) for role in End for form in Form]
        entries += [
            Entry(mobile_ip(Form.IPIP, End.HOME_AGENT, engine, bindings), SMALL_PACKETS) for bindings in MANY_BINDINGS
        ]
    return entries


def chosen(entries: Iterable[Entry], beginnings: Sequence[str]) -> list[Entry]:
    """Of these what begins with one of `beginnings` (`tcp.ipip`, `pps`); all of it without any."""
    found = []
    for entry in entries:
        metrics = frozenset(m for m in entry.metrics if any(_begins(entry.name(m), b) for b in beginnings or [""]))
        if metrics:
            found.append(Entry(entry.scene, metrics))
    return found


def _begins(name: str, beginning: str) -> bool:
    """By whole words: `tcp.ip` is the beginning of nothing."""
    return not beginning or f"{name}.".startswith(f"{beginning}.")
