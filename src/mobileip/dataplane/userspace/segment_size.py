"""TCP's maximum segment size (RFC 9293 §3.7.1), made to fit a tunnel: a connection that begins through one never sends
what does not pass, even where somebody on the way swallows the ICMP errors that would tell (RFC 2923 §2.1)."""

from mobileip.dataplane.userspace.header import header_length
from mobileip.dataplane.userspace.tunnels import NO_MTU
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, OFFSET_MASK

PROTOCOL_TCP = 6
TCP_HEADER_LENGTH = 20
SYN = 0x02

END_OF_OPTIONS, NO_OPERATION, MAXIMUM_SEGMENT_SIZE = 0, 1, 2
"""Kinds of TCP options."""

LEAST = 536
"""RFC 9293 §3.7.1: what every host takes; nothing is made smaller than that."""


def opens_connection(packet: bytes, start: int = 0) -> bool:
    """Whether the packet at `start` is a TCP segment with SYN."""
    if packet[start + 9] != PROTOCOL_TCP or (packet[start + 6] << 8 | packet[start + 7]) & OFFSET_MASK:
        return False
    tcp = start + header_length(packet, start)
    return len(packet) > tcp + 13 and bool(packet[tcp + 13] & SYN)


def with_room(packet: bytes, inside: int) -> bytes:
    """A segment that `opens_connection`, with a size that packets of `inside` octets can carry if it asks for more."""
    if inside >= NO_MTU - 2 * HEADER_LENGTH:
        return packet  # nothing is known of the path
    tcp = header_length(packet)
    at = _option(packet, tcp)
    if at is None:
        return packet
    largest = max(inside - HEADER_LENGTH - TCP_HEADER_LENGTH, LEAST)
    asked = packet[at] << 8 | packet[at + 1]
    if asked <= largest:
        return packet
    # RFC 1624: the checksum follows the change of one word; an option at an odd place has its octets swapped in it.
    old, new = (asked, largest) if (at - tcp) % 2 == 0 else (_swapped(asked), _swapped(largest))
    check = (~(packet[tcp + 16] << 8 | packet[tcp + 17]) & 0xFFFF) + (~old & 0xFFFF) + new
    check = (check & 0xFFFF) + (check >> 16)
    check = ~((check & 0xFFFF) + (check >> 16)) & 0xFFFF
    return b"".join(
        (packet[: tcp + 16], check.to_bytes(2), packet[tcp + 18 : at], largest.to_bytes(2), packet[at + 2 :])
    )


def _option(packet: bytes, tcp: int) -> int | None:
    """Where the value of the maximum segment size is; None without one, or with options that can't be parsed."""
    end = min(tcp + (packet[tcp + 12] >> 4 << 2), len(packet))
    at = tcp + TCP_HEADER_LENGTH
    while at + 1 < end and packet[at] != END_OF_OPTIONS:
        if packet[at] == NO_OPERATION:
            at += 1
            continue
        length = packet[at + 1]
        if length < 2 or at + length > end:
            return None
        if packet[at] == MAXIMUM_SEGMENT_SIZE:
            return at + 2 if length == 4 else None
        at += length
    return None


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8
