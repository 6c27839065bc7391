"""A machine's own IP stack, as far as a simulation needs one: which way its own packets take, what it forwards for
others, and that it answers an echo request. It looks at the rules, routes and neighbours that the engine has put into
the pretended kernel, as the real one would; the main table is the network's.
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import NamedTuple

from mobileip.dataplane.fake import FakeKernel
from mobileip.dataplane.identity import identity
from mobileip.dataplane.ports import (
    ROUTING_TABLE,
    RULE_PRIORITY,
    VISITOR_TABLE,
    NeighbourEntry,
    Route,
    Rule,
)
from mobileip.sim.network import Network, Port
from mobileip.sim.packet import Packet, ip_packet
from mobileip.wire.ip.icmp import ECHO_REPLY, ECHO_REQUEST, encode
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, PROTOCOL_ICMP, Ipv4Packet, encode_ipv4


class Way(NamedTuple):
    """By a link, to a neighbour's link-layer address where one is known."""

    port: Port
    link_address: bytes | None


class Stack:
    """Of one machine with one engine. `own`: its fixed addresses, beside those of its links. `into_device`: where
    packets go that are routed into our device; `on_mine`: what is for this machine, with the end of the tunnel that it
    came by, if any."""

    def __init__(
        self,
        name: str,
        network: Network,
        ports: Mapping[str, Port],
        own: tuple[IPv4Address, ...],
        *,
        has_core: bool,
        kernel: Callable[[], FakeKernel],
        into_device: Callable[[bytes], None],
        on_mine: Callable[[bytes, IPv4Address | None], None],
    ) -> None:
        self._name = name
        self._network = network
        self._ports = ports
        self._own = frozenset(address.packed for address in own)
        self._has_core = has_core
        self._kernel = kernel
        self._into_device = into_device
        self._on_mine = on_mine
        self._ways: dict[bytes, Way | None] = {}
        """By destination, as long as the kernel's tables are the same."""

    def tables_changed(self) -> None:
        self._ways.clear()

    def heard(self, port: Port | None, packet: Packet) -> None:
        """A packet without a tunnel's header came in: as a frame on `port`, or (None) from the core."""
        if self._is_mine(packet.payload[16:20]):
            self._mine(packet.payload, packet.via)
        elif self._has_core and port is not None:
            self._forward(port, packet)

    def came_out(self, packet: bytes, via: IPv4Address | None) -> None:
        """A packet came out of our device; an agent's machine forwards what is not for itself."""
        if not self._has_core or self._is_mine(packet[16:20]):
            self._mine(packet, via)
        else:
            self._send_on(ip_packet(packet))

    def send(self, packet: bytes) -> None:
        """One of the machine's own packets leaves; without a way it is dropped by its engine, by name."""
        if self._has_core:
            self._send_on(ip_packet(packet))
            return
        destination = packet[16:20]
        if destination not in self._ways:
            self._ways[destination] = self._way_to(IPv4Address(destination))
        way = self._ways[destination]
        if way is None:
            self._into_device(packet)
        elif way.link_address is None:
            self._network.route(self._name, way.port, ip_packet(packet))
        else:
            self._network.frame(way.port, way.link_address, ip_packet(packet))

    def _is_mine(self, address: bytes) -> bool:
        if address in self._own:
            return True
        return any(a.ip.packed == address for port in self._ports.values() for a in port.link.addresses)

    def _mine(self, packet: bytes, via: IPv4Address | None) -> None:
        if packet[9] == PROTOCOL_ICMP and packet[HEADER_LENGTH] == ECHO_REQUEST:
            self.send(_echo_reply(packet))
        else:
            self._on_mine(packet, via)

    def _forward(self, port: Port, packet: Packet) -> None:
        """What a visitor sends: into its reverse tunnel where a rule says so, else straight on."""
        rule = Rule(priority=RULE_PRIORITY + 6, arriving_by=port.link.name, source=packet.source, table=VISITOR_TABLE)
        if identity(rule) in self._kernel().objects:
            self._into_device(packet.payload)
        else:
            # As another packet: it goes on in other frames.
            self._send_on(ip_packet(packet.payload))

    def _send_on(self, packet: Packet) -> None:
        home = self._network.homes.get(int(packet.destination))
        if home is not None and home[0].name == self._name:
            self._network.arrive(packet)  # our own home network: not over the core
        else:
            self._network.route(self._name, None, packet)

    def _way_to(self, destination: IPv4Address) -> Way | None:
        """By a link's own subnet, else by the mobile node's table; None: into our device."""
        for port in self._ports.values():
            if any(destination in interface.network for interface in port.link.addresses):
                return Way(port, None)
        objects = self._kernel().objects
        routes = [o for o in objects.values() if isinstance(o, Route) and o.table == ROUTING_TABLE]
        fitting = [route for route in routes if destination in route.prefix]
        best = max(fitting, key=lambda route: (route.prefix.prefixlen, -route.metric), default=None)
        if best is None or best.interface not in self._ports:
            return None
        port = self._ports[best.interface]
        if best.gateway is None:
            return Way(port, None)
        entry = NeighbourEntry(interface=best.interface, address=best.gateway, link_address=b"")
        neighbour = objects.get(identity(entry))
        return Way(port, neighbour.link_address if isinstance(neighbour, NeighbourEntry) else None)


def _echo_reply(request: bytes) -> bytes:
    """RFC 792: "the source and destination addresses are simply reversed, the type code changed to 0, and the checksum
    recomputed"."""
    rest = int.from_bytes(request[HEADER_LENGTH + 4 : HEADER_LENGTH + 8])
    return encode_ipv4(
        Ipv4Packet(
            source=IPv4Address(request[16:20]),
            destination=IPv4Address(request[12:16]),
            protocol=PROTOCOL_ICMP,
            payload=encode(ECHO_REPLY, 0, rest, request[HEADER_LENGTH + 8 :]),
        )
    )
