"""ICMP messages that a tunnel end sends or answers (RFC 792, RFC 1191 §4, RFC 1812 §4.3)."""

from mobileip.wire.ip.checksum import checksum

DESTINATION_UNREACHABLE, TIME_EXCEEDED, ECHO_REQUEST, ECHO_REPLY = 3, 11, 8, 0
NET_UNREACHABLE, HOST_UNREACHABLE, FRAGMENTATION_NEEDED = 0, 1, 4
QUOTED_OCTETS = 548
"""RFC 1812 §4.3.2.3: as much of the datagram as fits into an error of 576 octets (20 IP + 8 ICMP)."""


def encode(icmp_type: int, code: int, rest: int, data: bytes) -> bytes:
    """Type, code, checksum, four octets that depend on the type, data."""
    head = bytes((icmp_type, code))
    body = rest.to_bytes(4) + data
    return head + checksum(head + b"\0\0" + body).to_bytes(2) + body


def unreachable(code: int, packet: bytes) -> bytes:
    """Destination unreachable about `packet`."""
    return encode(DESTINATION_UNREACHABLE, code, 0, packet[:QUOTED_OCTETS])


def fragmentation_needed(mtu: int, packet: bytes) -> bytes:
    """RFC 1191 §4: the next hop's MTU stands in the low half of the otherwise unused word."""
    return encode(DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED, mtu & 0xFFFF, packet[:QUOTED_OCTETS])


def time_exceeded(packet: bytes) -> bytes:
    """Time to live exceeded in transit."""
    return encode(TIME_EXCEEDED, 0, 0, packet[:QUOTED_OCTETS])


def echo(request: bool, identifier: int, sequence: int, data: bytes) -> bytes:
    return encode(ECHO_REQUEST if request else ECHO_REPLY, 0, identifier << 16 | sequence, data)
