"""Packets that came at once, and the ones among them about which one decision holds. Pure, as `path` and `arrivals`,
which make the decisions: what is alike here would be decided alike there, and gives the same octets.
"""

from collections.abc import Iterable, Iterator
from struct import Struct

from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.header import forwarded
from mobileip.dataplane.userspace.offload import HEADER_LENGTH as HEADER_LENGTH_OF_OFFLOADS
from mobileip.dataplane.userspace.offload import PLAIN
from mobileip.dataplane.userspace.outcome import Delivery, Outcome, Outer
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.segment import packets_of
from mobileip.dataplane.userspace.segment_size import PROTOCOL_TCP, SYN
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import Exit, Leg
from mobileip.wire.ip.gre import KEY_PRESENT
from mobileip.wire.ip.ipv4 import (
    HEADER_LENGTH,
    MORE_FRAGMENTS,
    OFFSET_MASK,
    PROTOCOL_GRE,
    PROTOCOL_IPIP,
    PROTOCOL_UDP,
)
from mobileip.wire.ip.udp import HEADER_LENGTH as UDP_LENGTH
from mobileip.wire.tunnel_data import HEADER_LENGTH as TUNNEL_DATA_LENGTH

VERSION_AND_LENGTH = 0x45
"""Of a header without options; with any other no packet is alike."""

PROTOCOLS = frozenset({PROTOCOL_TCP, PROTOCOL_UDP})
"""Of inner packets that may be alike: of ICMP some is news, others are tunnels."""

TCP_FLAGS = HEADER_LENGTH + 13


class Train:
    """Packets into one tunnel, as they leave, and what they carry."""

    __slots__ = ("inners", "leg", "packets")

    def __init__(self, outer: Outer) -> None:
        self.leg: Leg = outer.leg
        self.packets = [outer.packet]
        self.inners = [outer.inner]


class Party:
    """Packets out of a tunnel for one place."""

    __slots__ = ("exit", "packets")

    def __init__(self, delivery: Delivery) -> None:
        self.exit: Exit = delivery.exit
        self.packets = [delivery.packet]


def trains_from_device(
    tables: PacketTables, reads: Iterable[bytes], now: float, realm: int = 0
) -> Iterator[Train | Outcome]:
    """`reads`: as a device with offloads gives them. A train grows until the next thing is asked for."""
    train: Train | None = None
    first = b""
    for octets in reads:
        packets = (octets[HEADER_LENGTH_OF_OFFLOADS:],) if octets.startswith(PLAIN) else packets_of(octets)
        decided = 0
        if train is None or not _is_alike(first, packets[0]):
            for first in packets:
                decided += 1
                outcome = from_device(tables, first, now, realm)
                if type(outcome) is not Outer or outcome.leg.hop is not None:
                    train = None
                    yield outcome
                    continue
                if train is not None and train.leg is outcome.leg:
                    train.packets.append(outcome.packet)
                    train.inners.append(outcome.inner)
                else:
                    train = Train(outcome)
                    yield train
                if outcome.inner is first and first[0] == VERSION_AND_LENGTH:
                    break  # the segments of one packet differ in nothing that counts, and none is larger than the first
                train = None
        following = packets[decided:]
        if train is not None and following:
            encapsulate, number = train.leg.end.encapsulate, tables.next_identification
            train.packets += [encapsulate(packet, number()) for packet in following]
            train.inners += following


def _is_alike(first: bytes, packet: bytes) -> bool:
    """Whether what was decided about `first`, which went into a tunnel as it is, holds for `packet` too."""
    return (
        packet[12:24] == first[12:24]
        and packet[0] == VERSION_AND_LENGTH
        and packet[9] == first[9]
        and packet[9] in PROTOCOLS
        and packet[2] << 8 | packet[3] == len(packet) <= len(first)
        and packet[8] > 0
        and not (packet[9] == PROTOCOL_TCP and _opens(packet, 0))
    )


def _opens(packet: bytes, start: int) -> bool:
    """Whether a segment of TCP without IPv4 options has SYN; of a fragment it may be said in error."""
    flags = start + TCP_FLAGS
    return len(packet) <= flags or bool(packet[flags] & SYN)


def parties_from_tunnel(
    tables: PacketTables, arrivals: Iterable[tuple[bytes, str | None]], now: float
) -> Iterator[Party | Outcome]:
    """`arrivals`: whole tunnel packets, and the interface that each came in by. A party grows until the next thing is
    asked for."""
    party: Party | None = None
    pattern: _Pattern | None = None
    for packet, interface in arrivals:
        if party is not None and pattern is not None:
            inner = pattern.inner_of(packet, interface)
            if inner is not None:
                party.packets.append(inner)
                continue
        outcome = from_tunnel(tables, packet, now, interface)
        if type(outcome) is not Delivery:
            party = pattern = None
            yield outcome
            continue
        pattern = _pattern(packet, interface, outcome)
        if party is not None and party.exit is outcome.exit:
            party.packets.append(outcome.packet)
        else:
            party = Party(outcome)
            yield party


_BEGINNING = Struct("!2sH2xHxB2x8s")
"""Outer header: version and service, length, fragment, protocol, addresses."""
_INNER = Struct("!2sH2xHBB2x12s")
"""Version and service, length, fragment, TTL, protocol, addresses and ports."""
_FRAGMENT = MORE_FRAGMENTS | OFFSET_MASK
_GRE_FLAGS = (0, KEY_PRESENT)
"""Those of headers that are the same for all packets of a tunnel."""
_UDP_LENGTH = slice(HEADER_LENGTH + 4, HEADER_LENGTH + 6)
TUNNEL_START = HEADER_LENGTH + UDP_LENGTH + TUNNEL_DATA_LENGTH
"""Where the inner packet is behind headers of UDP and of Tunnel Data (RFC 3519)."""


class _Pattern:
    """What a packet has in common with one that was handed over, when it can be handed over too."""

    __slots__ = ("_between", "_ends", "_inner", "_interface", "_is_tcp", "_protocol", "_service", "_start", "_visitor")

    def __init__(self, packet: bytes, start: int, interface: str | None, *, visitor: bool) -> None:
        self._service, _, _, self._protocol, self._ends = _BEGINNING.unpack_from(packet)
        service, _, _, _, protocol, ends = _INNER.unpack_from(packet, start)
        self._inner = service, protocol, ends
        self._is_tcp = protocol == PROTOCOL_TCP
        self._start = start
        self._between = self._between_of(packet)
        self._interface = interface
        self._visitor = visitor

    def _between_of(self, packet: bytes) -> bytes:
        """What of the headers between the two of IPv4 is to be the same."""
        if self._protocol == PROTOCOL_UDP:
            return packet[20:24] + packet[28:30]
        return packet[HEADER_LENGTH : self._start]

    def inner_of(self, packet: bytes, interface: str | None) -> bytes | None:
        """What is handed over of `packet`; None: that is to be decided."""
        start, length = self._start, len(packet)
        if length < start + HEADER_LENGTH + 4:
            return None
        service, total, fragment, protocol, ends = _BEGINNING.unpack_from(packet)
        inner_service, inner_total, inner_fragment, ttl, inner_protocol, inner_ends = _INNER.unpack_from(packet, start)
        if (
            (inner_service, inner_protocol, inner_ends) != self._inner
            or ends != self._ends
            or protocol != self._protocol
            or service != self._service
            or total != length
            or inner_total != length - start
            or (fragment | inner_fragment) & _FRAGMENT
            or ttl <= 1
            or interface != self._interface
            or (start > HEADER_LENGTH and self._between_of(packet) != self._between)
            or (protocol == PROTOCOL_UDP and int.from_bytes(packet[_UDP_LENGTH]) != length - HEADER_LENGTH)
            or int.from_bytes(packet[start : start + HEADER_LENGTH]) % 0xFFFF
            or (self._is_tcp and _opens(packet, start))
        ):
            return None
        return forwarded(packet, start, length) if self._visitor else packet[start:]


def _pattern(packet: bytes, interface: str | None, delivery: Delivery) -> _Pattern | None:
    """What makes others like `packet`, which came out as `delivery`; None where it is no ordinary one."""
    inner = delivery.packet
    start = len(packet) - len(inner)
    if (
        packet[0] != VERSION_AND_LENGTH
        or inner[0] != VERSION_AND_LENGTH
        or inner[9] not in PROTOCOLS
        or len(inner) < HEADER_LENGTH + 4
        or not _is_plain(packet, start)
    ):
        return None
    visitor = delivery.exit.interface is not None
    expected = forwarded(packet, start, len(packet)) if visitor else packet[start:]
    return _Pattern(packet, start, interface, visitor=visitor) if inner == expected else None


def _is_plain(packet: bytes, start: int) -> bool:
    """Whether the inner packet is at `start`, as it is, behind headers that tell no two packets apart."""
    if packet[9] == PROTOCOL_GRE:
        return start > HEADER_LENGTH and int.from_bytes(packet[20:22]) in _GRE_FLAGS
    if packet[9] == PROTOCOL_UDP:
        return start == TUNNEL_START and packet[29] == PROTOCOL_IPIP
    return packet[9] == PROTOCOL_IPIP and start == HEADER_LENGTH
