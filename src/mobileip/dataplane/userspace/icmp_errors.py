"""ICMP errors about packets that can't go on: whom we may tell, and the whole packet that tells it."""

from ipaddress import IPv4Address

from mobileip.dataplane.userspace.header import header_length
from mobileip.wire.ip import icmp
from mobileip.wire.ip.ipv4 import OFFSET_MASK, PROTOCOL_ICMP, Ipv4Packet, encode_ipv4

FILLED_IN_BY_THE_KERNEL = IPv4Address(0)
"""RFC 1812 §4.3.2.4: an error's source is an address of the interface that it leaves by. Only the route
knows it."""

INTERNETWORK_CONTROL = 0xC0
"""RFC 1812 §4.3.2.5: the precedence of ICMP errors."""

QUERIES = frozenset({0, 8, 9, 10, 13, 14, 15, 16, 17, 18})
"""ICMP types that are no errors (RFC 792, 950, 1256); an unknown type is taken for an error."""


def error_about(original: bytes, kind: int, code: int, mtu: int) -> bytes:
    """A whole IPv4 packet to the sender of `original` (a header at least), if it `may_be_told`."""
    message = icmp.encode(kind, code, mtu & 0xFFFF, original[: icmp.QUOTED_OCTETS])
    return encode_ipv4(
        Ipv4Packet(
            source=FILLED_IN_BY_THE_KERNEL,
            destination=IPv4Address(original[12:16]),
            protocol=PROTOCOL_ICMP,
            payload=message,
            tos=INTERNETWORK_CONTROL,
        )
    )


def may_be_told(original: bytes) -> bool:
    """RFC 1812 §4.3.2.7: the packets about which "an ICMP error message MUST NOT be sent"."""
    if int.from_bytes(original[6:8]) & OFFSET_MASK:
        return False  # "any fragment of a datagram other than the first fragment"
    if not _is_one_host(original[12]) or original[16] >= 224:
        # "a packet destined to an IP broadcast or IP multicast address", "a packet whose source address has
        # a network prefix of zero or is an invalid source address"
        return False
    return not _is_icmp_error(original)


def _is_one_host(first_octet: int) -> bool:
    return 0 < first_octet < 224 and first_octet != 127


def _is_icmp_error(original: bytes) -> bool:
    start = header_length(original)
    return original[9] == PROTOCOL_ICMP and (len(original) <= start or original[start] not in QUERIES)
