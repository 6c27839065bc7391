"""Links and the routed core between them: who hears what, when, and what is lost on the way.

    station -- segment (a broadcast link) -- its agent or router -- core -- agents, correspondents

A frame goes by its link-layer address to one station of its segment, or by a group address to the group's
members there. What has no link-layer address yet is routed: over the sender's segment and the core to the owner
of its destination: a fixed address, a lease (a co-located care-of address), or a home address, which leads to the
home network and there to whoever answers ARP for it. ARP itself takes no time and gets never lost.

Two things can be broken without any carrier event: one port (`Port.is_dead`), and a whole network's way to the core
(`Network.cut_off`), behind an agent that goes on to be heard.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from random import Random
from typing import Protocol

import msgspec

from mobileip.agents.events import Link
from mobileip.sim.clock import Schedule
from mobileip.sim.packet import SIGNALLING, Packet
from mobileip.sim.wires import Wire

CORE = "core"
ROUTER = "router"
"""Of a segment without an agent."""

AGENTS_GROUPS = frozenset({bytes.fromhex("01005e000002"), bytes.fromhex("01005e00000b")})
"""All routers and all mobility agents; other groups, and the broadcast address, are for everybody."""


class Station(Protocol):
    """Whoever has a port."""

    name: str

    def hear(self, port: "Port | None", packet: Packet) -> None:
        """A packet arrived: as a frame on `port`, or (None) from the core."""
        ...


class RoutedStation(Station, Protocol):
    """A home agent's machine: packets for its home network end there."""

    def hear_routed(self, packet: Packet) -> None:
        """A packet was routed into its tunnel device."""
        ...

    def intercepts(self, address: IPv4Address) -> bool:
        """Whether it answers ARP for a home address."""
        ...


class Traffic:
    """What went over one link."""

    __slots__ = ("lost", "messages", "octets", "packets", "signalling_octets", "too_big")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Counts from here."""
        self.messages = 0
        """Of signalling."""
        self.signalling_octets = 0
        self.packets = 0
        """All but signalling."""
        self.octets = 0
        self.lost = 0
        self.too_big = 0

    def count(self, packet: Packet) -> None:
        if packet.kind in SIGNALLING:
            self.messages += 1
            self.signalling_octets += packet.length
        else:
            self.packets += 1
            self.octets += packet.length


class Segment:
    """One broadcast link. `gateway`: its router, where it leads anywhere by itself."""

    def __init__(self, name: str, wire: Wire, prefix: IPv4Network, gateway: IPv4Address) -> None:
        self.name = name
        self.wire = wire
        self.prefix = prefix
        self.gateway = gateway
        self.gateway_link_address = b"\x02\xff" + gateway.packed
        self.stations: dict[bytes, Port] = {}
        self.agents: dict[bytes, Port] = {}
        """Members of the groups of routers and of mobility agents."""
        self.listeners: list[Port] = []
        """Those who hear every frame."""
        self.owners: dict[int, Port] = {}
        """Fixed addresses on the link."""
        self.traffic = Traffic()


class Port:
    """One interface of a machine and the segment that it is plugged into."""

    __slots__ = ("epoch", "is_dead", "link", "owner", "received", "segment", "sent")

    def __init__(self, owner: Station, link: Link) -> None:
        self.owner = owner
        self.link = link
        self.segment: Segment | None = None
        self.epoch = 0
        """Counts the times that it was plugged in or out: what was on its way to the old place is lost."""
        self.is_dead = False
        """It looks plugged in, and nothing passes."""
        self.sent = self.received = 0
        """Packets, as a kernel counts them."""

    @property
    def link_address(self) -> bytes:
        return self.link.link_address or b""


class Passage(msgspec.Struct, frozen=True):
    """One packet from one machine to the next, as a tap sees it; `arrived_at` None: lost."""

    sender: str
    receiver: str
    link: str
    packet: Packet
    sent_at: float
    arrived_at: float | None


Tap = Callable[[Passage], None]


class Network:
    def __init__(self, schedule: Schedule, core: Wire, chance: Random) -> None:
        self.schedule = schedule
        self.core = core
        self.core_traffic = Traffic()
        self.segments: dict[str, Segment] = {}
        self.hosts: dict[int, Station] = {}
        """By fixed address."""
        self.leases: dict[int, Port] = {}
        self.homes: dict[int, tuple[RoutedStation, Segment | None]] = {}
        """By home address: its home agent's machine, and its home link where there is one."""
        self.at_home: dict[int, tuple[Port, ...]] = {}
        """By home address: the ports of the node that has it."""
        self.cut_off: set[str] = set()
        """Networks between which and the core nothing passes, by name."""
        self.tap: Tap | None = None
        self.undelivered = 0
        """Packets that found no receiver."""
        self._chance = chance

    # -- plugging

    def plug(self, port: Port, segment: Segment, *, is_agent: bool = False) -> None:
        self.unplug(port)
        port.segment, port.is_dead = segment, False
        segment.stations[port.link_address] = port
        if is_agent:
            segment.agents[port.link_address] = port

    def unplug(self, port: Port) -> None:
        port.epoch += 1
        if port.segment is not None:
            port.segment.stations.pop(port.link_address, None)
            port.segment.agents.pop(port.link_address, None)
            port.segment = None

    # -- frames

    def frame(self, port: Port, link_destination: bytes, packet: Packet) -> bool:
        """One frame from `port`; False when it is not plugged in."""
        segment = port.segment
        if segment is None:
            return False
        port.sent += 1
        if port.is_dead:
            segment.traffic.lost += 1
            return True
        if packet.link_source is None:
            packet.link_source = port.link_address
        packet.link_destination = link_destination
        if not self._fits(segment.wire, segment.traffic, packet):
            return True
        for listener in segment.listeners:
            if listener is not port:
                listener.owner.hear(listener, packet)
        if link_destination[0] & 1:
            self._group_frame(port, segment, link_destination, packet)
            return True
        receiver = segment.stations.get(link_destination)
        if receiver is not None:
            self._onto(segment, port.owner.name, receiver, packet)
        elif link_destination == segment.gateway_link_address:
            self._onto_router(segment, port.owner.name, packet)
        else:
            self.undelivered += 1
        return True

    def _group_frame(self, port: Port, segment: Segment, link_destination: bytes, packet: Packet) -> None:
        members = segment.agents if link_destination in AGENTS_GROUPS else segment.stations
        if segment.wire.is_plain and self.tap is None:
            self.schedule.after(segment.wire.delay, _hear_all, (port, members, packet))
            return
        for receiver in members.values():
            if receiver is not port:
                self._onto(segment, port.owner.name, receiver, packet)

    def _onto(self, segment: Segment, sender: str, receiver: Port, packet: Packet) -> None:
        """To one station of a segment."""
        arrivals = segment.wire.arrivals(self._chance)
        now = self.schedule.now
        for seconds in arrivals:
            self.schedule.at(now + seconds, self._hear, (receiver, receiver.epoch, packet))
        self._note(arrivals, segment.traffic, packet, (sender, receiver.owner.name, segment.name))

    def _hear(self, delivery: tuple[Port, int, Packet]) -> None:
        port, epoch, packet = delivery
        if port.epoch == epoch and not port.is_dead:
            port.received += 1
            port.owner.hear(port, packet)
        else:
            self.undelivered += 1

    # -- routed packets

    def route(self, sender: str, port: Port | None, packet: Packet) -> bool:
        """A packet without a link-layer destination: from the core's own machines, or from a station through its
        segment's router. False when the sender is not plugged in."""
        if port is None:
            self._through_core(sender, packet)
            return True
        segment = port.segment
        if segment is None:
            return False
        local = segment.owners.get(int(packet.destination))
        if local is not None:
            return self.frame(port, local.link_address, packet)
        port.sent += 1
        if port.is_dead:
            segment.traffic.lost += 1
        elif self._fits(segment.wire, segment.traffic, packet):
            self._onto_router(segment, sender, packet)
        return True

    def _onto_router(self, segment: Segment, sender: str, packet: Packet) -> None:
        """From a station to its segment's router, and on over the core."""
        arrivals = segment.wire.arrivals(self._chance)
        for seconds in arrivals:
            self.schedule.after(seconds, self._from_segment, (segment.name, sender, packet))
        self._note(arrivals, segment.traffic, packet, (sender, ROUTER, segment.name))

    def _from_segment(self, passing: tuple[str, str, Packet]) -> None:
        segment, sender, packet = passing
        if segment in self.cut_off:
            self.undelivered += 1
        else:
            self._through_core(sender, packet)

    def _through_core(self, sender: str, packet: Packet) -> None:
        if sender in self.cut_off:  # a foreign agent's machine bears the name of its network
            self.undelivered += 1
            return
        if not self._fits(self.core, self.core_traffic, packet):
            return
        arrivals = self.core.arrivals(self._chance)
        for seconds in arrivals:
            self.schedule.after(seconds, self.arrive, packet)
        self._note(arrivals, self.core_traffic, packet, (sender, self._receiver(packet), CORE))

    def arrive(self, packet: Packet) -> None:
        """The core hands a packet to the owner of its destination."""
        destination = int(packet.destination)
        host = self.hosts.get(destination)
        if host is not None:
            self._arrive_at(host, packet)
        elif (lease := self.leases.get(destination)) is not None and lease.segment is not None:
            if lease.segment.name in self.cut_off:
                self.undelivered += 1
            else:
                self._onto_link(lease.segment, lease, packet)
        elif (home := self.homes.get(destination)) is not None:
            self._arrive_home(*home, packet)
        else:
            self.undelivered += 1

    def _arrive_at(self, host: Station, packet: Packet) -> None:
        if host.name in self.cut_off:
            self.undelivered += 1
        else:
            host.hear(None, packet)

    def _arrive_home(self, agent: RoutedStation, segment: Segment | None, packet: Packet) -> None:
        address = packet.destination
        node = next((port for port in self.at_home.get(int(address), ()) if port.segment is segment), None)
        if segment is None or agent.intercepts(address):
            agent.hear_routed(packet)
        elif node is not None:
            self._onto_link(segment, node, packet)
        else:
            self.undelivered += 1

    def _onto_link(self, segment: Segment, receiver: Port, packet: Packet) -> None:
        """From a segment's router to one of its stations."""
        if self._fits(segment.wire, segment.traffic, packet):
            self._onto(segment, ROUTER, receiver, packet)

    # -- what is noted

    def _fits(self, wire: Wire, traffic: Traffic, packet: Packet) -> bool:
        traffic.count(packet)
        if packet.length <= wire.mtu:
            return True
        traffic.too_big += 1
        return False

    def _note(self, arrivals: tuple[float, ...], traffic: Traffic, packet: Packet, way: tuple[str, str, str]) -> None:
        """`way`: sender, receiver, link."""
        if not arrivals:
            traffic.lost += 1
        if self.tap is not None:
            now = self.schedule.now
            at = now + arrivals[0] if arrivals else None
            self.tap(Passage(*way, packet, now, at))

    def _receiver(self, packet: Packet) -> str:
        if self.tap is None:
            return ""
        destination = int(packet.destination)
        owner = self.hosts.get(destination)
        if owner is None and destination in self.homes:
            owner = self.homes[destination][0]
        return owner.name if owner is not None else ROUTER


def _hear_all(delivery: tuple[Port, dict[bytes, Port], Packet]) -> None:
    sender, members, packet = delivery
    for receiver in list(members.values()):
        if receiver is not sender and not receiver.is_dead:
            receiver.received += 1
            receiver.owner.hear(receiver, packet)
