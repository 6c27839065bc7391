"""What is inside of a tunnel packet, by its encapsulation, and between which ends it came. Pure.

Nothing is believed yet: `path` compares the ends with those that were agreed.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from mobileip.dataplane.userspace.header import header_length, total_length, trouble
from mobileip.dataplane.userspace.outcome import DROPS, Drop
from mobileip.dataplane.userspace.tunnels import selector_of_key, selector_of_ports
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.gre import (
    CHECKSUM_PRESENT,
    FIELD_LENGTH,
    HEADER_LENGTH,
    KEY_PRESENT,
    PROTOCOL_TYPE_IPV4,
    SEQUENCE_PRESENT,
    decode_gre,
)
from mobileip.wire.ip.ipv4 import (
    MORE_FRAGMENTS,
    OFFSET_MASK,
    PROTOCOL_GRE,
    PROTOCOL_IPIP,
    PROTOCOL_MINIMAL,
    PROTOCOL_UDP,
)
from mobileip.wire.ip.minimal import decapsulate as minimal
from mobileip.wire.ip.minimal import restore
from mobileip.wire.ip.udp import HEADER_LENGTH as UDP_LENGTH
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT
from mobileip.wire.tunnel_data import HEADER_LENGTH as TUNNEL_DATA_LENGTH
from mobileip.wire.tunnel_data import TunnelData

TUNNEL_PROTOCOLS = frozenset({PROTOCOL_IPIP, PROTOCOL_GRE, PROTOCOL_MINIMAL})

QUOTED_PROTOCOLS = TUNNEL_PROTOCOLS | {PROTOCOL_UDP}
"""Those of outer packets that an ICMP error may be about."""


class Opened(msgspec.Struct, frozen=True, gc=False):
    """An inner packet in `octets[start:end]`, and the tunnel that it came by."""

    received: bytes
    """Outer source, outer destination and selector, as `TunnelEnd.received`."""
    encapsulation: Encapsulation
    octets: bytes
    start: int
    end: int
    tos: int
    """Of the outer header."""
    sequence: int | None = None


def opened(packet: bytes) -> Opened | Drop:
    """Of a whole outer packet, reassembled, whose header checksum is good."""
    bad = trouble(packet)
    if bad is not None:
        return DROPS[bad]
    opener = _OPENERS.get(packet[9])
    if opener is None:
        return DROPS[DropReason.NO_SUCH_TUNNEL]
    if int.from_bytes(packet[6:8]) & (MORE_FRAGMENTS | OFFSET_MASK):
        return DROPS[DropReason.TRUNCATED]
    try:
        found = opener(packet, header_length(packet), total_length(packet), packet[12:20])
    except DecodeError as error:
        return DROPS[DropReason(error.reason.value)]
    if found is None:
        return DROPS[DropReason.NO_SUCH_TUNNEL]
    bad = trouble(found.octets, found.start)
    if bad is not None:
        return DROPS[bad]
    # Of the inner packet no more than its own length goes on, and that has to be here.
    end = found.start + total_length(found.octets, found.start)
    if end > found.end:
        return DROPS[DropReason.TRUNCATED]
    return found if end == found.end else msgspec.structs.replace(found, end=end)


def quoted_inner(outer: bytes) -> bytes:
    """What an ICMP error quotes of the inner packet, of the beginning of an outer one; empty: nothing."""
    start = header_length(outer)
    protocol = outer[9]
    if protocol == PROTOCOL_UDP:
        # Enough of the Tunnel Data header to tell what follows it.
        protocol = outer[start + UDP_LENGTH + 1] if len(outer) >= start + UDP_LENGTH + TUNNEL_DATA_LENGTH else 0
        start += UDP_LENGTH + TUNNEL_DATA_LENGTH
    if protocol == PROTOCOL_IPIP:
        return outer[start:]
    if protocol == PROTOCOL_GRE:
        flags = int.from_bytes(outer[start : start + 2])
        fields = (flags & (CHECKSUM_PRESENT | KEY_PRESENT | SEQUENCE_PRESENT)).bit_count()
        return outer[start + HEADER_LENGTH + FIELD_LENGTH * fields :]
    if protocol == PROTOCOL_MINIMAL:
        with suppress(DecodeError):
            inner = restore(outer[: header_length(outer)], outer[start:])
            # Its length is that of the packet, not of what is quoted of it.
            length = total_length(inner) + total_length(outer) - len(outer)
            return inner[:2] + (length & 0xFFFF).to_bytes(2) + inner[4:]
    return b""


def is_tunnel_packet(packet: bytes, start: int = 0) -> bool:
    """Whether a packet is itself one of a tunnel, or signalling."""
    protocol = packet[start + 9]
    if protocol != PROTOCOL_UDP:
        return protocol in TUNNEL_PROTOCOLS
    ports = start + header_length(packet, start)
    return int.from_bytes(packet[ports + 2 : ports + 4]) == MOBILE_IP_UDP_PORT


def _open_ipip(packet: bytes, start: int, end: int, received: bytes) -> Opened | None:
    return Opened(received, Encapsulation.IPIP, packet, start, end, packet[1])


def _open_gre(packet: bytes, start: int, end: int, received: bytes) -> Opened | None:
    header = decode_gre(packet, start, end)
    # R2784-2.4-a, R3024-A.2-a: "If the Protocol Type [...] is not 0x800, the packet is dropped".
    if header.protocol_type != PROTOCOL_TYPE_IPV4:
        return None
    received += selector_of_key(header.key)
    return Opened(received, Encapsulation.GRE, packet, header.payload_start, end, packet[1], header.sequence)


def _open_minimal(packet: bytes, start: int, end: int, received: bytes) -> Opened | None:
    del start
    inner = minimal(packet[:end])
    return Opened(received, Encapsulation.MINIMAL, inner, 0, len(inner), packet[1])


def _open_udp(packet: bytes, start: int, end: int, received: bytes) -> Opened | None:
    data = start + UDP_LENGTH + TUNNEL_DATA_LENGTH
    length = int.from_bytes(packet[start + 4 : start + 6])
    if end < data or not UDP_LENGTH + TUNNEL_DATA_LENGTH <= length <= end - start:
        return None
    # UDP's checksum, where there is one, is not verified: a sender on this machine (another namespace, a virtual
    # machine) leaves it to a network card that never comes, and a raw socket sees it unfinished. What is inside has its
    # own.
    # R3519-3.3-b: "Reserved [...] MUST be ignored on reception."
    if packet[start + UDP_LENGTH] != TunnelData.TYPE:
        return None
    opener = _OPENERS_IN_UDP.get(packet[start + UDP_LENGTH + 1])
    received += selector_of_ports(packet[start : start + 2], packet[start + 2 : start + 4])
    return opener(packet, data, start + length, received) if opener is not None else None


def _open_minimal_in_udp(packet: bytes, start: int, end: int, received: bytes) -> Opened | None:
    # Nothing but the two outer lengths tells the inner one: where they differ one of them was changed on the way.
    if end != total_length(packet):
        raise DecodeError(DecodeReason.BAD_LENGTH, end, "UDP's length is not that of the packet")
    # RFC 3519 §4.3: what was in the outer header stands in the inner one, "ordinary minimal IP encapsulation".
    inner = restore(packet[: header_length(packet)], packet[start:end])
    return Opened(received, Encapsulation.MINIMAL, inner, 0, len(inner), packet[1])


Opener = Callable[[bytes, int, int, bytes], Opened | None]
"""Outer packet, where its payload begins and ends, `received` so far. Raises: `DecodeError`."""

_OPENERS: Mapping[int, Opener] = {
    PROTOCOL_IPIP: _open_ipip,
    PROTOCOL_GRE: _open_gre,
    PROTOCOL_MINIMAL: _open_minimal,
    PROTOCOL_UDP: _open_udp,
}

_OPENERS_IN_UDP: Mapping[int, Opener] = {
    PROTOCOL_IPIP: _open_ipip,
    PROTOCOL_GRE: _open_gre,
    PROTOCOL_MINIMAL: _open_minimal_in_udp,
}
