"""The Internet checksum (RFC 1071) and its incremental update (RFC 1624)."""


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
