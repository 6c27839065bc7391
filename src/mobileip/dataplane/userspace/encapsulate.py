"""A packet behind the outer headers of one tunnel. Each encapsulation is one function, made for its tunnel once: what
is the same for every packet is computed then.

The inner packet is not changed. Its TTL was decremented by the kernel when it forwarded the packet to our device, and
not by us: RFC 2003 §3.1, "decremented by one if the tunneling is being done as part of forwarding the datagram".
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count
from struct import Struct

from mobileip.dataplane.userspace.header import HEADER, header_length
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.ip.checksum import checksum
from mobileip.wire.ip.gre import LAST_AT_FIRST, MODULUS, gre_header, next_sequence
from mobileip.wire.ip.ipip import TUNNEL_TTL
from mobileip.wire.ip.ipv4 import (
    HEADER_LENGTH,
    MORE_FRAGMENTS,
    OFFSET_MASK,
    PROTOCOL_GRE,
    PROTOCOL_IPIP,
    PROTOCOL_MINIMAL,
    PROTOCOL_UDP,
)
from mobileip.wire.ip.minimal import encapsulate as minimal
from mobileip.wire.ip.minimal import may_be_minimal, minimal_header
from mobileip.wire.ip.udp import HEADER_LENGTH as UDP_LENGTH
from mobileip.wire.tunnel_data import HEADER_LENGTH as TUNNEL_DATA_LENGTH
from mobileip.wire.tunnel_data import TunnelData

Encapsulate = Callable[[bytes, int], bytes]
"""A packet and the Identification of its outer header -> the whole outer packet."""

OuterHeader = Callable[[bytes, int, int, int], bytes]
"""The header for a packet: its total length, its Identification, and the field of flags, of which only DF counts."""

VERSION_AND_LENGTH = 0x45
"""First octet of an IPv4 header without options: RFC 2003 §3.1, options are "in general NOT copied"."""

DONT_FRAGMENT = 0x4000

_FRAGMENT = MORE_FRAGMENTS | OFFSET_MASK

_OUTER = Struct("!BBHHHBBH8s")
_PARTS = Struct("!H2xHHBB2x8s")
"""Of an IPv4 header: version and service, Identification, fragment, TTL, protocol, addresses."""
_UDP = Struct("!HHHHBBH")
"""UDP header, then that of the Tunnel Data message (RFC 3519 §3.3)."""
_UDP_NUMBER = bytes((PROTOCOL_UDP,))


def encapsulator(tunnel: Tunnel) -> Encapsulate:
    """The function for one tunnel."""
    ends = tunnel.local.packed + tunnel.remote.packed
    ports = tunnel.udp
    match tunnel.encapsulation:
        case Encapsulation.IPIP:
            return _ipip(ends) if ports is None else _ipip_in_udp(ends, ports)
        case Encapsulation.MINIMAL if ports is not None:
            return _minimal_in_udp(ends, ports, _ipip_in_udp(ends, ports))
        case Encapsulation.MINIMAL:
            return _minimal(ends, _ipip(ends))
        case Encapsulation.GRE:
            return _gre(ends, tunnel.gre) if ports is None else _gre_in_udp(ends, ports, tunnel.gre)


def _ipip(ends: bytes) -> Encapsulate:
    outer = _outer_headers(PROTOCOL_IPIP, ends)

    def encapsulate(packet: bytes, identification: int) -> bytes:
        total = HEADER_LENGTH + len(packet)
        return outer(packet, total, identification, packet[6] << 8) + packet

    return encapsulate


def _minimal(ends: bytes, fragments: Encapsulate) -> Encapsulate:
    local, remote = ends[:4], ends[4:]
    of_ends = int.from_bytes(ends) % 0xFFFF
    parts_of, pack = _PARTS.unpack_from, HEADER.pack

    def encapsulate(packet: bytes, identification: int) -> bytes:
        version, first, fragment, ttl, protocol, addresses = parts_of(packet)
        # R2004-3-a, FACTS T14: a fragment goes by IP-in-IP.
        if fragment & _FRAGMENT:
            return fragments(packet, identification)
        if version >> 8 != VERSION_AND_LENGTH:
            return minimal(packet, local, remote)  # with options
        # As `wire.ip.minimal` does it, without its slices. R2004-3-b: the header's addresses, length and protocol are
        # replaced, all else stays.
        forwarding = _forwarding(protocol, addresses, addresses[:4] != local)
        total = len(packet) + len(forwarding)
        check = -(version + total + first + fragment + (ttl << 8 | PROTOCOL_MINIMAL) + of_ends) % 0xFFFF
        changed = pack(version, total, first, fragment, ttl, PROTOCOL_MINIMAL, check, ends)
        return b"".join((changed, forwarding, packet[HEADER_LENGTH:]))

    return encapsulate


@lru_cache(maxsize=1024)
def _forwarding(protocol: int, addresses: bytes, has_source: bool) -> bytes:
    """The minimal forwarding header, which is the same for all packets from one address to another."""
    return minimal_header(protocol, addresses[4:], addresses[:4] if has_source else b"")


def _gre(ends: bytes, options: GreOptions) -> Encapsulate:
    outer = _outer_headers(PROTOCOL_GRE, ends)
    header_of = _gre_headers(options)

    def encapsulate(packet: bytes, identification: int) -> bytes:
        header = header_of(packet)
        total = HEADER_LENGTH + len(header) + len(packet)
        return b"".join((outer(packet, total, identification, packet[6] << 8), header, packet))

    return encapsulate


def _ipip_in_udp(ends: bytes, ports: UdpPorts) -> Encapsulate:
    outer = _outer_headers(PROTOCOL_UDP, ends)

    def encapsulate(packet: bytes, identification: int) -> bytes:
        head = _udp_head(ports, PROTOCOL_IPIP, len(packet))
        total = HEADER_LENGTH + len(head) + len(packet)
        return b"".join((outer(packet, total, identification, DONT_FRAGMENT), head, packet))

    return encapsulate


def _gre_in_udp(ends: bytes, ports: UdpPorts, options: GreOptions) -> Encapsulate:
    outer = _outer_headers(PROTOCOL_UDP, ends)
    header_of = _gre_headers(options)

    def encapsulate(packet: bytes, identification: int) -> bytes:
        header = header_of(packet)
        head = _udp_head(ports, PROTOCOL_GRE, len(header) + len(packet))
        total = HEADER_LENGTH + len(head) + len(header) + len(packet)
        return b"".join((outer(packet, total, identification, DONT_FRAGMENT), head, header, packet))

    return encapsulate


def _minimal_in_udp(ends: bytes, ports: UdpPorts, fragments: Encapsulate) -> Encapsulate:
    def encapsulate(packet: bytes, identification: int) -> bytes:
        if not may_be_minimal(packet):
            return fragments(packet, identification)
        # RFC 3519 §4.2: "using outer IP, UDP and MIP headers in place of the outer IP header". It is the packet's own,
        # as in RFC 2004, so that the packet can be made of it again.
        start = header_length(packet)
        forwarding = minimal_header(packet[9], packet[16:20], packet[12:16])
        payload = packet[start:]
        head = _udp_head(ports, PROTOCOL_MINIMAL, len(forwarding) + len(payload))
        total = start + len(head) + len(forwarding) + len(payload)
        outer = b"".join((packet[:2], total.to_bytes(2), packet[4:9], _UDP_NUMBER, b"\0\0", ends, packet[20:start]))
        return b"".join((outer[:10], checksum(outer).to_bytes(2), outer[12:], head, forwarding, payload))

    return encapsulate


def _udp_head(ports: UdpPorts, next_header: int, length: int) -> bytes:
    """The headers in front of `length` octets.

    A NAT knows no port of a later fragment: what is too long for the path is fragmented before (see `entry`), and DF of
    the outer header keeps routers from doing it after (RFC 3519 §4.8); but for minimal encapsulation, whose outer
    header is the packet's own and has the DF of its sender.
    """
    # No checksum (RFC 768): each packet inside has its own, and our two packet paths shall give the same octets.
    # R3519-3.3-a: "Reserved [...] MUST be set to 0 on sending".
    return _UDP.pack(
        ports.local, ports.remote, UDP_LENGTH + TUNNEL_DATA_LENGTH + length, 0, TunnelData.TYPE, next_header, 0
    )


def _gre_headers(options: GreOptions) -> Callable[[bytes], bytes]:
    """The GRE header for each packet of a tunnel, in the order in which they leave."""
    if options.with_sequence:
        # R2890-2.2-b: the first one is 0.
        numbers: Iterator[int] = (number % MODULUS for number in count(next_sequence(LAST_AT_FIRST)))
        return lambda packet: gre_header(
            packet, key=options.sent_key, sequence=next(numbers), with_checksum=options.with_checksum
        )
    if options.with_checksum:
        return lambda packet: gre_header(packet, key=options.sent_key, with_checksum=True)
    header = gre_header(b"", key=options.sent_key)
    return lambda packet: header


def _outer_headers(protocol: int, ends: bytes) -> OuterHeader:
    """The outer headers of one tunnel."""
    # The part of the checksum that is the same for every packet.
    constant = (VERSION_AND_LENGTH << 8) + (TUNNEL_TTL << 8 | protocol) + int.from_bytes(ends) % 0xFFFF
    pack = _OUTER.pack

    def header(packet: bytes, total: int, identification: int, fragment: int) -> bytes:
        # R2003-3.1-a: "The Type of Service (TOS) is copied from the inner IP header", ECN included (RFC 6040 §4.1).
        service = packet[1]
        # R2003-3.1-b: 'if the "Don't Fragment" bit is set in the inner IP header, it MUST be set in the outer'. Where
        # it is clear a router on the way may fragment: a path that became narrower loses nothing.
        flags = fragment & DONT_FRAGMENT
        check = -(constant + service + total + identification + flags) % 0xFFFF
        # R2003-3.1-a, R5944-4.1-a, R5944-4.2.3-e: the protocol, and the ends of the tunnel; the source "MUST be the
        # address sent to the mobile node in the Home Agent field of the Registration Reply."
        return pack(VERSION_AND_LENGTH, service, total, identification, flags, TUNNEL_TTL, protocol, check, ends)

    return header
