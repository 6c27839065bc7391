"""Fragmentation (RFC 791 §3.2) of packets that may be fragmented, before they enter a tunnel that is too
narrow.

RFC 2003 §5.1: "it is much better to fragment the original datagram when encapsulating, than to allow the
encapsulated datagram to be fragmented": the tunnel's exit then needs to reassemble nothing.
"""

from mobileip.dataplane.userspace.header import header_length, total_length
from mobileip.wire.ip.checksum import checksum
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, MORE_FRAGMENTS, OFFSET_MASK

MINIMUM_MTU = 68
"""RFC 791: "Every internet module must be able to forward a datagram of 68 octets without further
fragmentation"."""

END_OF_OPTIONS, NO_OPERATION, COPIED = 0, 1, 0x80
"""RFC 791 §3.1: option types of one octet, and the flag of options that every fragment bears."""


def fragment(packet: bytes, mtu: int) -> list[bytes]:
    """`packet` (whole and valid, DF clear) in pieces of at most `mtu` octets; the packet itself if it fits.

    Raises: ValueError for an MTU below 68, which no link of the Internet has.
    """
    if mtu < MINIMUM_MTU:
        raise ValueError(f"an MTU of {mtu} octets: IPv4 asks for at least {MINIMUM_MTU}")
    end = total_length(packet)
    if end <= mtu:
        return [packet]
    start = header_length(packet)
    flags = int.from_bytes(packet[6:8])
    first_header = packet[:start]
    later_header = packet[:HEADER_LENGTH] + _copied_options(packet[HEADER_LENGTH:start])
    pieces: list[bytes] = []
    header, at = first_header, start
    while at < end:
        room = (mtu - len(header)) // 8 * 8
        payload = packet[at : min(at + room, end)]
        at += len(payload)
        offset = (flags & OFFSET_MASK) + (at - len(payload) - start) // 8
        more = MORE_FRAGMENTS if at < end else flags & MORE_FRAGMENTS
        pieces.append(_piece(header, payload, more | offset & OFFSET_MASK))
        header = later_header
    return pieces


def _piece(header: bytes, payload: bytes, fragment_field: int) -> bytes:
    head = bytearray(header)
    head[0] = 0x40 | len(head) >> 2
    head[2:4] = (len(head) + len(payload)).to_bytes(2)
    head[6:8] = fragment_field.to_bytes(2)
    head[10:12] = b"\0\0"
    head[10:12] = checksum(bytes(head)).to_bytes(2)
    return bytes(head) + payload


def _copied_options(options: bytes) -> bytes:
    """The options that stand in every fragment, padded to words. What can't be parsed is left out from
    there on."""
    kept = b""
    at = 0
    while at < len(options) and options[at] != END_OF_OPTIONS:
        if options[at] == NO_OPERATION:
            at += 1
            continue
        length = options[at + 1] if at + 1 < len(options) else 0
        if length < 2 or at + length > len(options):
            break
        if options[at] & COPIED:
            kept += options[at : at + length]
        at += length
    return kept + bytes(-len(kept) % 4)
