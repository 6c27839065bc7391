"""The few octets of an IPv4 header that every packet's path looks at, where wire.ip's values would cost too
much."""

from struct import Struct

from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.ip.checksum import checksum
from mobileip.wire.ip.ipv4 import HEADER_LENGTH

HEADER = Struct("!HHHHBBH8s")
"""A whole one without options: version and service, length, Identification, fragment, TTL, protocol, checksum,
addresses."""
_TTL_LINE = Struct("!BBH")


def trouble(packet: bytes, start: int = 0) -> DropReason | None:
    """Why no whole IPv4 packet is at `start`; None when one is, even with octets behind its total length."""
    available = len(packet) - start
    if available < HEADER_LENGTH:
        return DropReason.TRUNCATED
    first = packet[start]
    if first >> 4 != 4:
        return DropReason.NOT_IPV4
    total = packet[start + 2] << 8 | packet[start + 3]
    if not HEADER_LENGTH <= (first & 0x0F) << 2 <= total:
        return DropReason.BAD_LENGTH
    return DropReason.TRUNCATED if total > available else None


def total_length(packet: bytes, start: int = 0) -> int:
    return packet[start + 2] << 8 | packet[start + 3]


def header_length(packet: bytes, start: int = 0) -> int:
    return (packet[start] & 0x0F) << 2


def has_valid_checksum(packet: bytes, start: int = 0) -> bool:
    """RFC 1812 §5.2.2: the header's words must sum up to zero, in ones' complement."""
    return int.from_bytes(packet[start : start + header_length(packet, start)]) % 0xFFFF == 0


def forwarded(packet: bytes, start: int, end: int) -> bytes:
    """The packet in `packet[start:end]`, its TTL (above 0) one less, the checksum updated (RFC 1141, RFC
    1624)."""
    ttl, protocol, check = _TTL_LINE.unpack_from(packet, start + 8)
    check += 0x0100
    check += check >= 0xFFFF  # the carry; 0xFFFF itself is written as 0, as a fresh computation has it
    line = _TTL_LINE.pack(ttl - 1, protocol, check & 0xFFFF)
    return b"".join((packet[start : start + 8], line, packet[start + 12 : end]))


def with_ecn(packet: bytes, ecn: int) -> bytes:
    """The packet with another ECN field (RFC 3168 §5), its checksum made anew."""
    header = bytearray(packet[: header_length(packet)])
    header[1] = header[1] & ~3 | ecn
    header[10:12] = b"\0\0"
    header[10:12] = checksum(bytes(header)).to_bytes(2)
    return bytes(header) + packet[len(header) :]
