"""ICMP messages that a tunnel end sends or answers (RFC 792, RFC 1191 §4, RFC 1812 §4.3)."""

from mobileip.wire.fields import u8, u16, u32
from mobileip.wire.ip.checksum import checksum

DESTINATION_UNREACHABLE, TIME_EXCEEDED, ECHO_REQUEST, ECHO_REPLY = 3, 11, 8, 0
NET_UNREACHABLE, HOST_UNREACHABLE, FRAGMENTATION_NEEDED = 0, 1, 4
QUOTED_OCTETS = 548
"""RFC 1812 §4.3.2.3: as much of the datagram as fits into an error of 576 octets (20 IP + 8 ICMP)."""


def encode(icmp_type: int, code: int, rest: int, data: bytes) -> bytes:
    """Type, code, checksum, four octets that depend on the type, data.

    Raises: ValueError, naming the field that does not fit.
    """
    head = u8(icmp_type, "icmp_type") + u8(code, "code")
    body = u32(rest, "rest") + data
    return head + checksum(head + b"\0\0" + body).to_bytes(2) + body


def unreachable(code: int, packet: bytes) -> bytes:
    """Destination unreachable about `packet`."""
    return encode(DESTINATION_UNREACHABLE, code, 0, packet[:QUOTED_OCTETS])


def fragmentation_needed(mtu: int, packet: bytes) -> bytes:
    """RFC 1191 §4: the next hop's MTU stands in the low half of the otherwise unused word (65535 if it is larger)."""
    return encode(DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED, min(mtu, 0xFFFF), packet[:QUOTED_OCTETS])


def time_exceeded(packet: bytes) -> bytes:
    """Time to live exceeded in transit."""
    return encode(TIME_EXCEEDED, 0, 0, packet[:QUOTED_OCTETS])


def echo(request: bool, identifier: int, sequence: int, data: bytes) -> bytes:
    """Echo request or reply (RFC 792)."""
    rest = int.from_bytes(u16(identifier, "identifier") + u16(sequence, "sequence"))
    return encode(ECHO_REQUEST if request else ECHO_REPLY, 0, rest, data)
