"""Streams of numbered packets from a correspondent to home addresses: what is lost, and for how long it is silent."""

from array import array
from ipaddress import IPv4Address
from struct import Struct

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
    """One stream to one node."""

    __slots__ = ("after_move", "duplicates", "last_at", "node", "received", "seen", "sent", "silences")

    def __init__(self, node: MobileHost) -> None:
        self.node = node
        self.sent = 0
        self.received = 0
        self.duplicates = 0
        self.seen = bytearray()
        self.last_at: float | None = None
        self.after_move: float | None = None
        """The longest silence since the last move; None before the first."""
        self.silences = array("d")
        """The longest silence of each handover, s."""

    def moved(self) -> None:
        if self.after_move is not None:
            self.silences.append(self.after_move)
        self.after_move = 0.0

    def arrived(self, number: int, now: float) -> None:
        if self.seen[number]:
            self.duplicates += 1
            return
        self.seen[number] = 1
        self.received += 1
        if self.last_at is not None and self.after_move is not None:
            self.after_move = max(self.after_move, now - self.last_at)
        self.last_at = now


class Streams:
    """All streams of a world, until `until`."""

    def __init__(self, world: World, until: float) -> None:
        self._world = world
        self._settings = world.scenario.traffic
        self._until = until - LAST_WAY
        self.streams = [Stream(node) for node in world.nodes[: self._settings.streams]]
        self.by_name = {stream.node.host.name: stream for stream in self.streams}
        self._filling = bytes(max(0, self._settings.octets - _HEADERS - _NUMBERS.size))

    def start(self) -> None:
        begin = self._world.scenario.mobile.start + WARM_UP
        for number, stream in enumerate(self.streams):
            # Not all in one instant.
            offset = self._settings.every * number / len(self.streams)
            self._world.schedule.at(begin + offset, self._send, (number, stream))

    def _send(self, numbered: tuple[int, Stream]) -> None:
        number, stream = numbered
        network, now = self._world.network, self._world.schedule.now
        payload = _NUMBERS.pack(number, stream.sent) + self._filling
        stream.sent += 1
        stream.seen.append(0)
        network.route(NAME, None, _packet(stream.node.home_address, payload))
        if now + self._settings.every < self._until:
            self._world.schedule.at(now + self._settings.every, self._send, numbered)

    def received(self, name: str, packet: bytes) -> None:
        """A node got a packet; others than ours are none of our business."""
        stream = self.by_name.get(name)
        if stream is None or len(packet) < _HEADERS + _NUMBERS.size or packet[12:16] != CORRESPONDENT.packed:
            return
        _, sequence = _NUMBERS.unpack_from(packet, _HEADERS)
        if sequence < stream.sent:
            stream.arrived(sequence, self._world.schedule.now)


def _packet(destination: IPv4Address, payload: bytes) -> Packet:
    datagram = encode_udp(CORRESPONDENT, destination, STREAM_PORT, STREAM_PORT, payload)
    octets = encode_ipv4(
        Ipv4Packet(source=CORRESPONDENT, destination=destination, protocol=PROTOCOL_UDP, payload=datagram)
    )
    return Packet(kind=DATA, payload=octets, source=CORRESPONDENT, destination=destination)
