"""The Internet checksum (RFC 1071) and its incremental update (RFC 1624)."""

_FAR, _NEAR = 5760, 2880
"""Bits: multiples of 16."""
_FAR_MASK, _NEAR_MASK = (1 << _FAR) - 1, (1 << _NEAR) - 1
_WORTH_FOLDING = 512
"""Octets."""


def word_sum(octets: bytes) -> int:
    """The ones' complement sum of 16-bit words, from 0 to 0xFFFE; an odd last octet is padded with zero."""
    total = int.from_bytes(octets)
    if len(octets) & 1:
        total <<= 8
    if len(octets) >= _WORTH_FOLDING:
        # A power of 0x10000 is 1 modulo 0xffff: halves laid upon each other have the same sum, and are divided faster.
        total = (total >> _FAR) + (total & _FAR_MASK)
        total = (total >> _NEAR) + (total & _NEAR_MASK)
    return total % 0xFFFF


def checksum(octets: bytes) -> int:
    """The ones' complement sum of 16-bit words, complemented; an odd last octet is padded with zero.

    A big integer modulo 0xffff is the ones' complement sum of its words: one C-speed operation for the whole packet.
    """
    if len(octets) & 1:
        octets += b"\0"
    total = int.from_bytes(octets) % 0xFFFF
    if total == 0:
        return 0 if any(octets) else 0xFFFF
    return 0xFFFF - total


def is_valid(octets: bytes) -> bool:
    """Whether octets that contain their own checksum are intact."""
    if len(octets) & 1:
        octets += b"\0"
    return int.from_bytes(octets) % 0xFFFF == 0 and any(octets)


def decrement_ttl(packet: bytes) -> bytes:
    """An IPv4 packet with its TTL less by one and its header checksum updated in place (RFC 1624, RFC 1141).

    The caller has made sure that the TTL is above 0.
    """
    total = int.from_bytes(packet[10:12]) + 0x100
    total += total >= 0xFFFF  # the carry; 0xffff itself becomes 0, as a fresh computation gives it
    return packet[:8] + bytes((packet[8] - 1,)) + packet[9:10] + (total & 0xFFFF).to_bytes(2) + packet[12:]
