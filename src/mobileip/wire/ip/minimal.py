"""Minimal encapsulation (RFC 2004): a short header behind the packet's own, whose addresses are changed.

|   Protocol    |S|  reserved   |        Header Checksum        |
|                 Original Destination Address                  |
|            (if S) Original Source Address                     |

There is one IP header, so the rules of RFC 2003 for two have no place here. TOS (with what ECN marks on the way), TTL,
Identification, DF and options are the inner packet's on the way in, inside, and on the way out: RFC 2004 §3, "the
original TTL remains in the IP header after encapsulation, hops taken by the datagram within the tunnel are visible".
Octets in, octets out; the data path calls these.
"""

import struct

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.checksum import checksum, is_valid
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, MAXIMUM_LENGTH, MORE_FRAGMENTS, OFFSET_MASK, PROTOCOL_MINIMAL, lengths

SHORT_LENGTH, LONG_LENGTH = 8, 12
"""Octets of the minimal forwarding header, without and with the original source address."""
SOURCE_PRESENT = 0x80

_HEAD = struct.Struct("!2sH5sB")
"""Of an IPv4 header what stands before its checksum: octets that are kept, total length, octets, protocol."""


def may_be_minimal(inner: bytes) -> bool:
    """Whether a packet may be encapsulated so; a fragment goes by IP-in-IP (RFC 2004 has no room for its offset)."""
    # R2004-3-a: "Minimal encapsulation MUST NOT be used when an original datagram is already fragmented".
    return not (inner[6] << 8 | inner[7]) & (MORE_FRAGMENTS | OFFSET_MASK)


def minimal_header(protocol: int, destination: bytes, source: bytes = b"") -> bytes:
    """The minimal forwarding header for a packet with this protocol and these addresses (4 octets; no source where the
    outer header has it).

    Inside UDP (RFC 3519 §4.2: "using outer IP, UDP and MIP headers in place of the outer IP header") it stands behind
    the Tunnel Data header, and the packet's payload behind it. There it always has the source: a NAT puts another
    one into the outer header.
    """
    # R2004-3-c: "Copied from the Protocol field"; reserved is "Sent as zero"; "The IP header and IP payload [...] are
    # not included in this checksum computation."
    first, addresses = bytes((protocol, SOURCE_PRESENT if source else 0)), destination + source
    return first + checksum(first + addresses).to_bytes(2) + addresses


def encapsulate(inner: bytes, local: bytes, remote: bytes) -> bytes:
    """The whole packet from `local` to `remote` (4 octets each). `inner` is one whole valid packet without octets
    behind it.

    Raises: ValueError for a fragment, and when it would be longer than 65,535 octets.
    """
    if not may_be_minimal(inner):
        raise ValueError("a fragment has no minimal encapsulation")
    # R2004-3-b: "If the encapsulator is not the original source of the datagram, the Source Address field in the IP
    # header is replaced by the IP address of the encapsulator."
    source = inner[12:16]
    forwarding = minimal_header(inner[9], inner[16:20], b"" if source == local else source)
    total = len(inner) + len(forwarding)
    if total > MAXIMUM_LENGTH:
        raise ValueError(f"a packet of {total} octets with its minimal forwarding header: at most {MAXIMUM_LENGTH}")
    start = (inner[0] & 0x0F) * 4
    header = _changed(inner[:start], total, PROTOCOL_MINIMAL, local + remote)
    return b"".join((header, forwarding, inner[start:]))


def decapsulate(outer: bytes) -> bytes:
    """The inner packet of an unfragmented outer packet. Octets behind its total length are left out.

    The header checksum is verified: this header becomes the inner one, and a new checksum would hide the damage.

    Raises: `DecodeError`.
    """
    start, end = lengths(outer)
    if not may_be_minimal(outer):
        raise DecodeError(DecodeReason.FRAGMENT, 6, "a fragment; it has to be put together first")
    if not is_valid(outer[:start]):
        raise DecodeError(DecodeReason.BAD_CHECKSUM, 10, "the IPv4 header checksum does not match")
    return _restored(outer[:start], outer, start, end)


def restore(header: bytes, octets: bytes) -> bytes:
    """The inner packet of a minimal forwarding header with payload that came behind another header than IPv4's.

    RFC 3519 §4.3: "the UDP and the Mobile IP headers are removed from the packet, and the Protocol field of the IP
    header replaced [...] Second, the remaining IP header total length and checksum are adjusted [...] Third, ordinary
    minimal IP encapsulation processing is done." `header` is that of the outer packet.

    Raises: `DecodeError`, with offsets in `octets`.
    """
    return _restored(header, octets, 0, len(octets))


def _restored(header: bytes, octets: bytes, start: int, end: int) -> bytes:
    """The packet whose minimal forwarding header is at `start`, under `header`."""
    if end - start < SHORT_LENGTH:
        detail = f"a minimal forwarding header needs 8 octets, {end - start} came"
        raise DecodeError(DecodeReason.TRUNCATED, end, detail)
    # R2004-3-c: reserved is "ignored on reception"; S says whether the source is there.
    has_source = octets[start + 1] & SOURCE_PRESENT
    payload = start + (LONG_LENGTH if has_source else SHORT_LENGTH)
    if end < payload:
        raise DecodeError(DecodeReason.TRUNCATED, end, f"a minimal forwarding header of 12 octets, {end - start} came")
    # R2004-3-c: "The 16-bit one's complement of the one's complement sum of all 16-bit words in the minimal
    # forwarding header."
    if not is_valid(octets[start:payload]):
        raise DecodeError(DecodeReason.BAD_CHECKSUM, start + 2, "the minimal forwarding header checksum does not match")
    source = octets[start + 8 : payload] if has_source else header[12:16]
    total = len(header) + end - payload
    if total > MAXIMUM_LENGTH:
        raise DecodeError(DecodeReason.BAD_LENGTH, end, f"an inner packet of {total} octets")
    # R2004-3-d: "the fields in the minimal forwarding header are restored to the IP header", "the Total Length field
    # [...] is decremented by the size of the minimal forwarding header", the checksum "is recomputed".
    inner = _changed(header, total, octets[start], source + octets[start + 4 : start + 8])
    return inner + octets[payload:end]


def _changed(header: bytes, total: int, protocol: int, addresses: bytes) -> bytes:
    """A header with another total length, protocol, and addresses, its checksum made anew; options stay."""
    # R2004-3-b, R2004-3-d: nothing else is changed; "the Time to Live (TTL) field in the IP header is not modified".
    head = _HEAD.pack(header[:2], total, header[4:9], protocol)
    tail = addresses + header[HEADER_LENGTH:]
    return b"".join((head, checksum(head + tail).to_bytes(2), tail))
