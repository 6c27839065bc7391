"""Packets of tunnels, shown while somebody looks (`mip trace --packets`): those that our programs encapsulate, and
those that go through user space in either direction.

The programs copy packets for a few seconds at a time only, so that they stop by themselves when a daemon dies.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address

import msgspec

from mobileip.control.packet_feed import PacketFeed
from mobileip.control.schema import PacketView
from mobileip.daemon.machine import Machine
from mobileip.dataplane.ebpf.layout import ENCAPSULATIONS, TRACED
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux import clock
from mobileip.linux.bpf.programs import LoadedPrograms
from mobileip.linux.bpf.ring_buffer import RingBuffer
from mobileip.linux.errors import MachineError

TICK = 0.02
"""s between two looks into the programs' ring; it has room for what comes meanwhile at 40,000 packets/s."""
RECORDS_PER_TICK = 300
LEASE = 2.0
"""s for which programs go on copying when nobody asks for more."""
KEPT = 256
"""Octets of a packet that are shown, on either path."""
SHORTEST = 20

_FORMS = {number: encapsulation.value for encapsulation, number in ENCAPSULATIONS.items()}


class PacketTrace:
    def __init__(self, machine: Machine) -> None:
        self._engine = machine.engine
        self._accelerator = machine.accelerator
        self._ring: RingBuffer | None = None
        self._source: tuple[LoadedPrograms, int] | None = None
        """Whose ring that is: other programs, or larger tables of theirs, have another one."""
        self._timer: asyncio.TimerHandle | None = None
        self._lease_ends = 0.0
        self._boot = 0.0
        """When the machine started, on the wall's clock."""
        self.feed = PacketFeed(self._wanted)

    def _wanted(self, on: bool) -> None:
        if on:
            self._boot = datetime.now(UTC).timestamp() - clock.now().boot
            self._engine.watch(self._passed)
            self._look()
            return
        self._engine.watch(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        programs = self._accelerator.programs
        if programs is not None:
            programs.trace(0.0)
        self._close_ring()

    # -- user space

    def _passed(self, tunnel: Tunnel, packets: Sequence[bytes], now: float, *, is_outgoing: bool) -> None:
        form = tunnel.encapsulation.value + (" in udp" if tunnel.udp is not None else "")
        ends = str(tunnel.local), str(tunnel.remote)
        for packet in packets:
            self._publish(now, ends, form, len(packet), packet[:KEPT], is_outgoing=is_outgoing)

    # -- programs

    def _look(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK, self._look)
        programs = self._accelerator.programs
        source = None if programs is None else (programs, programs.room)
        if source != self._source:
            self._close_ring()
            self._source = source
            self._lease_ends = 0.0
            self._open(programs)
        now = clock.now().boot
        if programs is not None and now >= self._lease_ends - LEASE / 2:
            self._lease_ends = now + LEASE
            programs.trace(self._lease_ends)
        for record in self._ring.read(RECORDS_PER_TICK) if self._ring is not None else ():
            self._copied(record)

    def _open(self, programs: LoadedPrograms | None) -> None:
        if programs is not None:
            try:
                self._ring = RingBuffer(programs.traced.fd)
            except MachineError:
                self._ring = None  # what user space forwards is shown all the same

    def _copied(self, record: bytes) -> None:
        at, local, remote, length, kept, encapsulation, in_udp, octets = TRACED.unpack_from(record)
        form = _FORMS[encapsulation] + (" in udp" if in_udp else "")
        ends = str(IPv4Address(local)), str(IPv4Address(remote))
        self._publish(at / 1e9, ends, form, length, octets[:kept], is_outgoing=True)

    def _close_ring(self) -> None:
        if self._ring is not None:
            self._ring.close()
        self._ring = self._source = None

    # -- both

    def _publish(
        self, at: float, ends: tuple[str, str], form: str, length: int, octets: bytes, *, is_outgoing: bool
    ) -> None:
        if len(octets) < SHORTEST:
            return
        on_the_wall = at + self._boot
        view = PacketView(
            time=datetime.fromtimestamp(on_the_wall, UTC).isoformat(timespec="microseconds"),
            unix_nanoseconds=int(on_the_wall * 1e9),
            direction="into" if is_outgoing else "out of",
            local=ends[0],
            remote=ends[1],
            encapsulation=form,
            source=str(IPv4Address(octets[12:16])),
            destination=str(IPv4Address(octets[16:20])),
            protocol=octets[9],
            length=length,
            octets=octets.hex(),
        )
        self.feed.publish(msgspec.json.encode(view))
