"""What makes packets alike that come out of one tunnel, so that what was decided about one holds for the next. Pure."""

from collections.abc import Mapping
from struct import Struct
from typing import Protocol

from mobileip.dataplane.userspace.header import HEADER, forwarded
from mobileip.dataplane.userspace.outcome import Delivery
from mobileip.dataplane.userspace.segment_size import PROTOCOL_TCP, SYN
from mobileip.wire.ip.gre import KEY_PRESENT
from mobileip.wire.ip.ipv4 import (
    HEADER_LENGTH,
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

_HEADER_BITS = bytes.fromhex("ffff ffff 0000 3fff 00ff 0000 ffffffff ffffffff")
"""What of a header has to be the same: all but length, Identification, DF (and the bit beside it), TTL and checksum."""
_UDP_BITS = bytes.fromhex("ffff ffff ffff 0000 ffff 0000")
"""Of the headers of UDP and Tunnel Data: all but the checksum and what is reserved (RFC 3519 §3.3)."""
_BITS_BEHIND = {
    PROTOCOL_TCP: bytes.fromhex("ffff ffff 00000000 00000000 00 02"),  # SYN too
    PROTOCOL_UDP: bytes.fromhex("ffff ffff"),
}
"""Of what is in the inner packet: the ports."""
PROTOCOLS = frozenset(_BITS_BEHIND)
"""Of inner packets that may be alike: of ICMP some is news, others are tunnels."""

_GRE_FLAGS = (0, KEY_PRESENT)
"""Those of headers that are the same for all packets of a tunnel."""
TUNNEL_START = HEADER_LENGTH + UDP_LENGTH + TUNNEL_DATA_LENGTH
"""Where the inner packet is behind headers of UDP and of Tunnel Data (RFC 3519)."""

_PARTS = Struct("!H2xHH")
"""Of a header: version and service, Identification, fragment."""


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
        or len(inner) < HEADER_LENGTH + len(_BITS_BEHIND[inner[9]])
        or (inner[9] == PROTOCOL_TCP and may_open(inner, HEADER_LENGTH))
    ):
        return None
    visitor = delivery.exit.interface is not None
    pattern: Pattern
    if packet[9] == PROTOCOL_MINIMAL and start in (SHORT_LENGTH, LONG_LENGTH):
        pattern = _Changed(packet, inner, visitor=visitor)
    elif _is_plain(packet, start):
        pattern = _Behind(packet, inner, visitor=visitor)
    else:
        return None
    return pattern if pattern.inner_of(packet) == inner else None


def may_open(packet: bytes, tcp: int) -> bool:
    """Whether the segment of TCP at `tcp` has SYN; of a fragment it may be said in error."""
    flags = tcp + 13
    return len(packet) <= flags or bool(packet[flags] & SYN)


class _Headers:
    """The first octets of packets that are alike: one number, in which what may differ is 0. It is as large as there
    are octets (the first is `VERSION_AND_LENGTH`), so that no shorter packet has it."""

    __slots__ = ("length", "mask", "of_empty", "per_octet")

    def __init__(self, packet: bytes, mask: bytes, lengths: Mapping[int, int]) -> None:
        """`mask`: the bits that are the same. `lengths`: where a length of two octets stands, and by how much it is
        less than that of the packet."""
        self.length = len(mask)
        self.mask = int.from_bytes(mask)
        shifts = {8 * (len(mask) - place - 2): less for place, less in lengths.items()}
        self.per_octet = sum(1 << shift for shift in shifts)
        blank = self.mask & ~sum(0xFFFF << shift for shift in shifts)
        self.of_empty = (int.from_bytes(packet[: len(mask)]) & blank) - sum(less << at for at, less in shifts.items())
        """A packet of n octets has this and n times `per_octet`."""


class _Behind:
    """Inner packets as they are, behind outer headers. Implements `Pattern`."""

    __slots__ = ("_headers", "_start", "_visitor")

    def __init__(self, packet: bytes, inner: bytes, *, visitor: bool) -> None:
        start = len(packet) - len(inner)
        between = b"\xff" * (start - HEADER_LENGTH)
        lengths = {2: 0, start + 2: start}
        if packet[9] == PROTOCOL_UDP:
            between = _UDP_BITS
            lengths[HEADER_LENGTH + 4] = HEADER_LENGTH
        mask = _HEADER_BITS + between + _HEADER_BITS + _BITS_BEHIND[inner[9]]
        self._headers = _Headers(packet, mask, lengths)
        self._start = start
        self._visitor = visitor

    def inner_of(self, packet: bytes) -> bytes | None:
        headers, start, length = self._headers, self._start, len(packet)
        if (
            int.from_bytes(packet[: headers.length]) & headers.mask != headers.of_empty + length * headers.per_octet
            or packet[start + 8] <= 1
            or int.from_bytes(packet[start : start + HEADER_LENGTH]) % 0xFFFF
        ):
            return None
        return forwarded(packet, start, length) if self._visitor else packet[start:]


class _Changed:
    """Inner packets whose header is the outer one, with other addresses (RFC 2004). Implements `Pattern`."""

    __slots__ = ("_addresses", "_headers", "_length", "_of_addresses", "_protocol", "_visitor")

    def __init__(self, packet: bytes, inner: bytes, *, visitor: bool) -> None:
        self._length = len(packet) - len(inner)
        mask = _HEADER_BITS + b"\xff" * self._length + _BITS_BEHIND[inner[9]]
        self._headers = _Headers(packet, mask, {2: 0})
        self._protocol = inner[9]
        self._addresses = inner[12:HEADER_LENGTH]
        self._of_addresses = int.from_bytes(self._addresses) % 0xFFFF
        self._visitor = visitor

    def inner_of(self, packet: bytes) -> bytes | None:
        headers, length = self._headers, len(packet)
        if (
            int.from_bytes(packet[: headers.length]) & headers.mask != headers.of_empty + length * headers.per_octet
            or packet[8] <= 1
            or int.from_bytes(packet[:HEADER_LENGTH]) % 0xFFFF
        ):
            return None
        # R2004-3-d: "The Protocol field", the addresses and the total length are restored; the checksum is made anew.
        service, identification, fragment = _PARTS.unpack_from(packet)
        ttl, protocol, total = packet[8] - self._visitor, self._protocol, length - self._length
        words = service + total + identification + fragment + (ttl << 8 | protocol) + self._of_addresses
        header = HEADER.pack(service, total, identification, fragment, ttl, protocol, -words % 0xFFFF, self._addresses)
        return header + packet[HEADER_LENGTH + self._length :]


def _is_plain(packet: bytes, start: int) -> bool:
    """Whether the inner packet is at `start`, as it is, behind headers that tell no two packets apart."""
    if packet[9] == PROTOCOL_GRE:
        return start > HEADER_LENGTH and int.from_bytes(packet[20:22]) in _GRE_FLAGS
    if packet[9] == PROTOCOL_UDP:
        return start == TUNNEL_START and packet[29] == PROTOCOL_IPIP
    return packet[9] == PROTOCOL_IPIP and start == HEADER_LENGTH
