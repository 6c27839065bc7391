"""What is measured, by name: METRIC.SUBJECT, such as `tcp.ipip.home_agent.ebpf`, `pps.vxlan`, `cpu.openvpn`."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec
from bench.dataplane.scenes import Bystander, OpenVpn, Scene, Vxlan, both_ways, mobile_ip
from bench.dataplane.wishes import End, Form


class Metric(StrEnum):
    TCP = "tcp"
    """Gbit/s of one stream."""
    TCP_ONE_CORE = "tcp_one_core"
    """The same where both its ends keep to one core, and all between them with them: nothing of it is overtaken."""
    PPS = "pps"
    """Small packets in a second that are received."""
    CPU = "cpu"
    """Of all cores for each of these, µs."""


UNITS = {Metric.TCP: "Gbit/s", Metric.TCP_ONE_CORE: "Gbit/s", Metric.PPS: "packets/s", Metric.CPU: "µs/packet"}

STREAMS = frozenset((Metric.TCP, Metric.TCP_ONE_CORE))
SMALL_PACKETS = frozenset((Metric.PPS, Metric.CPU))
"""Two figures of one measurement."""
USUAL = frozenset((Metric.TCP, *SMALL_PACKETS))
IN_THE_KERNEL = frozenset(Metric)
"""Of tunnels that are in nobody's process: a process has a core, which need not be that of the stream."""

FAST_PATH = "ebpf"
ENGINES = (FAST_PATH, "userspace")
MANY_BINDINGS = (10_000, 1_000_000)


class Entry(msgspec.Struct, frozen=True):
    """A scene, and what is measured in it."""

    scene: Scene
    metrics: frozenset[Metric] = USUAL

    @property
    def subject(self) -> str:
        return self.scene.subject

    def name(self, metric: Metric) -> str:
        return f"{metric}.{self.subject}"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.name(metric) for metric in Metric if metric in self.metrics)

    @property
    def pairs(self) -> int:
        """That are measured in one run."""
        return len(self.metrics & STREAMS) + bool(self.metrics & SMALL_PACKETS)

    def only(self, names: frozenset[str]) -> "Entry":
        return Entry(self.scene, frozenset(metric for metric in self.metrics if self.name(metric) in names))


class ProgramEntry(msgspec.Struct, frozen=True):
    """How long the fast path's programs take for a packet: `nanoseconds.encap.ipip`."""

    form: Form
    parts: tuple[str, ...] = ("encap", "decap")
    pairs: int = 0
    """None that takes its time."""

    @property
    def subject(self) -> str:
        return f"nanoseconds, {self.form}"

    def name(self, part: str) -> str:
        return f"nanoseconds.{part}.{self.form}"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.name(part) for part in self.parts)

    def only(self, names: frozenset[str]) -> "ProgramEntry":
        return ProgramEntry(self.form, tuple(part for part in self.parts if self.name(part) in names))


AnyEntry = Entry | ProgramEntry


def everything() -> list[AnyEntry]:
    """What others do first, then each engine; a home agent's many bindings concern small packets."""
    entries: list[AnyEntry] = [Entry(scene, IN_THE_KERNEL) for scene in both_ways(Vxlan, "vxlan")]
    entries += [Entry(scene) for scene in both_ways(OpenVpn, "openvpn")]
    for engine in ENGINES:
        metrics = IN_THE_KERNEL if engine == FAST_PATH else USUAL
        entries += [Entry(mobile_ip(form, role, engine), metrics) for role in End for form in Form]
        many = [mobile_ip(Form.IPIP, End.HOME_AGENT, engine, bindings) for bindings in MANY_BINDINGS]
        entries += [Entry(scene, SMALL_PACKETS) for scene in many]
    beside = mobile_ip(Form.IPIP, End.HOME_AGENT, FAST_PATH)
    entries.append(Entry(Bystander(f"bystander.{FAST_PATH}", beside=beside)))
    entries += [ProgramEntry(form) for form in Form]
    return entries


def chosen(entries: Iterable[AnyEntry], beginnings: Sequence[str]) -> list[AnyEntry]:
    """Of these what begins with one of `beginnings` (`tcp.ipip`, `pps`); all of it without any."""
    if not beginnings:
        return list(entries)
    found = []
    for entry in entries:
        names = frozenset(name for name in entry.names if any(_begins(name, words) for words in beginnings))
        if names:
            found.append(entry.only(names))
    return found


def _begins(name: str, beginning: str) -> bool:
    """By whole words: `tcp.ip` is the beginning of nothing."""
    return f"{name}.".startswith(f"{beginning}.")
