"""Packets of tunnels, shown while somebody looks: from programs that only pretend, and from user space."""

import asyncio
from collections.abc import Iterator
from ipaddress import IPv4Address
from types import SimpleNamespace

import msgspec
import pytest
from tests.support.packets import packet

from mobileip.control.schema import PacketView
from mobileip.daemon import packet_trace as module
from mobileip.daemon.packet_trace import PacketTrace
from mobileip.dataplane.ebpf.layout import TRACED
from mobileip.dataplane.userspace.counting import Watch
from mobileip.forwarding.tunnel import Tunnel, UdpPorts
from mobileip.linux import clock
from mobileip.linux.errors import BpfRefused

LOCAL, REMOTE = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.2")


class Programs:
    """`traced` is a ring of its own for each size of the tables."""

    def __init__(self) -> None:
        self.room = 4096
        self.until: list[float] = []

    @property
    def traced(self) -> SimpleNamespace:
        return SimpleNamespace(fd=self.room)

    def trace(self, until: float) -> None:
        self.until.append(until)


class Machine:
    """Engine and accelerator in one, as far as they are asked."""

    def __init__(self) -> None:
        self.engine = self.accelerator = self
        self.watcher: Watch | None = None
        self.programs: Programs | None = Programs()

    def watch(self, watcher: Watch | None) -> None:
        self.watcher = watcher


class Rings:
    """Rings that were opened, by descriptor, with the records that wait in them; the refused can't be."""

    def __init__(self) -> None:
        self.waiting: dict[int, list[bytes]] = {}
        self.open: list[int] = []
        self.refused = False

    def make(self, fd: int) -> "Ring":
        if self.refused:
            raise BpfRefused("no")
        self.open.append(fd)
        return Ring(self, fd)


class Ring:
    def __init__(self, rings: Rings, fd: int) -> None:
        self._rings, self._fd = rings, fd

    def read(self, most: int) -> list[bytes]:
        waiting = self._rings.waiting.get(self._fd, [])
        taken, waiting[:] = waiting[:most], waiting[most:]
        return taken

    def close(self) -> None:
        self._rings.open.remove(self._fd)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rings]:
    made = Rings()
    monkeypatch.setattr(module, "RingBuffer", made.make)
    monkeypatch.setattr(module, "TICK", 0.0)
    yield made
    assert made.open == [], "every ring was closed"


def record(octets: bytes) -> bytes:
    return TRACED.pack(5_000_000_000, LOCAL.packed, REMOTE.packed, 1400, len(octets), 0, 1, octets)


async def views(trace: PacketTrace, machine: Machine, *packets: bytes) -> list[PacketView]:
    """What a listener gets while these pass through user space."""
    with trace.feed.listen() as listener:
        if packets and machine.watcher is not None:
            tunnel = Tunnel(LOCAL, REMOTE, udp=UdpPorts(434, 7000))
            machine.watcher(tunnel, packets, clock.now().boot, is_outgoing=False)
        some, _ = await asyncio.wait_for(listener.take(), 10)
    return [msgspec.json.decode(one, type=PacketView) for one in some]


async def test_what_passes_user_space_is_shown(rings: Rings) -> None:
    machine = Machine()
    trace = PacketTrace(machine)  # type: ignore[arg-type]
    long = packet(size=1000)
    (view,) = await views(trace, machine, long)
    assert (view.direction, view.local, view.remote, view.encapsulation) == (
        "out of",
        str(LOCAL),
        str(REMOTE),
        "ipip in udp",
    )
    assert (view.length, view.octets) == (len(long), long[:256].hex())
    assert machine.watcher is None, "nobody listens any more"


async def test_what_programs_have_copied_is_shown(rings: Rings) -> None:
    machine = Machine()
    rings.waiting[4096] = [record(packet()), record(b"too short")]
    (view,) = await views(PacketTrace(machine), machine)  # type: ignore[arg-type]
    assert (view.direction, view.length, view.encapsulation) == ("into", 1400, "ipip in udp")
    assert view.octets == packet().hex()


async def test_programs_copy_for_a_while_and_stop_when_nobody_looks(rings: Rings) -> None:
    machine = Machine()
    assert machine.programs is not None
    trace = PacketTrace(machine)  # type: ignore[arg-type]
    with trace.feed.listen():
        (until,) = machine.programs.until
        assert 0 < until - clock.now().boot <= module.LEASE
    assert machine.programs.until[-1] == 0.0


async def test_the_lease_is_renewed_in_time(rings: Rings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE", 0.0)
    machine = Machine()
    assert machine.programs is not None
    with PacketTrace(machine).feed.listen():  # type: ignore[arg-type]
        for _ in range(100):
            await asyncio.sleep(0)
    assert len(machine.programs.until) > 2


async def test_other_programs_have_another_ring(rings: Rings) -> None:
    machine = Machine()
    assert machine.programs is not None
    with PacketTrace(machine).feed.listen() as listener:  # type: ignore[arg-type]
        assert rings.open == [4096]
        machine.programs.room = 16384
        rings.waiting[16384] = [record(packet())]
        assert len((await asyncio.wait_for(listener.take(), 10))[0]) == 1
        assert rings.open == [16384]
        machine.programs = None
        while rings.open:
            await asyncio.sleep(0)


async def test_without_a_ring_user_space_is_shown_all_the_same(rings: Rings) -> None:
    rings.refused = True
    machine = Machine()
    assert len(await views(PacketTrace(machine), machine, packet())) == 1  # type: ignore[arg-type]
