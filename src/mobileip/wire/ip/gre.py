"""GRE (RFC 2784) with key and sequence number (RFC 2890). Octets in, octets out; the data path calls these.

|C| |K|S|    Reserved0    | Ver |         Protocol Type         |
|      Checksum (optional)      |      Reserved1 (optional)     |
|                         Key (optional)                        |
|                   Sequence Number (optional)                  |

RFC 2784 leaves the delivery header to others. Ours follows RFC 2003 §3.1, as RFC 5944 has every tunnel do: TOS and DF
of the inner header, a TTL of its own. RFC 2784 §9 tells what becomes of those that never set DF.
"""

import struct

import msgspec

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.fields import unsigned
from mobileip.wire.ip.checksum import checksum, is_valid
from mobileip.wire.ip.ipip import TUNNEL_TTL, outer_header
from mobileip.wire.ip.ipv4 import HEADER_LENGTH as IPV4_HEADER_LENGTH
from mobileip.wire.ip.ipv4 import MORE_FRAGMENTS, OFFSET_MASK, PROTOCOL_GRE, lengths

HEADER_LENGTH = 4
FIELD_LENGTH = 4
"""Each of the optional fields: checksum with Reserved1, key, sequence number."""
PROTOCOL_TYPE_IPV4 = 0x0800
CHECKSUM_PRESENT, KEY_PRESENT, SEQUENCE_PRESENT = 0x8000, 0x2000, 0x1000
ROUTING_AND_RESERVED = 0x4C00
"""Bits 1, 4 and 5: of bits 1-5 those that RFC 2890 has not taken. RFC 1701 had routing, strict source route and
recursion control there."""
VERSION_MASK = 0x0007

LAST_AT_FIRST = 0xFFFFFFFF
"""R2890-2.2-b: "Upon establishment of the GRE tunnel, this value should be set to (2**32)-1." The last sequence number
of a flow at either end of it, so that the first one is 0."""
MODULUS = 1 << 32

_NUMBERS = {
    CHECKSUM_PRESENT: struct.Struct("!HHI"),
    CHECKSUM_PRESENT | KEY_PRESENT: struct.Struct("!HHII"),
    CHECKSUM_PRESENT | SEQUENCE_PRESENT: struct.Struct("!HHII"),
    CHECKSUM_PRESENT | KEY_PRESENT | SEQUENCE_PRESENT: struct.Struct("!HHIII"),
    0: struct.Struct("!HH"),
    KEY_PRESENT: struct.Struct("!HHI"),
    SEQUENCE_PRESENT: struct.Struct("!HHI"),
    KEY_PRESENT | SEQUENCE_PRESENT: struct.Struct("!HHII"),
}
"""Flags and version, protocol type, then the words that the flags announce."""


class GreHeader(msgspec.Struct, frozen=True):
    """What a GRE header says; `payload_start` is an offset in the octets given."""

    protocol_type: int
    payload_start: int
    key: int | None
    sequence: int | None
    has_checksum: bool


def gre_header(
    payload: bytes, *, key: int | None = None, sequence: int | None = None, with_checksum: bool = False
) -> bytes:
    """The header to stand in front of an IPv4 packet. Without checksum it is the same for every packet of a flow
    without numbers: the caller may keep it.

    Raises: ValueError for a key or a sequence number that 32 bits do not hold.
    """
    # R2784-2.3-b, R2784-2.3.1-a: bits 6-12 "MUST be sent as zero", the version "MUST contain the value zero".
    flags = 0
    words = []
    if with_checksum:
        flags |= CHECKSUM_PRESENT
        # R2784-2.6-a: Reserved1, "if present, MUST be transmitted as zero"; the checksum is counted as zero at first.
        words.append(0)
    if key is not None:
        flags |= KEY_PRESENT
        words.append(unsigned(key, 32, "key"))
    if sequence is not None:
        flags |= SEQUENCE_PRESENT
        words.append(unsigned(sequence, 32, "sequence"))
    # R2784-3-a: "the Protocol Type field MUST be set to 0x800."
    protocol_type = PROTOCOL_TYPE_IPV4
    header = _NUMBERS[flags].pack(flags, protocol_type, *words)
    if with_checksum:
        return header[:4] + checksum(header + payload).to_bytes(2) + header[6:]
    return header


def decode_gre(octets: bytes, start: int = 0, end: int | None = None) -> GreHeader:
    """The header at `start`. Its payload ends at `end` (that of the octets, if not given), which the checksum needs.

    Raises: `DecodeError`.
    """
    if end is None:
        end = len(octets)
    if end - start < HEADER_LENGTH:
        raise DecodeError(DecodeReason.TRUNCATED, end, f"a GRE header needs 4 octets, {end - start} came")
    flags = octets[start] << 8 | octets[start + 1]
    # R2784-2.3-a, R2784-5.2-a: "A receiver MUST discard a packet where any of bits 1-5 are non-zero, unless that
    # receiver implements RFC 1701"; RFC 2890 gives bits 2 and 3 their meaning back. R2784-2.3-c: bits 6-12 "MUST be
    # ignored on receipt."
    if flags & ROUTING_AND_RESERVED:
        raise DecodeError(DecodeReason.BAD_VALUE, start, f"GRE flags 0x{flags:04x} with routing or reserved bits")
    # R2784-2.3.1-a: "The Version Number field MUST contain the value zero"; 1 is PPTP's (§7.1).
    if flags & VERSION_MASK:
        raise DecodeError(DecodeReason.BAD_VERSION, start + 1, f"GRE version {flags & VERSION_MASK}, expected 0")
    at = start + HEADER_LENGTH
    length = HEADER_LENGTH + FIELD_LENGTH * (flags & (CHECKSUM_PRESENT | KEY_PRESENT | SEQUENCE_PRESENT)).bit_count()
    if end - start < length:
        raise DecodeError(DecodeReason.TRUNCATED, end, f"a GRE header of {length} octets, {end - start} came")
    if flags & CHECKSUM_PRESENT:
        # R2784-2.2-a: "a compliant implementation MUST accept and process this field": it covers header and payload.
        if not is_valid(octets[start:end]):
            raise DecodeError(DecodeReason.BAD_CHECKSUM, at, "the GRE checksum does not match")
        at += FIELD_LENGTH
    key = sequence = None
    if flags & KEY_PRESENT:
        key = int.from_bytes(octets[at : at + FIELD_LENGTH])
        at += FIELD_LENGTH
    if flags & SEQUENCE_PRESENT:
        sequence = int.from_bytes(octets[at : at + FIELD_LENGTH])
        at += FIELD_LENGTH
    protocol_type = octets[start + 2] << 8 | octets[start + 3]
    return GreHeader(protocol_type, at, key, sequence, bool(flags & CHECKSUM_PRESENT))


def encapsulate(
    inner: bytes,
    local: bytes,
    remote: bytes,
    *,
    identification: int,
    ttl: int = TUNNEL_TTL,
    key: int | None = None,
    sequence: int | None = None,
    with_checksum: bool = False,
) -> bytes:
    """`inner` with a GRE and an outer header from `local` to `remote` (4 octets each).

    Raises: ValueError when it is too long for an outer header, or a number does not fit.
    """
    gre = gre_header(inner, key=key, sequence=sequence, with_checksum=with_checksum)
    overhead = IPV4_HEADER_LENGTH + len(gre)
    outer = outer_header(inner, PROTOCOL_GRE, overhead, local, remote, identification=identification, ttl=ttl)
    return b"".join((outer, gre, inner))


def decapsulate(outer: bytes) -> tuple[GreHeader, bytes]:
    """The GRE header and the inner packet of an unfragmented outer packet, whose header the caller has checked.

    Raises: `DecodeError`, also when there is no whole IPv4 header inside.
    """
    start, end = lengths(outer)
    if (outer[6] << 8 | outer[7]) & (MORE_FRAGMENTS | OFFSET_MASK):
        raise DecodeError(DecodeReason.FRAGMENT, 6, "a fragment; it has to be put together first")
    header = decode_gre(outer, start, end)
    # R2784-2.4-a: "a packet containing a Protocol Type which is not listed [...] SHOULD" be discarded; of those that
    # are listed IPv4 is the one that Mobile IP carries.
    if header.protocol_type != PROTOCOL_TYPE_IPV4:
        detail = f"GRE protocol type 0x{header.protocol_type:04x}, expected 0x0800"
        raise DecodeError(DecodeReason.BAD_VALUE, start + 2, detail)
    inner = header.payload_start
    if end - inner < IPV4_HEADER_LENGTH:
        raise DecodeError(DecodeReason.TRUNCATED, end, f"no IPv4 header behind {inner} octets of others")
    if outer[inner] >> 4 != 4:
        raise DecodeError(DecodeReason.BAD_VERSION, inner, f"inner IP version {outer[inner] >> 4}, expected 4")
    return header, outer[inner:end]


def next_sequence(last: int) -> int:
    """The number that follows `last`: the counter is "free running [...] modulo 2**32" (RFC 2890 §2.2)."""
    return (last + 1) % MODULUS


def is_in_order(sequence: int | None, last: int) -> bool:
    """Whether a packet may be taken out of the tunnel, after which `last` is its `sequence` (if it has one).

    `last` is that of the packet's flow: a key, between two ends; `LAST_AT_FIRST` when the tunnel is established, and
    again when a registration makes it anew, for the other end may have begun again at 0. Behind a gap nothing is kept
    waiting: RFC 2890 leaves buffering to the receiver ("may"), and a mobile node rather loses what the network has put
    in disorder than has all of its packets wait for one that was lost.
    """
    # RFC 2890 §2.2: in sequence is also a packet "in which the sequence number field is not present".
    if sequence is None:
        return True
    # R2890-2.2-a: the number "MUST be used by the receiver to establish the order". R2890-2.2-c: one that is out of
    # sequence "SHOULD be silently discarded": "in the range of the last received sequence number and the preceding
    # 2**31-1 values, inclusive". R2890-2.2-d: "Under no circumstances should a packet wait": none does.
    return 0 < (sequence - last) % MODULUS <= MODULUS // 2
