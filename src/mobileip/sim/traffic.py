"""Streams of numbered packets from a correspondent to home addresses, and back: what is lost, and for how long it is
silent."""

from array import array
from ipaddress import IPv4Address
from math import inf
from struct import Struct

from mobileip.sim.network import Port
from mobileip.sim.packet import DATA, Packet
from mobileip.sim.world import CORRESPONDENT, MobileHost, World
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, PROTOCOL_UDP, Ipv4Packet, encode_ipv4
from mobileip.wire.ip.udp import HEADER_LENGTH as UDP_HEADER_LENGTH
from mobileip.wire.ip.udp import encode_udp

_NUMBERS = Struct("!IQ")
_HEADERS = HEADER_LENGTH + UDP_HEADER_LENGTH
STREAM_PORT = 40000
NAME = "correspondent"
WARM_UP = 5.0
"""Streams begin so long after the last node was plugged in, s."""
LAST_WAY = 2.0
"""And end so long before the simulation does: what is on its way arrives."""


class Stream:
    """One stream to one node, or (`is_up`) from it."""

    __slots__ = (
        "after_move",
        "arrived_at",
        "duplicates",
        "is_up",
        "last_at",
        "node",
        "received",
        "sent_at",
        "silences",
    )

    def __init__(self, node: MobileHost, *, is_up: bool = False) -> None:
        self.node = node
        self.is_up = is_up
        self.sent_at = array("d")
        """By number, virtual time, s."""
        self.arrived_at = array("d")
        """The same; infinite as long as it has not."""
        self.received = 0
        self.duplicates = 0
        self.last_at: float | None = None
        self.after_move: float | None = None
        """The longest silence since the last move; None before the first."""
        self.silences = array("d")
        """The longest silence of each handover, s."""

    @property
    def sent(self) -> int:
        return len(self.sent_at)

    def leaves(self, now: float) -> None:
        """The next one leaves."""
        self.sent_at.append(now)
        self.arrived_at.append(inf)

    def moved(self) -> None:
        if self.after_move is not None:
            self.silences.append(self.after_move)
        self.after_move = 0.0

    def arrived(self, number: int, now: float) -> None:
        if self.arrived_at[number] < inf:
            self.duplicates += 1
            return
        self.arrived_at[number] = now
        self.received += 1
        if self.last_at is not None and self.after_move is not None:
            self.after_move = max(self.after_move, now - self.last_at)
        self.last_at = now

    def lost(self) -> list[float]:
        """When those left that never arrived, virtual time, s."""
        return [sent_at for sent_at, at in zip(self.sent_at, self.arrived_at, strict=True) if at == inf]


class Streams:
    """All streams of a world, until `until`. Implements `network.Station`: it is the correspondent."""

    name = NAME

    def __init__(self, world: World, until: float) -> None:
        self._world = world
        self._settings = world.scenario.traffic
        self._until = until - LAST_WAY
        nodes = world.nodes[: self._settings.streams]
        self.by_name = {node.host.name: Stream(node) for node in nodes}
        """Those to nodes, by name of the node."""
        self.upwards = {int(node.home_address): Stream(node, is_up=True) for node in nodes if self._settings.both_ways}
        """Those from nodes, by home address."""
        self.streams = [*self.by_name.values(), *self.upwards.values()]
        self._filling = bytes(max(0, self._settings.octets - _HEADERS - _NUMBERS.size))
        world.network.hosts[int(CORRESPONDENT)] = self

    def start(self) -> None:
        begin = self._world.scenario.mobile.start + WARM_UP
        for number, stream in enumerate(self.streams):
            # Not all in one instant.
            offset = self._settings.every * number / len(self.streams)
            self._world.schedule.at(begin + offset, self._send, (number, stream))

    def moved(self, name: str) -> None:
        """A node has come to another network."""
        for stream in self.streams:
            if stream.node.host.name == name:
                stream.moved()

    def _send(self, numbered: tuple[int, Stream]) -> None:
        number, stream = numbered
        now, home_address = self._world.schedule.now, stream.node.home_address
        payload = _NUMBERS.pack(number, stream.sent) + self._filling
        stream.leaves(now)
        if stream.is_up:
            stream.node.host.send(_packet(home_address, CORRESPONDENT, payload).payload)
        else:
            self._world.network.route(NAME, None, _packet(CORRESPONDENT, home_address, payload))
        if now + self._settings.every < self._until:
            self._world.schedule.at(now + self._settings.every, self._send, numbered)

    def hear(self, _port: Port | None, packet: Packet) -> None:
        """Something reached the correspondent."""
        if packet.kind == DATA:
            self._arrived(self.upwards.get(int.from_bytes(packet.payload[12:16])), packet.payload)

    def received(self, name: str, packet: bytes) -> None:
        """A node got a packet; others than ours are none of our business."""
        if packet[12:16] == CORRESPONDENT.packed:
            self._arrived(self.by_name.get(name), packet)

    def _arrived(self, stream: Stream | None, packet: bytes) -> None:
        if stream is None or len(packet) < _HEADERS + _NUMBERS.size:
            return
        _, sequence = _NUMBERS.unpack_from(packet, _HEADERS)
        if sequence < stream.sent:
            stream.arrived(sequence, self._world.schedule.now)


def _packet(source: IPv4Address, destination: IPv4Address, payload: bytes) -> Packet:
    datagram = encode_udp(source, destination, STREAM_PORT, STREAM_PORT, payload)
    octets = encode_ipv4(Ipv4Packet(source=source, destination=destination, protocol=PROTOCOL_UDP, payload=datagram))
    return Packet(kind=DATA, payload=octets, source=source, destination=destination)
