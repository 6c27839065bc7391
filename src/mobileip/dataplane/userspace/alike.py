"""What makes packets alike that come out of one tunnel, so that what was decided about one holds for the next. Pure."""

from struct import Struct
from typing import Protocol

from mobileip.dataplane.userspace.header import forwarded
from mobileip.dataplane.userspace.outcome import Delivery
from mobileip.dataplane.userspace.segment_size import PROTOCOL_TCP, SYN
from mobileip.wire.ip.gre import KEY_PRESENT
from mobileip.wire.ip.ipv4 import (
    HEADER_LENGTH,
    MORE_FRAGMENTS,
    OFFSET_MASK,
    PROTOCOL_GRE,
    PROTOCOL_IPIP,
    PROTOCOL_MINIMAL,
    PROTOCOL_UDP,
)
from mobileip.wire.ip.minimal import LONG_LENGTH, SHORT_LENGTH
from mobileip.wire.ip.udp import HEADER_LENGTH as UDP_LENGTH
from mobileip.wire.tunnel_data import HEADER_LENGTH as TUNNEL_DATA_LENGTH

VERSION_AND_LENGTH = 0x45
"""Of a header without options; with any other no packet is alike."""

PROTOCOLS = frozenset({PROTOCOL_TCP, PROTOCOL_UDP})
"""Of inner packets that may be alike: of ICMP some is news, others are tunnels."""

PORTS_LENGTH = 4


class Pattern(Protocol):
    """What a packet has in common with one that was handed over, when it can be handed over too."""

    def inner_of(self, packet: bytes) -> bytes | None:
        """What is handed over of `packet`; None: that is to be decided."""


def pattern_of(packet: bytes, delivery: Delivery) -> Pattern | None:
    """What makes others like `packet`, which came out as `delivery`; None where it is no ordinary one."""
    inner = delivery.packet
    start = len(packet) - len(inner)
    if (
        packet[0] != VERSION_AND_LENGTH
        or inner[0] != VERSION_AND_LENGTH
        or inner[9] not in PROTOCOLS
        or len(inner) < HEADER_LENGTH + PORTS_LENGTH
    ):
        return None
    visitor = delivery.exit.interface is not None
    pattern: Pattern
    if packet[9] == PROTOCOL_MINIMAL and start in (SHORT_LENGTH, LONG_LENGTH):
        pattern = _Changed(packet, inner, visitor=visitor)
    elif _is_plain(packet, start):
        pattern = _Behind(packet, start, visitor=visitor)
    else:
        return None
    return pattern if pattern.inner_of(packet) == inner else None


def may_open(packet: bytes, tcp: int) -> bool:
    """Whether the segment of TCP at `tcp` has SYN; of a fragment it may be said in error."""
    flags = tcp + 13
    return len(packet) <= flags or bool(packet[flags] & SYN)


_BEGINNING = Struct("!2sH2xHxB2x8s")
"""Outer header: version and service, length, fragment, protocol, addresses."""
_INNER = Struct("!2sH2xHBB2x12s")
"""Version and service, length, fragment, TTL, protocol, addresses and ports."""
_CHANGED = Struct("!HHHHBBH8s")
"""A whole header: version and service, length, Identification, fragment, TTL, protocol, checksum, addresses."""
_FRAGMENT = MORE_FRAGMENTS | OFFSET_MASK
_GRE_FLAGS = (0, KEY_PRESENT)
"""Those of headers that are the same for all packets of a tunnel."""
_UDP_LENGTH = slice(HEADER_LENGTH + 4, HEADER_LENGTH + 6)
TUNNEL_START = HEADER_LENGTH + UDP_LENGTH + TUNNEL_DATA_LENGTH
"""Where the inner packet is behind headers of UDP and of Tunnel Data (RFC 3519)."""


class _Behind:
    """Inner packets as they are, behind outer headers. Implements `Pattern`."""

    __slots__ = ("_between", "_ends", "_inner", "_is_tcp", "_protocol", "_service", "_start", "_visitor")

    def __init__(self, packet: bytes, start: int, *, visitor: bool) -> None:
        self._service, _, _, self._protocol, self._ends = _BEGINNING.unpack_from(packet)
        service, _, _, _, protocol, ends = _INNER.unpack_from(packet, start)
        self._inner = service, protocol, ends
        self._is_tcp = protocol == PROTOCOL_TCP
        self._start = start
        self._between = self._between_of(packet)
        self._visitor = visitor

    def _between_of(self, packet: bytes) -> bytes:
        """What of the headers between the two of IPv4 is to be the same."""
        if self._protocol == PROTOCOL_UDP:
            return packet[20:24] + packet[28:30]
        return packet[HEADER_LENGTH : self._start]

    def inner_of(self, packet: bytes) -> bytes | None:
        start, length = self._start, len(packet)
        if length < start + HEADER_LENGTH + PORTS_LENGTH:
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
            or (start > HEADER_LENGTH and self._between_of(packet) != self._between)
            or (protocol == PROTOCOL_UDP and int.from_bytes(packet[_UDP_LENGTH]) != length - HEADER_LENGTH)
            or int.from_bytes(packet[start : start + HEADER_LENGTH]) % 0xFFFF
            or (self._is_tcp and may_open(packet, start + HEADER_LENGTH))
        ):
            return None
        return forwarded(packet, start, length) if self._visitor else packet[start:]


class _Changed:
    """Inner packets whose header is the outer one, with other addresses (RFC 2004). Implements `Pattern`."""

    __slots__ = (
        "_addresses",
        "_between",
        "_ends",
        "_is_tcp",
        "_length",
        "_of_addresses",
        "_protocol",
        "_service",
        "_visitor",
    )

    def __init__(self, packet: bytes, inner: bytes, *, visitor: bool) -> None:
        self._length = len(packet) - len(inner)
        self._service, _, _, _, _, _, _, self._ends = _CHANGED.unpack_from(packet)
        self._between = packet[HEADER_LENGTH : HEADER_LENGTH + self._length + PORTS_LENGTH]
        self._protocol = inner[9]
        self._addresses = inner[12:HEADER_LENGTH]
        self._of_addresses = int.from_bytes(self._addresses) % 0xFFFF
        self._is_tcp = inner[9] == PROTOCOL_TCP
        self._visitor = visitor

    def inner_of(self, packet: bytes) -> bytes | None:
        between, length = self._between, len(packet)
        payload = HEADER_LENGTH + self._length
        if length < payload + PORTS_LENGTH:
            return None
        service, total, identification, fragment, ttl, protocol, _, ends = _CHANGED.unpack_from(packet)
        if (
            packet[HEADER_LENGTH : payload + PORTS_LENGTH] != between  # its checksum, protocol and addresses; the ports
            or ends != self._ends
            or protocol != PROTOCOL_MINIMAL
            or service != self._service
            or total != length
            or fragment & _FRAGMENT
            or ttl <= 1
            or int.from_bytes(packet[:HEADER_LENGTH]) % 0xFFFF
            or (self._is_tcp and may_open(packet, payload))
        ):
            return None
        # R2004-3-d: "The Protocol field", the addresses and the total length are restored; the checksum is made anew.
        protocol, total = self._protocol, total - self._length
        ttl -= self._visitor
        words = service + total + identification + fragment + (ttl << 8 | protocol) + self._of_addresses
        header = _CHANGED.pack(
            service, total, identification, fragment, ttl, protocol, -words % 0xFFFF, self._addresses
        )  # fmt: skip
        return header + packet[payload:]


def _is_plain(packet: bytes, start: int) -> bool:
    """Whether the inner packet is at `start`, as it is, behind headers that tell no two packets apart."""
    if packet[9] == PROTOCOL_GRE:
        return start > HEADER_LENGTH and int.from_bytes(packet[20:22]) in _GRE_FLAGS
    if packet[9] == PROTOCOL_UDP:
        return start == TUNNEL_START and packet[29] == PROTOCOL_IPIP
    return packet[9] == PROTOCOL_IPIP and start == HEADER_LENGTH
